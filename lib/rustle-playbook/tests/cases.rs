//! Cases as data: a folder with `site.yml` and what belongs to it, and what must come of it:
//! `error` (the whole report), `records` (the parsed records, one a line) or `list` (what `ansible-playbook
//! --list-tasks` says of it; taken from there, never from here). `UPDATE=1` rewrites `error` and `records`.

mod support;

use rustle_playbook::{Loader, Options, Parsed};
use rustle_stream::Record;
use std::fs;
use std::path::Path;

fn load(folder: &Path) -> Result<Parsed, String> {
    let options = Options {
        cwd: folder.to_string_lossy().into_owned(),
        roles_path: Vec::new(),
        collections_path: vec![folder.join("collections").to_string_lossy().into_owned()],
        ..Options::default()
    };
    Loader::new(options).load_playbook("site.yml").map_err(|e| format!("{}\nexit {}\n", e.report(), e.code()))
}

fn records(parsed: Parsed) -> String {
    let f = parsed.fragment;
    let mut all: Vec<Record> = Vec::new();
    all.extend(parsed.warnings.into_iter().map(Record::from));
    all.extend(parsed.plays.into_iter().map(Record::from));
    all.extend(f.roles.into_iter().map(Record::from));
    all.extend(f.blocks.into_iter().map(Record::from));
    all.extend(f.tasks.into_iter().map(Record::from));
    all.iter().map(|r| r.to_line().unwrap() + "\n").collect()
}

#[test]
fn every_case_gives_what_it_should() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").canonicalize().unwrap();
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    let mut cases: Vec<_> = fs::read_dir(&root).unwrap().flatten().map(|e| e.path()).collect();
    cases.sort();
    assert!(!cases.is_empty());
    for case in cases {
        let here = case.to_string_lossy().into_owned();
        let loaded = load(&case);
        let (kind, text) = match &loaded {
            Ok(parsed) => ("records", records(parsed.clone())),
            Err(report) => ("error", report.clone()),
        };
        let text = text.replace(&here, "CASE");
        let file = case.join(kind);
        if update && (file.exists() || !["records", "list", "error"].iter().any(|f| case.join(f).exists())) {
            fs::write(&file, &text).unwrap();
        }
        let mut compared = false;
        for expected_kind in ["records", "error"] {
            let Ok(expected) = fs::read_to_string(case.join(expected_kind)) else { continue };
            compared = true;
            if expected_kind != kind || expected != text {
                wrong.push(format!("== {here}\nexpected {expected_kind}:\n{expected}\nfound {kind}:\n{text}"));
            }
        }
        if let Ok(expected) = fs::read_to_string(case.join("list")) {
            compared = true;
            let found = loaded.as_ref().map_or_else(Clone::clone, support::list_tasks);
            if found.trim() != expected.trim() {
                wrong.push(format!("== {here}\nexpected list:\n{expected}\nfound:\n{found}"));
            }
        }
        if !compared {
            wrong.push(format!("== {here}: nothing to compare with"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
