//! Hosts that can run no runner, or are said to need none: the engine stands here, modules go over SSH. They get what
//! other hosts get, nothing is left on them, and the line below the recap says why. Needs root, Debian and the oracle
//! (its Python has the modules).

use crate::failures::{Stage, Test, staged};
use crate::hosts::{self, on};
use crate::{onhosts, oracle, support};
use libtest_mimic::{Failed, Trial};
use std::process::Command;
use std::time::Duration;

pub fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 9] = [
        ("no-execution-anywhere", no_execution),
        ("other-architecture", other_architecture),
        ("no-python", no_python),
        ("no-ansible-core", no_ansible_core),
        ("binary-only", binary_only),
        ("stages", stages),
        ("interrupted", interrupted),
        ("become-password", become_password),
        ("sshd-killed", sshd_killed),
    ];
    let ignored = hosts::missing().is_some() || oracle::dir().is_none();
    let books = ["web-server", "become", "bench-like"];
    let same = |name: &'static str| crate::gaps::trial(format!("fallback/same/{name}"), move || same(name)).with_ignored_flag(ignored);
    tests.into_iter().map(|t| staged("fallback", t, ignored)).chain(books.into_iter().map(same)).collect()
}

/// The playbook prints and leaves the same, with a runner and without.
fn same(name: &str) -> Result<(), Failed> {
    let _turn = hosts::compared().turn();
    let program = support::bin().join("rustle-deploy");
    let want = onhosts::both_runs(name, &program, &[]);
    let got = onhosts::both_runs(name, &program, &["--strategy", "ssh-only"]);
    let wrong = onhosts::differences(&want, &got);
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// The play went through everywhere; the recap has this host's reason; nothing is left on it.
fn fell_back(s: &Stage, args: &[&str], why: &str) -> Result<(), Failed> {
    let done = s.play(&s.inventory(""), args);
    s.fine(&done)?;
    let line = done.stdout.lines().find(|l| l.starts_with("hosts reached by: ")).unwrap_or_default();
    let part = line.split("; ").find(|p| p.contains("SSH fallback") && p.contains(&s.victim)).unwrap_or_default();
    if !part.contains(why) {
        return Err(format!("the recap does not say '{why}': {line}").into());
    }
    nothing_left(s)?;
    s.clean()
}

fn nothing_left(s: &Stage) -> Result<(), Failed> {
    match on(&s.victim, "find / -xdev -name 'ansible-tmp-*' -o -xdev -name '.rustle*' -not -empty; ls -A /root/.ansible/tmp 2>/dev/null").as_str() {
        "" => Ok(()),
        left => Err(format!("left on the host: {left}").into()),
    }
}

fn no_execution(s: &Stage) -> Result<(), Failed> {
    let mounts = "mkdir -p /root/.rustle && for d in /root/.rustle /tmp /var/tmp /dev/shm; do mount -t tmpfs -o noexec,mode=1777 tmpfs $d; done; chmod 700 /root/.rustle";
    on(&s.victim, mounts);
    fell_back(s, &[], "no execution (noexec)")
}

fn other_architecture(s: &Stage) -> Result<(), Failed> {
    on(&s.victim, "printf '#!/bin/sh\\necho Linux 6.1.0 sparc64\\n' > /usr/local/bin/uname; chmod 755 /usr/local/bin/uname");
    fell_back(s, &[], "unsupported target: Linux sparc64")
}

/// A playbook of its own for the victim.
fn alone(s: &Stage, tasks: &str, args: &[&str], env: &[(&str, &str)]) -> support::Done {
    let book = format!("- hosts: {}\n  gather_facts: false\n  tasks:\n{tasks}", s.victim);
    std::fs::write(s.dir.path().join("alone.yml"), book).expect("a playbook");
    std::fs::write(s.dir.path().join("say.sh"), "#!/bin/sh\necho \"$@\"\nid -un\n").expect("a script");
    let mut c = s.command(&s.inventory(""), args);
    c.arg("alone.yml").arg("--strategy").arg("ssh-only");
    c.envs(env.iter().copied());
    support::run(c, b"", Duration::from_secs(120))
}

/// Lines that must be there.
fn has(done: &support::Done, wanted: &[&str]) -> Result<(), Failed> {
    let all = format!("{}{}", done.stdout, done.stderr);
    match wanted.iter().find(|w| !all.contains(**w)) {
        Some(w) => Err(format!("'{w}' is missing in:\n{all}").into()),
        None => Ok(()),
    }
}

const WITHOUT_PYTHON: &str = "
  - ansible.builtin.raw: echo raw; id -un; exit 0
    become: true
    become_user: deploy
    register: r
  - ansible.builtin.debug: {var: r.stdout_lines}
  - ansible.builtin.script: say.sh a 'b c'
    register: s
  - ansible.builtin.debug: {var: s.stdout_lines}
  - ansible.builtin.raw: exit 3
    ignore_errors: true
  - ansible.builtin.ping:
";

fn no_python(s: &Stage) -> Result<(), Failed> {
    on(&s.victim, "rm /usr/bin/python3*");
    let done = alone(s, WITHOUT_PYTHON, &[], &[]);
    has(&done, &[
        "\"raw\",\n        \"deploy\"",
        "\"a b c\",\n        \"root\"",
        "\"msg\": \"non-zero return code\", \"rc\": 3",
        "\"msg\": \"The module interpreter '/usr/bin/python3' was not found.\", \"rc\": 127",
        "Consider overriding the configured interpreter path for this host.",
    ])?;
    if done.exit == 2 { nothing_left(s) } else { Err(format!("exit status {}", done.exit).into()) }
}

fn no_ansible_core(s: &Stage) -> Result<(), Failed> {
    let done = alone(s, WITHOUT_PYTHON, &[], &[("RUSTLE_ANSIBLE_PYTHON", "/nonexistent/python")]);
    let why = format!("the module ansible.builtin.ping needs a runner on {}, or ansible-core on the controller (no runner: --strategy ssh-only; ", s.victim);
    has(&done, &["\"raw\",\n        \"deploy\"", &why, "failed=1"])
}

fn binary_only(s: &Stage) -> Result<(), Failed> {
    on(&s.victim, "printf '#!/bin/sh\\necho Linux 6.1.0 sparc64\\n' > /usr/local/bin/uname; chmod 755 /usr/local/bin/uname");
    let done = s.play(&s.inventory(""), &["--strategy", "binary-only"]);
    s.lost(&done, &["and --strategy binary-only forbids the fallback"])
}

/// The stage that runs a plan serves hosts in the same way.
fn stages(s: &Stage) -> Result<(), Failed> {
    let bin = support::bin();
    let line = format!(
        "'{b}/rustle-parse' -i '{i}' site.yml | '{b}/rustle-plan' --strategy ssh-only > plan && '{b}/rustle-plan' --explain --strategy ssh-only < plan && '{b}/rustle-run' --output default < plan",
        b = bin.display(),
        i = s.inventory("").display()
    );
    let mut c = Command::new("sh");
    c.args(["-c", &line]).current_dir(s.dir.path()).env("HOME", s.dir.path()).env("ANSIBLE_CONFIG", s.dir.path().join("ansible.cfg")).envs(crate::failures::bridge());
    let done = support::run(c, b"", Duration::from_secs(120));
    s.fine(&done)?;
    has(&done, &["--strategy ssh-only: the engine is here, modules go over SSH", "hosts reached by: SSH fallback ("])?;
    nothing_left(s)
}

fn interrupted(s: &Stage) -> Result<(), Failed> {
    // Something in the folder for temporary files, and a command that would take its time.
    let tasks = "  - ansible.builtin.script: say.sh\n    become: true\n    become_user: deploy\n  - ansible.builtin.script: say.sh\n  - ansible.builtin.shell: sleep 98.25\n    become: true\n";
    std::thread::scope(|scope| {
        let run = scope.spawn(|| alone(s, tasks, &["-e", "x=1"], &[]));
        let started = crate::failures::soon(|| !on(&s.victim, "pgrep -f '[s]leep 98.25'").is_empty());
        let folders = on(&s.victim, "find / -xdev -name 'ansible-tmp-*'");
        let pids = support::run(pgrep(&format!("rustle-deploy.*{}.*alone.yml", s.dir.path().display())), b"", Duration::from_secs(5)).stdout;
        for pid in pids.lines().filter_map(|l| l.trim().parse().ok()) {
            crate::failures::signal(pid, libc::SIGINT);
        }
        let done = run.join().expect("no panic");
        if !started || folders.lines().count() != 2 {
            return Err(format!("the play did not begin as it should: {folders}\n{}{}", done.stdout, done.stderr).into());
        }
        if done.exit != 99 {
            return Err(format!("exit status {}\n{}{}", done.exit, done.stdout, done.stderr).into());
        }
        if !crate::failures::soon(|| on(&s.victim, "pgrep -f '[s]leep 98.25'").is_empty()) {
            return Err("the command is still running".into());
        }
        nothing_left(s)
    })
}

/// The connection ends in the middle of a command: that host is unreachable, and the run ends.
fn sshd_killed(s: &Stage) -> Result<(), Failed> {
    let tasks = "  - ansible.builtin.copy: {content: \"{{ 'x' * 300000 }}\", dest: /root/big}\n  - ansible.builtin.shell: sleep 9.125; echo\n";
    std::thread::scope(|scope| {
        let run = scope.spawn(|| alone(s, tasks, &[], &[]));
        let started = crate::failures::soon(|| !on(&s.victim, "pgrep -f '[s]leep 9.125'").is_empty());
        hosts::script(&["kill-sshd", &s.victim]);
        let done = run.join().expect("no panic");
        if !started || on(&s.victim, "wc -c < /root/big").trim() != "300000" {
            return Err(format!("the play did not begin as it should\n{}{}", done.stdout, done.stderr).into());
        }
        has(&done, &["UNREACHABLE!", "unreachable=1"])?;
        if done.exit == 4 { Ok(()) } else { Err(format!("exit status {}\n{}", done.exit, done.stdout).into()) }
    })
}

fn pgrep(what: &str) -> Command {
    let mut c = Command::new("pgrep");
    c.args(["-f", what]);
    c
}

fn become_password(s: &Stage) -> Result<(), Failed> {
    let tasks = "
  - ansible.builtin.command: id -un
    become: true
    ignore_errors: true
  - vars: {ansible_become_password: asker-secret}
    become: true
    block:
    - ansible.builtin.command: id -un
      register: r
    - ansible.builtin.raw: cat
      register: c
    - ansible.builtin.debug: {msg: \"{{ r.stdout }}-{{ c.stdout }}-\"}
    - ansible.builtin.shell: ps axww | grep -c '[a]sker-secret'
      ignore_errors: true
      register: seen
    - ansible.builtin.debug: {msg: \"{{ seen.stdout }} times\"}
    - ansible.builtin.command: id -un
      vars: {ansible_become_password: wrong}
      ignore_errors: true
";
    let done = alone(s, tasks, &["-e", "ansible_user=asker"], &[]);
    has(&done, &["\"root--\"", "\"0 times\"", "Incorrect sudo password", "Missing sudo password"])
}
