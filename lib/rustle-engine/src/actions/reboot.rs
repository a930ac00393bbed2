//! `reboot`: restarts the host, and waits until it is there again.
//!
//! Runs on the controller, whose connection to the host ends in the middle and is made anew. A host counts as restarted
//! when what tells one start from another (on Linux, `boot_id`) has changed, and the test command succeeds.

use super::{Action, failed_result, text, wait_for_connection::seconds};
use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::manner::Manner;
use rustle_value::{Dict, Value, dict, py_repr, py_str};
use std::time::{Duration, Instant};

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.reboot"], raw: false, run };

const OPTIONS: &[&str] = &[
    "boot_time_command", "connect_timeout", "connect_timeout_sec", "msg", "post_reboot_delay", "post_reboot_delay_sec", "pre_reboot_delay",
    "pre_reboot_delay_sec", "reboot_command", "reboot_timeout", "reboot_timeout_sec", "search_paths", "test_command",
];
const SEARCH: &[&str] = &["/sbin", "/bin", "/usr/sbin", "/usr/bin", "/usr/local/sbin"];

/// How a system is restarted.
struct Manners {
    boot_time: &'static str,
    command: &'static str,
    arguments: fn(delay: u64, message: &str) -> Vec<String>,
}

/// By the kernel's name, and whether it is Alpine.
fn manners(system: &str, alpine: bool) -> Manners {
    match system {
        "FreeBSD" | "DragonFly" => Manners {
            boot_time: "/sbin/sysctl kern.boottime",
            command: "shutdown",
            arguments: |delay, message| vec!["-r".into(), format!("+{delay}s"), message.into()],
        },
        "OpenBSD" | "NetBSD" => {
            Manners { boot_time: "/sbin/sysctl kern.boottime", command: "shutdown", arguments: |delay, _| vec!["-r".into(), format!("+{}", delay / 60)] }
        }
        "Darwin" => {
            Manners { boot_time: "who -b", command: "shutdown", arguments: |delay, message| vec!["-r".into(), format!("+{}", delay / 60), message.into()] }
        }
        "SunOS" => Manners {
            boot_time: "who -b",
            command: "shutdown",
            arguments: |delay, message| vec!["-y".into(), "-g".into(), delay.to_string(), "-i".into(), "6".into(), message.into()],
        },
        _ if alpine => Manners { boot_time: "cat /proc/sys/kernel/random/boot_id", command: "reboot", arguments: |_, _| Vec::new() },
        _ => Manners {
            boot_time: "cat /proc/sys/kernel/random/boot_id",
            command: "shutdown",
            arguments: |delay, message| vec!["-r".into(), (delay / 60).to_string(), message.into()],
        },
    }
}

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, args: Dict, manner: &Manner) -> Result<Dict, Failure> {
    let unknown: Vec<String> = args.keys().map(py_str).filter(|k| !OPTIONS.contains(&k.as_str())).collect();
    if !unknown.is_empty() {
        let text = format!("Invalid options for reboot: {}", unknown.join(","));
        return Err(Failure::new(text.clone()).saying(text));
    }
    // Asked first: nothing is restarted that cannot be waited for.
    if is_local(engine, cx, manner)? {
        let mut result = failed_result("Running reboot with local connection would reboot the control node.");
        result.insert("elapsed", 0);
        result.insert("rebooted", false);
        return Ok(result);
    }
    if manner.check {
        return Ok(dict! { "changed" => true, "elapsed" => 0, "rebooted" => true });
    }
    let option = |name: &str, usual: u64| -> Result<u64, Failure> {
        let old = seconds(&args, &format!("{name}_sec"))?;
        Ok(seconds(&args, name)?.or(old).unwrap_or(usual))
    };
    let (before, after, limit) = (option("pre_reboot_delay", 0)?, option("post_reboot_delay", 0)?, option("reboot_timeout", 600)?);
    let patience = option("connect_timeout", 0)?;
    let plain = Manner { async_seconds: None, ..manner.clone() };

    let (_, system, _) = command(engine, cx, &plain, &["sh", "-c", "uname -s; if test -e /etc/alpine-release; then echo Alpine; fi"])?;
    let mut lines = system.lines();
    let manners = manners(lines.next().unwrap_or_default(), lines.next() == Some("Alpine"));
    let boot_time = text(&args, "boot_time_command").unwrap_or_else(|| manners.boot_time.to_owned());
    let (rc, known, said) = shell(engine, cx, &plain, &boot_time)?;
    if rc != 0 {
        let mut result = failed_result(format!("reboot: failed to get host boot time info, rc: {rc}, stdout: {known}, stderr: {said}"));
        result.insert("reboot", false);
        return Ok(result);
    }
    let words = match text(&args, "reboot_command") {
        Some(line) => vec!["sh".to_owned(), "-c".to_owned(), line],
        None => {
            let message = text(&args, "msg").unwrap_or_else(|| "Reboot initiated by Ansible".into());
            let mut words = vec![find(engine, cx, &plain, manners.command, &args)?];
            words.extend((manners.arguments)(before, &message));
            words
        }
    };
    let begun = Instant::now();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // The connection may end before the command does: that is what it is for.
    if let Ok((rc, out, said)) = command(engine, cx, &plain, &words)
        && rc != 0
    {
        let mut result = failed_result(format!("Reboot command failed. Error was: '{}, {}'", out.trim(), said.trim()));
        result.insert("rebooted", false);
        result.insert("elapsed", begun.elapsed().as_secs() as i64);
        return Ok(result);
    }
    std::thread::sleep(Duration::from_secs(after));

    let test = text(&args, "test_command").unwrap_or_else(|| "whoami".into());
    let fresh = |engine: &mut Engine<'_>, cx: &TaskContext| match shell(engine, cx, &plain, &boot_time) {
        Ok((0, now, _)) => now.trim() != known.trim(),
        _ => false,
    };
    let works = |engine: &mut Engine<'_>, cx: &TaskContext| matches!(shell(engine, cx, &plain, &test), Ok((0, _, _)));
    let mut wait = Waiting { patience, limit: Duration::from_secs(limit), pause: Duration::from_millis(500) };
    let what = match wait.until(engine, cx, &plain, &fresh)? {
        false => Some("last boot time check"),
        true => (!wait.until(engine, cx, &plain, &works)?).then_some("post-reboot test command"),
    };
    let mut result = match what {
        Some(what) => failed_result(format!("Timed out waiting for {what} (timeout={limit})")),
        None => dict! { "changed" => true },
    };
    result.insert("rebooted", true);
    result.insert("elapsed", begun.elapsed().as_secs() as i64);
    Ok(result)
}

/// How long is waited for something, and how often it is tried.
struct Waiting {
    /// Seconds for one connection; 0: as usual.
    patience: u64,
    limit: Duration,
    pause: Duration,
}

impl Waiting {
    /// Tries until it is true, on a new connection each time it was not. False: too late.
    fn until(&mut self, engine: &mut Engine<'_>, cx: &TaskContext, manner: &Manner, there: &dyn Fn(&mut Engine<'_>, &TaskContext) -> bool) -> Result<bool, Failure> {
        let begun = Instant::now();
        loop {
            if there(engine, cx) {
                return Ok(true);
            }
            if begun.elapsed() >= self.limit {
                return Ok(false);
            }
            std::thread::sleep(self.pause);
            self.pause = (self.pause * 2).min(Duration::from_secs(4));
            _ = renew(engine, cx, manner, self.patience)?;
        }
    }
}

/// Makes the connection to the task's host anew, or says why that failed. `patience`: seconds, 0 for the usual.
///
/// # Errors
/// It cannot be made anew in this play.
pub(super) fn renew(engine: &mut Engine<'_>, cx: &TaskContext, manner: &Manner, patience: u64) -> Result<Result<(), String>, Failure> {
    let answer = ask(engine, cx, manner, dict! { "patience" => patience as i64 })?;
    let is = |key: &str| answer.get(key).is_some_and(Value::truthy);
    Ok(if is("local") || is("reached") { Ok(()) } else { Err(answer.get("msg").map(py_str).unwrap_or_default()) })
}

fn is_local(engine: &mut Engine<'_>, cx: &TaskContext, manner: &Manner) -> Result<bool, Failure> {
    let answer = ask(engine, cx, manner, dict! { "only_ask" => true })?;
    Ok(answer.get("local").is_some_and(Value::truthy))
}

fn ask(engine: &mut Engine<'_>, cx: &TaskContext, manner: &Manner, mut args: Dict) -> Result<Dict, Failure> {
    args.insert("host", manner.delegate.clone());
    args.insert("keywords", manner.seat.keywords.clone());
    args.insert("vars", manner.seat.vars.clone());
    match engine.world.controller_action("renew", cx, &args) {
        Some(answer) => answer,
        None => Err(Failure::new("this action needs the controller")),
    }
}

/// Where the program is on the host.
fn find(engine: &mut Engine<'_>, cx: &TaskContext, manner: &Manner, name: &str, args: &Dict) -> Result<String, Failure> {
    let given = args.get("search_paths").and_then(|v| v.as_list()).map(|l| l.iter().map(py_str).collect::<Vec<_>>());
    let paths = given.unwrap_or_else(|| SEARCH.iter().map(|p| (*p).to_owned()).collect());
    let wanted = dict! { "paths" => paths.clone(), "patterns" => vec![name.to_owned()], "file_type" => "any" };
    let found = engine.module(cx, manner, "ansible.builtin.find", wanted, Vec::new())?;
    let first = found.get("files").and_then(|v| v.as_list()).and_then(|l| l.first()?.get("path").map(py_str));
    first.ok_or_else(|| Failure::new(format!("Unable to find command \"{name}\" in search paths: {}", py_repr(&Value::from(paths)))))
}

/// Runs a program there; its exit status, and what it wrote.
fn command(engine: &mut Engine<'_>, cx: &TaskContext, manner: &Manner, words: &[&str]) -> Result<(i64, String, String), Failure> {
    let argv: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
    let done = engine.module(cx, manner, "ansible.builtin.command", dict! { "argv" => argv }, Vec::new())?;
    if done.get("unreachable").is_some_and(Value::truthy) {
        return Err(Failure::unreachable(done.get("msg").map(py_str).unwrap_or_default().as_str()));
    }
    let field = |name: &str| done.get(name).map(py_str).unwrap_or_default();
    let rc = done.get("rc").and_then(Value::as_i64);
    Ok((rc.unwrap_or(1), field("stdout"), if rc.is_some() { field("stderr") } else { field("msg") }))
}

fn shell(engine: &mut Engine<'_>, cx: &TaskContext, manner: &Manner, line: &str) -> Result<(i64, String, String), Failure> {
    command(engine, cx, manner, &["sh", "-c", line])
}
