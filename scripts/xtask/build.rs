//! Makes the list of stages from `bins/`: each `main.rs` names its stage once.

#![allow(clippy::print_stdout)] // how a build script speaks to cargo

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let bins = Path::new(&root).join("../../bins");
    println!("cargo::rerun-if-changed={}", bins.display());
    let mut stages = Vec::new();
    for entry in fs::read_dir(&bins)? {
        let main = entry?.path().join("src/main.rs");
        println!("cargo::rerun-if-changed={}", main.display());
        let Ok(text) = fs::read_to_string(&main) else { continue };
        let name = text.split("stage::main::<").nth(1).and_then(|t| t.split('>').next());
        stages.extend(name.map(str::to_owned));
    }
    stages.sort();
    let calls: String = stages.iter().map(|s| format!("rustle_cli::stage::command::<{s}>(), ")).collect();
    let text = format!("/// The command lines of all stages in `bins/`.\npub fn stages() -> Vec<clap::Command> {{\n    vec![{calls}]\n}}\n");
    fs::write(Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("stages.rs"), text)
}
