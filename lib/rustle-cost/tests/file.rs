//! The file: damaged, of a newer program, written by many at once.

use rustle_cost::{FILE, History, Observed, ObservedTarget, Way, load, update};
use std::path::PathBuf;

fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("below/cache").join(FILE);
    (dir, path)
}

fn one(h: &mut History) {
    let json = r#"{"triple": "x", "profile": "release", "way": "native", "hosts": 1, "tasks": 1, "took": 0.5, "done": 1, "in_tasks": 0.25}"#;
    let target: ObservedTarget = serde_json::from_str(json).unwrap();
    h.learn(&Observed { targets: vec![target], ..Observed::default() });
}

#[test]
fn nothing_there_is_nothing_known() {
    let (_dir, path) = place();
    let loaded = load(&path);
    assert_eq!((loaded.history, loaded.warning), (History::default(), None));
    assert!(!path.exists(), "reading writes nothing");
    assert_eq!(update(&path, one).unwrap().1, None);
    let found = load(&path);
    assert_eq!((found.history.runs.len(), found.history.runs[0].targets[0].way, found.warning), (1, Way::Native, None));
    assert_eq!(found.history.seen.native_task().value, 0.25);
}

#[test]
fn a_damaged_file_is_ignored_with_a_warning_and_replaced() {
    let good = serde_json::to_string(&History::default()).unwrap();
    let damaged: Vec<(String, &str)> = vec![
        (good[..good.len() / 2].into(), "EOF"),
        ("\u{0}\u{1}".into(), "expected value"),
        (String::new(), "EOF"),
        (good.replace(r#""runs":[]"#, r#""runs":[],"more":1"#), "unknown field `more`"),
        (good.replace(r#""native_task":[]"#, r#""native_task":[-3.0]"#), "values that nothing can have cost"),
        (good.replace(r#""native_task":[]"#, r#""native_task":[1e300]"#), "values that nothing can have cost"),
        (format!("{good}{}", " ".repeat(2 << 20)), "too long"),
    ];
    for (text, why) in damaged {
        let (_dir, path) = place();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
        let loaded = load(&path);
        let warning = loaded.warning.unwrap();
        assert!(warning.contains("what earlier runs cost is not known any more") && warning.contains(why), "{warning}");
        assert_eq!(loaded.history, History::default());
        assert!(update(&path, one).unwrap().1.is_some(), "told once more by the run that replaces it");
        let after = load(&path);
        assert_eq!((after.history.runs.len(), after.warning), (1, None));
    }
}

#[test]
fn no_text_and_no_place_to_write() {
    let (dir, path) = place();
    std::fs::create_dir_all(&path).unwrap();
    assert!(load(&path).warning.is_some());
    assert!(update(&path, one).is_err(), "a folder stands there");
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(update(&file.join(FILE), one).is_err());
}

#[test]
fn a_newer_programs_file_is_left_alone() {
    let (_dir, path) = place();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let theirs = r#"{"version":2,"other":"things"}"#;
    std::fs::write(&path, theirs).unwrap();
    assert!(load(&path).warning.unwrap().contains("a newer program's"));
    update(&path, one).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), theirs);
}

#[test]
fn many_writers_lose_nothing() {
    let (_dir, path) = place();
    std::thread::scope(|s| {
        for _ in 0..6 {
            s.spawn(|| {
                for _ in 0..10 {
                    // A busy machine may need more than one turn.
                    while update(&path, one).is_err() {}
                }
            });
        }
        s.spawn(|| (0..200).for_each(|_| assert_eq!(load(&path).warning, None, "never half written")));
    });
    assert_eq!(load(&path).history.runs.len(), 60);
    let left: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}
