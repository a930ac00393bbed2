//! Whether a runner is built for a host that lacks it: a host says that it is of another platform, and a machine of shell
//! scripts could build for it. Needs root, Debian and the oracle (the way over SSH wants its modules).

use crate::failures::{Stage, Test, staged};
use crate::hosts::{self, on};
use crate::{oracle, support};
use libtest_mimic::{Failed, Trial};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 5] = [
        ("by-mode", by_mode),
        ("history", history),
        ("damaged-history", damaged_history),
        ("dry-run", dry_run),
        ("shorthands", shorthands),
    ];
    let ignored = hosts::missing().is_some() || oracle::dir().is_none();
    tests.into_iter().map(|t| staged("choosing", t, ignored)).collect()
}

const BOOK: &str = "
- hosts: all
  gather_facts: false
  tasks:
  - ansible.builtin.ping:
  - ansible.builtin.copy: {content: done, dest: /root/after}
";

/// Tools that look as if they could build anything, note that they were called, and fail.
struct Tools(PathBuf);

impl Tools {
    fn new(s: &Stage) -> Tools {
        let dir = s.dir.path().join("tools");
        let std = dir.join("sysroot/lib/rustlib/aarch64-unknown-linux-gnu/lib");
        std::fs::create_dir_all(&std).expect("a folder");
        std::fs::write(std.join("libstd-0.rlib"), "").expect("a file");
        let version = |name: &str| format!("case $1 in -V|--version|version) echo '{name} 1.95.0'; exit 0;; esac\n");
        let cargo = format!("{}echo $0 \"$@\" >> {}/calls\necho 'error: these tools build nothing' >&2; exit 1\n", version("cargo"), dir.display());
        let rustc = format!("[ \"$1\" = --print ] && {{ echo {}/sysroot; exit 0; }}\n{}exit 0\n", dir.display(), version("rustc"));
        for (name, text) in [("rustc", rustc.as_str()), ("cargo", &cargo), ("cargo-zigbuild", &cargo), ("zig", "echo 0.15.2\n")] {
            let path = dir.join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{text}")).expect("a file");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a file's mode");
        }
        Tools(dir)
    }
    /// Whether a build was tried, since the last question.
    fn called(&self) -> bool {
        std::fs::remove_file(self.0.join("calls")).is_ok()
    }
}

fn other_platform(s: &Stage) {
    on(&s.victim, "printf '#!/bin/sh\\necho Linux 6.1.0 aarch64\\n' > /usr/local/bin/uname; chmod 755 /usr/local/bin/uname");
}

fn deploy(s: &Stage, tools: &Tools, args: &[&str]) -> support::Done {
    deploy_with(s, tools, "", args)
}

/// `vars` are variables of the victim.
fn deploy_with(s: &Stage, tools: &Tools, vars: &str, args: &[&str]) -> support::Done {
    std::fs::write(s.dir.path().join("choose.yml"), BOOK).expect("a playbook");
    let mut c = s.command(&s.inventory(vars), args);
    for (variable, name) in [("RUSTLE_RUSTC", "rustc"), ("RUSTLE_CARGO", "cargo"), ("RUSTLE_CARGO_ZIGBUILD", "cargo-zigbuild"), ("RUSTLE_ZIG_PATH", "zig")] {
        c.env(variable, tools.0.join(name));
    }
    c.env_remove("RUSTLE_OPTIMIZATION_MODE").env("RUSTLE_CACHE_DIR", cache(s)).arg("choose.yml");
    support::run(c, b"", Duration::from_secs(180))
}

fn cache(s: &Stage) -> PathBuf {
    s.dir.path().join("cache")
}

fn file(s: &Stage) -> PathBuf {
    cache(s).join("costs.json")
}

fn check(what: bool, why: &str, done: &support::Done) -> Result<(), Failed> {
    if what { Ok(()) } else { Err(format!("{why}:\n{}{}", done.stdout, done.stderr).into()) }
}

/// The recap has this reason for the victim, and the play went through on all hosts.
fn served(s: &Stage, done: &support::Done, parts: &[&str]) -> Result<(), Failed> {
    s.fine(done)?;
    let line = done.stdout.lines().find(|l| l.starts_with("hosts reached by: ")).unwrap_or_default();
    let part = line.split("; ").find(|p| p.contains("SSH fallback") && p.contains(&s.victim)).unwrap_or_default().to_owned();
    let whole = if part.is_empty() { line.to_owned() } else { line[line.find(&part).unwrap_or(0)..].to_owned() };
    check(parts.iter().all(|p| whole.contains(p)), &format!("the recap does not say {parts:?}"), done)
}

fn by_mode(s: &Stage) -> Result<(), Failed> {
    let tools = Tools::new(s);
    other_platform(s);
    let done = deploy(s, &tools, &[]);
    served(s, &done, &["optimisation: a build would take about 180 s (assumed) and pay after about ", " such runs, 2 tasks over SSH take about "])?;
    check(!tools.called(), "auto built", &done)?;
    let done = deploy(s, &tools, &["--optimization", "conservative"]);
    served(s, &done, &["optimisation: what a runner gains is not known here (never seen: a build"])?;
    check(!tools.called(), "conservative built", &done)?;
    let done = deploy(s, &tools, &["--optimization", "off"]);
    served(s, &done, &["optimisation: no runner is there, and nothing is built (--optimization off)"])?;
    check(!tools.called(), "off built", &done)?;
    let done = deploy(s, &tools, &["--optimization", "aggressive"]);
    served(s, &done, &["these tools build nothing"])?;
    check(tools.called(), "aggressive did not build", &done)?;
    // The settings say it, too, and the command line counts more.
    std::fs::write(s.dir.path().join("rustle.toml"), "[plan]\noptimization = \"aggressive\"\n").expect("a file");
    std::fs::set_permissions(s.dir.path(), std::fs::Permissions::from_mode(0o755)).expect("a folder's mode");
    let done = deploy(s, &tools, &[]);
    check(tools.called(), "the setting does not count", &done)?;
    let done = deploy(s, &tools, &["--optimization", "off"]);
    check(!tools.called(), "the setting counts more than the command line", &done)
}

fn history(s: &Stage) -> Result<(), Failed> {
    let tools = Tools::new(s);
    let done = deploy(s, &tools, &["--report"]);
    check(done.exit == 0 && done.stdout.starts_with("no runs are recorded yet"), "the report of nothing", &done)?;
    check(!file(s).exists(), "the report wrote something", &done)?;
    other_platform(s);
    for n in 1..=2 {
        let done = deploy(s, &tools, &["--explain-optimization"]);
        s.fine(&done)?;
        let before = done.stdout.find("OPTIMISATION (auto): about ").unwrap_or(usize::MAX);
        let play = done.stdout.find("PLAY [").unwrap_or(0);
        let after = done.stdout.rfind("OPTIMISATION: ").unwrap_or(0);
        check(before < play && play < after, "the analysis, the play, and what came of it", &done)?;
        let text = std::fs::read_to_string(file(s))?;
        check(text.matches("\"at\":").count() == n, "each run is written down once", &done)?;
        let known: Vec<&str> = ["rf", "choose", "root", "/"].into_iter().filter(|w| text.contains(*w)).collect();
        check(known.is_empty() && !text.contains(&s.victim), &format!("the history names {known:?}"), &done)?;
        check(text.contains("\"way\":\"ssh\"") && text.contains("\"way\":\"native\""), "both ways were seen", &done)?;
    }
    let done = deploy(s, &tools, &["--report"]);
    let parts = ["2 runs: predictions are off by a factor of ", "aarch64-unknown-linux-gnu", "a task over SSH", "a round trip"];
    check(done.exit == 0 && parts.iter().all(|p| done.stdout.contains(p)), "the report", &done)
}

fn damaged_history(s: &Stage) -> Result<(), Failed> {
    let tools = Tools::new(s);
    std::fs::create_dir_all(cache(s))?;
    std::fs::write(file(s), "{\"version\":1,")?;
    let done = deploy(s, &tools, &[]);
    s.fine(&done)?;
    let warning = "what earlier runs cost is not known any more";
    check(format!("{}{}", done.stdout, done.stderr).contains(warning), "no warning", &done)?;
    let done = deploy(s, &tools, &[]);
    s.fine(&done)?;
    check(!format!("{}{}", done.stdout, done.stderr).contains(warning), "still damaged", &done)?;
    // A place where nothing can be written is no reason to fail.
    std::fs::remove_file(file(s))?;
    std::fs::create_dir(file(s))?;
    let done = deploy(s, &tools, &[]);
    s.fine(&done)
}

fn dry_run(s: &Stage) -> Result<(), Failed> {
    let tools = Tools::new(s);
    // Who looks at the host's programs is not deceived by its uname.
    let vars = "rustle_target=aarch64-unknown-linux-gnu";
    on(&s.victim, "rm -f /root/after");
    let done = deploy_with(s, &tools, vars, &["--dry-run", "-v"]);
    let parts = ["PLAY 1: all", "OPTIMISATION (auto): about ", "aarch64-unknown-linux-gnu", "1 host, 2 tasks", "the runner is installed", "a build would take about 180 s (assumed)"];
    check(done.exit == 0 && parts.iter().all(|p| done.stdout.contains(p)), "the plan and the analysis", &done)?;
    check(!done.stdout.contains("PLAY RECAP") && !file(s).exists() && !tools.called(), "something ran", &done)?;
    check(on(&s.victim, "ls /root/after /root/.rustle 2>/dev/null").is_empty(), "something is on the host", &done)?;
    let done = deploy_with(s, &tools, vars, &["--dry-run"]);
    check(done.stdout.contains("OPTIMISATION (auto)") && !done.stdout.contains("a build would take"), "without -v less is said", &done)
}

fn shorthands(s: &Stage) -> Result<(), Failed> {
    let tools = Tools::new(s);
    let done = deploy(s, &tools, &["--ssh-only"]);
    served(s, &done, &["--strategy ssh-only"])?;
    other_platform(s);
    let done = deploy(s, &tools, &["--binary-only", "--optimization", "off"]);
    s.lost(&done, &["no runner is there, and nothing is built (--optimization off)"])?;
    check(!tools.called() && done.stdout.contains("forbids the fallback over SSH"), "the fallback is forbidden", &done)?;
    let done = deploy(s, &tools, &["--binary-only"]);
    check(tools.called(), "where there is no other way, a build is tried", &done)?;
    for wrong in [["--ssh-only", "--binary-only"].as_slice(), &["--ssh-only", "--strategy", "free"], &["--optimization", "much"]] {
        let done = deploy(s, &tools, wrong);
        check(done.exit == 2, &format!("{wrong:?} is accepted"), &done)?;
    }
    check(Path::new(&cache(s)).exists(), "the cache's folder", &done)
}
