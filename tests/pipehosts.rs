//! The pipeline on real hosts, several of them: the same events however the stages are put together, what a stage found
//! out is not asked again, edited plans are honoured or refused, secrets leave no stage. Needs root and Debian.

use crate::hosts::{self, on};
use crate::pipes::{LINES, Place, same};
use crate::support;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use std::path::Path;

type Test = fn(&Stage) -> Result<(), Failed>;

pub fn trials() -> Vec<Trial> {
    let ignored = hosts::missing().is_some();
    let tests: [(&str, Test); 6] = [
        ("lines", lines),
        ("makefile", makefile),
        ("found-once", found_once),
        ("edited", edited),
        ("not-honoured", not_honoured),
        ("secrets", secrets),
    ];
    let trial = |(name, test): (&'static str, Test)| {
        crate::gaps::trial(format!("pipehosts/{name}"), move || {
            let _turn = hosts::failing().turn();
            test(&Stage::new())
        })
        .with_ignored_flag(ignored)
    };
    tests.into_iter().map(trial).collect()
}

const BOOK: &str = "
- hosts: all
  gather_facts: false
  serial: [1, 2]
  tasks:
  - name: effects
    ansible.builtin.copy: {content: \"{{ inventory_hostname }}\\n\", dest: /root/effects}
  - name: visible
    ansible.builtin.command: cat /root/effects
    register: it
    changed_when: false
  - name: beyond
    ansible.builtin.debug: {msg: \"{{ it.stdout }} {{ ansible_play_batch | length }}\"}
  - name: once
    ansible.builtin.command: hostname
    run_once: true
    changed_when: false
";

struct Stage {
    place: Place,
    hosts: Vec<String>,
    first: String,
}

impl Stage {
    fn new() -> Stage {
        let set = hosts::failing();
        let place = Place::new();
        std::fs::write(place.top().join("site.yml"), BOOK).expect("a playbook");
        let first = format!("rustle-parse {}/site.yml -i {}", place.top().display(), set.inventory.display());
        Stage { place, hosts: (1..=3).map(|n| set.host(n)).collect(), first }
    }
    fn line(&self, line: &str) -> support::Done {
        self.place.line(&line.replacen('P', &self.first, 1))
    }
    /// How often anybody logged in on all hosts.
    fn logins(&self) -> usize {
        let count = |h: &String| on(h, "journalctl -q _COMM=sshd | grep -c Accepted").trim().parse().unwrap_or(0);
        self.hosts.iter().map(count).sum()
    }
    fn fresh(&self) {
        self.hosts.iter().for_each(|h| drop(on(h, "rm -rf /root/.rustle /root/effects")));
    }
}

/// Which hosts were told of, in order, and how they were reached.
fn told(done: &support::Done, what: &str, key: &str) -> Vec<String> {
    let records = done.stdout.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok());
    let mine = records.filter(|r| r["type"] == "event" && r["what"] == what);
    mine.map(|r| r[key].as_str().map_or_else(|| r[key].to_string(), str::to_owned)).collect()
}

fn fine(done: &support::Done) -> Result<(), Failed> {
    if done.exit == 0 { Ok(()) } else { Err(format!("exit status {}: {}", done.exit, done.stderr).into()) }
}

fn lines(s: &Stage) -> Result<(), Failed> {
    // The first run changes something; those that are compared do not.
    fine(&s.line("P | rustle-run"))?;
    let wrapped = s.place.line(&format!("{} --output ndjson", s.first.replacen("rustle-parse", "rustle-deploy", 1)));
    fine(&wrapped)?;
    for (name, line) in LINES {
        same(&wrapped, &s.line(line)).map_err(|e| Failed::from(format!("{name}: {}", e.message().unwrap_or_default())))?;
    }
    Ok(())
}

const MAKEFILE: &str = "
all: events.ndjson
parsed.ndjson: ; $(PARSE) > $@
plan.ndjson: parsed.ndjson ; rustle-plan $< > $@
target.ndjson: plan.ndjson ; rustle-target $< > $@
caps.ndjson: target.ndjson ; rustle-caps $< > $@
template.ndjson: caps.ndjson ; rustle-template $< > $@
runner.ndjson: template.ndjson ; rustle-compile $< > $@
shipped.ndjson: runner.ndjson ; rustle-ship $< > $@
events.ndjson: shipped.ndjson ; rustle-run $< > $@
";

fn makefile(s: &Stage) -> Result<(), Failed> {
    std::fs::write(s.place.top().join("Makefile"), MAKEFILE)?;
    fine(&s.line("P | rustle-run"))?;
    let dir = s.place.top().display().to_string();
    let made = s.place.line(&format!("make -s -C {dir} PARSE='{}' && cat {dir}/events.ndjson", s.first));
    fine(&made)?;
    same(&s.line("P | rustle-run"), &made)
}

/// One connection per stage that needs one, and no second upload.
fn found_once(s: &Stage) -> Result<(), Failed> {
    s.fresh();
    let mut before = s.logins();
    let mut step = |line: &str, wanted: usize| -> Result<support::Done, Failed> {
        let done = s.place.sh(s.place.top(), line);
        let (now, what) = (s.logins(), line.split_whitespace().next().unwrap_or_default());
        if done.exit != 0 || now - before != wanted * 3 {
            return Err(format!("{what}: exit status {}, {} logins instead of {}: {}", done.exit, now - before, wanted * 3, done.stderr).into());
        }
        before = now;
        Ok(done)
    };
    step(&format!("{} > 1 && rustle-plan 1 > 2", s.first), 0)?;
    step("rustle-target --refresh 2 > 3", 1)?;
    step("rustle-target 3 > 4 && cmp 3 4 && rustle-caps 4 > 5 && rustle-template 5 > 6 && rustle-compile 6 > 7", 0)?;
    step("rustle-ship 7 > 8", 1)?;
    let shipped = std::fs::read_to_string(s.place.top().join("8"))?;
    if shipped.matches("\"outcome\":\"uploaded\"").count() != 3 {
        return Err(format!("not uploaded: {shipped}").into());
    }
    let run = step("rustle-run 8", 1)?;
    let reached = told(&run, "reached", "method");
    if reached.len() != 3 || reached.iter().any(|m| m != "binary cached") {
        return Err(format!("reached by {reached:?}").into());
    }
    // Without the stage before them, template and compile ask, and tell what they heard.
    step("rm -rf \"$HOME\"/.cache && rustle-template 2 > 9", 1)?;
    step("rustle-compile 9 > 10 && rustle-target 10 > 11 && cmp 10 11", 0)?;
    Ok(())
}

fn edited(s: &Stage) -> Result<(), Failed> {
    let (a, b, c) = (&s.hosts[0], &s.hosts[1], &s.hosts[2]);
    fine(&s.line("P | rustle-plan > ../plan"))?;
    let edit = |program: &str| s.place.sh(s.place.top(), &format!("jq -c '{program}' plan | rustle-run"));
    let plays = |done: &support::Done| told(done, "play_start", "hosts");
    // A host moved, a host taken out.
    let done = edit(&format!("if .type == \"batch\" then .hosts = (if .index == 0 then [\"{c}\"] else [\"{b}\"] end) else . end"));
    fine(&done)?;
    let wanted = [format!("[\"{c}\"]"), format!("[\"{b}\"]")];
    if plays(&done) != wanted {
        return Err(format!("{:?} instead of {wanted:?}", plays(&done)).into());
    }
    // All in one batch, in lockstep.
    let done = edit(&format!("if .type == \"batch\" and .index == 0 then .hosts = [\"{b}\",\"{a}\",\"{c}\"] | .barriers = \"strict\" elif .type == \"batch\" then empty else . end"));
    fine(&done)?;
    if plays(&done) != [format!("[\"{b}\",\"{a}\",\"{c}\"]")] {
        return Err(format!("{:?}", plays(&done)).into());
    }
    let hosts: Vec<String> = done.stdout.lines().filter(|l| l.contains("\"what\":\"host\"") && l.contains("\"result\"")).map(str::to_owned).collect();
    if hosts.len() < 10 {
        return Err(format!("results are missing: {hosts:?}").into());
    }
    // The controller takes a task over; the result is the same.
    let done = edit("if .type == \"decision\" and .place == \"host\" then .place = \"controller\" else . end");
    fine(&done)?;
    // --limit of the last stage narrows the plan.
    let done = s.place.sh(s.place.top(), &format!("rustle-deploy plan --limit {c} --output ndjson"));
    fine(&done)?;
    if plays(&done) != [format!("[\"{c}\"]")] {
        return Err(format!("{:?}", plays(&done)).into());
    }
    Ok(())
}

fn not_honoured(s: &Stage) -> Result<(), Failed> {
    fine(&s.line("P | rustle-plan > ../plan"))?;
    for (program, wanted) in [
        ("if .type == \"batch\" then .hosts += [\"nobody\"] else . end", "/hosts/1: host 'nobody' is not in the inventory"),
        ("if .type == \"batch\" and .index == 1 then .barriers = \"strict\" else . end", "/barriers: batches of one play wait by one rule"),
        ("if .type == \"batch\" then .barriers = \"seldom\" else . end", "/barriers: 'seldom' is none of strict, auto, none"),
        ("if .type == \"decision\" and .place == \"controller\" then .place = \"host\" else . end", "needs the controller: run_once"),
        ("if .type == \"decision\" and .place == \"engine\" then .place = \"controller\" else . end", "which cannot become 'controller'"),
        ("if .type == \"segment\" then .place = \"controller\" else . end", "segments follow from the decisions"),
        ("select(.type != \"decision\" or .task != 1)", "has no decision for"),
        ("select(.type != \"task\" or .id != 1)", "task 1 has no record"),
        ("., (select(.type == \"task\"))", "task 0 is there twice"),
    ] {
        let done = s.place.sh(s.place.top(), &format!("jq -c '{program}' plan | rustle-run"));
        if done.exit != 65 || !done.stderr.contains(wanted) || !done.stdout.is_empty() {
            return Err(format!("{program}: exit status {}, '{wanted}' expected: {}", done.exit, done.stderr).into());
        }
    }
    Ok(())
}

/// Files that hold words which nobody may see, all vaulted with the password `pass`.
fn vaulted(top: &Path) -> Result<(), Failed> {
    let text = include_str!("pipehosts.vault");
    for part in text.split("== ").skip(1) {
        let (name, content) = part.split_once('\n').ok_or("a name")?;
        let path = top.join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(top))?;
        std::fs::write(path, content)?;
    }
    std::fs::write(top.join("password"), "pass\n")?;
    Ok(())
}

fn secrets(s: &Stage) -> Result<(), Failed> {
    let top = s.place.top();
    vaulted(top)?;
    let set = hosts::failing();
    let inventory = std::fs::read_to_string(&set.inventory)?;
    std::fs::write(top.join("hosts.ini"), format!("{inventory}\n[vip]\n{}\n", s.hosts[0]))?;
    let first = "rustle-parse secret.yml -i hosts.ini -e @extra.yml --vault-password-file password -vvvv";
    // What programs are given as arguments is watched while all of it runs.
    let watch = "while sleep 0.05; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; done > argv & w=$!";
    let all = format!(
        "{watch}; {first} > 1 && rustle-plan 1 > 2 && rustle-target 2 > 3 && rustle-compile 3 > 4 && rustle-ship 4 > 5 && rustle-run 5 > 6 2>7; e=$?; \
         {} -vvvv > 8 2>&1 || e=$?; kill $w; wait 2>/dev/null; exit $e",
        first.replacen("rustle-parse", "rustle-deploy", 1)
    );
    let done = s.place.sh(top, &all);
    fine(&done)?;
    for host in &s.hosts {
        let got = on(host, "cat /root/secret");
        if got != "GROUPWORD EXTRAWORD ROLEWORD TASKWORD" {
            return Err(format!("{host} got '{got}'").into());
        }
        let kept = on(host, "grep -rlE 'GROUPWORD|EXTRAWORD|ROLEWORD|TASKWORD' /root /tmp /var/tmp /home 2>/dev/null");
        if kept.trim() != "/root/secret" {
            return Err(format!("kept on {host}: {kept}").into());
        }
    }
    for n in ["1", "2", "3", "4", "5", "6", "7", "8", "argv"] {
        let text = String::from_utf8_lossy(&std::fs::read(top.join(n))?).into_owned();
        if let Some(word) = ["GROUPWORD", "EXTRAWORD", "ROLEWORD", "TASKWORD"].iter().find(|w| text.contains(**w)) {
            let before = text.split(word).next().unwrap_or_default();
            let start: String = before.chars().rev().take(200).collect();
            return Err(format!("{word} is in the clear in {n}, after: {}", start.chars().rev().collect::<String>()).into());
        }
    }
    for (line, wanted, exit) in [
        ("mv password elsewhere && rustle-plan 1", "password was not found", 65),
        ("rustle-plan --vault-password-file elsewhere 1 | rustle-run --vault-password-file hosts.ini", "/vault: vaulted values are needed", 65),
        ("mv elsewhere password; rustle-compile --embed out 2", "variables of group 'all': vaulted", 69),
    ] {
        let done = s.place.sh(top, line);
        if done.exit != exit || !done.stderr.contains(wanted) {
            return Err(format!("{line}: exit status {}, '{wanted}' expected: {}", done.exit, done.stderr).into());
        }
    }
    Ok(())
}
