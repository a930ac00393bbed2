//! `copy`: puts the controller's files and folders, or given text, on the host.

use super::{Action, blob, failed_result, flag, text};
use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::once::Manner;
use rustle_stream::protocol::{Blob, SourceFile};
use rustle_value::{Dict, JsonStyle, Value, dict, py_str, to_json_string};

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.copy"], raw: false, run };

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, mut args: Dict, manner: &Manner) -> Result<Dict, Failure> {
    let src = text(&args, "src");
    let content = args.remove("content").filter(|v| !v.is_null());
    let Some(dest) = text(&args, "dest") else { return Ok(failed_result("dest is required")) };
    if src.is_some() && content.is_some() {
        return Ok(failed_result("src and content are mutually exclusive"));
    }
    if content.is_some() && dest.ends_with('/') {
        return Ok(failed_result("can not use content with a dir as dest"));
    }
    if let Some(content) = content {
        // Structures become JSON, as Ansible writes them.
        let bytes: Vec<u8> = match &content {
            Value::Bytes(b) => b.to_vec(),
            Value::Dict(_) | Value::List(_) | Value::Tuple(_) => to_json_string(&content, &JsonStyle::default()).into_bytes(),
            other => py_str(other).into_bytes(),
        };
        let (data, reference) = blob(bytes.into());
        args.insert("_source", reference);
        return engine.module(cx, manner, "ansible.builtin.copy", args, vec![data]);
    }
    let Some(src) = src else { return Ok(failed_result("src (or content) is required")) };
    if flag(&args, "remote_src", false)? {
        return engine.module(cx, manner, "ansible.builtin.copy", args, Vec::new());
    }
    let file = engine.source_file(cx, "src")?;
    if !file.directory {
        let (blobs, reference) = send(engine, cx, &file)?;
        if flag(&args, "local_follow", true)? || file.link.is_none() {
            args.insert("_source", reference);
        }
        args.insert("_original_basename", file.path.rsplit('/').next().unwrap_or(&file.path));
        args.insert("_diff_label", file.path.as_str());
        preserve(&mut args, &file);
        args.remove("src");
        return engine.module(cx, manner, "ansible.builtin.copy", args, blobs);
    }
    // One request for the whole folder: a file each would cost a round trip, or a process, per file.
    let mut blobs = Vec::new();
    let mut entries = Vec::new();
    for entry in file.entries.clone().unwrap_or_default() {
        let mut d = dict! { "path" => entry.path.as_str(), "mode" => format!("{:04o}", entry.mode), "directory" => entry.directory };
        if let Some(link) = &entry.link {
            d.insert("link", link.as_str());
        } else if !entry.directory {
            let (data, reference) = send(engine, cx, &entry)?;
            blobs.extend(data);
            d.insert("source", reference);
        }
        entries.push(Value::dict(d));
    }
    args.insert("_tree", Value::list(entries));
    args.insert("_tree_root", if src.ends_with('/') { "" } else { file.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default() });
    args.remove("src");
    engine.module(cx, manner, "ansible.builtin.copy", args, blobs)
}

fn send(engine: &mut Engine<'_>, cx: &TaskContext, file: &SourceFile) -> Result<(Vec<Blob>, Value), Failure> {
    let data = engine.content(&cx.place.position, file)?;
    let (data, reference) = blob(data);
    Ok((vec![data], reference))
}

/// `mode: preserve` means the source's permissions.
fn preserve(args: &mut Dict, file: &SourceFile) {
    if args.get("mode").and_then(Value::as_str) == Some("preserve") {
        args.insert("mode", format!("{:04o}", file.mode));
    }
}
