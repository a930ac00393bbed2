//! `script`: sends a script of the controller and runs it on the host.

use super::{Action, blob, failed_result, text};
use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::manner::Manner;
use rustle_stream::freeform::parse_kv;
use rustle_value::{Dict, Value};

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.script"], raw: false, run };

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, mut args: Dict, manner: &Manner) -> Result<Dict, Failure> {
    if let Some(Value::Str(raw)) = args.get("_raw_params").cloned() {
        let pairs = parse_kv(&raw, true).map_err(|e| Failure::new(e.message()))?;
        let mut parsed: Dict = pairs.into_iter().map(|(k, v)| (k, Value::from(v))).collect();
        parsed.update(&args.iter().filter(|(k, _)| k.as_str() != Some("_raw_params")).map(|(k, v)| (k.clone(), v.clone())).collect());
        args = parsed;
    }
    let Some(command) = text(&args, "_raw_params").or_else(|| text(&args, "cmd")) else {
        return Ok(failed_result("one of the following is required: _raw_params, cmd"));
    };
    // The controller looks the name up in the task as it was written.
    let field = if cx.task.args.contains_key("_raw_params") { "_raw_params" } else { "cmd" };
    let file = engine.source_file(cx, field)?;
    let position = cx.place.position.clone();
    let data = engine.content(&position, &file)?;
    let (data, reference) = blob(data);
    args.remove("cmd");
    args.insert("_raw_params", command);
    args.insert("_source", reference);
    let mut result = engine.module(cx, manner, "ansible.builtin.script", args, vec![data])?;
    if result.get("rc").is_some_and(|rc| rc.truthy()) && result.remove(super::BY_MODULE).is_some() {
        result.insert("msg", "non-zero return code");
    }
    Ok(result)
}
