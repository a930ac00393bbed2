//! `wait_for_connection`: a task's turn on a host comes only where the host has been reached, so that what is left is
//! the delay.
//!
//! Limits: a host that cannot be reached when its play begins is unreachable; nothing waits for it.

use super::{Action, failed_result};
use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::manner::Manner;
use rustle_value::{Dict, Value, dict, py_repr, py_str};
use std::time::{Duration, Instant};

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.wait_for_connection"], raw: false, run };

const OPTIONS: &[&str] = &["connect_timeout", "delay", "sleep", "timeout"];

fn run(_: &mut Engine<'_>, _: &mut TaskContext, args: Dict, manner: &Manner) -> Result<Dict, Failure> {
    let unknown: Vec<String> = args.keys().map(py_str).filter(|k| !OPTIONS.contains(&k.as_str())).collect();
    if !unknown.is_empty() {
        return Ok(failed_result(format!("Invalid options for wait_for_connection: {}", unknown.join(","))));
    }
    let mut delay = 0;
    for name in OPTIONS {
        let Some(given) = args.get(*name).filter(|v| !v.is_null()) else { continue };
        let number: u64 = match given {
            Value::Int(i) => u64::try_from(*i).unwrap_or(0),
            Value::Float(f) => *f as u64,
            other => py_str(other).trim().parse().map_err(|_| {
                Failure::new(format!("invalid literal for int() with base 10: {}", py_repr(&Value::from(py_str(other)))))
            })?,
        };
        if *name == "delay" {
            delay = number;
        }
    }
    if manner.check {
        return Ok(dict! { "skipped" => true, "changed" => false });
    }
    let start = Instant::now();
    std::thread::sleep(Duration::from_secs(delay));
    Ok(dict! { "changed" => false, "elapsed" => start.elapsed().as_secs() as i64 })
}
