//! Makes the list of actions from the files in `src/actions/`.

use std::fmt::Write;
use std::{env, fs, path::Path};

fn main() {
    println!("cargo:rerun-if-changed=src/actions");
    let dir = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("src/actions");
    let mut names: Vec<String> = fs::read_dir(&dir)
        .expect("src/actions is there")
        .filter_map(|e| e.ok()?.file_name().into_string().ok())
        .filter_map(|n| n.strip_suffix(".rs").map(str::to_owned))
        .filter(|n| n != "mod")
        .collect();
    names.sort();
    let mut out = String::new();
    for n in &names {
        let _ = writeln!(out, "#[path = {:?}]\nmod {n};", dir.join(format!("{n}.rs")));
    }
    let _ = writeln!(out, "pub(crate) static ACTIONS: &[&Action] = &[{}];", names.iter().map(|n| format!("&{n}::ACTION")).collect::<Vec<_>>().join(", "));
    fs::write(Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("actions.rs"), out).expect("OUT_DIR is writable");
}
