//! `ansible_pkg_mgr`: the package manager that the distribution stands behind.

use crate::{Collector, Context};
use rustle_value::Dict;

pub static COLLECTOR: Collector =
    Collector { subset: "pkg_mgr", aliases: &[], minimal: true, requires: &["distribution"], slow: false, gather };

/// Programs and what they mean. A later one that is there wins over an earlier one.
const MANAGERS: &[(&str, &str)] = &[
    ("/usr/bin/rpm-ostree", "atomic_container"),
    ("/usr/bin/yum", "yum"),
    ("/usr/bin/dnf-3", "dnf"),
    ("/usr/bin/dnf5", "dnf5"),
    ("/usr/bin/apt-get", "apt"),
    ("/usr/bin/zypper", "zypper"),
    ("/usr/sbin/urpmi", "urpmi"),
    ("/usr/bin/pacman", "pacman"),
    ("/bin/opkg", "opkg"),
    ("/usr/pkg/bin/pkgin", "pkgin"),
    ("/opt/local/bin/pkgin", "pkgin"),
    ("/opt/tools/bin/pkgin", "pkgin"),
    ("/opt/local/bin/port", "macports"),
    ("/usr/local/bin/brew", "homebrew"),
    ("/opt/homebrew/bin/brew", "homebrew"),
    ("/sbin/apk", "apk"),
    ("/usr/sbin/pkg", "pkgng"),
    ("/usr/sbin/swlist", "swdepot"),
    ("/usr/bin/emerge", "portage"),
    ("/usr/sbin/pkgadd", "svr4pkg"),
    ("/usr/bin/pkg", "pkg5"),
    ("/usr/bin/xbps-install", "xbps"),
    ("/usr/local/sbin/pkg", "pkgng"),
    ("/usr/bin/swupd", "swupd"),
    ("/usr/sbin/sorcery", "sorcery"),
    ("/usr/bin/installp", "installp"),
    ("/QOpenSys/pkgs/bin/yum", "yum"),
];

fn gather(ctx: &Context, out: &mut Dict) {
    let found = MANAGERS.iter().rev().find(|(path, _)| ctx.exists(path)).map_or("unknown", |(_, name)| name);
    let name = match ctx.distribution().family.as_str() {
        "RedHat" => red_hat(ctx).unwrap_or(found),
        "Debian" if ctx.exists("/usr/bin/apt-get") => "apt",
        "Suse" if ctx.exists("/usr/bin/zypper") => "zypper",
        // ALT Linux has apt-get on top of rpm.
        "Altlinux" if ctx.exists("/usr/bin/apt-get") => "apt_rpm",
        _ => found,
    };
    out.insert("pkg_mgr", name);
}

fn red_hat(ctx: &Context) -> Option<&'static str> {
    if ctx.exists("/run/ostree-booted") {
        return Some("atomic_container");
    }
    let dnf = ctx.link_name("/usr/bin/dnf");
    let d = ctx.distribution();
    let major: u32 = d.major_version().parse().unwrap_or(0);
    match dnf.as_deref() {
        Some("dnf5") => Some("dnf5"),
        Some("dnf-3") => Some("dnf"),
        _ if ctx.exists("/usr/bin/dnf") || ctx.exists("/usr/bin/dnf-3") => Some("dnf"),
        _ if ctx.exists("/usr/bin/dnf5") => Some("dnf5"),
        _ if ctx.exists("/usr/bin/microdnf") && major >= 8 => Some("dnf"),
        _ if ctx.exists("/usr/bin/yum") => Some("yum"),
        _ => None,
    }
}
