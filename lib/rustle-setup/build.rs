//! Writes the list of components from the folder `src/components`: adding a component is adding a file there.

use std::fmt::Write as _;
use std::path::Path;

fn main() {
    // What takes 100 MB from PyPI is tested where it is asked for, and listed as ignored elsewhere.
    println!("cargo::rustc-check-cfg=cfg(rustle_pypi)");
    println!("cargo::rerun-if-env-changed=RUSTLE_TEST_PYPI");
    if std::env::var_os("RUSTLE_TEST_PYPI").is_some() {
        println!("cargo::rustc-cfg=rustle_pypi");
    }
    println!("cargo::rerun-if-changed=src/components");
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("src/components");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned))
        .collect();
    names.sort();
    let mut text = String::new();
    for n in &names {
        let _ = writeln!(text, "#[path = {:?}]\nmod c_{n};", folder.join(format!("{n}.rs")));
    }
    let list: Vec<String> = names.iter().map(|n| format!("&c_{n}::COMPONENT")).collect();
    let _ = writeln!(text, "/// Every component, by name.\npub static COMPONENTS: &[&Component] = &[{}];", list.join(", "));
    let out = std::env::var("OUT_DIR").unwrap_or_default();
    if let Err(e) = std::fs::write(Path::new(&out).join("components.rs"), text) {
        println!("cargo::error=can't write the list of components: {e}");
    }
}
