//! Lists the files of `src/filters`, `src/tests` and `src/lookups` as modules, so that adding a filter is adding a file.
//!
//! Each file has `pub static` tables named `FILTERS`, `TESTS` or `LOOKUPS`; nothing else is registered anywhere.

use std::fmt::Write as _;
use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let out = env::var("OUT_DIR")?;
    let root = env::var("CARGO_MANIFEST_DIR")?;
    for (folder, table) in [("filters", "FILTERS"), ("tests", "TESTS"), ("lookups", "LOOKUPS")] {
        let dir = Path::new(&root).join("src").join(folder);
        println!("cargo:rerun-if-changed={}", dir.display());
        let mut names: Vec<String> = fs::read_dir(&dir)?
            .filter_map(|e| e.ok()?.file_name().into_string().ok())
            .filter_map(|n| n.strip_suffix(".rs").map(str::to_owned))
            .filter(|n| n != "mod" && !n.starts_with('_'))
            .collect();
        names.sort();
        let mut text = String::new();
        for n in &names {
            writeln!(text, "#[path = {:?}]\npub mod r#{n};", dir.join(format!("{n}.rs")))?;
        }
        let list: Vec<String> = names.iter().map(|n| format!("r#{n}::{table}")).collect();
        let kind = &table[..1].to_string();
        let kind = format!("{kind}{}", table[1..table.len() - 1].to_lowercase());
        writeln!(text, "/// Every table of the folder.\npub static ALL: &[&[{kind}]] = &[{}];", list.join(", "))?;
        fs::write(Path::new(&out).join(format!("{folder}.rs")), text)?;
    }
    Ok(())
}
