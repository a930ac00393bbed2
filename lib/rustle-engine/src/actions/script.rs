//! `script`: sends a script of the controller and runs it on the host.

use super::{Action, blob, failed_result, parse_kv, text};
use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::once::Manner;
use rustle_value::{Dict, Value};

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.script"], raw: false, run };

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, mut args: Dict, manner: &Manner) -> Result<Dict, Failure> {
    if let Some(Value::Str(raw)) = args.get("_raw_params").cloned() {
        let mut parsed = parse_kv(&raw, true);
        parsed.update(&args.iter().filter(|(k, _)| k.as_str() != Some("_raw_params")).map(|(k, v)| (k.clone(), v.clone())).collect());
        args = parsed;
    }
    let Some(command) = text(&args, "_raw_params").or_else(|| text(&args, "cmd")) else {
        return Ok(failed_result("one of the following is required: _raw_params, cmd"));
    };
    let file = engine.source_file(cx, "_raw_params")?;
    let position = cx.place.position.clone();
    let data = engine.content(&position, &file)?;
    let (data, reference) = blob(data);
    args.remove("cmd");
    args.insert("_raw_params", command);
    args.insert("_source", reference);
    engine.module(cx, manner, "ansible.builtin.script", args, vec![data])
}
