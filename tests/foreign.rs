//! Hosts unlike this machine (`scripts/foreign-hosts`): one without glibc, one of another processor, one that no runner
//! exists for. Root on Debian only; the other processor needs `scripts/foreign-hosts image arm64`, and the folder of
//! `scripts/cross-setup` in RUSTLE_CROSS_DIR to build its runner with.

use crate::{hosts, support};
use libtest_mimic::{Failed, Trial};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

/// Facts, files, variables, a process: what a play does first.
const BOOK: &str = "
- hosts: all
  tasks:
  - name: write
    ansible.builtin.copy: {content: 'for {{ inventory_hostname }}', dest: /root/written, mode: '0640'}
  - name: read
    ansible.builtin.command: cat /root/written
    register: out
    changed_when: false
  - name: compare
    ansible.builtin.assert: {that: [out.stdout == 'for ' ~ inventory_hostname]}
  - name: tell
    ansible.builtin.debug: {msg: '{{ ansible_facts.architecture }}'}
";

pub fn trials() -> Vec<Trial> {
    let none = hosts::missing().is_some();
    let bare = crate::gaps::trial("foreign/without-glibc".into(), without_glibc).with_ignored_flag(none);
    let why = arm_missing();
    let name = match &why {
        Some(why) => format!("foreign/mixed-inventory (needs {why})"),
        None => "foreign/mixed-inventory".to_owned(),
    };
    vec![bare, crate::gaps::trial(name, mixed).with_ignored_flag(why.is_some())]
}

/// The folder of `scripts/cross-setup`.
fn cross() -> Option<PathBuf> {
    let dir = PathBuf::from(std::env::var_os("RUSTLE_CROSS_DIR")?);
    dir.join("env").is_file().then_some(dir)
}

/// Why no host of another processor can be served here.
fn arm_missing() -> Option<String> {
    static WHY: OnceLock<Option<String>> = OnceLock::new();
    let find = || {
        if let Some(why) = hosts::missing() {
            return Some(format!("hosts: {why}"));
        }
        if cross().is_none() {
            return Some("scripts/cross-setup and RUSTLE_CROSS_DIR".into());
        }
        let done = support::run(script(&["ready", "arm64"]), b"", Duration::from_secs(10));
        (done.exit != 0).then(|| done.stdout.trim().to_owned())
    };
    WHY.get_or_init(find).clone()
}

fn script(args: &[&str]) -> Command {
    let mut command = Command::new(support::root().join("scripts/foreign-hosts"));
    command.args(args);
    command
}

/// Hosts of these kinds, taken away at the end.
struct Hosts {
    name: String,
    inventory: String,
}

impl Hosts {
    fn up(tag: &str, kinds: &[&str]) -> Result<Hosts, Failed> {
        let name = format!("{tag}{}", std::process::id() % 1_000_000);
        let args: Vec<&str> = ["up", "--name", &name].into_iter().chain(kinds.iter().copied()).collect();
        let done = support::run(script(&args), b"", Duration::from_secs(900));
        let hosts = Hosts { name, inventory: done.stdout.trim().to_owned() };
        if done.exit == 0 { Ok(hosts) } else { Err(done.stderr.into()) }
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        support::run(script(&["down", "--name", &self.name]), b"", Duration::from_secs(60));
    }
}

/// Runs the playbook with these inventories.
fn deploy(inventories: &[&str], env: &[(&str, PathBuf)]) -> Result<support::Done, Failed> {
    let scratch = tempfile::Builder::new().prefix("rustle-foreign-").tempdir()?;
    std::fs::write(scratch.path().join("site.yml"), BOOK)?;
    let mut command = Command::new(support::bin().join("rustle-deploy"));
    command.arg("site.yml").current_dir(scratch.path()).env("HOME", scratch.path()).env("ANSIBLE_CONFIG", "/dev/null");
    for i in inventories {
        command.args(["-i", i]);
    }
    // The installed runner of this machine, whatever the tests were started with.
    command.env_remove("RUSTLE_RUNNER").env_remove("RUSTLE_CACHE_DIR").envs(env.iter().map(|(k, v)| (*k, v)));
    if let Ok(home) = std::env::var("HOME") {
        // cargo's and rustup's own folders stay where they are.
        for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            if std::env::var_os(name).is_none() {
                command.env(name, PathBuf::from(&home).join(folder));
            }
        }
    }
    Ok(support::run(command, b"", Duration::from_secs(3600)))
}

fn expect(done: &support::Done, what: &[String]) -> Result<(), Failed> {
    let missing: Vec<&String> = what.iter().filter(|w| !done.stdout.contains(w.as_str())).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("no {missing:?} in:\n{}{}", done.stdout, done.stderr).into()) }
}

fn without_glibc() -> Result<(), Failed> {
    if let Some(why) = dynamic() {
        return Err(why.into());
    }
    let hosts = Hosts::up("fb", &["bare"])?;
    let host = format!("{}-bare", hosts.name);
    for (method, changed) in [("uploaded", 1), ("cached", 0)] {
        let done = deploy(&[&hosts.inventory], &[])?;
        expect(&done, &[format!("{host:<26} : ok=5    changed={changed} "), format!("hosts reached by: binary {method} (1)")])?;
    }
    Ok(())
}

/// A runner for other hosts must be static: `scripts/test` and `scripts/build` make it so.
fn dynamic() -> Option<String> {
    let runner = support::bin().join("rustle-runner");
    let mut command = Command::new("ldd");
    command.arg(&runner);
    let done = support::run(command, b"", Duration::from_secs(10));
    done.stdout.contains("=>").then(|| format!("{} is linked dynamically", runner.display()))
}

/// One command, four kinds of hosts: each gets its runner, built where there is none yet; the last is told why it has
/// none, and the others finish.
fn mixed() -> Result<(), Failed> {
    if let Some(why) = dynamic() {
        return Err(why.into());
    }
    let dir = cross().ok_or("no folder for cross builds")?;
    let hosts = Hosts::up("fm", &["arm64", "bare", "odd"])?;
    let set = hosts::compared();
    let _turn = set.turn();
    let env = [
        ("RUSTLE_RUSTC", dir.join("bin/rustc")),
        ("RUSTLE_ZIG_PATH", std::fs::canonicalize(dir.join("bin/zig"))?),
        ("RUSTLE_CARGO_ZIGBUILD", dir.join("bin/cargo-zigbuild")),
        ("RUSTLE_CACHE_DIR", dir.join("test-cache")),
        // Minutes less than the usual profile.
        ("RUSTLE_RUNNER_PROFILE", "fast".into()),
        // Five tasks do not pay it.
        ("RUSTLE_OPTIMIZATION_MODE", "aggressive".into()),
    ];
    for method in ["uploaded", "cached"] {
        let done = deploy(&[&hosts.inventory, &set.inventory.to_string_lossy()], &env)?;
        let name = &hosts.name;
        expect(
            &done,
            &[
                format!("{:<26} : ok=5 ", format!("{name}-arm64")),
                format!("{:<26} : ok=5 ", format!("{name}-bare")),
                format!("{:<26} : ok=5 ", set.host(1)),
                format!("{:<26} : ok=0    changed=0    unreachable=0    failed=1 ", format!("{name}-odd")),
                "\"msg\": \"aarch64\"".into(),
                format!("binary {method} for aarch64-unknown-linux-"),
                format!("SSH fallback ({name}-odd: unsupported target: Plan9 mips"),
            ],
        )?;
        if done.exit != 2 {
            return Err(format!("exit status {}", done.exit).into());
        }
    }
    Ok(())
}
