//! Release files of many distributions, and what ansible-core's `setup` says of each (`scripts/expect-distribution`).

use rustle_facts::{GatherOptions, gather_at};
use rustle_value::from_json;

#[test]
fn every_capture_is_recognised() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures");
    let mut wrong = String::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(path.join("expected.json")) else { continue };
        let expected = from_json(serde_json::from_str(&text).unwrap());
        let options = GatherOptions {
            gather_subset: vec!["!all".into(), "!min".into(), "distribution".into()],
            module_setup: false,
            ..GatherOptions::default()
        };
        let got = gather_at(&path, &options).unwrap();
        let expected = expected.as_dict().unwrap();
        for (key, value) in expected.str_iter() {
            let own = got.get(&format!("ansible_{key}"));
            if own != Some(value) {
                wrong += &format!("{}: {key}: expected {value}, got {own:?}\n", path.display());
            }
        }
        for (key, value) in got.str_iter() {
            if !expected.contains_key(&key["ansible_".len()..]) {
                wrong += &format!("{}: {key}: not expected: {value}\n", path.display());
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
