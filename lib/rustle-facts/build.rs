//! Makes the list of collectors from the folder `src/collectors`: adding one is adding a file.
//!
//! A file that contains `#![cfg(target_os = "linux")]` is listed for Linux only.

use std::fmt::Write as _;
use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let dir = Path::new(&root).join("src/collectors");
    let mut names: Vec<String> = fs::read_dir(&dir)?
        .filter_map(|e| Some(e.ok()?.file_name().into_string().ok()?.strip_suffix(".rs")?.to_owned()))
        .filter(|n| !n.starts_with('_'))
        .collect();
    names.sort();
    let mut modules = String::new();
    let mut list = String::from("/// Every collector, by file name.\npub static COLLECTORS: &[&crate::Collector] = &[\n");
    for name in names {
        let path = dir.join(format!("{name}.rs"));
        let linux = fs::read_to_string(&path)?.contains("#![cfg(target_os = \"linux\")]");
        let gate = if linux { "#[cfg(target_os = \"linux\")]\n" } else { "" };
        let _ = writeln!(modules, "{gate}#[path = {:?}]\npub mod {name};", path.display().to_string());
        let _ = writeln!(list, "{gate}    &{name}::COLLECTOR,");
    }
    list.push_str("];\n");
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("collectors.rs"), modules + &list)?;
    // The files are compiled through `#[path]`, so only the folder itself has to be watched.
    let _ = writeln!(io::stdout(), "cargo:rerun-if-changed=src/collectors");
    Ok(())
}

use io::Write as _;
