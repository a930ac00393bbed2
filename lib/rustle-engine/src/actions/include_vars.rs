//! `include_vars`: variables from files of the controller. The controller's world reads them; see the planner, which
//! sends such tasks there.

use super::{Action, failed_result};
use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::manner::Manner;
use rustle_value::{Dict, Value};

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.include_vars"], raw: false, run };

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, args: Dict, _: &Manner) -> Result<Dict, Failure> {
    match engine.world.controller_action("include_vars", cx, &args) {
        Some(answer) => {
            if let Ok(Some(Value::Dict(vars))) = answer.as_ref().map(|d| d.get("ansible_facts").cloned()) {
                crate::reserved::warn(engine, cx, &vars);
            }
            answer
        }
        None => Ok(failed_result("include_vars can only be run by the controller")),
    }
}
