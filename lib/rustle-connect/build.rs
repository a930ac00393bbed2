//! Lists the connections: every file of `src/connections` is one. Adding a connection is adding a file.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

fn main() {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("src/connections");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut names: Vec<String> = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned))
        .filter(|n| !n.starts_with('_'))
        .collect();
    names.sort();
    let mut text = String::new();
    for n in &names {
        let _ = writeln!(text, "#[path = {:?}]\npub mod {n};", folder.join(format!("{n}.rs")));
    }
    let _ = writeln!(text, "/// Every connection, by file name.\npub static ALL: &[&crate::Plugin] = &[");
    for n in &names {
        let _ = writeln!(text, "    &{n}::CONNECTION,");
    }
    text.push_str("];\n");
    let out = Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("connections.rs");
    if let Err(e) = fs::write(&out, text) {
        panic!("{}: {e}", out.display());
    }
}
