//! `wait_for_connection`: tries until the host answers.
//!
//! Limits: where no controller is at hand, the host is the one that the plan runs on, and what is left is the delay.

use super::{Action, failed_result};
use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::manner::Manner;
use rustle_value::{Dict, Value, dict, py_repr, py_str};
use std::time::{Duration, Instant};

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.wait_for_connection"], raw: false, run };

const OPTIONS: &[&str] = &["connect_timeout", "delay", "sleep", "timeout"];

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, args: Dict, manner: &Manner) -> Result<Dict, Failure> {
    let unknown: Vec<String> = args.keys().map(py_str).filter(|k| !OPTIONS.contains(&k.as_str())).collect();
    if !unknown.is_empty() {
        return Ok(failed_result(format!("Invalid options for wait_for_connection: {}", unknown.join(","))));
    }
    let number = |name: &str, usual: u64| seconds(&args, name).map(|n| n.unwrap_or(usual));
    let (patience, delay, pause, timeout) = (number("connect_timeout", 5)?, number("delay", 0)?, number("sleep", 1)?, number("timeout", 600)?);
    if manner.check {
        return Ok(dict! { "skipped" => true, "changed" => false });
    }
    let start = Instant::now();
    std::thread::sleep(Duration::from_secs(delay));
    let elapsed = |start: Instant| start.elapsed().as_secs() as i64;
    if !engine.world.is_controller() {
        return Ok(dict! { "changed" => false, "elapsed" => elapsed(start) });
    }
    let mut why = match answers(engine, cx, manner) {
        Ok(()) => return Ok(dict! { "changed" => false, "elapsed" => elapsed(start) }),
        Err(why) => why,
    };
    while start.elapsed() < Duration::from_secs(timeout) {
        match super::reboot::renew(engine, cx, manner, patience)? {
            // A connection that was made has started a runner there.
            Ok(()) => match answers(engine, cx, manner) {
                Ok(()) => return Ok(dict! { "changed" => false, "elapsed" => elapsed(start) }),
                Err(e) => why = e,
            },
            Err(e) => why = e,
        }
        std::thread::sleep(Duration::from_secs(pause));
    }
    let mut result = failed_result(format!("timed out waiting for ping module test: {why}"));
    result.insert("elapsed", elapsed(start));
    Ok(result)
}

/// Whether the host runs a module now; else what was said.
fn answers(engine: &mut Engine<'_>, cx: &TaskContext, manner: &Manner) -> Result<(), String> {
    match engine.module(cx, manner, "ansible.builtin.ping", Dict::new(), Vec::new()) {
        Ok(result) if result.get("ping").and_then(Value::as_str) == Some("pong") => Ok(()),
        Ok(result) => Err(result.get("msg").map(py_str).unwrap_or_else(|| "ping test failed".into())),
        Err(failure) => Err(failure.joined()),
    }
}

/// An option in whole seconds.
pub(super) fn seconds(args: &Dict, name: &str) -> Result<Option<u64>, Failure> {
    Ok(match args.get(name).filter(|v| !v.is_null()) {
        None => None,
        Some(Value::Int(i)) => Some(u64::try_from(*i).unwrap_or(0)),
        Some(Value::Float(f)) => Some(*f as u64),
        Some(other) => Some(
            py_str(other)
                .trim()
                .parse()
                .map_err(|_| Failure::new(format!("invalid literal for int() with base 10: {}", py_repr(&Value::from(py_str(other))))))?,
        ),
    })
}
