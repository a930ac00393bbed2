//! What a template file includes, found in advance and sent with it, so that its host renders it without asking.
//!
//! Limits: names that are computed, vaulted files and what goes beyond a bound are left out; the host then has the
//! controller render the whole file.

use crate::shared::{PlayState, Shared};
use rustle_jinja::Environment;
use rustle_stream::model::Task;
use rustle_stream::protocol::SourceFile;
use rustle_value::Dict;
use std::collections::BTreeMap;
use std::sync::Arc;

/// All parts of one file together may have this many bytes.
const BOUND: usize = 1 << 20;

/// Adds what the template `file` of `task`, whose arguments are `args`, names literally.
pub fn add(shared: &Shared, play: &PlayState, task: &Task, args: &Dict, file: &mut SourceFile) {
    if &*task.action != "ansible.builtin.template" || file.directory {
        return;
    }
    let Some(text) = file.data.as_ref().and_then(|d| std::str::from_utf8(&d.0).ok()) else { return };
    // The common case, without parsing.
    if !["include", "import", "extends"].iter().any(|w| text.contains(w)) {
        return;
    }
    // Mistakes are told where the file is rendered.
    let Ok(syntax) = rustle_engine::template_syntax(args) else { return };
    let extensions = shared.run_options.config.get("DEFAULT_JINJA2_EXTENSIONS").is_none_or(rustle_value::Value::truthy);
    let jinja = Environment::new().with_extensions(extensions);
    let Ok((uses, syntax)) = jinja.uses_text(&Arc::from(text), &syntax, false) else { return };
    let folders = rustle_engine::template_folders(&task.search_path, &shared.playbook_dir(&play.play), &file.path);
    let mut parts: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut todo: Vec<String> = uses.includes.into_iter().collect();
    let mut size = 0;
    while let Some(name) = todo.pop() {
        let Some(name) = rustle_jinja::template_path(&name).filter(|n| !parts.contains_key(n)) else { continue };
        let path = folders.iter().map(|f| format!("{f}/{name}")).find(|p| std::path::Path::new(p).is_file());
        let Some(path) = path else {
            parts.insert(name, None);
            continue;
        };
        // What cannot be read, too, is told at the task's turn.
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        size += text.len();
        if text.starts_with("$ANSIBLE_VAULT;") || size > BOUND {
            continue;
        }
        if let Ok((uses, _)) = jinja.uses_text(&Arc::from(text.as_str()), &syntax, true) {
            todo.extend(uses.includes);
        }
        parts.insert(name, Some(text));
    }
    file.parts = parts;
}
