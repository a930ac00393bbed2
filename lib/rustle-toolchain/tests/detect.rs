//! Machines made of shell scripts, and what is said of them.

use rustle_toolchain::{Env, cached, detect, table, working};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn script(dir: &Path, name: &str, body: &str) {
    let path = dir.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

struct Machine(tempfile::TempDir);
impl Machine {
    fn new(tools: &[(&str, &str)]) -> Self {
        let m = Machine(tempfile::tempdir().unwrap());
        for (name, body) in tools {
            script(m.0.path(), name, body);
        }
        m
    }
    fn env(&self, more: &[(&str, &str)]) -> Env {
        let path = self.0.path().to_str().unwrap();
        let own = [("PATH", path), ("HOME", path)];
        Env::of(own.into_iter().chain(more.iter().copied()))
    }
    fn rustc(&self, targets: &[&str], src: bool) {
        let root = self.0.path().join("sysroot");
        for t in targets {
            let lib = root.join("lib/rustlib").join(t).join("lib");
            std::fs::create_dir_all(&lib).unwrap();
            std::fs::write(lib.join("libstd-0.rlib"), "").unwrap();
        }
        if src {
            let std = root.join("lib/rustlib/src/rust/library/std");
            std::fs::create_dir_all(&std).unwrap();
            std::fs::write(std.join("Cargo.toml"), "").unwrap();
        }
        let body = format!("case $1 in --print) echo {};; *) echo rustc 1.95.0 '(x)';; esac", root.display());
        script(self.0.path(), "rustc", &body);
    }
}

const CARGO: (&str, &str) = ("cargo", "echo cargo 1.95.0");
const ZIG: (&str, &str) = ("zig", "echo 0.15.2");
const ZIGBUILD: (&str, &str) = ("cargo-zigbuild", "echo cargo-zigbuild 0.24.0");
const SSH: (&str, &str) = ("ssh", "echo OpenSSH_9.2p1 >&2");

#[test]
fn levels() {
    let gnu = "x86_64-unknown-linux-gnu";
    let musl = "aarch64-unknown-linux-musl";
    for (tools, targets, src, want) in [
        (vec![], None, false, "Insufficient"),
        (vec![SSH], None, false, "Minimal"),
        (vec![CARGO], Some(vec![gnu]), false, "Limited"),
        (vec![CARGO, ZIG, ZIGBUILD], Some(vec![gnu]), false, "Limited"),
        (vec![CARGO, ZIG, ZIGBUILD], Some(vec![gnu, musl]), false, "Full"),
        (vec![CARGO, ZIG, ZIGBUILD], Some(vec![gnu]), true, "Full"),
        (vec![CARGO, ZIG, ("cargo-zigbuild", "echo bad wheel >&2; exit 1")], Some(vec![gnu]), true, "Limited"),
        (vec![("docker", "echo 28.0.1")], None, false, "Limited"),
        (vec![SSH, ("docker", "echo cannot connect >&2; exit 1")], None, false, "Minimal"),
    ] {
        let m = Machine::new(&tools);
        if let Some(t) = &targets {
            m.rustc(t, src);
        }
        let caps = detect(&m.env(&[]));
        assert_eq!(caps.level, want, "{tools:?} {targets:?} {src}\n{}", table(&caps));
        assert_eq!(caps.installed_targets.len(), targets.map_or(0, |t| t.len()));
    }
}

#[test]
fn what_does_not_run_is_found_and_named() {
    let m = Machine::new(&[CARGO, ("cargo-zigbuild", "echo 'Syntax error: word' >&2; exit 2"), ("docker", "echo no daemon >&2; exit 1")]);
    m.rustc(&["x86_64-unknown-linux-gnu"], false);
    let caps = detect(&m.env(&[]));
    let problem = |name: &str| caps.tools.iter().find(|t| t.name == name).and_then(|t| t.problem.clone()).unwrap();
    assert_eq!(problem("cargo-zigbuild"), "does not run: Syntax error: word");
    assert!(problem("docker").contains("no daemon"));
    assert_eq!(problem("zig"), "not found");
    let advice: Vec<_> = caps.recommendations.iter().map(|r| r.impact.as_str()).collect();
    assert!(advice.starts_with(&["high", "high", "high"]) && advice.ends_with(&["low"]), "{advice:?}");
    assert!(caps.recommendations.iter().any(|r| r.command.as_deref() == Some("rustle-caps --install zig")));
}

#[test]
fn variables_name_tools_outside_path() {
    let m = Machine::new(&[]);
    let other = Machine::new(&[("z", "echo 0.16.0"), ("zb", "echo cargo-zigbuild 0.24.0"), ("python3", "exit 1")]);
    let path = |n: &str| other.0.path().join(n).display().to_string();
    let env = m.env(&[("RUSTLE_ZIG_PATH", &path("z")), ("RUSTLE_CARGO_ZIGBUILD", &path("zb"))]);
    let caps = detect(&env);
    assert_eq!(working(&caps, "zig").unwrap().version.as_deref(), Some("0.16.0"));
    assert_eq!(working(&caps, "cargo-zigbuild").unwrap().command, [path("zb")]);
    let python = Machine::new(&[("python3", "[ \"$1 $2 $3\" = '-m ziglang version' ] && echo 0.15.2")]);
    let caps = detect(&python.env(&[]));
    assert_eq!(working(&caps, "zig").unwrap().command[1..], ["-m", "ziglang"]);
}

#[test]
fn the_cache_notices_what_changed() {
    let m = Machine::new(&[SSH]);
    let cache = tempfile::tempdir().unwrap();
    let var = [("RUSTLE_CACHE_DIR", cache.path().to_str().unwrap())];
    assert_eq!(cached(&m.env(&var), false).level, "Minimal");
    // Something that no key can see: the cache still answers, until it is told to look anew.
    let seen = |refresh| working(&cached(&m.env(&var), refresh), "ssh").is_some();
    let ssh = m.0.path().join("ssh");
    let old = ssh.metadata().unwrap().modified().unwrap();
    script(m.0.path(), "ssh", &format!("{:1$}", "exit 1", SSH.1.len()));
    std::fs::File::options().write(true).open(&ssh).unwrap().set_modified(old).unwrap();
    assert!(seen(false));
    assert!(!seen(true));
    script(m.0.path(), "ssh", "echo OpenSSH_9.9p1 >&2");
    assert!(seen(false), "a changed file is a miss");
}

#[test]
fn versions_that_do_not_do_the_work_are_named_with_the_reason() {
    let m = Machine::new(&[("cargo", "echo cargo 1.70.0"), ("zig", "echo 0.15.0"), ZIGBUILD, SSH]);
    m.rustc(&["x86_64-unknown-linux-gnu"], true);
    let caps = detect(&m.env(&[]));
    let problem = |name: &str| caps.tools.iter().find(|t| t.name == name).and_then(|t| t.problem.clone()).unwrap();
    assert!(problem("zig").starts_with("version 0.15.0 is known not to work: it was tagged with critical bugs"), "{}", problem("zig"));
    assert!(problem("cargo").starts_with("version 1.70.0 is too old: runners need 1."), "{}", problem("cargo"));
    assert_eq!(caps.level, "Minimal");
    let zig = caps.recommendations.iter().find(|r| r.command.as_deref() == Some("rustle-caps --install zig")).unwrap();
    assert!(zig.text.contains("/zig is of no use: version 0.15.0"), "{}", zig.text);
    assert!(table(&caps).contains("broken  0.15.0"), "{}", table(&caps));
}

#[test]
fn a_compiler_that_is_too_old_is_updated_by_who_installed_it() {
    for (rustup, critical, command) in [(true, false, "rustup update stable"), (false, true, "curl ")] {
        let m = Machine::new(if critical { &[] } else { &[SSH] });
        let home = m.0.path().join(".rustup/toolchains/old/bin");
        std::fs::create_dir_all(&home).unwrap();
        script(if rustup { &home } else { m.0.path() }, "rustc", "case $1 in --print) exit 1;; *) echo rustc 1.63.0;; esac");
        let path = format!("{}:{}", home.display(), m.0.path().display());
        let caps = detect(&m.env(&[("PATH", &path)]));
        let rustc = caps.tools.iter().find(|t| t.name == "rustc").unwrap();
        assert_eq!((rustc.works, rustc.from.as_deref()), (false, Some(if rustup { "rustup" } else { "standalone" })));
        let first = &caps.recommendations[0];
        assert_eq!(first.impact, if critical { "critical" } else { "high" });
        assert!(first.command.as_ref().unwrap().starts_with(command) && first.text.contains("1.63.0 is too old"), "{first:?}");
        assert_eq!(caps.level, if critical { "Insufficient" } else { "Minimal" });
    }
}

#[test]
fn rustles_own_tools_count_more_than_those_on_path_and_less_than_settings() {
    let m = Machine::new(&[("zig", "exit 3"), ("cargo-zigbuild", "echo cargo-zigbuild 0.19.0")]);
    let bin = m.0.path().join(".rustle/tools/bin");
    std::fs::create_dir_all(&bin).unwrap();
    assert_eq!(working(&detect(&m.env(&[])), "cargo-zigbuild").unwrap().version.as_deref(), Some("0.19.0"));
    script(&bin, "zig", "echo 0.15.2");
    script(&bin, "cargo-zigbuild", "exit 1");
    let caps = detect(&m.env(&[]));
    let zig = working(&caps, "zig").unwrap();
    assert_eq!((zig.version.as_deref(), zig.from.as_deref()), (Some("0.15.2"), Some("rustle")));
    // One of its own that does not run is no reason to do without another.
    assert_eq!(working(&caps, "cargo-zigbuild").unwrap().version.as_deref(), Some("0.19.0"));
    let other = m.0.path().join("zig").display().to_string();
    let caps = detect(&m.env(&[("RUSTLE_ZIG_PATH", &other)]));
    assert!(working(&caps, "zig").is_none());
    assert_eq!(caps.tools.iter().find(|t| t.name == "zig").unwrap().from.as_deref(), Some("setting"));
}

#[test]
fn the_cache_notices_a_tool_that_rustle_brought() {
    let m = Machine::new(&[]);
    let bin = m.0.path().join(".rustle/tools/bin");
    assert!(working(&cached(&m.env(&[]), false), "zig").is_none());
    std::fs::create_dir_all(&bin).unwrap();
    script(&bin, "zig", "echo 0.15.2");
    assert!(working(&cached(&m.env(&[]), false), "zig").is_some());
}
