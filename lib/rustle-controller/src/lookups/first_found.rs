//! `first_found`: the first of several files of the controller that is there.

use super::{Lookup, finder, flag};
use rustle_jinja::{Args, Error};
use rustle_value::{Value, py_str};

/// Files and folders of one term, in order.
fn candidates(term: &Value, files: &[String], paths: &[String], out: &mut Vec<String>, skip: &mut bool) -> Result<(), Error> {
    match term {
        Value::Dict(d) => {
            let list = |key: &str| -> Vec<String> {
                match d.get(key) {
                    Some(Value::List(l)) => l.iter().map(py_str).collect(),
                    Some(v) if !v.is_null() => py_str(v).split([',', ';']).map(|s| s.trim().to_owned()).collect(),
                    _ => Vec::new(),
                }
            };
            if let Some(s) = d.get("skip") {
                *skip = rustle_engine::to_bool(s).unwrap_or(false);
            }
            let (files, paths) = (list("files"), list("paths"));
            combine(&files, &paths, out);
        }
        Value::List(l) | Value::Tuple(l) => l.iter().try_for_each(|t| candidates(t, files, paths, out, skip))?,
        Value::Str(s) => combine(&[s.to_string()], paths, out),
        other => return Err(Error::runtime(format!("Invalid term supplied. A string, dict or list is required, not '{}').", other.type_name()))),
    }
    Ok(())
}

fn combine(files: &[String], paths: &[String], out: &mut Vec<String>) {
    if paths.is_empty() {
        out.extend_from_slice(files);
    } else {
        for p in paths {
            out.extend(files.iter().map(|f| rustle_playbook::paths::join(p, f)));
        }
    }
}

pub(crate) static LOOKUP: Lookup = Lookup {
    name: "first_found",
    run: |world, mut args: Args, cx| {
        let listed = |v: Option<Value>| -> Vec<String> {
            v.map(|v| v.as_list().map_or_else(|| vec![py_str(&v)], |l| l.iter().map(py_str).collect())).unwrap_or_default()
        };
        let mut skip = flag(&mut args, "skip", false);
        let (files, paths) = (listed(args.take("files")), listed(args.take("paths")));
        let mut all = Vec::new();
        for term in &args.pos {
            candidates(term, &files, &paths, &mut all, &mut skip)?;
        }
        if args.pos.is_empty() {
            combine(&files, &paths, &mut all);
        }
        let first = cx.scope().folder_of_files();
        let folders = [first].into_iter().chain(["files", "templates", "vars", "tasks"].into_iter().filter(|f| *f != first));
        let finder = finder(world, cx);
        for name in &all {
            for folder in folders.clone() {
                if let Ok(found) = finder.find_needle(folder, name) {
                    return Ok(vec![Value::from(found)]);
                }
            }
        }
        if skip {
            return Ok(Vec::new());
        }
        Err(Error::runtime("No file was found when using first_found."))
    },
};
