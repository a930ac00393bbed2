//! `template`: renders a file of the controller and puts the result in place.

use super::{Action, blob, failed, failed_result, flag, text};
use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::manner::Manner;
use crate::scope::Parts;
use rustle_jinja::Syntax;
use rustle_stream::protocol::{Call, Reply, SourceFile};
use rustle_value::{Dict, Origin, Value, dict};
use std::sync::Arc;

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.template"], raw: false, run };

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, mut args: Dict, manner: &Manner) -> Result<Dict, Failure> {
    let (Some(src), Some(_)) = (text(&args, "src"), text(&args, "dest")) else {
        return Ok(failed_result("src and dest are required"));
    };
    let file = engine.source_file(cx, "src")?;
    if file.directory {
        return Ok(failed_result(format!("src must be a file: {src}")));
    }
    let rendered = render(engine, cx, &args, &file)?;
    let bytes = match text(&args, "output_encoding").filter(|e| !e.is_empty()) {
        Some(encoding) => rustle_jinja::encode(&rendered, &encoding).map_err(Failure::from)?,
        None => rendered.into_bytes(),
    };
    let (data, reference) = blob(bytes.into());
    for key in [
        "newline_sequence", "block_start_string", "block_end_string", "variable_start_string", "variable_end_string", "comment_start_string",
        "comment_end_string", "trim_blocks", "lstrip_blocks", "output_encoding", "src",
    ] {
        args.remove(key);
    }
    args.insert("_source", reference);
    args.insert("_original_basename", file.path.rsplit('/').next().unwrap_or(&file.path));
    args.insert("_source_path", file.path.as_str());
    args.insert("_source_mode", i64::from(file.mode));
    engine.module(cx, manner, "ansible.builtin.copy", args, vec![data]).map(super::copy::with_diff)
}

/// The file's text, rendered here or, where it needs what only the controller knows, there.
fn render(engine: &mut Engine<'_>, cx: &TaskContext, args: &Dict, file: &SourceFile) -> Result<String, Failure> {
    let (src, dest) = (text(args, "src").unwrap_or_default(), text(args, "dest").unwrap_or_default());
    let position = cx.place.position.clone();
    let content = engine.content(&position, file)?;
    let source = String::from_utf8(content.to_vec())
        .map_err(|_| failed(format!("Template source files must be utf-8 encoded: {}", file.path)))?;
    let syntax = syntax(args)?;
    let mut tcx = cx.clone();
    tcx.locals.update(&dict! {
        "template_host" => engine.vars.magic.get("_rustle_controller").cloned().unwrap_or_default(),
        "template_path" => src.as_str(),
        "template_fullpath" => file.path.as_str(),
        "template_destpath" => dest.as_str(),
        "template_uid" => "root",
        "template_mtime" => rustle_jinja::local_time(Some(file.modified)),
        "template_run_date" => rustle_jinja::local_time(None),
    });
    if engine.scope(cx).layers.get("ansible_managed").is_none() {
        let usual = engine.options.config.get("DEFAULT_MANAGED_STR").cloned().unwrap_or_else(|| Value::from("Ansible managed"));
        tcx.locals.insert("ansible_managed", usual);
    }
    let origin = Origin::new(file.path.as_str(), 1, 1);
    let playbook_dir = engine.vars.magic.get("playbook_dir").map(rustle_value::py_str).unwrap_or_default();
    let parts = Parts { folders: folders(&cx.task.search_path, &playbook_dir, &file.path), texts: &file.parts };
    let mut scope = engine.scope(&tcx);
    scope.parts = Some(&parts);
    // Delimiters and the template's own variables would be lost on the way: the controller renders the whole file.
    scope.ask = false;
    match engine.jinja.render_text(&Arc::from(source.as_str()), Some(&origin), &syntax, &scope) {
        Ok(text) => Ok(text),
        Err(rustle_jinja::Error::NeedsController { .. }) if !engine.world.is_controller() => {
            let call = Call::Render { task: cx.task.id, scope: cx.place.frames.clone(), item: cx.place.item };
            match engine.ask(&position, call)? {
                Reply::Value { value, deprecations } => Ok(rustle_value::py_str(&engine.heard(value, deprecations))),
                _ => Err(failed("the controller sent no text")),
            }
        }
        // Where in the file is not told, but for its syntax.
        Err(mut e) => {
            if !matches!(e, rustle_jinja::Error::Syntax(_))
                && let Some(d) = e.detail_mut()
                && d.origin.as_ref() == Some(&origin)
            {
                d.origin = None;
            }
            Err(Failure::from(e).at(Some(&Origin::new(file.path.as_str(), 0, 0))))
        }
    }
}

/// How the file is written, by the task's arguments.
///
/// # Errors
/// A newline that is none, and what should be a boolean and is not.
pub fn syntax(args: &Dict) -> Result<Syntax, Failure> {
    let newline = text(args, "newline_sequence").map_or_else(|| "\n".to_owned(), |s| s.replace("\\n", "\n").replace("\\r", "\r"));
    if !["\n", "\r", "\r\n"].contains(&newline.as_str()) {
        return Err(failed("newline_sequence needs to be one of: \n, \r or \r\n"));
    }
    let mut syntax = Syntax { trim_blocks: flag(args, "trim_blocks", true)?, lstrip_blocks: flag(args, "lstrip_blocks", false)?, ..Syntax::default() };
    for (key, slot) in [
        ("block_start_string", &mut syntax.block_start),
        ("block_end_string", &mut syntax.block_end),
        ("variable_start_string", &mut syntax.variable_start),
        ("variable_end_string", &mut syntax.variable_end),
        ("comment_start_string", &mut syntax.comment_start),
        ("comment_end_string", &mut syntax.comment_end),
    ] {
        if let Some(v) = text(args, key) {
            *slot = v;
        }
    }
    syntax.newline_sequence = newline;
    Ok(syntax)
}

/// Where the templates that the file `path` names are looked for.
pub fn folders(search_path: &[String], playbook_dir: &str, path: &str) -> Vec<String> {
    let own = path.rsplit_once('/').map_or("", |(dir, _)| dir);
    let bases = search_path.iter().map(String::as_str).chain([playbook_dir, own]);
    bases.flat_map(|b| [format!("{b}/templates"), b.to_owned()]).collect()
}

impl Engine<'_> {
    /// The text of a template task's file, for a runner that could not render it.
    pub fn render_template(&mut self, cx: &mut TaskContext) -> Result<String, Failure> {
        let args = self.arguments(cx)?;
        let file = self.source_file(cx, "src")?;
        render(self, cx, &args, &file)
    }
}
