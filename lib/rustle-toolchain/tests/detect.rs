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
    assert!(caps.recommendations.iter().any(|r| r.command.as_deref() == Some("pip install ziglang")));
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
