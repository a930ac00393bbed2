//! `assemble` and `unarchive` with sources on the controller: the sources travel as blobs.

use super::{Action, blob, failed_result, flag, text};
use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::manner::Manner;
use rustle_value::{Dict, Value, dict};

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.assemble", "ansible.builtin.unarchive"], raw: false, run };

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, mut args: Dict, manner: &Manner) -> Result<Dict, Failure> {
    let module = cx.task.action.clone();
    let assemble = &*module == "ansible.builtin.assemble";
    let (Some(src), Some(_)) = (text(&args, "src"), text(&args, "dest")) else {
        return Ok(failed_result("src and dest are required"));
    };
    let remote = flag(&args, "remote_src", assemble)? || (!assemble && (src.contains("://") || !flag(&args, "copy", true)?));
    if remote {
        return engine.module(cx, manner, &module, args, Vec::new());
    }
    let file = engine.source_file(cx, "src")?;
    let position = cx.place.position.clone();
    let mut blobs = Vec::new();
    if assemble {
        if !file.directory {
            return Ok(failed_result(format!("Source ({src}) is not a directory")));
        }
        let mut parts = Vec::new();
        for entry in file.entries.clone().unwrap_or_default() {
            if entry.directory || entry.path.contains('/') {
                continue;
            }
            let (data, reference) = blob(engine.content(&position, &entry)?);
            blobs.push(data);
            parts.push(Value::dict(dict! { "name" => entry.path.as_str(), "source" => reference }));
        }
        args.insert("_parts", Value::list(parts));
    } else {
        let (data, reference) = blob(engine.content(&position, &file)?);
        blobs.push(data);
        args.insert("_source", reference);
        args.insert("_original_basename", file.path.rsplit('/').next().unwrap_or(&file.path));
    }
    engine.module(cx, manner, &module, args, blobs)
}
