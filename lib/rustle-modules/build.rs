//! Writes the list of modules from the folder `src/modules`: adding a module is adding a file there.
//!
//! Files whose name begins with `_` are left out. `RUSTLE_MODULES=copy,file,stat` at build time limits the list, for
//! smaller runners. For systems that are no Unix only those are listed whose file says `//! Runs anywhere.`.

use std::fmt::Write as _;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=src/modules");
    println!("cargo::rerun-if-env-changed=RUSTLE_MODULES");
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let out = std::env::var("OUT_DIR").unwrap_or_default();
    let only = std::env::var("RUSTLE_MODULES").unwrap_or_default();
    let only: Vec<&str> = only.split(',').map(str::trim).filter(|s| !s.is_empty()).collect();
    let unix = std::env::var_os("CARGO_CFG_UNIX").is_some();
    let folder = Path::new(&root).join("src/modules");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned))
        .filter(|n| !n.starts_with('_'))
        .filter(|n| only.is_empty() || only.contains(&n.as_str()))
        .filter(|n| unix || std::fs::read_to_string(folder.join(format!("{n}.rs"))).is_ok_and(|t| t.contains("//! Runs anywhere.")))
        .collect();
    names.sort();
    let mut text = String::new();
    for n in &names {
        let _ = writeln!(text, "#[path = {:?}]\nmod m_{n};", folder.join(format!("{n}.rs")));
    }
    let _ = writeln!(text, "/// Every module of this build, by file name.\npub(crate) static ALL: &[&crate::Module] = &[");
    for n in &names {
        let _ = writeln!(text, "    &m_{n}::MODULE,");
    }
    text.push_str("];\n");
    if let Err(e) = std::fs::write(Path::new(&out).join("registry.rs"), text) {
        println!("cargo::error=can't write the list of modules: {e}");
    }
}
