//! `fetch`: brings a file of the host to the controller.

use super::{Action, failed_result, text};
use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::manner::Manner;
use rustle_value::{Dict, Value, dict};

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.fetch"], raw: false, run };

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, mut args: Dict, manner: &Manner) -> Result<Dict, Failure> {
    if manner.check {
        return Ok(dict! { "changed" => false, "skipped" => true, "msg" => "check mode not (yet) supported for this module" });
    }
    let Some(src) = text(&args, "src").or_else(|| text(&args, "path")) else {
        return Ok(failed_result("src and dest are required"));
    };
    if text(&args, "dest").is_none() {
        return Ok(failed_result("src and dest are required"));
    }
    let fetched = engine.module(cx, manner, "ansible.builtin.slurp", dict! { "src" => src.as_str() }, Vec::new())?;
    args.insert("src", src);
    args.insert("_fetched", fetched);
    args.insert("_delegate", manner.delegate.clone());
    match engine.world.controller_action("fetch", cx, &args) {
        Some(answer) => answer,
        None => Ok(failed_result(Value::from("fetch can only be run by the controller").to_string())),
    }
}
