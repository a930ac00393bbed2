//! Makes the lists of lookups and actions from their folders.

use std::fmt::Write;
use std::{env, fs, path::Path};

fn main() {
    for (folder, item, kind) in [("lookups", "LOOKUP", "Lookup"), ("actions", "ACTION", "Action")] {
        println!("cargo:rerun-if-changed=src/{folder}");
        let dir = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("src").join(folder);
        let mut names: Vec<String> = fs::read_dir(&dir)
            .expect("the folder is there")
            .filter_map(|e| e.ok()?.file_name().into_string().ok())
            .filter_map(|n| n.strip_suffix(".rs").map(str::to_owned))
            .filter(|n| n != "mod")
            .collect();
        names.sort();
        let mut out = String::new();
        for n in &names {
            let _ = writeln!(out, "#[path = {:?}]\nmod {n};", dir.join(format!("{n}.rs")));
        }
        let list = names.iter().map(|n| format!("&{n}::{item}")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(out, "static ALL: &[&{kind}] = &[{list}];");
        fs::write(Path::new(&env::var("OUT_DIR").unwrap_or_default()).join(format!("{folder}.rs")), out).expect("OUT_DIR is writable");
    }
}
