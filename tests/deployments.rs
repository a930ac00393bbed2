//! Deployments from the command line of `rustle-deploy`, on real hosts; needs root and Debian.

use crate::failures::Stage;
use crate::hosts::{self, on};
use crate::support::{self, Done};
use libtest_mimic::{Failed, Trial};
use std::time::Duration;

pub fn trials() -> Vec<Trial> {
    let tests: [(&str, fn(&Stage) -> Result<(), Failed>); 5] = [
        ("the-plan-inside", embedded),
        ("dry-run-deploy-rollback-cleanup", whole),
        ("half-fails", half),
        ("compile-only-and-localhost-test", here),
        ("as-a-run-reaches-them", as_a_run),
    ];
    let trial = |(name, test): (&'static str, fn(&Stage) -> Result<(), Failed>)| {
        crate::gaps::trial(format!("deployments/{name}"), move || {
            let _turn = hosts::failing().turn();
            let stage = Stage::new();
            on(&stage.victim, "rm -rf /root/after /root/.rustle");
            let done = test(&stage);
            for h in stage.others.iter().chain([&stage.victim]) {
                on(h, "rm -rf /root/.rustle");
            }
            done
        })
        .with_ignored_flag(hosts::missing().is_some())
    };
    tests.into_iter().map(trial).collect()
}

/// Runs it with these arguments; they may name a playbook.
fn deploy(s: &Stage, args: &[&str]) -> Done {
    support::run(s.command(&s.inventory(""), args), b"", Duration::from_secs(120))
}

fn expect(done: &Done, exit: i32, words: &[&str]) -> Result<(), Failed> {
    let missing: Vec<&&str> = words.iter().filter(|w| !done.stdout.contains(**w) && !done.stderr.contains(**w)).collect();
    if done.exit == exit && missing.is_empty() { Ok(()) } else { Err(format!("exit {} (wanted {exit}), without {missing:?}:\n{}{}", done.exit, done.stdout, done.stderr).into()) }
}

fn check(what: &str, got: &str, want: &str) -> Result<(), Failed> {
    if got.trim() == want { Ok(()) } else { Err(format!("{what}: '{got}' instead of '{want}'").into()) }
}

fn whole(s: &Stage) -> Result<(), Failed> {
    let there = "cd /root; ls -A .rustle 2>/dev/null; cat after 2>/dev/null";
    expect(&deploy(s, &["site.yml", "--dry-run"]), 0, &["would be shipped", "would run: 1 plays"])?;
    check("a dry run changed something", &on(&s.victim, there), "")?;
    let done = deploy(s, &["site.yml", "--deploy-only", "--parallel", "2", "--verify"]);
    expect(&done, 0, &["uploaded", "in force on 3 of 3 hosts"])?;
    check("something was run", &on(&s.victim, "cd /root; cat after 2>/dev/null"), "")?;
    let id = done.stdout.lines().find_map(|l| l.strip_prefix("deployment ")?.split(':').next()).unwrap_or_default().to_owned();
    check("the link leads to no runner", &on(&s.victim, "cd /root; test -x .rustle/current/rustle-runner && echo there"), "there")?;
    check("the host's manifest", &on(&s.victim, "cd /root; ls .rustle/deployments"), &format!("{id}.json"))?;
    expect(&deploy(s, &["site.yml", "--deploy-only"]), 0, &["cached", "in force on 3 of 3 hosts"])?;
    expect(&deploy(s, &["site.yml", "--dry-run"]), 0, &["nothing would be compiled or shipped"])?;
    expect(&deploy(s, &["--list-deployments"]), 0, &[&id, "in force on 3 of 3 hosts"])?;
    // The same runner twice: taking the second one back leaves nothing, as before the first.
    expect(&deploy(s, &["--limit", &s.victim, "--rollback"]), 0, &["is taken back", "rolled back"])?;
    check("the link is still there", &on(&s.victim, "cd /root; ls .rustle/current"), "")?;
    expect(&deploy(s, &[&format!("--rollback={id}"), "--limit", &s.victim]), 0, &["rolled back"])?;
    check("the link is not back", &on(&s.victim, "cd /root; ls .rustle/current"), "rustle-runner")?;
    expect(&deploy(s, &["--rollback", "site.yml"]), 5, &["no deployment's id"])?;
    expect(&deploy(s, &["--cleanup"]), 0, &["removed"])?;
    check("something is left", &on(&s.victim, there), "")
}

fn half(s: &Stage) -> Result<(), Failed> {
    let inventory = s.inventory("ansible_port=1");
    let run = |args: &[&str]| support::run(s.command(&inventory, args), b"", Duration::from_secs(120));
    let done = run(&["site.yml", "--deploy-only"]);
    expect(&done, 4, &["unreachable", "in force on 2 of 3 hosts"])?;
    // The line that is printed does what it says.
    let line = done.stdout.lines().find_map(|l| l.split_once("rustle-deploy ").map(|(_, rest)| rest)).ok_or("no way back is told")?;
    let words: Vec<&str> = line.split(' ').collect();
    if words.first() != Some(&"--rollback") || line.contains(&s.victim) {
        return Err(format!("not the way back: {line}").into());
    }
    expect(&run(&words), 0, &["rolled back"])?;
    check("it is still in force", &on(&s.others[0], "cd /root; ls .rustle/current"), "")?;
    expect(&run(&["site.yml", "--deploy-only", "--rollback-on-failure"]), 4, &["is taken back on the others", "rolled back"])?;
    check("it is in force", &on(&s.others[1], "cd /root; ls .rustle/current"), "")
}

/// Hosts are reached as a run reaches them: templates in variables, the play's user. Without the play, later, too.
fn as_a_run(s: &Stage) -> Result<(), Failed> {
    let inventory = s.inventory("ansible_port='{{ door }}' door=22");
    let text = std::fs::read_to_string(&inventory)?;
    std::fs::write(&inventory, text.lines().filter(|l| !l.starts_with("ansible_user=")).map(|l| format!("{l}\n")).collect::<String>())?;
    let book = format!("- hosts: {}\n  gather_facts: false\n  remote_user: '{{{{ who }}}}'\n  vars: {{who: deploy}}\n  tasks:\n  - ansible.builtin.ping:\n", s.victim);
    std::fs::write(s.dir.path().join("user.yml"), book)?;
    let run = |args: &[&str]| support::run(s.command(&inventory, args), b"", Duration::from_secs(120));
    let there = "ls /home/deploy/.rustle/current /root/.rustle/current 2>/dev/null";
    expect(&run(&["user.yml", "--dry-run"]), 0, &["would be shipped", "on 1 hosts", "OPTIMISATION"])?;
    expect(&run(&["user.yml", "--compile-only"]), 0, &[&format!("for {}", s.victim)])?;
    expect(&run(&["user.yml", "--deploy-only"]), 0, &["uploaded", "in force on 1 of 1 hosts"])?;
    check("the play's user has it", &on(&s.victim, there), "/home/deploy/.rustle/current:\nrustle-runner")?;
    expect(&run(&["--rollback"]), 0, &["rolled back"])?;
    check("it is taken back", &on(&s.victim, there), "/home/deploy/.rustle/current:")?;
    let mut sh = std::process::Command::new("sh");
    sh.args(["-c", "rustle-parse user.yml -i hosts.ini | rustle-plan | rustle-target --refresh | rustle-ship | tail -n 2"]);
    let path = format!("{}:{}", support::bin().display(), std::env::var("PATH").unwrap_or_default());
    sh.current_dir(s.dir.path()).env("HOME", s.dir.path()).env("PATH", path).env("ANSIBLE_CONFIG", "/dev/null").env_remove("SSH_AUTH_SOCK");
    expect(&support::run(sh, b"", Duration::from_secs(120)), 0, &["\"known_by\":\"probe\"", "\"outcome\":\"cached\"", "\"path\":\"/home/deploy/.rustle/"])?;
    // What a user says of the platform goes before what the host says.
    let door = s.inventory("rustle_target=sparc-unknown-nowhere");
    let done = support::run(s.command(&door, &["site.yml", "--deploy-only"]), b"", Duration::from_secs(120));
    expect(&done, 0, &["fallback", "rustle_target: "])?;
    on(&s.victim, "rm -rf /home/deploy/.rustle");
    Ok(())
}

/// Executables with the plan inside: brought there, run by a person on the host, taken back.
fn embedded(s: &Stage) -> Result<(), Failed> {
    let inventory = s.inventory("");
    let dir = inventory.parent().ok_or("a folder")?;
    let ship = |version: &str| -> Result<String, Failed> {
        let tasks = format!("- hosts: all\n  gather_facts: false\n  tasks:\n    - copy:\n        dest: /root/after\n        content: {version}\n");
        std::fs::write(dir.join("web.yml"), tasks)?;
        let mut sh = std::process::Command::new("sh");
        sh.args(["-c", "rustle-parse web.yml -i hosts.ini | rustle-plan | rustle-compile --embed out | rustle-ship | grep '\"type\":\"shipment\"'"]);
        let path = format!("{}:{}", support::bin().display(), std::env::var("PATH").unwrap_or_default());
        sh.current_dir(dir).env("HOME", dir).env("PATH", path).env_remove("SSH_AUTH_SOCK");
        let done = support::run(sh, b"", Duration::from_secs(120));
        expect(&done, 0, &["\"outcome\":\"uploaded\""])?;
        Ok(done.stdout)
    };
    let run = || on(&s.victim, "cd /root; rm -f after; .rustle/current/web >/dev/null 2>&1; cat after");
    ship("one")?;
    check("the first version", &run(), "one")?;
    let second = ship("two")?;
    check("the second version", &run(), "two")?;
    let sent = second.split("\"uploaded_bytes\":").nth(1).and_then(|n| n.split([',', '}']).next()?.parse::<u64>().ok());
    if sent.is_none_or(|n| n > 100_000) {
        return Err(format!("more than the plan was sent: {second}").into());
    }
    expect(&deploy(s, &["--rollback", "--limit", &s.victim]), 0, &["rolled back"])?;
    check("taken back", &run(), "one")?;
    check("taken back elsewhere, too", &on(&s.others[0], "cd /root; rm -f after; .rustle/current/web >/dev/null 2>&1; cat after"), "two")
}

fn here(s: &Stage) -> Result<(), Failed> {
    expect(&deploy(s, &["--localhost-test"]), 0, &["the runner starts and runs here"])?;
    let done = deploy(s, &["site.yml", "--compile-only", "--output-dir", "made"]);
    expect(&done, 0, &["made/rustle-runner-"])?;
    check("something was shipped", &on(&s.victim, "cd /root; ls -A .rustle 2>/dev/null"), "")?;
    // Ansible's name knows nothing of this.
    let mut ansible = std::process::Command::new("sh");
    ansible.args(["-c", "ln -sf \"$0\" ansible-playbook; ./ansible-playbook --deploy-only site.yml"]).arg(support::bin().join("rustle-deploy"));
    ansible.current_dir(s.inventory("").parent().ok_or("a folder")?);
    expect(&support::run(ansible, b"", Duration::from_secs(30)), 2, &["--deploy-only"])
}
