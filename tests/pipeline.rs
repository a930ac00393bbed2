//! Cases of the filters and of what they make together: `cases/<stage>/<slug>/`.
//!
//! - `cmd`: a line for `sh`, run in a copy of the case's `in` folder with the executables first on PATH;
//! - `in/`: its files; `stdin`: its standard input;
//! - `stdout`, `stderr`, `exit`: what must come out; without `exit` 0, without `stdout` or `stderr` nothing.
//!
//! `UPDATE=1` rewrites the last three.

use crate::support;
use libtest_mimic::{Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

pub fn trials() -> Vec<Trial> {
    let top = support::tests().join("cases");
    let mut trials = Vec::new();
    for stage in support::entries(&top) {
        for slug in support::entries(&top.join(&stage)) {
            let dir = top.join(&stage).join(&slug);
            trials.push(crate::gaps::trial(format!("cases/{stage}/{slug}"), move || case(&dir)));
        }
    }
    trials
}

fn read(dir: &Path, name: &str) -> String {
    std::fs::read_to_string(dir.join(name)).unwrap_or_default()
}

fn case(dir: &Path) -> Result<(), Failed> {
    for name in support::entries(dir) {
        if !["cmd", "in", "stdin", "stdout", "stderr", "exit"].contains(&name.as_str()) {
            return Err(format!("{}: nothing reads '{name}'", dir.display()).into());
        }
    }
    let scratch = tempfile::Builder::new().prefix("rustle-case-").tempdir()?;
    let work: PathBuf = scratch.path().canonicalize()?.join("in");
    let top = work.parent().unwrap_or(&work);
    std::fs::create_dir(&work)?;
    if dir.join("in").is_dir() {
        support::copy_tree(&dir.join("in"), &work);
    }
    let mut command = Command::new("sh");
    let path = std::env::var("PATH").unwrap_or_default();
    command.arg("-c").arg(read(dir, "cmd")).current_dir(&work);
    command.env_clear().env("PATH", format!("{}:{path}", support::bin().display()));
    command.env("HOME", scratch.path()).env("LC_ALL", "C.UTF-8").env("ANSIBLE_CONFIG", "/dev/null");
    let done = support::run(command, &std::fs::read(dir.join("stdin")).unwrap_or_default(), Duration::from_secs(60));
    let stdout = support::normal(&done.stdout, top);
    let stderr = support::normal(&done.stderr, top);
    if std::env::var_os("UPDATE").is_some() {
        let keep = |name: &str, text: &str, empty: bool| match empty {
            true => drop(std::fs::remove_file(dir.join(name))),
            false => std::fs::write(dir.join(name), text).expect("a file"),
        };
        keep("stdout", &stdout, stdout.is_empty());
        keep("stderr", &stderr, stderr.is_empty());
        keep("exit", &format!("{}\n", done.exit), done.exit == 0);
        return Ok(());
    }
    let exit: i32 = read(dir, "exit").trim().parse().unwrap_or(0);
    let mut wrong = Vec::new();
    wrong.extend(support::difference("stdout", &read(dir, "stdout"), &stdout));
    wrong.extend(support::difference("stderr", &read(dir, "stderr"), &stderr));
    if exit != done.exit {
        wrong.push(format!("exit status {} instead of {exit}; stderr: {}", done.exit, done.stderr));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}
