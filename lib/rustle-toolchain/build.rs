//! Writes the list of tools from the folder `src/tools`: adding a tool is adding a file there.

use std::fmt::Write as _;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=src/tools");
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("src/tools");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned))
        .collect();
    names.sort();
    let mut text = String::new();
    for n in &names {
        let _ = writeln!(text, "#[path = {:?}]\nmod t_{n};", folder.join(format!("{n}.rs")));
    }
    let list: Vec<String> = names.iter().map(|n| format!("&t_{n}::TOOL")).collect();
    let _ = writeln!(text, "/// Every tool that is looked for.\npub static TOOLS: &[&Detector] = &[{}];", list.join(", "));
    let out = std::env::var("OUT_DIR").unwrap_or_default();
    if let Err(e) = std::fs::write(Path::new(&out).join("tools.rs"), text) {
        println!("cargo::error=can't write the list of tools: {e}");
    }
}
