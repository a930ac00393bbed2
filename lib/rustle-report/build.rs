//! Makes the lists of formats and callbacks from the files in `src/formats` and `src/callbacks`.
#![allow(clippy::print_stdout)] // how a build script speaks to cargo

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    list("formats", "FORMAT", "/// Every format, by name.\npub static ALL: &[&Format]")?;
    list("callbacks", "CALLBACK", "/// Every callback, by name.\npub static ALL: &[&Callback]")
}

/// `OUT_DIR/FOLDER.rs`: the files of a folder as modules, and the list of what each declares.
fn list(folder: &str, declared: &str, head: &str) -> io::Result<()> {
    println!("cargo::rerun-if-changed=src/{folder}");
    let root = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let path = Path::new(&root).join("src").join(folder);
    let mut names = Vec::new();
    for entry in fs::read_dir(&path)? {
        let file = entry?.file_name().to_string_lossy().into_owned();
        if let Some(stem) = file.strip_suffix(".rs").filter(|s| *s != "mod" && !s.starts_with('_')) {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    let mut text = String::new();
    for n in &names {
        let file = path.join(format!("{n}.rs"));
        text.push_str(&format!("#[path = {:?}]\nmod {n};\n", file.display().to_string()));
    }
    text.push_str(&format!("{head} = &["));
    text.extend(names.iter().map(|n| format!("&{n}::{declared}, ")));
    text.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR").unwrap_or_default()).join(format!("{folder}.rs")), text)
}
