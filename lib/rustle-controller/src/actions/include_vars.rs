//! `include_vars`: variables from a file or a folder of the controller.

use super::{Action, failed, list, text};
use crate::session::lock;
use rustle_playbook::{Finder, paths};
use rustle_value::{Dict, Value, dict};

pub(crate) static ACTION: Action = Action {
    name: "include_vars",
    run: |world, cx, args| {
        let finder = Finder::new(&cx.task.search_path, &world.shared.playbook_dir(&world.play.play));
        let mut files: Vec<String> = Vec::new();
        let raw = text(args, "_raw_params").map(|r| r.trim().to_owned()).filter(|r| !r.is_empty());
        if let Some(dir) = text(args, "dir") {
            let found = match finder.find_needle("vars", &dir) {
                Ok(f) if std::path::Path::new(&f).is_dir() => f,
                Ok(f) => return failed(format!("{f} is not a directory")),
                Err(_) => return failed(format!("{dir} directory does not exist")),
            };
            let depth = args.get("depth").and_then(Value::as_i64).unwrap_or(0);
            let extensions = match list(args, "extensions") {
                l if l.is_empty() => ["json", "yaml", "yml"].map(str::to_owned).to_vec(),
                l => l,
            };
            let ignored = list(args, "ignore_files");
            let pattern = match text(args, "files_matching").map(|p| regex::Regex::new(&p)) {
                Some(Ok(r)) => Some(r),
                Some(Err(e)) => return failed(format!("Invalid regular expression: {e}")),
                None => None,
            };
            let ignore_unknown = args.get("ignore_unknown_extensions").is_some_and(|v| rustle_engine::to_bool(v).unwrap_or(false));
            if let Err(bad) = walk(&found, 1, depth, &extensions, &ignored, pattern.as_ref(), ignore_unknown, &mut files) {
                return failed(bad);
            }
        } else {
            let Some(name) = text(args, "file").or(raw) else { return failed("No argument given: one of file, dir or a name is required") };
            match finder.find_needle("vars", &name) {
                Ok(f) => files.push(f),
                Err(e) => return failed(format!("{e} on the Ansible Controller.")),
            }
        }
        let mut vars = Dict::new();
        for file in &files {
            match lock(&world.shared.loader).load_vars_file(file) {
                Ok(Some(d)) => vars.update(&d),
                Ok(None) => return failed(format!("{file} must be stored as a dictionary/hash")),
                Err(e) => return failed(e.to_string()),
            }
        }
        if let Some(name) = text(args, "name") {
            vars = dict! { name => vars };
        }
        Ok(dict! {
            "changed" => false,
            "ansible_facts" => Value::dict(vars),
            "ansible_included_var_files" => files,
            "_ansible_no_log" => false,
        })
    },
};

#[allow(clippy::too_many_arguments, reason = "they are the options of the action")]
fn walk(dir: &str, level: i64, depth: i64, extensions: &[String], ignored: &[String], pattern: Option<&regex::Regex>, ignore_unknown: bool, out: &mut Vec<String>) -> Result<(), String> {
    let mut names: Vec<String> =
        std::fs::read_dir(dir).map_err(|e| format!("{dir}: {e}"))?.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    let mut below = Vec::new();
    for name in names {
        let path = paths::join(dir, &name);
        if std::path::Path::new(&path).is_dir() {
            below.push(path);
            continue;
        }
        if name == "main.yml" && level == 1 && dir.ends_with("/vars") && ignored.iter().any(|i| i == "main.yml") {
            continue;
        }
        if ignored.iter().any(|i| *i == name) || pattern.is_some_and(|p| !p.is_match(&name)) {
            continue;
        }
        let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
        if !extensions.iter().any(|e| e == extension) {
            if ignore_unknown || pattern.is_none() && name.starts_with('.') {
                continue;
            }
            return Err(format!("{path} does not have a valid extension: {}", extensions.join(", ")));
        }
        out.push(path);
    }
    for path in below {
        if depth == 0 || level < depth {
            walk(&path, level + 1, depth, extensions, ignored, pattern, ignore_unknown, out)?;
        }
    }
    Ok(())
}
