//! `copy`: puts the controller's files and folders, or given text, on the host.

use super::{Action, blob, failed_result, flag, text};
use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::manner::Manner;
use rustle_stream::protocol::{Blob, SourceFile};
use rustle_value::{Dict, JsonStyle, Value, dict, py_str, to_json_string};

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.copy"], raw: false, run };

/// Text has no name that it could have in a folder.
const NO_NAME: &str = "can not use content with a dir as dest";

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, args: Dict, manner: &Manner) -> Result<Dict, Failure> {
    place(engine, cx, args, manner).map(with_diff)
}

/// The result of what copies from the controller has a list of differences, be it empty.
pub(super) fn with_diff(mut result: Dict) -> Dict {
    if !result.contains_key("diff") && !result.get("failed").is_some_and(Value::truthy) {
        result.insert("diff", Value::list(Vec::new()));
    }
    result
}

fn place(engine: &mut Engine<'_>, cx: &mut TaskContext, mut args: Dict, manner: &Manner) -> Result<Dict, Failure> {
    let src = text(&args, "src");
    let content = args.remove("content").filter(|v| !v.is_null());
    let Some(dest) = text(&args, "dest") else { return Ok(failed_result("dest is required")) };
    if src.is_some() && content.is_some() {
        return Ok(failed_result("src and content are mutually exclusive"));
    }
    if content.is_some() && dest.ends_with('/') {
        return Ok(failed_result(NO_NAME));
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
        let mut result = engine.module(cx, manner, "ansible.builtin.copy", args, vec![data])?;
        if result.get("msg").and_then(Value::as_str) == Some(NO_NAME) {
            // Ansible's action finds out, not its module.
            result.remove(super::BY_MODULE);
        }
        return Ok(result);
    }
    let Some(src) = src.filter(|s| !s.is_empty()) else { return Ok(failed_result("src (or content) is required")) };
    if flag(&args, "remote_src", false)? {
        return engine.module(cx, manner, "ansible.builtin.copy", args, Vec::new());
    }
    let file = engine.source_file(cx, "src")?;
    if !file.directory {
        let (blobs, reference) = send(engine, cx, &file)?;
        args.insert("_source", reference);
        args.insert("_original_basename", file.path.rsplit('/').next().unwrap_or(&file.path));
        args.insert("_source_path", file.path.as_str());
        args.insert("_source_mode", i64::from(file.mode));
        args.remove("src");
        return engine.module(cx, manner, "ansible.builtin.copy", args, blobs);
    }
    folder(engine, cx, manner, &args, &src, &dest, &file)
}

/// A folder: its folders first, then its files, each by the module; no round trip is in between.
fn folder(engine: &mut Engine<'_>, cx: &TaskContext, manner: &Manner, args: &Dict, src: &str, dest: &str, root: &SourceFile) -> Result<Dict, Failure> {
    let name = if src.ends_with('/') { "" } else { root.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default() };
    let base = if name.is_empty() { dest.trim_end_matches('/').to_owned() } else { format!("{}/{name}", dest.trim_end_matches('/')) };
    let local_follow = flag(args, "local_follow", true)?;
    let mut changed = false;
    let mut last = Dict::new();
    let mut shared = Dict::new();
    for key in ["owner", "group", "seuser", "serole", "setype", "selevel", "attributes", "unsafe_writes", "follow"] {
        if let Some(v) = args.get(key) {
            shared.insert(key, v.clone());
        }
    }
    let mut one = |engine: &mut Engine<'_>, module: &str, own: Dict, blobs: Vec<Blob>| -> Result<Option<Dict>, Failure> {
        let result = engine.module(cx, manner, module, own, blobs)?;
        if result.get("failed").is_some_and(Value::truthy) {
            return Ok(Some(result));
        }
        changed |= result.get("changed").is_some_and(Value::truthy);
        last = result;
        Ok(None)
    };
    let mut entries = root.entries.clone().unwrap_or_default();
    if !local_follow {
        // What lies behind a link is the link's matter.
        let links: Vec<String> = entries.iter().filter(|e| e.directory && e.link.is_some()).map(|e| format!("{}/", e.path)).collect();
        entries.retain(|e| !links.iter().any(|l| e.path.starts_with(l)));
    }
    let top = SourceFile { directory: true, mode: root.mode, ..SourceFile::default() };
    let folders = std::iter::once(&top).chain(entries.iter().filter(|e| e.directory));
    for entry in folders {
        if entry.link.is_some() && !local_follow {
            continue;
        }
        let path = if entry.path.is_empty() { base.clone() } else { format!("{base}/{}", entry.path) };
        if entry.path.is_empty() && entries.is_empty() && name.is_empty() {
            continue;
        }
        let mut own = shared.clone();
        own.insert("path", path);
        own.insert("state", "directory");
        if let Some(mode) = args.get("directory_mode").filter(|m| !m.is_null()) {
            own.insert("mode", mode.clone());
        }
        if let Some(failed) = one(engine, "ansible.builtin.file", own, Vec::new())? {
            return Ok(failed);
        }
    }
    for entry in entries.iter().filter(|e| !e.directory || e.link.is_some()) {
        let path = format!("{base}/{}", entry.path);
        if let Some(target) = entry.link.as_ref().filter(|_| !local_follow || entry.sha256.is_empty() && !entry.directory) {
            let mut own = shared.clone();
            own.update(&dict! { "path" => path, "src" => target.as_str(), "state" => "link", "force" => true });
            if let Some(failed) = one(engine, "ansible.builtin.file", own, Vec::new())? {
                return Ok(failed);
            }
            continue;
        }
        if entry.directory {
            continue;
        }
        let (blobs, reference) = send(engine, cx, entry)?;
        let mut own = args.clone();
        for key in ["src", "local_follow"] {
            own.remove(key);
        }
        own.insert("dest", path);
        own.insert("_source", reference);
        own.insert("_original_basename", entry.path.rsplit('/').next().unwrap_or(&entry.path));
        own.insert("_source_path", format!("{}/{}", root.path.trim_end_matches('/'), entry.path));
        own.insert("_source_mode", i64::from(entry.mode));
        if let Some(failed) = one(engine, "ansible.builtin.copy", own, blobs)? {
            return Ok(failed);
        }
    }
    // One file is told as that file.
    if entries.iter().filter(|e| !e.directory).count() == 1 && last.contains_key("checksum") {
        last.insert("changed", changed);
        return Ok(last);
    }
    Ok(dict! { "changed" => changed, "dest" => format!("{}/", dest.trim_end_matches('/')), "src" => root.path.as_str() })
}

fn send(engine: &mut Engine<'_>, cx: &TaskContext, file: &SourceFile) -> Result<(Vec<Blob>, Value), Failure> {
    let data = engine.content(&cx.place.position, file)?;
    let (data, reference) = blob(data);
    Ok((vec![data], reference))
}
