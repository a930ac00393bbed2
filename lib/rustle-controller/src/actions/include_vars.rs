//! `include_vars`: variables from a file or a folder of the controller.

use super::{Action, failed, list, text};
use crate::session::lock;
use rustle_engine::Failure;
use rustle_playbook::{Finder, paths};
use rustle_value::{Dict, Value, dict};

pub(crate) static ACTION: Action = Action {
    name: "include_vars",
    run: |world, cx, args| {
        check(args)?;
        let finder = Finder::new(&cx.task.search_path, &world.shared.playbook_dir(&world.play.play));
        let mut files: Vec<String> = Vec::new();
        let raw = text(args, "_raw_params").map(|r| r.trim().to_owned()).filter(|r| !r.is_empty());
        if let Some(dir) = text(args, "dir") {
            let found = match finder.find_needle("vars", &dir) {
                Ok(f) if std::path::Path::new(&f).is_dir() => f,
                Ok(f) => return Ok(nothing(format!("{f} is not a directory"))),
                Err(_) => {
                    let base = cx.task.search_path.first().cloned().unwrap_or_else(|| world.shared.playbook_dir(&world.play.play));
                    return Ok(nothing(format!("{} directory does not exist", paths::absolute(&dir, &base))));
                }
            };
            let depth = args.get("depth").and_then(Value::as_i64).unwrap_or(0);
            let extensions = match list(args, "extensions") {
                l if l.is_empty() => ["json", "yaml", "yml"].map(str::to_owned).to_vec(),
                l => l,
            };
            // Each is an expression that the name ends with.
            let ignored: Result<Vec<_>, _> = list(args, "ignore_files").iter().map(|i| regex::Regex::new(&format!("(?:{i})$"))).collect();
            let ignored = match ignored {
                Ok(i) => i,
                Err(e) => return failed(format!("Invalid regular expression: {e}")),
            };
            let pattern = match text(args, "files_matching").map(|p| regex::Regex::new(&p)) {
                Some(Ok(r)) => Some(r),
                Some(Err(e)) => return failed(format!("Invalid regular expression: {e}")),
                None => None,
            };
            let ignore_unknown = args.get("ignore_unknown_extensions").is_some_and(|v| rustle_engine::to_bool(v).unwrap_or(false));
            if let Err(bad) = walk(&found, 1, depth, &extensions, &ignored, pattern.as_ref(), ignore_unknown, &mut files) {
                return Ok(nothing(bad));
            }
        } else {
            let Some(name) = text(args, "file").or(raw) else {
                return Ok(nothing("Could not find file on the Ansible Controller.".to_owned()));
            };
            match finder.find_needle("vars", &name) {
                Ok(f) => files.push(f),
                Err(e) => return Ok(nothing(format!("{e} on the Ansible Controller."))),
            }
        }
        // What is encrypted on the disk is not shown.
        let hidden = files.iter().any(|f| is_encrypted(f));
        let mut vars = Dict::new();
        for file in &files {
            match lock(&world.shared.loader).load_vars_file(file) {
                Ok(Some(d)) => vars.update(&d),
                Ok(None) => return Ok(nothing(format!("{file} must be stored as a dictionary/hash"))),
                Err(e) => return Ok(nothing(e.to_string())),
            }
        }
        if let Some(name) = text(args, "name") {
            vars = dict! { name => vars };
        }
        let usual = world.shared.merges_dicts();
        let merge = text(args, "hash_behaviour").map_or(usual, |h| h == "merge");
        let engine = world.shared.engine(world, &world.host, &world.play, &cx.place.frames)?;
        if merge && !usual {
            // With what the variables are now, as it is written.
            let now: Dict = vars.str_iter().filter_map(|(name, _)| Some((Value::from(name), engine.scope(cx).layers.get(name)?))).collect();
            vars = rustle_inventory::combine(&now, &vars, true);
        }
        let offered = if usual { rustle_engine::merged_into(&engine.vars.included, &vars) } else { vars.clone() };
        lock(&world.shared.offered).entry(world.host.clone()).or_default().update(&offered);
        Ok(dict! {
            "changed" => false,
            "ansible_facts" => Value::dict(vars),
            "ansible_included_var_files" => files,
            "_ansible_no_log" => hidden,
        })
    },
};

fn is_encrypted(file: &str) -> bool {
    let mut head = [0; 15];
    std::fs::File::open(file).and_then(|mut f| std::io::Read::read_exact(&mut f, &mut head)).is_ok() && head == *b"$ANSIBLE_VAULT;"
}

const FOR_FOLDERS: &[&str] = &["dir", "depth", "files_matching", "ignore_files", "extensions", "ignore_unknown_extensions"];
const FOR_FILES: &[&str] = &["file", "_raw_params"];

/// Options that are not there, do not go together, or are of the wrong kind.
fn check(args: &Dict) -> Result<(), Failure> {
    let mut kinds = (false, false);
    for (key, _) in args.str_iter() {
        if FOR_FOLDERS.contains(&key) {
            kinds.0 = true;
        } else if FOR_FILES.contains(&key) {
            kinds.1 = true;
        } else if !matches!(key, "name" | "hash_behaviour") {
            return Err(Failure::new(format!("{key} is not a valid option in include_vars")));
        }
    }
    if kinds == (true, true) {
        return Err(Failure::new("Task failed: You are mixing file only and dir only arguments, these are incompatible"));
    }
    for key in ["ignore_files", "extensions"] {
        if args.get(key).is_some_and(|v| !v.is_null() && v.as_str().is_none() && v.as_list().is_none()) {
            return Err(Failure::new(format!("The '{key}' option must be a list.")));
        }
    }
    Ok(())
}

/// The result where a folder is none.
fn nothing(message: String) -> Dict {
    dict! {
        "failed" => true,
        "changed" => false,
        "ansible_facts" => Value::dict(Dict::new()),
        "ansible_included_var_files" => Value::list(Vec::new()),
        "message" => message,
    }
}

#[allow(clippy::too_many_arguments, reason = "they are the options of the action")]
fn walk(dir: &str, level: i64, depth: i64, extensions: &[String], ignored: &[regex::Regex], pattern: Option<&regex::Regex>, ignore_unknown: bool, out: &mut Vec<String>) -> Result<(), String> {
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
        if name == "main.yml" && level == 1 && dir.ends_with("/vars") && ignored.iter().any(|i| i.is_match("main.yml")) {
            continue;
        }
        if ignored.iter().any(|i| i.is_match(&name)) || pattern.is_some_and(|p| !p.is_match(&name)) {
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
