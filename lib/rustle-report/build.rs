//! Makes the list of formats from the files in `src/formats`.
#![allow(clippy::print_stdout)] // how a build script speaks to cargo

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=src/formats");
    let root = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let folder = Path::new(&root).join("src/formats");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let file = entry?.file_name().to_string_lossy().into_owned();
        if let Some(stem) = file.strip_suffix(".rs").filter(|s| *s != "mod" && !s.starts_with('_')) {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    let mut text = String::new();
    for n in &names {
        let path = folder.join(format!("{n}.rs"));
        text.push_str(&format!("#[path = {:?}]\nmod {n};\n", path.display().to_string()));
    }
    text.push_str("/// Every format, by name.\npub static ALL: &[&Format] = &[");
    text.extend(names.iter().map(|n| format!("&{n}::FORMAT, ")));
    text.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("formats.rs"), text)
}
