//! What goes wrong with one host of three: a clear line for that host, the others finish, Ansible's exit status, and no
//! process stays behind, here or there. Needs root and Debian.

use crate::hosts::{self, on};
use crate::support::{self, Done};
use libtest_mimic::{Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

pub(crate) type Test = fn(&Stage) -> Result<(), Failed>;

pub fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 13] = [
        ("sshd-killed-mid-run", sshd_killed),
        ("disk-full", disk_full),
        ("home-read-only", read_only),
        ("home-noexec", noexec),
        ("wrong-key", wrong_key),
        ("unreachable-address", unreachable),
        ("unknown-host-key", unknown_host_key),
        ("damaged-runner", damaged),
        ("interrupted", interrupted),
        ("controller-killed", controller_killed),
        ("wrong-become-password", become_password),
        ("many-names-for-one-host", many_names),
        ("down-at-first-and-waited-for", down_at_first),
    ];
    tests.into_iter().map(|t| staged("failures", t, hosts::missing().is_some())).collect()
}

/// A test that has the three hosts for itself.
pub(crate) fn staged(group: &str, (name, test): (&'static str, Test), ignored: bool) -> Trial {
    crate::gaps::trial(format!("{group}/{name}"), move || {
        let set = hosts::failing();
        let _turn = set.turn();
        let stage = Stage::new();
        let done = test(&stage);
        // Whatever a test did to the host, the next one gets a fresh one.
        hosts::script(&["reset", &stage.victim]);
        done
    })
    .with_ignored_flag(ignored)
}

pub(crate) struct Stage {
    pub dir: tempfile::TempDir,
    pub victim: String,
    pub others: [String; 2],
}

/// Two tasks, so that something comes after the trouble.
const BOOK: &str = "
- hosts: all
  gather_facts: false
  tasks:
  - name: wait
    ansible.builtin.command: sleep 8.25
    when: slow is defined
  - name: after
    ansible.builtin.copy: {content: done, dest: /root/after}
";

impl Stage {
    pub fn new() -> Stage {
        let set = hosts::failing();
        let dir = tempfile::Builder::new().prefix("rustle-fail-").tempdir().expect("a scratch folder");
        std::fs::write(dir.path().join("site.yml"), BOOK).expect("a playbook");
        std::fs::write(dir.path().join("ansible.cfg"), "[defaults]\n").expect("settings");
        let others = [set.host(2), set.host(3)];
        for h in &others {
            on(h, "rm -rf /root/after /root/.rustle");
        }
        Stage { dir, victim: set.host(1), others }
    }
    /// The inventory with variables of its own for the victim.
    pub fn inventory(&self, vars: &str) -> PathBuf {
        let text = std::fs::read_to_string(&hosts::failing().inventory).expect("an inventory");
        let lines = text.lines().map(|l| match l.starts_with(&format!("{} ", self.victim)) && !vars.is_empty() {
            // The last one of a variable counts.
            true => format!("{l} {vars}\n"),
            false => format!("{l}\n"),
        });
        let path = self.dir.path().join("hosts.ini");
        std::fs::write(&path, lines.collect::<String>()).expect("a file");
        path
    }
    /// The program without a playbook.
    pub fn command(&self, inventory: &Path, args: &[&str]) -> Command {
        let mut c = Command::new(support::bin().join("rustle-deploy"));
        c.arg("-i").arg(inventory).args(args).current_dir(self.dir.path()).env("HOME", self.dir.path());
        c.env("ANSIBLE_CONFIG", self.dir.path().join("ansible.cfg")).env("LC_ALL", "C.UTF-8").env_remove("SSH_AUTH_SOCK").envs(bridge());
        c
    }
    fn book(&self, inventory: &Path, args: &[&str]) -> Command {
        let mut c = self.command(inventory, args);
        c.arg("site.yml");
        c
    }
    pub fn play(&self, inventory: &Path, args: &[&str]) -> Done {
        support::run(self.book(inventory, args), b"", Duration::from_secs(120))
    }
    /// Starts the slow play, does something to it after all hosts are in the first task, and waits for its end.
    fn disturb(&self, what: impl FnOnce(u32)) -> Done {
        // The runner gets there first, so that all hosts are in that task at the same time.
        self.play(&self.inventory(""), &[]);
        for h in self.others.iter().chain([&self.victim]) {
            on(h, "rm -f /root/after");
        }
        let command = self.book(&self.inventory(""), &["-e", "slow=1"]);
        let (started, victims) = std::sync::mpsc::channel();
        std::thread::scope(|s| {
            let run = s.spawn(move || with_pid(command, Duration::from_secs(60), &started));
            let pid: u32 = victims.recv().expect("a process");
            let all = || self.others.iter().chain([&self.victim]).all(|h| !on(h, "pgrep -f '[s]leep 8.25'").is_empty());
            assert!(soon(all), "the play did not begin");
            what(pid);
            run.join().expect("no panic")
        })
    }
    /// The victim is unreachable and the message says why; the others are done; exit status 4.
    pub fn lost(&self, done: &Done, why: &[&str]) -> Result<(), Failed> {
        let line = done.stdout.lines().find(|l| l.starts_with(&format!("fatal: [{}]: UNREACHABLE!", self.victim)));
        let line = line.ok_or_else(|| format!("no line says that the host is unreachable:\n{}{}", done.stdout, done.stderr))?;
        if !why.iter().any(|w| line.to_lowercase().contains(w)) {
            return Err(format!("the reason is not clear (none of {why:?}): {line}").into());
        }
        self.others_done(done)?;
        if done.exit != 4 {
            return Err(format!("exit status {} instead of 4\n{}", done.exit, done.stderr).into());
        }
        Ok(())
    }
    fn others_done(&self, done: &Done) -> Result<(), Failed> {
        for h in &self.others {
            if on(h, "cat /root/after") != "done" {
                return Err(format!("{h} did not finish\n{}{}", done.stdout, done.stderr).into());
            }
        }
        Ok(())
    }
    /// The play went through on all hosts.
    pub fn fine(&self, done: &Done) -> Result<(), Failed> {
        self.others_done(done)?;
        if done.exit != 0 || on(&self.victim, "cat /root/after") != "done" {
            return Err(format!("exit status {}\n{}{}", done.exit, done.stdout, done.stderr).into());
        }
        Ok(())
    }
    /// No runner and nothing that it started is left on the hosts; nothing of the run is left here.
    pub fn clean(&self) -> Result<(), Failed> {
        for h in self.others.iter().chain([&self.victim]) {
            let left = || on(h, "pgrep -af '[r]ustle|[s]leep 8.25'");
            if !soon(|| left().is_empty()) {
                return Err(format!("left on {h}: {}", left()).into());
            }
        }
        let dir = self.dir.path().display().to_string();
        let here = || Command::new("pgrep").args(["-af", &format!("{dir}|{}/id_ed25519", hosts::failing().inventory.parent().unwrap_or(Path::new("/")).display())]).output().map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
        let mine = |l: &&str| !l.contains("pgrep");
        if !soon(|| here().lines().filter(mine).count() == 0) {
            return Err(format!("left here: {}", here()).into());
        }
        Ok(())
    }
    /// A run in which the host either works after all or is given up with a reason.
    fn works_or_says(&self, why: &[&str]) -> Result<(), Failed> {
        let done = self.play(&self.inventory(""), &[]);
        match done.exit {
            0 => self.fine(&done),
            _ => self.lost(&done, why),
        }?;
        self.clean()
    }
}

/// Where ansible-core is, for hosts without a runner.
pub(crate) fn bridge() -> Option<(&'static str, PathBuf)> {
    crate::oracle::dir().map(|d| ("RUSTLE_ANSIBLE_PYTHON", d.join("bin/python")))
}

pub(crate) fn soon(mut is: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(15) {
        if is() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    false
}

/// As `support::run`, but says the process's id first: the command is wrapped so that the shell's id becomes its own.
fn with_pid(command: Command, limit: Duration, started: &std::sync::mpsc::Sender<u32>) -> Done {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let mut shell = Command::new("sh");
    shell.arg("-c").arg("echo $$ >\"$0\"; exec \"$@\"").arg(file.path()).arg(command.get_program()).args(command.get_args());
    if let Some(dir) = command.get_current_dir() {
        shell.current_dir(dir);
    }
    for (k, v) in command.get_envs() {
        match v {
            Some(v) => shell.env(k, v),
            None => shell.env_remove(k),
        };
    }
    std::thread::scope(|s| {
        let run = s.spawn(|| support::run(shell, b"", limit));
        soon(|| std::fs::read_to_string(file.path()).is_ok_and(|t| t.ends_with('\n')));
        let pid = std::fs::read_to_string(file.path()).unwrap_or_default().trim().parse().unwrap_or(0);
        _ = started.send(pid);
        run.join().expect("no panic")
    })
}

fn sshd_killed(s: &Stage) -> Result<(), Failed> {
    let done = s.disturb(|_| drop(hosts::script(&["kill-sshd", &s.victim])));
    s.lost(&done, &["connection", "closed", "broken pipe"])?;
    s.clean()
}

fn disk_full(s: &Stage) -> Result<(), Failed> {
    on(&s.victim, "mkdir -p /root/.rustle && mount -t tmpfs -o size=64k,mode=700 tmpfs /root/.rustle");
    s.works_or_says(&["no space"])
}

fn read_only(s: &Stage) -> Result<(), Failed> {
    on(&s.victim, "mkdir -p /root/.rustle && mount -t tmpfs -o ro,mode=700 tmpfs /root/.rustle");
    s.works_or_says(&["read-only"])
}

fn noexec(s: &Stage) -> Result<(), Failed> {
    on(&s.victim, "mkdir -p /root/.rustle && mount -t tmpfs -o noexec,mode=700 tmpfs /root/.rustle");
    s.works_or_says(&["permission denied", "noexec", "cannot execute"])
}

fn wrong_key(s: &Stage) -> Result<(), Failed> {
    let key = s.dir.path().join("wrong");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status()?;
    assert!(made.success());
    let done = s.play(&s.inventory(&format!("ansible_ssh_private_key_file={}", key.display())), &[]);
    s.lost(&done, &["permission denied"])?;
    s.clean()
}

fn unreachable(s: &Stage) -> Result<(), Failed> {
    let done = s.play(&s.inventory("ansible_host=10.213.255.254"), &["-T", "3"]);
    s.lost(&done, &["no route", "timed out", "unreachable", "timeout"])?;
    s.clean()
}

/// Servers turn connections away where too many come at once; the runner is sent to a machine once.
fn many_names(s: &Stage) -> Result<(), Failed> {
    let text = std::fs::read_to_string(s.inventory("")).expect("an inventory");
    let address = text.lines().find_map(|l| l.strip_prefix(&format!("{} ", s.victim))).expect("the victim's line");
    let names: String = (0..40).map(|i| format!("name{i} {address}\n")).collect();
    let vars = text.find("[all:vars]").or_else(|| text.find(":vars]").and_then(|at| text[..at].rfind('['))).map_or("", |at| &text[at..]);
    let group = vars.trim_start_matches('[').split(':').next().unwrap_or("all");
    let path = s.dir.path().join("names.ini");
    std::fs::write(&path, format!("[{group}]\n{names}\n{vars}")).expect("a file");
    on(&s.victim, "rm -rf /root/.rustle");
    let done = s.play(&path, &[]);
    let fine = done.stdout.matches(" unreachable=0    failed=0 ").count();
    if done.exit != 0 || fine != 40 {
        return Err(format!("exit status {}, {fine} of 40 names are done\n{}{}", done.exit, done.stdout, done.stderr).into());
    }
    let sent = done.stdout.lines().filter(|l| l.contains("uploaded")).collect::<Vec<_>>().join("\n");
    if sent.matches("name").count() > 1 {
        return Err(format!("the runner was sent more than once:\n{sent}").into());
    }
    s.clean()
}

fn unknown_host_key(s: &Stage) -> Result<(), Failed> {
    let empty = s.dir.path().join("known");
    std::fs::write(&empty, "")?;
    let vars = format!("ansible_ssh_common_args='-o UserKnownHostsFile={} -o StrictHostKeyChecking=yes'", empty.display());
    let done = s.play(&s.inventory(&vars), &[]);
    s.lost(&done, &["host key"])?;
    s.clean()
}

fn damaged(s: &Stage) -> Result<(), Failed> {
    s.fine(&s.play(&s.inventory(""), &[]))?;
    let damage = "for f in /root/.rustle/runners/*; do printf damaged | dd of=$f bs=1 seek=200000 conv=notrunc 2>/dev/null; done; rm /root/after; ls /root/.rustle/runners | wc -l";
    if on(&s.victim, damage).trim() != "1" {
        return Err("there is not one runner on the host".into());
    }
    s.fine(&s.play(&s.inventory(""), &[]))?;
    let sums = "cd /root/.rustle/runners && for f in *; do [ $(sha256sum <$f | cut -c1-64) = $f ] || echo $f; done";
    match on(&s.victim, sums).as_str() {
        "" => s.clean(),
        left => Err(format!("still damaged: {left}").into()),
    }
}

fn interrupted(s: &Stage) -> Result<(), Failed> {
    // As a terminal does it: to the whole process group.
    let done = s.disturb(|pid| signal(-(pid as i32), libc::SIGINT));
    if done.exit != 99 && done.exit != 130 {
        return Err(format!("exit status {}\n{}{}", done.exit, done.stdout, done.stderr).into());
    }
    if !format!("{}{}", done.stdout, done.stderr).contains("nterrupt") {
        return Err(format!("it does not say that it was interrupted\n{}{}", done.stdout, done.stderr).into());
    }
    s.clean()
}

fn controller_killed(s: &Stage) -> Result<(), Failed> {
    let done = s.disturb(|pid| signal(pid as i32, libc::SIGKILL));
    if done.exit != 137 {
        return Err(format!("exit status {}", done.exit).into());
    }
    s.clean()
}

fn become_password(s: &Stage) -> Result<(), Failed> {
    let done = s.play(&s.inventory("ansible_user=asker ansible_become=true ansible_become_password=wrong"), &[]);
    s.others_done(&done)?;
    let line = done.stdout.lines().find(|l| l.starts_with(&format!("fatal: [{}]", s.victim))).unwrap_or_default().to_lowercase();
    if !line.contains("password") {
        return Err(format!("the reason is not clear: {}{}", done.stdout, done.stderr).into());
    }
    s.clean()
}

pub(crate) fn signal(to: i32, signal: i32) {
    // Safety: a plain system call.
    unsafe { libc::kill(to, signal) };
}

/// `wait_for_connection` waits for a host that is not there yet; without it, the host is out of reach.
fn down_at_first(stage: &Stage) -> Result<(), Failed> {
    let book = "
- hosts: all
  gather_facts: false
  tasks:
  - wait_for_connection: {timeout: 100, connect_timeout: 2}
  - name: after
    ansible.builtin.copy: {content: done, dest: /root/after}
";
    std::fs::write(stage.dir.path().join("wait.yml"), book)?;
    hosts::script(&["kill-sshd", &stage.victim]);
    let mut command = stage.command(&stage.inventory(""), &[]);
    command.arg("wait.yml");
    let done = std::thread::scope(|s| {
        s.spawn(|| {
            std::thread::sleep(Duration::from_secs(4));
            hosts::script(&["start-sshd", &stage.victim]);
        });
        support::run(command, b"", Duration::from_secs(120))
    });
    let all = stage.others.iter().chain([&stage.victim]);
    for h in all {
        if on(h, "cat /root/after").trim() != "done" {
            return Err(format!("{h} was not waited for: {}{}", done.stdout, done.stderr).into());
        }
    }
    if done.exit == 0 { Ok(()) } else { Err(format!("exit status {}: {}", done.exit, done.stdout).into()) }
}
