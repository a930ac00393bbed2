//! Broken playbooks: what we say must be what ansible-playbook says (`errors.sh` asks it).

use rustle_yaml::{Options, load};

#[test]
fn errors_read_as_ansible_prints_them() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/errors");
    let mut bad = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "yml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let got: String = match load(&text, name, &Options::default()) {
            Ok((_, warnings)) => warnings.iter().map(|w| format!("[WARNING]: {}\n\n", w.report())).collect(),
            Err(e) => format!("[ERROR]: {e}\n\n"),
        };
        let want = std::fs::read_to_string(path.with_extension("txt")).unwrap();
        if got != want {
            bad.push(format!("{name}:\n--- want\n{want}--- got\n{got}"));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}
