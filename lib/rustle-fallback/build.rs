//! Makes the list of forms from the folder `src/forms`.

use std::{env, fs, path::Path};

fn main() {
    println!("cargo:rerun-if-changed=src/forms");
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("src/forms");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| e.file_name().to_string_lossy().strip_suffix(".rs").map(str::to_owned))
        .filter(|n| n != "mod")
        .collect();
    names.sort();
    let mut text = String::new();
    for n in &names {
        let path = folder.join(format!("{n}.rs"));
        text.push_str(&format!("#[path = {path:?}]\nmod {n};\n"));
    }
    let all: Vec<String> = names.iter().map(|n| format!("&{n}::FORM")).collect();
    text.push_str(&format!("pub(crate) static FORMS: &[&Form] = &[{}];\n", all.join(", ")));
    let out = Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("forms.rs");
    if let Err(e) = fs::write(&out, text) {
        println!("cargo:warning=cannot write {}: {e}", out.display());
        std::process::exit(1);
    }
}
