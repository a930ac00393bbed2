//! `ansible_distribution*` and `ansible_os_family`.
//!
//! Two sources, in this order: what os-release says, then the first release file that the distribution is known by,
//! which may overrule it. Which file wins shows in `distribution_file_path`.

use crate::text::{assignment, first_version, parenthesised};
use crate::{Collector, Context};
use rustle_value::Dict;

pub static COLLECTOR: Collector = Collector {
    subset: "distribution",
    aliases: &["distribution_major_version", "distribution_release", "distribution_version", "os_family"],
    minimal: true,
    requires: &[],
    slow: false,
    gather,
};

/// Which distribution a machine runs.
#[derive(Clone, Debug, Default)]
pub struct Distribution {
    pub name: String,
    pub version: String,
    pub release: String,
    pub family: String,
    /// Given only where it is not the first part of the version.
    major: Option<String>,
    minor: Option<String>,
    path: Option<&'static str>,
    variety: &'static str,
    parsed: bool,
    search: Option<&'static str>,
}

/// Families with more members than the one that they are called after.
const FAMILIES: &[(&str, &[&str])] = &[
    ("RedHat", &[
        "RedHat", "RHEL", "Fedora", "CentOS", "Scientific", "SLC", "Ascendos", "CloudLinux", "PSBM", "OracleLinux", "OVS",
        "OEL", "Amazon", "Amzn", "Virtuozzo", "XenServer", "Alibaba", "EulerOS", "openEuler", "AlmaLinux", "Rocky",
        "TencentOS", "EuroLinux", "Kylin Linux Advanced Server", "MIRACLE",
    ]),
    ("Debian", &[
        "Debian", "Ubuntu", "Raspbian", "Neon", "KDE neon", "Linux Mint", "SteamOS", "Devuan", "Kali", "Cumulus Linux",
        "Pop!_OS", "Parrot", "Pardus GNU/Linux", "Uos", "Deepin", "OSMC", "Linuxmint",
    ]),
    ("Suse", &[
        "SuSE", "SLES", "SLED", "openSUSE", "openSUSE Tumbleweed", "SLES_SAP", "SUSE_LINUX", "openSUSE Leap",
        "ALP-Dolomite", "SL-Micro", "openSUSE MicroOS",
    ]),
    ("Archlinux", &["Archlinux", "Antergos", "Manjaro"]),
    ("Mandrake", &["Mandrake", "Mandriva"]),
    ("Gentoo", &["Gentoo", "Funtoo"]),
    ("ClearLinux", &["Clear Linux OS", "Clear Linux Mix"]),
    ("Darwin", &["MacOSX"]),
    ("FreeBSD", &["FreeBSD", "TrueOS"]),
];

const OS_RELEASE: &str = "/etc/os-release";

impl Distribution {
    /// Reads the machine's release files.
    pub fn detect(ctx: &Context) -> Self {
        let system = ctx.uname().system;
        let mut d = if cfg!(target_os = "linux") {
            from_files(ctx)
        } else {
            let name = if system == "Darwin" { "MacOSX".to_owned() } else { system };
            Distribution { name, version: ctx.uname().release, release: ctx.uname().release, ..Self::default() }
        };
        let family = FAMILIES.iter().find(|(_, members)| members.contains(&d.name.as_str()));
        d.family = family.map_or_else(|| d.name.clone(), |(f, _)| (*f).to_owned());
        d
    }
    /// The part of the version before the first dot.
    pub fn major_version(&self) -> String {
        self.major.clone().unwrap_or_else(|| self.version.split('.').next().unwrap_or_default().to_owned())
    }
}

fn gather(ctx: &Context, out: &mut Dict) {
    let d = ctx.distribution();
    out.insert("distribution", d.name.as_str());
    out.insert("distribution_release", d.release.as_str());
    out.insert("distribution_version", d.version.as_str());
    out.insert("distribution_major_version", d.major_version());
    if let Some(path) = d.path {
        out.insert("distribution_file_path", path);
        out.insert("distribution_file_variety", d.variety);
    }
    if d.parsed {
        out.insert("distribution_file_parsed", true);
    }
    if let Some(minor) = &d.minor {
        out.insert("distribution_minor_version", minor.as_str());
    }
    if let Some(text) = d.search {
        out.insert("distribution_file_search_string", text);
    }
    out.insert("os_family", d.family.as_str());
}

/// os-release's fields, as the first guess.
fn base(ctx: &Context, os: &str) -> Distribution {
    let get = |key: &str| assignment(os, key);
    let id = get("ID").unwrap_or_default().to_lowercase();
    let mut version = get("VERSION_ID").unwrap_or_default();
    match id.as_str() {
        // The file of old CentOS has the minor number, os-release has not.
        "centos" => {
            let text = ctx.line("/etc/centos-release").or_else(|| ctx.line("/etc/redhat-release")).unwrap_or_default();
            if let Some(v) = first_version(&text) {
                version = v.split('.').take(2).collect::<Vec<_>>().join(".");
            }
        }
        "debian" => {
            let text = ctx.line("/etc/debian_version").unwrap_or_default();
            if !text.is_empty() {
                version = text;
            }
        }
        _ => {}
    }
    let codename = get("VERSION_CODENAME").or_else(|| get("UBUNTU_CODENAME")).or_else(|| {
        let text = get("VERSION")?;
        let name = parenthesised(&text).or_else(|| Some(text.split_once(',')?.1.trim()));
        name.filter(|n| !n.contains(|c: char| c.is_ascii_digit())).map(str::to_owned)
    });
    let name = match id.as_str() {
        "amzn" => "Amazon".into(),
        "rhel" => "Redhat".into(),
        "" => "OtherLinux".into(),
        other => capitalised(other),
    };
    Distribution {
        name,
        version: if version.is_empty() { "NA".into() } else { version },
        release: codename.unwrap_or_else(|| "NA".into()),
        ..Distribution::default()
    }
}

fn capitalised(s: &str) -> String {
    let mut chars = s.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

fn from_files(ctx: &Context) -> Distribution {
    let os = ctx.read(OS_RELEASE).or_else(|| ctx.read("/usr/lib/os-release")).unwrap_or_default();
    let mut d = base(ctx, &os);
    let mut found = |path: &'static str, variety: &'static str, change: &mut dyn FnMut(&mut Distribution)| {
        d.path = Some(path);
        d.variety = variety;
        d.parsed = true;
        change(&mut d);
    };
    let first_word = |t: &str| t.split_whitespace().next().unwrap_or_default().to_owned();
    for (path, variety, text, name) in [
        ("/etc/altlinux-release", "Altlinux", "ALT", "Altlinux"),
        ("/etc/oracle-release", "OracleLinux", "Oracle Linux", "OracleLinux"),
    ] {
        if let Some(content) = ctx.line(path) {
            found(path, variety, &mut |d| {
                let known = content.contains(text);
                d.name = if known { name.into() } else { first_word(&content) };
                d.search = known.then_some(text);
            });
            return d;
        }
    }
    if let Some(content) = ctx.line("/etc/slackware-version").filter(|c| c.contains("Slackware")) {
        found("/etc/slackware-version", "Slackware", &mut |d| {
            d.name = "Slackware".into();
            d.version = first_version(&content).unwrap_or_else(|| d.version.clone());
        });
        return d;
    }
    if let Some(content) = ctx.line("/etc/centos-release") {
        let stream = content.contains("CentOS Stream");
        if stream || content.contains("TencentOS Server") {
            found("/etc/centos-release", "CentOS", &mut |d| {
                if stream {
                    d.name = "CentOS".into();
                    d.release = "Stream".into();
                } else {
                    d.name = "TencentOS".into();
                }
            });
            return d;
        }
    }
    if let Some(content) = ctx.line("/etc/redhat-release") {
        found("/etc/redhat-release", "RedHat", &mut |d| {
            let own = content.contains("Red Hat");
            d.name = if own { "RedHat".into() } else { first_word(&content) };
            d.search = own.then_some("Red Hat");
        });
        return d;
    }
    if ctx.exists("/etc/openwrt_release") {
        let content = ctx.read("/etc/openwrt_release").unwrap_or_default();
        if content.contains("OpenWrt") {
            found("/etc/openwrt_release", "OpenWrt", &mut |d| {
                d.name = "OpenWrt".into();
                if let Some(v) = assignment(&content, "DISTRIB_RELEASE") {
                    d.version = v;
                }
                if let Some(v) = assignment(&content, "DISTRIB_CODENAME") {
                    d.release = v;
                }
            });
            return d;
        }
    }
    if os.contains("Amazon") {
        found(OS_RELEASE, "Amazon", &mut |d| {
            d.name = "Amazon".into();
            let version = assignment(&os, "VERSION_ID").unwrap_or_default();
            let (major, minor) = version.split_once('.').unwrap_or((&version, "NA"));
            d.major = Some(major.to_owned());
            d.minor = Some(minor.to_owned());
            d.version = version.clone();
        });
        return d;
    }
    if let Some(content) = ctx.line("/etc/alpine-release") {
        found("/etc/alpine-release", "Alpine", &mut |d| {
            d.name = "Alpine".into();
            d.version = content.clone();
        });
        return d;
    }
    if ctx.exists("/etc/arch-release") {
        found("/etc/arch-release", "Archlinux", &mut |d| {
            d.name = "Archlinux".into();
            d.parsed = false;
        });
        return d;
    }
    if os.contains("Arch Linux") {
        found(OS_RELEASE, "Archlinux", &mut |d| d.name = "Archlinux".into());
        return d;
    }
    if os.to_lowercase().contains("suse") {
        found(OS_RELEASE, "SUSE", &mut |d| suse(d, &os));
        return d;
    }
    if let Some(change) = debian_like(&os) {
        let minor = ctx.line("/etc/debian_version").and_then(|v| {
            let (major, minor) = v.split_once('.')?;
            major.bytes().all(|b| b.is_ascii_digit()).then(|| minor.to_owned())
        });
        found(OS_RELEASE, "Debian", &mut |d| {
            change(d, &os);
            if d.name == "Debian" {
                d.minor = minor.clone();
            }
        });
        return d;
    }
    if os.contains("Flatcar") {
        found(OS_RELEASE, "Flatcar", &mut |d| d.name = "Flatcar".into());
        return d;
    }
    if !os.is_empty() {
        found(OS_RELEASE, "NA", &mut |d| {
            if let Some(name) = assignment(&os, "NAME") {
                d.name = name;
            }
            if d.version == "NA" {
                d.version = assignment(&os, "VERSION").unwrap_or_else(|| "NA".into());
            }
        });
    }
    d
}

fn suse(d: &mut Distribution, os: &str) {
    let name = assignment(os, "NAME").unwrap_or_default();
    let version = assignment(os, "VERSION_ID").unwrap_or_default();
    d.name = if name.is_empty() { "SUSE".into() } else { name };
    d.release = version.split_once('.').map_or("", |(_, minor)| minor).to_owned();
    d.version = version;
    if assignment(os, "CPE_NAME").is_some_and(|c| c.contains(":sles_sap:")) {
        d.name = "SLES_SAP".into();
    }
}

/// What to change for a member of Debian's family that has a say of its own.
fn debian_like(os: &str) -> Option<fn(&mut Distribution, &str)> {
    fn release_in_pretty_name(d: &mut Distribution, os: &str) {
        let pretty = assignment(os, "PRETTY_NAME").unwrap_or_default();
        if let Some(r) = parenthesised(&pretty) {
            d.release = r.to_owned();
        }
    }
    fn named(os: &str, name: &str) -> bool {
        assignment(os, "NAME").is_some_and(|n| n.contains(name))
    }
    if os.contains("Debian") || os.contains("Raspbian") {
        return Some(|d, os| {
            d.name = "Debian".into();
            release_in_pretty_name(d, os);
        });
    }
    let rules: [(bool, fn(&mut Distribution, &str)); 9] = [
        (named(os, "Ubuntu"), |d, _| d.name = "Ubuntu".into()),
        (os.contains("SteamOS"), |d, _| d.name = "SteamOS".into()),
        (os.contains("Kali"), |d, _| d.name = "Kali".into()),
        (os.contains("Parrot"), |d, _| d.name = "Parrot".into()),
        (os.contains("Devuan"), |d, os| {
            d.name = "Devuan".into();
            release_in_pretty_name(d, os);
        }),
        (os.contains("Cumulus"), |d, _| d.name = "Cumulus Linux".into()),
        (os.contains("Linux Mint"), |d, _| d.name = "Linux Mint".into()),
        (os.contains("UOS") || os.contains("Uos"), |d, _| d.name = "Uos".into()),
        (os.contains("Deepin"), |d, _| d.name = "Deepin".into()),
    ];
    rules.into_iter().find(|(fits, _)| *fits).map(|(_, change)| change)
}
