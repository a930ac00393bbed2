//! Playbooks run by ansible-playbook and by rustle-deploy on this machine: output, exit status and files compared.
//!
//! `playbooks/NAME.yml` is a test; a first line `# args: …` has further arguments, lines `# env: NAME=VALUE` variables
//! of the environment, a line `# stdin: a|b` lines of standard input. Both run in a fresh copy of the folder
//! with the same inventory; what they make goes below `{{ out }}`. `playbooks/recorded/NAME.{stdout,exit,tree}` is what
//! the oracle did (a line `# needs: ansible-core`: rustle uses it, too, and the test is left out where it is not there); `RECORD=1` asks it again. Where the oracle is there, a second test per playbook asks it live.

use crate::{oracle, support};
use libtest_mimic::{Failed, Trial};
use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

pub fn trials() -> Vec<Trial> {
    let top = support::tests().join("playbooks");
    let mut trials = Vec::new();
    for file in support::entries(&top) {
        let Some(name) = file.strip_suffix(".yml").map(str::to_owned) else { continue };
        let n = name.clone();
        let text = std::fs::read_to_string(top.join(&file)).unwrap_or_default();
        let lacks = text.lines().any(|l| l == "# needs: ansible-core") && oracle::dir().is_none();
        trials.push(crate::gaps::trial(format!("playbooks/{name}"), move || recorded(&n)).with_ignored_flag(lacks));
        let live = crate::gaps::trial(format!("oracle/{name}"), {
            let name = name.clone();
            move || still_true(&name)
        });
        trials.push(live.with_ignored_flag(oracle::dir().is_none()));
    }
    trials
}

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
struct Ran {
    stdout: String,
    exit: i32,
    tree: String,
    /// Not compared; shown when something is wrong.
    stderr: String,
}

fn play(name: &str, program: &Path) -> Ran {
    let scratch = tempfile::Builder::new().prefix("rustle-play-").tempdir().expect("a scratch folder");
    let top = scratch.path().canonicalize().expect("a path");
    let work = top.join("work");
    support::copy_tree(&support::tests().join("playbooks"), &work);
    _ = std::fs::remove_dir_all(work.join("recorded"));
    std::fs::create_dir_all(top.join("out")).expect("a folder");
    let text = std::fs::read_to_string(work.join(format!("{name}.yml"))).expect("a playbook");
    let args = text.lines().next().and_then(|l| l.strip_prefix("# args: ")).unwrap_or("");
    let mut command = Command::new("sh");
    // Through a shell: the arguments may be quoted.
    command.arg("-c").arg(format!("umask 022; exec \"$0\" -i inventory.ini -e out=\"$OUT\" {args} {name}.yml")).arg(program);
    command.current_dir(&work).env_clear();
    let own = program.parent().unwrap_or(Path::new("/"));
    // Python's sets have one order.
    command.env("PYTHONHASHSEED", "0");
    command.env("PATH", format!("{}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", own.display()));
    command.env("OUT", top.join("out")).env("HOME", &top).env("LC_ALL", "C.UTF-8").env("USER", "tester").env("FROM_OUTSIDE", "seen").env("ANSIBLE_ASYNC_DIR", top.join("async"));
    command.env("ANSIBLE_CONFIG", work.join("ansible.cfg"));
    for (name, value) in text.lines().filter_map(|l| l.strip_prefix("# env: ")?.split_once('=')) {
        command.env(name, value);
    }
    if let Some(oracle) = oracle::dir() {
        command.env("RUSTLE_ANSIBLE_PYTHON", oracle.join("bin/python"));
    }
    let input = text.lines().find_map(|l| l.strip_prefix("# stdin: ")).map_or_else(String::new, |l| l.replace('|', "\n") + "\n");
    let done = support::run(command, input.as_bytes(), Duration::from_secs(120));
    Ran {
        stdout: in_order(&support::normal(&done.stdout, &top)),
        exit: done.exit,
        tree: support::tree(&top.join("out")),
        stderr: done.stderr,
    }
}

/// Results of the hosts of one task in the order of the hosts' names, errors before them: which host is first is chance. In lists of hosts as well. What rustle says beyond Ansible is left out.
pub fn in_order(text: &str) -> String {
    static RULES: OnceLock<[regex::Regex; 3]> = OnceLock::new();
    let [result, section, beyond] = RULES.get_or_init(|| {
        [
            r"^(?:ok|changed|skipping|fatal|failed|included|unreachable|FAILED - RETRYING|ASYNC)[^\[]*(?:\[([^\]> ]+)|on (\S+):|for (\S+))",
            r"^(?:PLAY|TASK|RUNNING HANDLER|PLAY RECAP) .*\*\*\*$",
            r"^hosts reached by: .*$",
        ]
        .map(|r| regex::Regex::new(r).expect("a pattern"))
    });
    let mut out = String::new();
    let mut head: Vec<&str> = Vec::new();
    // Host (none for an error, which is printed once for all hosts) and lines.
    let mut blocks: Vec<(Option<String>, Vec<&str>)> = Vec::new();
    let flush = |head: &mut Vec<&str>, blocks: &mut Vec<(Option<String>, Vec<&str>)>, out: &mut String| {
        blocks.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| if a.0.is_none() { a.1.cmp(&b.1) } else { Ordering::Equal }));
        let lines = head.drain(..).chain(blocks.drain(..).flat_map(|b| {
            let end = b.1.iter().rposition(|l| !l.is_empty()).map_or(0, |n| n + 1);
            b.1.into_iter().take(end)
        }));
        for l in lines {
            *out += l;
            out.push('\n');
        }
        out.push('\n');
    };
    let mut lines: Vec<&str> = text.lines().filter(|l| !beyond.is_match(l)).collect();
    lines.chunk_by_mut(|a, b| a.starts_with("      ") && b.starts_with("      ")).filter(|c| c.iter().all(|l| !l.contains(':'))).for_each(<[&str]>::sort);
    for line in lines {
        if section.is_match(line) {
            flush(&mut head, &mut blocks, &mut out);
            head.push(line);
        } else if let Some(host) = result.captures(line) {
            let host = host.iter().skip(1).flatten().next().map(|m| m.as_str().trim_end_matches(',').to_owned());
            blocks.push((host, vec![line]));
        } else if line.starts_with("[ERROR]: ") {
            blocks.push((None, vec![line]));
        } else if let Some((_, lines)) = blocks.last_mut() {
            lines.push(line);
        } else if !line.is_empty() {
            head.push(line);
        }
    }
    flush(&mut head, &mut blocks, &mut out);
    out.trim_start_matches('\n').to_owned()
}

fn file(name: &str, kind: &str) -> PathBuf {
    support::tests().join("playbooks/recorded").join(format!("{name}.{kind}"))
}

fn load(name: &str) -> Option<Ran> {
    Some(Ran {
        stdout: std::fs::read_to_string(file(name, "stdout")).ok()?,
        exit: std::fs::read_to_string(file(name, "exit")).ok()?.trim().parse().ok()?,
        tree: std::fs::read_to_string(file(name, "tree")).unwrap_or_default(),
        stderr: String::new(),
    })
}

fn compare(want: &Ran, got: &Ran) -> Result<(), Failed> {
    let mut wrong = Vec::new();
    wrong.extend(support::difference("stdout", &want.stdout, &got.stdout));
    wrong.extend(support::difference("the tree of files", &want.tree, &got.tree));
    if want.exit != got.exit {
        wrong.push(format!("exit status {} instead of {}", got.exit, want.exit));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    if !got.stderr.trim().is_empty() {
        wrong.push(format!("stderr: {}", got.stderr.trim()));
    }
    Err(wrong.join("\n").into())
}

/// rustle does what is recorded.
fn recorded(name: &str) -> Result<(), Failed> {
    if std::env::var_os("RECORD").is_some() {
        return Ok(());
    }
    let want = load(name).ok_or("nothing is recorded for this playbook: RECORD=1")?;
    compare(&want, &play(name, &support::bin().join("rustle-deploy")))
}

/// What is recorded is what the oracle does.
fn still_true(name: &str) -> Result<(), Failed> {
    let oracle = oracle::dir().ok_or("no oracle")?;
    let ran = play(name, &oracle.join("bin/ansible-playbook"));
    if std::env::var_os("RECORD").is_some() {
        std::fs::create_dir_all(support::tests().join("playbooks/recorded"))?;
        std::fs::write(file(name, "stdout"), &ran.stdout)?;
        std::fs::write(file(name, "exit"), format!("{}\n", ran.exit))?;
        match ran.tree.is_empty() {
            true => drop(std::fs::remove_file(file(name, "tree"))),
            false => std::fs::write(file(name, "tree"), &ran.tree)?,
        }
        return Ok(());
    }
    let want = load(name).ok_or("nothing is recorded for this playbook: RECORD=1")?;
    compare(&want, &ran)
}
