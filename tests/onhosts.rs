//! The same playbook on the same fresh host, once by ansible-playbook and once by rustle-deploy, twice each: what they
//! print, what the second run changes (nothing, unless the first line is `# again: changes`), and what became of the
//! host's files (path, type, mode, owner, content). Needs root, Debian and the oracle.

use crate::{hosts, oracle, support};
use libtest_mimic::{Failed, Trial};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

pub fn trials() -> Vec<Trial> {
    let ignored = hosts::missing().is_some() || oracle::dir().is_none();
    let files = support::entries(&support::tests().join("onhosts"));
    let names = files.iter().filter_map(|f| f.strip_suffix(".yml")).map(str::to_owned);
    names.map(|name| crate::gaps::trial(format!("onhosts/{name}"), move || same(&name)).with_ignored_flag(ignored)).collect()
}

pub(crate) struct Ran {
    pub runs: Vec<support::Done>,
    pub manifest: String,
}

/// What differs between two programs' runs: output, exit status, files.
pub(crate) fn differences(want: &Ran, got: &Ran) -> Vec<String> {
    let mut wrong = Vec::new();
    for (n, (w, g)) in want.runs.iter().zip(&got.runs).enumerate() {
        wrong.extend(support::difference(&format!("stdout of run {}", n + 1), &w.stdout, &g.stdout));
        if w.exit != g.exit {
            wrong.push(format!("run {}: exit status {} instead of {}; stderr: {}", n + 1, g.exit, w.exit, g.stderr));
        }
    }
    wrong.extend(support::difference("what became of the files", &want.manifest, &got.manifest));
    wrong
}

pub(crate) fn both_runs(name: &str, program: &Path, args: &[&str]) -> Ran {
    let set = hosts::compared();
    let host = set.host(1);
    hosts::script(&["reset", &host]);
    let scratch = tempfile::Builder::new().prefix("rustle-hosts-").tempdir().expect("a scratch folder");
    let work = scratch.path().join("work");
    support::copy_tree(&support::tests().join("onhosts"), &work);
    let run = || {
        let mut command = Command::new(program);
        command.args(["-i", &set.inventory.to_string_lossy(), &format!("{name}.yml")]).args(args).current_dir(&work).env_clear().envs(crate::failures::bridge());
        let own = program.parent().unwrap_or(Path::new("/"));
        command.env("PATH", format!("{}:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", own.display()));
        command.env("HOME", scratch.path()).env("LC_ALL", "C.UTF-8").env("ANSIBLE_CONFIG", work.join("ansible.cfg"));
        let mut done = support::run(command, b"", Duration::from_secs(300));
        done.stdout = crate::playbooks::in_order(&support::normal(&done.stdout, scratch.path()).replace(&host, "HOST"));
        done
    };
    let runs = vec![run(), run()];
    Ran { runs, manifest: telling(&hosts::script(&["manifest", &host])) }
}

/// A manifest without what differs between two hosts that were treated alike.
fn telling(manifest: &str) -> String {
    let noise = [
        "root/.ansible", "root/.rustle", "home/deploy/.ansible", "home/deploy/.rustle", "home/asker/.ansible", "home/asker/.rustle",
        "var/log", "var/tmp/systemd-private", "var/tmp/.rustle-", "var/lib/systemd", "var/cache/apt", "var/lib/apt/lists", "var/cache/debconf", "var/cache/ldconfig",
        "etc/resolv.conf", "etc/hosts", "etc/.pwd.lock", "etc/ld.so.cache", "tmp/systemd-private", "var/lib/dpkg/lock", "run",
    ];
    let path = |l: &str| l.splitn(5, ' ').nth(4).unwrap_or(l).to_owned();
    let keep = |l: &&str| !noise.iter().any(|n| path(l).starts_with(n)) && !l.contains("__pycache__");
    // Folders above something that is noise differ as a whole: root/.ansible makes root a changed folder.
    let keep_folder = |l: &&str| !(l.starts_with("d ") && ["root", "var", "home", "home/deploy", "home/asker", "tmp"].iter().any(|d| path(l).trim_start() == *d));
    // Debian's crontab writes the time of its installation into the file.
    let timed = |l: &str| match l.splitn(5, ' ').collect::<Vec<_>>()[..] {
        [kind, mode, owner, _, path] if path.starts_with("var/spool/cron/crontabs/") => format!("{kind} {mode} {owner} - {path}\n"),
        _ => format!("{l}\n"),
    };
    manifest.lines().filter(keep).filter(keep_folder).map(timed).collect()
}

fn same(name: &str) -> Result<(), Failed> {
    let _turn = hosts::compared().turn();
    let oracle = oracle::dir().ok_or("no oracle")?;
    let want = both_runs(name, &oracle.join("bin/ansible-playbook"), &[]);
    let got = both_runs(name, &support::bin().join("rustle-deploy"), &[]);
    let text = std::fs::read_to_string(support::tests().join(format!("onhosts/{name}.yml")))?;
    let mut wrong = differences(&want, &got);
    if !text.starts_with("# again: changes") && !got.runs[1].stdout.contains("changed=0 ") {
        wrong.push("the second run changes something".into());
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}
