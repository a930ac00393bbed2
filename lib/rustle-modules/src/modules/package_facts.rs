//! `ansible_facts.packages`: what is installed, by name.
//!
//! Limit: `origin` of Debian packages stays empty; it stands only in apt's large compressed lists.

use crate::{Ctx, Dict, Failure, Module, Outcome, Params, Scope, Support, Value, dpkg, params};
use rustle_value::dict;

params! {
    /// Options of `package_facts`.
    pub struct Args {
        /// Package managers to ask.
        manager: Vec<String> => default("auto");
        /// Whether to ask all of them, or the first that is there.
        strategy: String => default("first"), choices(&["first", "all"]);
    }
}

const EXAMPLES: &str = "
- name: What is installed?
  ansible.builtin.package_facts:
";

pub static MODULE: Module = Module {
    check: Support::Full,
    scope: Scope::Looks,
    ..Module::new::<Args>("ansible.builtin.package_facts", "Lists installed packages", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

/// Managers that this module can ask, in the order of `auto`.
const OWN: &[&str] = &["apt", "rpm", "apk", "pacman"];
/// Other names of them.
const ALIASES: &[(&str, &str)] = &[("yum", "rpm"), ("dnf", "rpm"), ("dnf5", "rpm"), ("zypper", "rpm")];
/// Managers that Ansible knows besides.
const FOREIGN: &[&str] = &["pkg", "pkg5", "pkg_info", "portage", "apt_rpm", "openbsd_pkg", "pkgng", "opkg"];

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    let canonical = |m: &str| ALIASES.iter().find(|(k, _)| *k == m).map_or(m.to_owned(), |(_, v)| (*v).to_owned());
    let mut managers: Vec<String> = Vec::new();
    for m in a.manager.iter().map(|m| m.to_lowercase()) {
        if m == "auto" {
            managers.extend(OWN.iter().map(|s| (*s).to_owned()));
        } else {
            managers.push(canonical(&m));
        }
    }
    managers.dedup();
    let unknown: Vec<&str> =
        managers.iter().map(String::as_str).filter(|m| !OWN.contains(m) && !FOREIGN.contains(m)).collect();
    if !unknown.is_empty() {
        return Err(Failure::new(format!("Unsupported package managers requested: {}", unknown.join(", "))));
    }
    let mut packages = Dict::new();
    let mut found = false;
    for m in &managers {
        let got = match m.as_str() {
            "apt" => apt(),
            "rpm" => rpm(ctx)?,
            "apk" => apk(),
            "pacman" => pacman(),
            _ => None,
        };
        let Some(list) = got else {
            if a.manager.iter().any(|asked| canonical(&asked.to_lowercase()) == *m) {
                explain(ctx, m)?;
            }
            continue;
        };
        found = true;
        for (name, mut entry) in list {
            entry.insert("source", m.as_str());
            let known = packages.get(&name).and_then(Value::as_list).unwrap_or_default().to_vec();
            packages.insert(name, [known, vec![Value::dict(entry)]].concat());
        }
        if a.strategy == "first" {
            break;
        }
    }
    if !found {
        return Err(Failure::new(format!("Could not detect a supported package manager from the following list: {managers:?}, or the required Python library is not installed. Check warnings for details.").replace('"', "'")));
    }
    Ok(Outcome::ok().with("ansible_facts", dict! { "packages" => packages }))
}

/// Says why a manager that was asked for by name has no packages.
fn explain(ctx: &mut Ctx, manager: &str) -> Result<(), Failure> {
    let program = match ctx.need_program(manager) {
        Ok(p) => p,
        Err(f) => {
            ctx.warn(format!("Requested package manager {manager} was not usable by this module: {}", f.msg));
            return Ok(());
        }
    };
    if manager == "apk" {
        let out = ctx.command([program.as_os_str()]).args(["info", "-v"]).run()?;
        if out.rc != 0 {
            ctx.warn(format!("Failed to retrieve packages with {manager}: Unable to list packages rc={} : {}", out.rc, out.err()));
        }
    }
    ctx.warn(format!("Found \"{manager}\" but no associated packages"));
    Ok(())
}

type List = Vec<(String, Dict)>;

fn apt() -> Option<List> {
    if !std::path::Path::new("/var/lib/dpkg/status").exists() {
        return None;
    }
    let text = String::from_utf8_lossy(&std::fs::read("/var/lib/dpkg/status").ok()?).into_owned();
    let mut list = Vec::new();
    for p in dpkg::Status::parse(&text).all().filter(|p| p.installed()) {
        let d = dict! {
            "name" => p.name.as_str(), "version" => p.version.as_str(), "arch" => p.architecture.as_str(),
            "category" => p.section.as_str(), "origin" => "",
        };
        list.push((p.name.clone(), d));
    }
    list.sort_by(|a, b| a.0.cmp(&b.0));
    Some(list)
}

fn rpm(ctx: &Ctx) -> Result<Option<List>, Failure> {
    if ctx.find_program("rpm").is_none() || !["/var/lib/rpm", "/usr/lib/sysimage/rpm"].iter().any(|p| std::path::Path::new(p).exists()) {
        return Ok(None);
    }
    let format = "%{NAME}\t%{VERSION}\t%{RELEASE}\t%{EPOCH}\t%{ARCH}\n";
    let out = ctx.command(["rpm", "-qa", "--qf", format]).run()?;
    if out.rc != 0 {
        return Ok(None);
    }
    let mut list = Vec::new();
    for line in out.out().lines() {
        let f: Vec<&str> = line.split('\t').collect();
        let [name, version, release, epoch, arch] = f[..] else { continue };
        let none = |t: &str| if t == "(none)" { Value::Null } else { Value::from(t) };
        let epoch = epoch.parse::<i64>().map_or(Value::Null, Value::Int);
        list.push((name.to_owned(), dict! {
            "name" => name, "version" => version, "release" => release, "epoch" => epoch, "arch" => none(arch),
        }));
    }
    // The program alone, on a system of another family, tells of no packages.
    Ok(Some(list).filter(|l| !l.is_empty()))
}

fn apk() -> Option<List> {
    let text = std::fs::read_to_string("/lib/apk/db/installed").ok()?;
    let mut list = Vec::new();
    for block in text.split("\n\n") {
        let get = |k: &str| block.lines().find_map(|l| l.strip_prefix(k)).map(str::to_owned);
        let (Some(name), Some(full)) = (get("P:"), get("V:")) else { continue };
        let (version, release) = full.rsplit_once('-').unwrap_or((&full, ""));
        list.push((name.clone(), dict! { "name" => name, "version" => version, "release" => release }));
    }
    Some(list)
}

fn pacman() -> Option<List> {
    let mut list = Vec::new();
    for entry in std::fs::read_dir("/var/lib/pacman/local").ok()?.flatten() {
        let Ok(text) = std::fs::read_to_string(entry.path().join("desc")) else { continue };
        let lines: Vec<&str> = text.lines().collect();
        let get = |k: &str| lines.iter().position(|l| *l == k).and_then(|i| lines.get(i + 1)).map(|s| (*s).to_owned());
        let (Some(name), Some(version)) = (get("%NAME%"), get("%VERSION%")) else { continue };
        list.push((name.clone(), dict! { "name" => name, "version" => version, "arch" => get("%ARCH%") }));
    }
    list.sort_by(|a, b| a.0.cmp(&b.0));
    Some(list)
}
