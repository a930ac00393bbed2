//! `fail`: fails with a message.

use super::Action;
use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::manner::Manner;
use rustle_value::{Dict, Value, dict};

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.fail"], raw: false, run };

fn run(_: &mut Engine<'_>, _: &mut TaskContext, args: Dict, _: &Manner) -> Result<Dict, Failure> {
    let mut unknown: Vec<&str> = args.str_iter().map(|(k, _)| k).filter(|k| *k != "msg").collect();
    if !unknown.is_empty() {
        unknown.sort_unstable();
        return Err(Failure::raised(format!("Invalid options for fail: {}", unknown.join(","))));
    }
    let msg = args.get("msg").cloned().unwrap_or_else(|| Value::from("Failed as requested from task"));
    Ok(dict! { "failed" => true, "changed" => false, "msg" => msg })
}
