//! `add_host` and `group_by`: change the inventory while the play runs. The controller applies what they return.

use super::{Action, failed_result};
use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::manner::Manner;
use rustle_value::{Dict, Value};

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.add_host", "ansible.builtin.group_by", "ansible.builtin.pause", "ansible.builtin.set_stats"], raw: false, run };

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, mut args: Dict, manner: &Manner) -> Result<Dict, Failure> {
    let name = cx.task.action.rsplit('.').next().unwrap_or_default().to_owned();
    if let Some(seconds) = manner.timeout {
        args.insert("_timeout", i64::try_from(seconds).unwrap_or(i64::MAX));
    }
    match engine.world.controller_action(&name, cx, &args) {
        Some(answer) => answer,
        None => Ok(failed_result(Value::from(format!("{name} can only be run by the controller")).to_string())),
    }
}
