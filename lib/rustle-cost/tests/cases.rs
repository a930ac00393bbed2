//! Cases as data: `tests/cases/SLUG.json` has a situation, what was seen, earlier runs, and what follows: way, build and
//! reason of each platform, and the text for a person. `UPDATE=1` rewrites what follows.

use rustle_cost::{History, Run, Seen, Situation, analyse, text};
use serde::{Deserialize, Serialize};
use std::path::Path;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the case shows.
    shows: String,
    situation: Situation,
    #[serde(default, skip_serializing_if = "is_usual")]
    seen: Seen,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    runs: Vec<Run>,
    /// Way (`native`, `native, built`, `ssh`, `none`) and reason, per platform.
    expect: Vec<(String, String)>,
    text: Vec<String>,
}

fn is_usual(s: &Seen) -> bool {
    *s == Seen::default()
}

#[test]
fn every_case_is_decided_as_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = std::fs::read_dir(root).unwrap().flatten().map(|e| e.path()).collect();
    files.sort();
    assert!(files.len() >= 15, "cases are missing");
    let mut wrong = Vec::new();
    for path in files {
        let mut case: Case = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let history = History { seen: case.seen.clone(), runs: case.runs.clone(), ..History::default() };
        let a = analyse(&case.situation, &history);
        assert_eq!(a, analyse(&case.situation, &history), "the same leads to the same");
        let found: Vec<(String, String)> =
            a.targets.iter().map(|t| (if t.build { format!("{}, built", t.strategy) } else { t.strategy.clone() }, t.reason.clone())).collect();
        let lines: Vec<String> = text(&a).lines().map(str::to_owned).collect();
        if std::env::var_os("UPDATE").is_some() {
            case.expect = found;
            case.text = lines;
            std::fs::write(&path, serde_json::to_string_pretty(&case).unwrap() + "\n").unwrap();
        } else if case.expect != found || case.text != lines {
            wrong.push(format!("{} ({}):\n{found:#?}\n{lines:#?}", path.display(), case.shows));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
