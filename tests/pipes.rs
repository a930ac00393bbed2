//! The pipeline: piped and wrapped, with tools between the stages, from file to file, over SSH, and with the plan
//! inside one executable. What happens must be the same each time.
//!
//! - `examples/*/site.yml`: each runs both ways, with equal events;
//! - `embedded/`: a playbook that needs no controller.

use crate::support::{self, Done};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What must end as the plain pipeline does; `P` is the first stage with its arguments.
pub const LINES: &[(&str, &str)] = &[
    ("plain", "P | rustle-plan | rustle-compile | rustle-ship | rustle-run"),
    ("shortest", "P | rustle-run"),
    ("all-stages", "P | rustle-plan | rustle-target | rustle-caps | rustle-template | rustle-compile | rustle-ship | rustle-run"),
    ("tee", "P | tee a | rustle-plan | tee b | rustle-compile | tee c | rustle-ship | tee d | rustle-run && test -s a -a -s b -a -s c -a -s d"),
    ("cat-between", "P | cat | rustle-plan | cat | rustle-compile | cat | rustle-ship | cat | rustle-run"),
    ("jq", "P | jq -c . | rustle-plan | jq -c . | rustle-compile | jq -c . | rustle-ship | jq -c . | rustle-run"),
    ("jq-after", "P | rustle-plan | rustle-run | jq -c 'select(.type == \"event\")'"),
    ("head", "P | head -n 100000 | rustle-plan | head -n 100000 | rustle-run"),
    ("a-file", "P > a && rustle-plan a > b && rustle-compile b > c && rustle-ship c > d && rustle-run d"),
    ("deploy-a-file", "P | rustle-plan > plan.ndjson && rustle-deploy plan.ndjson --output ndjson"),
    ("deploy-stdin", "P | rustle-plan | rustle-deploy - --output ndjson"),
    ("events-only", "P | rustle-plan | rustle-run --output ndjson"),
];

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for name in support::entries(&examples()) {
        if examples().join(&name).join("site.yml").exists() {
            let title = format!("pipes/example-{name}");
            trials.push(crate::gaps::trial(title, move || example(&name)));
        }
    }
    for (name, line) in LINES {
        let missing = line.contains("jq") && !has("jq");
        trials.push(crate::gaps::trial(format!("pipes/{name}"), move || one_line(line)).with_ignored_flag(missing));
    }
    trials.push(crate::gaps::trial("pipes/cut-off".into(), cut_off));
    trials.push(crate::gaps::trial("pipes/for-a-person".into(), person));
    trials.push(crate::gaps::trial("pipes/exit-status".into(), exit_status));
    trials.push(crate::gaps::trial("pipes/makefile".into(), makefile).with_ignored_flag(!has("make")));
    trials.push(crate::gaps::trial("pipes/embedded".into(), embedded));
    trials.push(crate::gaps::trial("pipes/embedded-refused".into(), embedded_refused));
    trials
}

fn examples() -> PathBuf {
    support::root().join("examples")
}

fn has(program: &str) -> bool {
    Command::new("sh").args(["-c", &format!("command -v {program}")]).output().is_ok_and(|o| o.status.success())
}

/// A scratch folder and what runs in it.
pub struct Place {
    scratch: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Place {
        Place { scratch: tempfile::Builder::new().prefix("rustle-pipes-").tempdir().expect("a scratch folder") }
    }
    pub fn top(&self) -> &Path {
        self.scratch.path()
    }
    pub fn out(&self) -> PathBuf {
        self.scratch.path().join("out")
    }
    /// Runs a line of shell in `dir`, after all that earlier ones wrote is gone.
    pub fn sh(&self, dir: &Path, line: &str) -> Done {
        _ = std::fs::remove_dir_all(self.out());
        let mut command = Command::new("sh");
        let path = std::env::var("PATH").unwrap_or_default();
        command.arg("-c").arg(line).current_dir(dir).env_clear();
        command.env("PATH", format!("{}:{path}", support::bin().display()));
        command.env("HOME", self.scratch.path()).env("LC_ALL", "C.UTF-8").env("ANSIBLE_CONFIG", "/dev/null");
        command.env("RUSTLE_EXAMPLES", self.out());
        support::run(command, b"", Duration::from_secs(120))
    }
    /// The same in a folder of its own.
    pub fn line(&self, line: &str) -> Done {
        let dir = self.scratch.path().join("work");
        _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir(&dir).expect("a folder");
        self.sh(&dir, line)
    }
}

/// What is another at each run.
const OTHERWISE: &[&str] = &[
    "start", "end", "delta", "atime", "mtime", "ctime", "inode", "dev", "ansible_facts", "facts", "gr_name", "pw_name", "md5sum", "run",
];

fn scrub(v: &mut Value) {
    match v {
        Value::Object(o) => {
            OTHERWISE.iter().for_each(|k| drop(o.remove(*k)));
            o.values_mut().for_each(scrub);
        }
        Value::Array(a) => a.iter_mut().for_each(scrub),
        _ => {}
    }
}

/// Events, by host and in its order; those of the whole run under an empty name.
fn events(done: &Done) -> Result<BTreeMap<String, Vec<String>>, Failed> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in done.stdout.lines() {
        let mut record: Value = serde_json::from_str(line).map_err(|e| format!("{e}: {line}"))?;
        let what = record["what"].as_str().unwrap_or_default().to_owned();
        if record["type"] != "event" || ["warning", "reached"].contains(&what.as_str()) {
            continue;
        }
        let host = record["host"].as_str().unwrap_or_default().to_owned();
        scrub(&mut record);
        all.entry(host).or_default().push(support::normal(&record.to_string(), Path::new("no scratch folder")));
    }
    if !done.stdout.contains("\"what\":\"stats\"") {
        return Err(format!("no end of the run; exit status {}; stderr: {}", done.exit, done.stderr).into());
    }
    Ok(all)
}

pub fn same(a: &Done, b: &Done) -> Result<(), Failed> {
    if a.exit != b.exit {
        return Err(format!("exit status {} and {}; stderr: {}\n{}", a.exit, b.exit, a.stderr, b.stderr).into());
    }
    let (a, b) = (events(a)?, events(b)?);
    let lines = |e: &BTreeMap<String, Vec<String>>| e.iter().map(|(h, l)| format!("== {h}\n{}\n", l.join("\n"))).collect::<String>();
    support::difference("events", &lines(&a), &lines(&b)).map_or(Ok(()), |d| Err(d.into()))
}

fn example(name: &str) -> Result<(), Failed> {
    let place = Place::new();
    let mut args = format!("{name}/site.yml -i inventory.ini");
    if examples().join(name).join("password").exists() {
        args += &format!(" --vault-password-file {name}/password");
    }
    let piped = place.sh(&examples(), &format!("rustle-parse {args} | rustle-plan | rustle-compile | rustle-ship | rustle-run"));
    let tree = support::tree(&place.out());
    let wrapped = place.sh(&examples(), &format!("rustle-deploy {args} --output ndjson"));
    same(&wrapped, &piped)?;
    support::difference("files", &support::tree(&place.out()), &tree).map_or(Ok(()), |d| Err(d.into()))
}

fn first_stage(place: &Place) -> String {
    let dir = support::tests().join("embedded");
    format!("rustle-parse {d}/site.yml -i {d}/inventory.ini -e out={}", place.out().display(), d = dir.display())
}

fn one_line(line: &str) -> Result<(), Failed> {
    let place = Place::new();
    let first = first_stage(&place);
    let wrapped = place.line(&format!("{} --output ndjson", first.replacen("rustle-parse", "rustle-deploy", 1)));
    if wrapped.exit != 0 {
        return Err(format!("{}\n{}", wrapped.stdout, wrapped.stderr).into());
    }
    same(&wrapped, &place.line(&line.replacen('P', &first, 1)))
}

/// A stream that lost its end runs nothing.
fn cut_off() -> Result<(), Failed> {
    let place = Place::new();
    let done = place.line(&format!("{} | rustle-plan | head -c 4000 | rustle-run", first_stage(&place)));
    let nothing = done.stdout.is_empty() && !place.out().exists();
    if done.exit == 65 && nothing && done.stderr.starts_with("rustle-run: error: line ") { Ok(()) } else { Err(format!("{done:?}").into()) }
}

/// `--output default` is what rustle-deploy prints.
fn person() -> Result<(), Failed> {
    let place = Place::new();
    let first = first_stage(&place);
    let wrapped = place.line(&first.replacen("rustle-parse", "rustle-deploy", 1));
    let piped = place.line(&format!("{first} | rustle-run --output default"));
    let shown = |done: &Done| support::normal(&done.stdout, place.scratch.path());
    support::difference("stdout", &shown(&wrapped), &shown(&piped)).map_or(Ok(()), |d| Err(d.into()))
}

fn exit_status() -> Result<(), Failed> {
    let place = Place::new();
    let work = place.scratch.path();
    std::fs::write(work.join("fails.yml"), "- hosts: all\n  gather_facts: false\n  tasks: [{command: 'false'}]\n")?;
    std::fs::write(work.join("gone.yml"), "- hosts: all\n  gather_facts: false\n  tasks: [{ping: }]\n")?;
    for (line, wanted) in [
        ("rustle-parse ../fails.yml -i a, -c local | rustle-run", 2),
        ("rustle-parse ../gone.yml -i 127.0.0.1, -e ansible_port=1 | rustle-run", 4),
        ("echo '{}' | rustle-run", 65),
        ("rustle-run --nonsense", 64),
        ("rustle-run not-there", 66),
    ] {
        let done = place.line(line);
        if done.exit != wanted {
            return Err(format!("{line}: exit status {}, not {wanted}: {}", done.exit, done.stderr).into());
        }
    }
    Ok(())
}

fn makefile() -> Result<(), Failed> {
    let place = Place::new();
    let out = place.scratch.path().join("made");
    let done = place.sh(&examples(), &format!("make -s -C pipeline OUT={o} && cat {o}/events.ndjson", o = out.display()));
    if done.exit != 0 {
        return Err(done.stderr.into());
    }
    same(&place.sh(&examples(), "rustle-deploy hello/site.yml -i inventory.ini --output ndjson"), &done)?;
    let again = place.sh(&examples(), &format!("make -n -C pipeline OUT={}", out.display()));
    if again.stdout.contains("rustle-plan") { Err(format!("planned twice: {}", again.stdout).into()) } else { Ok(()) }
}

/// The plan in an executable, run where nothing else is, does what rustle-deploy does.
fn embedded() -> Result<(), Failed> {
    let place = Place::new();
    let first = first_stage(&place);
    let wrapped = place.line(&format!("{} --output ndjson", first.replacen("rustle-parse", "rustle-deploy", 1)));
    let tree = support::tree(&place.out());
    let bin = place.scratch.path().join("bin");
    // A copy of the playbook that is gone when the executable runs.
    let copy = place.scratch.path().join("book");
    std::fs::create_dir(&copy)?;
    support::copy_tree(&support::tests().join("embedded"), &copy);
    let made = place.line(&format!(
        "rustle-parse {c}/site.yml -i {c}/inventory.ini -e out={} | rustle-plan | rustle-compile --embed {}",
        place.out().display(),
        bin.display(),
        c = copy.display()
    ));
    if made.exit != 0 {
        return Err(made.stderr.into());
    }
    std::fs::remove_dir_all(&copy)?;
    let run = place.line(&format!("env -i {}/web1", bin.display()));
    let strip = |done: &Done| {
        // Places of source differ: the executable was made from a copy.
        let stdout = done.stdout.replace(&*copy.to_string_lossy(), &support::tests().join("embedded").to_string_lossy());
        Done { stdout, ..done.clone() }
    };
    same(&wrapped, &strip(&run))?;
    if let Some(d) = support::difference("files", &tree, &support::tree(&place.out())) {
        return Err(d.into());
    }
    let checked = place.line(&format!("{b}/web1 --check >/dev/null; {b}/web1 --manifest && {b}/web1 --limit other", b = bin.display()));
    let told = place.line(&format!("{b}/web1 --events told --check --diff --tags always -e x=1 && grep -c stats told && ! test -e {}", place.out().display(), b = bin.display()));
    if told.exit != 0 || told.stdout != "1\n" {
        return Err(format!("--events: {told:?}").into());
    }
    if place.out().exists() || checked.exit != 1 || !checked.stderr.contains("--limit leaves us with no hosts to target") || !checked.stdout.contains("\"host\":\"web1\"") {
        return Err(format!("{checked:?}").into());
    }
    Ok(())
}

/// What needs the controller, all of it, before anything is made.
fn embedded_refused() -> Result<(), Failed> {
    let place = Place::new();
    std::fs::create_dir(place.top().join("templates"))?;
    std::fs::write(place.top().join("templates/others.j2"), "{{ hostvars['b'].x }}")?;
    std::fs::write(place.top().join("inner.yml"), "- debug: {msg: \"{{ lookup('file', 'x') }}\"}\n")?;
    let book = "- hosts: a
  gather_facts: false
  tasks:
  - {name: t1, command: id, delegate_to: b}
  - {name: t2, debug: {msg: \"{{ hostvars.b.x }}\"}}
  - {name: t3, debug: {msg: \"{{ lookup('env', 'HOME') }}\"}}
  - {name: t4, include_tasks: \"{{ which }}.yml\"}
  - {name: t5, template: {src: others.j2, dest: /x}}
  - {name: t6, add_host: {name: c}}
  - {name: t7, include_vars: {dir: vars}}
  - {name: t8, command: id, run_once: true}
  - {name: t9, fetch: {src: /x, dest: y}}
  - {name: fine, copy: {content: x, dest: /x}}
";
    std::fs::write(place.top().join("refused.yml"), book)?;
    let line = |book: &str| place.sh(place.top(), &format!("rustle-parse {book} -i a,b, -c local | rustle-plan | rustle-compile --embed made"));
    let done = line("refused.yml");
    let missing: Vec<&str> = [
        "t1: delegate_to: b", "refused.yml:4:5: ", "t2: reads hostvars", "t3: uses the lookup env", "t4: the file of include_tasks is computed",
        "t5: the template others.j2 reads hostvars", "t6: add_host works on the controller", "t7: include_vars works on the controller",
        "t8: run_once", "t9: fetch works on the controller",
    ]
    .into_iter()
    .filter(|w| !done.stderr.contains(w))
    .collect();
    if done.exit != 69 || !missing.is_empty() || done.stderr.contains("fine") || place.top().join("made").exists() {
        return Err(format!("exit status {}, without {missing:?}: {}", done.exit, done.stderr).into());
    }
    let books = [
        ("  tasks: [{include_tasks: inner.yml}]\n", "uses the lookup file"),
        ("  vars_files: [\"{{ ansible_facts.system }}.yml\"]\n  tasks: [{debug: {msg: x}}]\n", "vars_files: "),
    ];
    for (tasks, why) in books {
        std::fs::write(place.top().join("again.yml"), format!("- hosts: a\n  gather_facts: false\n{tasks}"))?;
        let done = line("again.yml");
        if done.exit == 0 || !done.stderr.contains(why) {
            return Err(format!("exit status {}, without '{why}': {}", done.exit, done.stderr).into());
        }
    }
    Ok(())
}
