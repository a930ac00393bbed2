//! Debian packages through apt-get and dpkg.
//!
//! What is installed is read from dpkg's data base, so that a task with nothing to do starts no program. What could be
//! installed is apt-get's business: it is run, and its refusals are put in Ansible's words.
//!
//! Limit: `aptitude` is not used for upgrades; apt-get does what `force_apt_get` asks for.

use crate::{Cmd, Ctx, Dict, Failure, Module, Outcome, Output, Params, PathArg, Scope, Support, Value, command, dpkg, params};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

params! {
    /// Options of `apt`.
    pub struct Args {
        /// Packages: names, `name=version`, `name>=version`, patterns, URLs or files of packages.
        name: Option<Vec<String>> => name("package"), aliases(&["name", "pkg"]);
        /// What they should be.
        state: String => default("present"), choices(&["absent", "build-dep", "fixed", "latest", "present"]);
        /// Whether the lists of packages are fetched first.
        update_cache: Option<bool> => aliases(&["update-cache"]);
        /// How often to try that.
        update_cache_retries: i64 => default("5");
        /// The longest pause between two tries, in seconds.
        update_cache_retry_max_delay: i64 => default("12");
        /// Seconds for which the lists are fresh enough.
        cache_valid_time: i64 => default("0");
        /// Whether configuration files are removed, too.
        purge: bool => default("no");
        /// The release to take packages from.
        default_release: Option<String> => aliases(&["default-release"]);
        /// Whether recommended packages are installed, too.
        install_recommends: Option<bool> => aliases(&["install-recommends"]);
        /// Whether apt-get is told to do it whatever it costs.
        force: bool => default("no");
        /// Whether packages without a valid signature are installed.
        allow_unauthenticated: bool => default("no"), aliases(&["allow-unauthenticated"]);
        /// Whether an older version may replace a newer one.
        allow_downgrade: bool => default("no"), aliases(&["allow-downgrade", "allow_downgrades", "allow-downgrades"]);
        /// Whether held packages may change.
        allow_change_held_packages: bool => default("no");
        /// Upgrade the whole system.
        upgrade: String => default("no"), choices(&["dist", "full", "no", "safe", "yes"]);
        /// Options for dpkg.
        dpkg_options: String => default("force-confdef,force-confold");
        /// A package's file or address.
        deb: Option<PathArg>;
        /// Whether packages that nothing needs any more are removed.
        autoremove: bool => default("no");
        /// Whether downloaded packages that are out of date are removed.
        autoclean: bool => default("no");
        /// Whether all downloaded packages are removed.
        clean: bool => default("no");
        /// What policy-rc.d answers while packages are installed.
        policy_rc_d: Option<i64>;
        /// Whether only packages that are there are upgraded.
        only_upgrade: bool => default("no");
        /// Whether a removal that nobody asked for is a failure.
        fail_on_autoremove: bool => default("no");
        /// Whether apt-get is used for upgrades even where aptitude is there.
        force_apt_get: bool => default("no");
        /// Seconds to wait for another apt.
        lock_timeout: i64 => default("60");
        /// Whether Python's apt bindings would be installed where they are missing: not needed here.
        auto_install_module_deps: bool => default("yes");
    }
}

const EXAMPLES: &str = "
- name: The web server, from fresh lists
  ansible.builtin.apt:
    name: nginx
    update_cache: true
    cache_valid_time: 3600
";

pub static MODULE: Module = Module {
    check: Support::Full,
    diff: Support::Full,
    scope: Scope::Host,
    ..Module::new::<Args>("ansible.builtin.apt", "Manages Debian packages", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

/// A package as a task names it.
struct Spec<'a> {
    name: &'a str,
    /// `=` or `>=`, and the version.
    version: Option<(&'a str, &'a str)>,
}

impl<'a> Spec<'a> {
    fn parse(text: &'a str) -> Spec<'a> {
        match text.find(['=', '>']).filter(|i| *i > 0) {
            Some(i) if text[i..].starts_with(">=") => Spec { name: &text[..i], version: Some((">=", &text[i + 2..])) },
            Some(i) if text[i..].starts_with('=') => Spec { name: &text[..i], version: Some(("=", &text[i + 1..])) },
            _ => Spec { name: text, version: None },
        }
    }
}

/// apt-get with the options that every call has.
struct Apt<'a> {
    a: &'a Args,
    program: String,
}

impl Apt<'_> {
    /// The command line, spaced as Ansible spaces it: it stands in messages.
    fn line(&self, ctx: &Ctx, fields: &[&str]) -> String {
        let mut options: String = String::new();
        for o in self.a.dpkg_options.split(',').filter(|o| !o.is_empty()) {
            options += &format!("-o \"Dpkg::Options::=--{o}\" ");
        }
        let _ = ctx;
        let lock = format!("-o DPkg::Lock::Timeout={}", self.a.lock_timeout);
        format!("{} -y {}{lock} {}", self.program, options, fields.join(" "))
    }
    fn run(&self, ctx: &Ctx, line: &str) -> Result<Output, Failure> {
        let words = command::split(line).map_err(Failure::new)?;
        let _policy = self.a.policy_rc_d.filter(|_| !ctx.check_mode).map(PolicyFile::write).transpose()?;
        english(ctx.command(words)).run()
    }
    fn force(&self) -> &'static str {
        if self.a.force { "--force-yes" } else { "" }
    }
    fn simulate(&self, ctx: &Ctx) -> &'static str {
        if ctx.check_mode { "--simulate" } else { "" }
    }
}

fn english(cmd: Cmd) -> Cmd {
    cmd.c_locale().env("DEBIAN_FRONTEND", "noninteractive").env("DEBIAN_PRIORITY", "critical")
}

/// `/usr/sbin/policy-rc.d` for the time of one command.
struct PolicyFile {
    saved: Option<PathBuf>,
}

const POLICY: &str = "/usr/sbin/policy-rc.d";

impl PolicyFile {
    fn write(code: i64) -> Result<PolicyFile, Failure> {
        let fail = |e: std::io::Error| Failure::os(&e, POLICY);
        let saved = if Path::new(POLICY).exists() {
            let to = PathBuf::from(format!("{POLICY}.rustle"));
            std::fs::rename(POLICY, &to).map_err(fail)?;
            Some(to)
        } else {
            None
        };
        let file = PolicyFile { saved };
        std::fs::write(POLICY, format!("#!/bin/sh\nexit {code}\n")).map_err(fail)?;
        std::fs::set_permissions(POLICY, std::fs::Permissions::from_mode(0o755)).map_err(fail)?;
        Ok(file)
    }
}

impl Drop for PolicyFile {
    fn drop(&mut self) {
        let _ = match &self.saved {
            Some(from) => std::fs::rename(from, POLICY),
            None => std::fs::remove_file(POLICY),
        };
    }
}

/// What apt-get says it will do, for `diff`.
fn prepared(ctx: &Ctx, out: &str) -> Value {
    if ctx.diff { prepared_always(out) } else { Value::dict(Dict::new()) }
}

fn prepared_always(out: &str) -> Value {
    let lines: Vec<&str> = out.lines().collect();
    let start = ["Reading state information...", "Building dependency tree..."]
        .iter()
        .find_map(|m| lines.iter().position(|l| l == m))
        .map_or(0, |i| i + 1);
    let summary = |l: &str| {
        let rest = l.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.len() < l.len() && (rest.starts_with(" upgraded") || rest.starts_with(" packages upgraded"))
    };
    let end = lines.iter().position(|l| summary(l)).map_or(lines.len(), |i| i + 1);
    let text = lines.get(start..end.max(start)).unwrap_or_default().join("\n");
    let mut d = Dict::new();
    d.insert("prepared", text);
    Value::dict(d)
}

fn nothing_done(out: &str) -> bool {
    out.lines().any(|l| l.starts_with("0 upgraded, 0 newly installed, 0 to remove"))
}

/// When the lists were fetched last, in seconds since 1970.
fn cache_time() -> u64 {
    let time = |p: &str| {
        let t = std::fs::metadata(p).ok()?.modified().ok()?;
        Some(t.duration_since(UNIX_EPOCH).ok()?.as_secs())
    };
    time("/var/lib/apt/periodic/update-success-stamp").or_else(|| time("/var/lib/apt/lists")).unwrap_or(0)
}

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    let chosen = [a.deb.is_some(), a.name.is_some(), a.upgrade != "no"].iter().filter(|x| **x).count();
    if chosen > 1 {
        return Err(Failure::new("parameters are mutually exclusive: deb|package|upgrade"));
    }
    let program = ctx.need_program("apt-get")?.to_string_lossy().into_owned();
    let apt = Apt { a: &a, program };
    let no_work = a.name.is_none() && a.upgrade == "no" && a.deb.is_none();
    if a.clean {
        let out = english(ctx.command([&apt.program, "clean"]).args(ctx.check_mode.then_some("-s"))).run()?;
        if out.rc != 0 {
            return Err(Failure::new(format!("apt-get clean failed: {}", out.err())).with("stdout", out.out()).with("rc", i64::from(out.rc)));
        }
        if no_work && !a.autoremove && !a.autoclean && a.update_cache != Some(true) {
            let diff = prepared(ctx, &out.out());
            // What would be deleted is apt-get's to know; Ansible shows nothing of it.
            let text = if ctx.check_mode { String::new() } else { out.out() };
            return Ok(Outcome::changed(true).with("msg", text.as_str()).with("stdout", text).with("stderr", out.err()).with("diff", diff));
        }
    }
    let before = cache_time();
    let mut updated = false;
    if a.update_cache.unwrap_or(a.cache_valid_time != 0) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        if before.saturating_add(u64::try_from(a.cache_valid_time).unwrap_or(0)) < now {
            if !ctx.check_mode {
                update(ctx, &apt)?;
            }
            updated = ctx.check_mode || cache_time() != before;
        }
    }
    let time = cache_time();
    let finish = |r: Result<Outcome, Failure>| {
        let add = |d: &mut Dict| {
            d.insert("cache_updated", updated);
            d.insert("cache_update_time", time);
        };
        match r {
            Ok(mut o) => {
                // Fetching new lists is a change only where it is all that was asked for.
                add(&mut o.result);
                Ok(o)
            }
            Err(mut f) => {
                if !f.msg.starts_with("No package") {
                    add(&mut f.result);
                }
                Err(f)
            }
        }
    };
    if no_work && a.state != "fixed" && a.state != "build-dep" {
        if a.autoremove {
            return cleanup(ctx, &apt, "autoremove");
        }
        if a.autoclean {
            return cleanup(ctx, &apt, "autoclean");
        }
        return finish(Ok(Outcome::changed(updated)));
    }
    if a.upgrade != "no" {
        return upgrade(ctx, &apt);
    }
    if let Some(deb) = &a.deb {
        if a.state != "present" {
            return Err(Failure::new("deb only supports state=present"));
        }
        return debs(ctx, &apt, &[deb.0.clone()]);
    }
    let names: Vec<String> =
        a.name.iter().flatten().flat_map(|n| n.split(',')).map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect();
    let (files, names): (Vec<String>, Vec<String>) = names.into_iter().partition(|n| n.ends_with(".deb") || n.contains("://"));
    if !files.is_empty() && names.is_empty() {
        return debs(ctx, &apt, &files);
    }
    match a.state.as_str() {
        "absent" => remove(ctx, &apt, &expand(ctx, &names)?),
        _ => {
            let latest = a.state == "latest";
            let names = expand(ctx, &names)?;
            finish(install(ctx, &apt, &names, latest))
        }
    }
}

/// Replaces patterns by the names of known packages.
fn expand(ctx: &Ctx, names: &[String]) -> Result<Vec<String>, Failure> {
    let mut known: Option<Vec<String>> = None;
    let mut out = Vec::new();
    for text in names {
        let spec = Spec::parse(text);
        if !spec.name.contains(['*', '?', '[']) {
            out.push(text.clone());
            continue;
        }
        if known.is_none() {
            let list = ctx.command(["apt-cache", "pkgnames"]).run()?.check()?;
            known = Some(list.out().lines().map(str::to_owned).collect());
        }
        let mut matching: Vec<String> =
            known.iter().flatten().filter(|n| rustle_facts::fnmatch(n, spec.name)).cloned().collect();
        matching.sort();
        if matching.is_empty() {
            return Err(Failure::new(format!("No package(s) matching '{text}' available")));
        }
        let suffix = &text[spec.name.len()..];
        out.extend(matching.into_iter().map(|n| n + suffix));
    }
    Ok(out)
}

fn update(ctx: &mut Ctx, apt: &Apt) -> Result<(), Failure> {
    let mut said = String::new();
    let mut pause = 1u64;
    for attempt in 0..apt.a.update_cache_retries.max(1) {
        let lock = format!("DPkg::Lock::Timeout={}", apt.a.lock_timeout);
        let args = [apt.program.as_str(), "-q", "-o", "APT::Update::Error-Mode=any", "-o", &lock, "update"];
        let out = english(ctx.command(args)).run()?;
        if out.rc == 0 {
            return Ok(());
        }
        said = out.err();
        if attempt + 1 < apt.a.update_cache_retries {
            let longest = u64::try_from(apt.a.update_cache_retry_max_delay).unwrap_or(12);
            std::thread::sleep(Duration::from_secs(pause.min(longest)));
            pause *= 2;
        }
    }
    let said = said.trim();
    let said = if said.is_empty() { "unknown reason" } else { said };
    Err(Failure::new(format!("Failed to update apt cache after {} retries: {said}", apt.a.update_cache_retries)))
}

/// Whether the only package that provides a virtual one is there.
fn sole_provider(ctx: &Ctx, status: &dpkg::Status, name: &str) -> bool {
    if !status.provided(name) {
        return false;
    }
    let Ok(out) = ctx.command(["apt-cache", "showpkg", name]).run() else { return false };
    let text = out.out();
    let section = |title: &str| -> Vec<String> {
        let lines = text.lines().skip_while(|l| !l.starts_with(title)).skip(1);
        lines.take_while(|l| !l.is_empty() && !l.trim_end().ends_with(':')).map(|l| l.split(' ').next().unwrap_or_default().to_owned()).collect()
    };
    let mut providers = section("Reverse Provides:");
    providers.sort();
    providers.dedup();
    section("Versions:").is_empty() && providers.len() == 1 && status.installed(&providers[0]).is_some()
}

fn install(ctx: &mut Ctx, apt: &Apt, names: &[String], latest: bool) -> Result<Outcome, Failure> {
    let a = apt.a;
    let build_dep = a.state == "build-dep";
    let status = dpkg::Status::read();
    let mut wanted: Vec<String> = Vec::new();
    for text in names {
        let spec = Spec::parse(text);
        let have = status.installed(spec.name);
        if build_dep {
            wanted.push(text.clone());
            continue;
        }
        if have.is_none() && a.only_upgrade {
            continue;
        }
        let satisfied = match (have, spec.version) {
            (Some(_), None) => !latest,
            // An exact version is there or not; of a pattern, apt-get finds the best.
            (Some(p), Some(("=", v))) => p.version == v,
            (Some(p), Some((_, v))) => !latest && dpkg::compare(&p.version, v).is_ge(),
            (None, None) => sole_provider(ctx, &status, spec.name),
            (None, Some(_)) => false,
        };
        if satisfied {
            continue;
        }
        match spec.version {
            Some((">=", v)) => {
                let out = ctx.command(["apt-cache", "policy", spec.name]).c_locale().run()?.out();
                let candidate = out.lines().find_map(|l| l.trim().strip_prefix("Candidate: ")).unwrap_or_default();
                if candidate.is_empty() || candidate == "(none)" || dpkg::compare(candidate, v).is_lt() {
                    return Err(Failure::new(format!("no available installation candidate for {text}")));
                }
                wanted.push(format!("{}={candidate}", spec.name));
            }
            _ => wanted.push(text.clone()),
        }
    }
    let mut o = Outcome::ok();
    if !wanted.is_empty() {
        let quoted: Vec<String> = wanted.iter().map(|w| format!("'{w}'")).collect();
        let fixed = if a.state == "fixed" { "--fix-broken" } else { "" };
        let upgrade = if a.only_upgrade { "--only-upgrade" } else { "" };
        let autoremove = if a.autoremove { "--auto-remove" } else { "" };
        let keep = if a.fail_on_autoremove { "--no-remove" } else { "" };
        let verb = if build_dep { "build-dep" } else { "install" };
        let packages = quoted.join(" ");
        let mut line = apt.line(ctx, &[upgrade, fixed, apt.force(), autoremove, keep, apt.simulate(ctx), verb, &packages]);
        if let Some(r) = &a.default_release {
            line += &format!(" -t '{r}'");
        }
        line += match a.install_recommends {
            Some(true) => " -o APT::Install-Recommends=yes",
            Some(false) => " -o APT::Install-Recommends=no",
            None => "",
        };
        for (flag, text) in [
            (a.allow_unauthenticated, " --allow-unauthenticated"),
            (a.allow_downgrade, " --allow-downgrades"),
            (a.allow_change_held_packages, " --allow-change-held-packages"),
        ] {
            if flag {
                line += text;
            }
        }
        let out = apt.run(ctx, &line)?;
        let (stdout, stderr) = (out.out(), out.err());
        if out.rc != 0 {
            return Err(refusal(&wanted, &line, &out));
        }
        if !(nothing_done(&stdout) && (latest || !build_dep)) {
            o = Outcome::changed(!nothing_done(&stdout))
                .with("stdout", stdout.as_str())
                .with("stderr", stderr)
                .with("diff", prepared(ctx, &stdout));
        }
    }
    if !build_dep && !ctx.check_mode {
        mark_manual(ctx, names)?;
    }
    Ok(o)
}

/// apt-get's refusal, in Ansible's words where it has its own.
fn refusal(wanted: &[String], line: &str, out: &Output) -> Failure {
    let stderr = out.err();
    let between = |start: &str, end: &str| {
        let rest = stderr.split_once(start)?.1;
        Some(if end.is_empty() { rest.lines().next()?.trim() } else { rest.split_once(end)?.0 }.to_owned())
    };
    if let Some(name) = between("E: Unable to locate package ", "") {
        let name = wanted.iter().find(|w| Spec::parse(w).name == name).cloned().unwrap_or(name);
        return Failure::new(match Spec::parse(&name).version {
            Some(_) | None => format!("No package matching '{}' is available", Spec::parse(&name).name),
        });
    }
    if let Some(name) = stderr.split_once("E: Version '").and_then(|(_, r)| r.split_once("' for '")?.1.split_once('\'').map(|(n, _)| n)) {
        let text = wanted.iter().find(|w| Spec::parse(w).name == name).cloned().unwrap_or_else(|| name.to_owned());
        return Failure::new(format!("no available installation candidate for {text}"));
    }
    Failure::new(format!("'{line}' failed: {stderr}"))
        .with("stdout", out.out())
        .with("stderr", stderr)
        .with("rc", i64::from(out.rc))
}

/// Packages that were installed on behalf of others and are now wanted for themselves.
fn mark_manual(ctx: &Ctx, names: &[String]) -> Result<(), Failure> {
    let text = std::fs::read_to_string("/var/lib/apt/extended_states").unwrap_or_default();
    let automatic = |name: &str| {
        text.split("\n\n").any(|b| b.lines().any(|l| l == format!("Package: {name}")) && b.contains("Auto-Installed: 1"))
    };
    let marked: Vec<&str> = names
        .iter()
        .map(|n| Spec::parse(n).name)
        .filter(|n| automatic(n.split(':').next().unwrap_or_default()))
        .collect();
    if marked.is_empty() {
        return Ok(());
    }
    let out = english(ctx.command(["apt-mark", "manual"]).args(&marked)).run()?;
    if out.rc != 0 {
        return Err(Failure::new(format!("'apt-mark manual {}' failed: {}", marked.join(" "), out.err())));
    }
    Ok(())
}

fn remove(ctx: &mut Ctx, apt: &Apt, names: &[String]) -> Result<Outcome, Failure> {
    let a = apt.a;
    let status = dpkg::Status::read();
    let wanted: Vec<String> = names
        .iter()
        .map(|n| Spec::parse(n).name)
        .filter(|n| status.find(n).is_some_and(|p| p.installed() || a.purge && p.state == "config-files"))
        .map(|n| format!("'{n}'"))
        .collect();
    if wanted.is_empty() {
        if a.autoremove {
            return cleanup(ctx, apt, "autoremove");
        }
        return Ok(Outcome::ok());
    }
    let packages = wanted.join(" ");
    let purge = if a.purge { "--purge" } else { "" };
    let autoremove = if a.autoremove { "--auto-remove" } else { "" };
    let held = if a.allow_change_held_packages { "--allow-change-held-packages" } else { "" };
    let line = apt.line(ctx, &[purge, apt.force(), autoremove, apt.simulate(ctx), held, "remove", &packages]);
    let out = apt.run(ctx, &line)?;
    if out.rc != 0 {
        return Err(Failure::new(format!("'apt-get remove {packages}' failed: {}", out.err()))
            .with("stdout", out.out())
            .with("stderr", out.err())
            .with("rc", i64::from(out.rc)));
    }
    let diff = prepared(ctx, &out.out());
    Ok(Outcome::changed(true).with("stdout", out.out()).with("stderr", out.err()).with("diff", diff))
}

fn cleanup(ctx: &mut Ctx, apt: &Apt, operation: &str) -> Result<Outcome, Failure> {
    let a = apt.a;
    let purge = if a.purge { "--purge" } else { "" };
    let line = apt.line(ctx, &[purge, apt.force(), operation, apt.simulate(ctx)]);
    let out = apt.run(ctx, &line)?;
    if out.rc != 0 {
        return Err(Failure::new(format!("'apt-get {operation}' failed: {}", out.err()))
            .with("stdout", out.out())
            .with("rc", i64::from(out.rc)));
    }
    let sign = if operation == "autoremove" { "The following packages will be REMOVED" } else { "Del " };
    let diff = prepared(ctx, &out.out());
    Ok(Outcome::changed(out.out().contains(sign)).with("stdout", out.out()).with("stderr", out.err()).with("diff", diff))
}

fn upgrade(ctx: &mut Ctx, apt: &Apt) -> Result<Outcome, Failure> {
    let a = apt.a;
    let autoremove = if a.autoremove { " --auto-remove" } else { "" };
    let verb = match a.upgrade.as_str() {
        "dist" | "full" => format!("dist-upgrade{autoremove}"),
        _ => format!("upgrade --with-new-pkgs{autoremove}"),
    };
    let unauthenticated = if a.allow_unauthenticated { "--allow-unauthenticated" } else { "" };
    let downgrade = if a.allow_downgrade { "--allow-downgrades" } else { "" };
    let keep = if a.fail_on_autoremove { "--no-remove" } else { "" };
    let release = a.default_release.as_ref().map(|r| format!("-t '{r}'")).unwrap_or_default();
    let line = apt.line(ctx, &[apt.force(), keep, unauthenticated, downgrade, apt.simulate(ctx), &verb, &release]);
    let out = apt.run(ctx, &line)?;
    if out.rc != 0 {
        return Err(Failure::new(format!("'{} {verb}' failed: {}", apt.program, out.err()))
            .with("stdout", out.out())
            .with("rc", i64::from(out.rc)));
    }
    let text = out.out();
    let mut o = Outcome::changed(!nothing_done(&text)).with("msg", text.as_str()).with("stdout", text.as_str()).with("stderr", out.err());
    if !nothing_done(&text) {
        o.set("diff", prepared(ctx, &text));
    }
    Ok(o)
}

/// Installs package files: what they need through apt-get, then themselves through dpkg.
fn debs(ctx: &mut Ctx, apt: &Apt, files: &[String]) -> Result<Outcome, Failure> {
    let status = dpkg::Status::read();
    let mut wanted: Vec<String> = Vec::new();
    let mut fetched: Vec<PathBuf> = Vec::new();
    let (mut outs, mut errs) = (String::new(), String::new());
    for file in files {
        let path = if file.contains("://") {
            let p = fetch(ctx, file)?;
            fetched.push(p.clone());
            p.to_string_lossy().into_owned()
        } else {
            file.clone()
        };
        if let Err(e) = std::fs::File::open(&path) {
            let code = e.raw_os_error().unwrap_or_default();
            return Err(Failure::new(format!(
                "Unable to install package: E:Could not open file {path} - open ({code}: {})", crate::errors::strerror(&e)
            )));
        }
        let out = ctx.command(["dpkg-deb", "-W", "--showformat", "${Package}\t${Version}\t${Architecture}", &path]).run()?;
        if out.rc != 0 {
            return Err(Failure::new(format!("Unable to install package: {}", out.err().trim())));
        }
        let text = out.out();
        let fields: Vec<&str> = text.split('\t').collect();
        let [name, version, architecture] = fields[..] else {
            return Err(Failure::new(format!("Unable to install package: {path} is not a package")));
        };
        let spec = if architecture == "all" { name.to_owned() } else { format!("{name}:{architecture}") };
        if let Some(p) = status.installed(&spec).filter(|_| !apt.a.force) {
            let order = dpkg::compare(&p.version, version);
            if order.is_eq() {
                continue;
            }
            if order.is_gt() && !apt.a.allow_downgrade {
                return Err(Failure::new("A later version is already installed"));
            }
        }
        let simulated = english(ctx.command([apt.program.as_str(), "-s", "-y", "install", &path])).run()?;
        let missing: Vec<String> = simulated
            .out()
            .lines()
            .filter_map(|l| l.strip_prefix("Inst ")?.split(' ').next().map(str::to_owned))
            .filter(|n| n != name)
            .collect();
        if !missing.is_empty() {
            let o = install(ctx, apt, &missing, false)?;
            for (key, to) in [("stdout", &mut outs), ("stderr", &mut errs)] {
                if let Some(t) = o.result.get(key).and_then(Value::as_str) {
                    to.push_str(t);
                    to.push('\n');
                }
            }
        }
        wanted.push(path);
    }
    let mut result = Outcome::ok().with("stdout", "").with("stderr", "").with("diff", "");
    if !wanted.is_empty() {
        let options: Vec<String> =
            apt.a.dpkg_options.split(',').filter(|o| !o.is_empty()).map(|o| format!("--{o}")).collect();
        let mut cmd = ctx.command(["dpkg"]).args(options);
        if ctx.check_mode {
            cmd = cmd.arg("--simulate");
        }
        if apt.a.force {
            cmd = cmd.arg("--force-all");
        }
        let _policy = apt.a.policy_rc_d.filter(|_| !ctx.check_mode).map(PolicyFile::write).transpose()?;
        let out = english(cmd.arg("-i").args(&wanted)).run()?;
        let (stdout, stderr) = (outs + &out.out(), errs + &out.err());
        if out.rc != 0 {
            return Err(Failure::new(format!("{} failed", "dpkg -i"))
                .with("stdout", stdout)
                .with("stderr", stderr)
                .with("rc", i64::from(out.rc)));
        }
        let diff = prepared_always(&stdout);
        result = Outcome::changed(true).with("stdout", stdout).with("stderr", stderr).with("diff", diff);
    }
    for p in fetched {
        let _ = std::fs::remove_file(p);
    }
    Ok(result)
}

/// Fetches a package with the host's own means: apt's downloader knows its proxies.
fn fetch(ctx: &Ctx, url: &str) -> Result<PathBuf, Failure> {
    let name = url.rsplit('/').next().filter(|n| n.ends_with(".deb")).unwrap_or("package.deb");
    let to = ctx.tmpdir().join(format!("rustle-{}-{name}", std::process::id()));
    let path = to.to_string_lossy().into_owned();
    let out = if ctx.find_program("curl").is_some() {
        ctx.command(["curl", "-fsSL", "-o", &path, url]).run()?
    } else if ctx.find_program("wget").is_some() {
        ctx.command(["wget", "-q", "-O", &path, url]).run()?
    } else {
        ctx.command(["/usr/lib/apt/apt-helper", "download-file", url, &path]).run()?
    };
    if out.rc != 0 {
        return Err(Failure::new(format!("Failure downloading {url}, {}", out.err().trim())));
    }
    Ok(to)
}
