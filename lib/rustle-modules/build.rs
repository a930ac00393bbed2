//! Writes the list of modules from the folder `src/modules`: adding a module is adding a file there.
//!
//! Files whose name begins with `_` are left out. `RUSTLE_MODULES=copy,file,stat` at build time limits the list, for
//! smaller runners; the names of the others are kept, so that a request for one of them is told from a request for what
//! never was. A project of `rustle-template` with few modules has the files of these only, and `_left_out.txt` with the
//! full names of the others.
//! For systems that are no Unix only those are listed whose file says `//! Runs anywhere.`.

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
    let read = |n: &str| std::fs::read_to_string(folder.join(format!("{n}.rs"))).unwrap_or_default();
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned))
        .filter(|n| !n.starts_with('_'))
        .filter(|n| unix || read(n).contains("//! Runs anywhere."))
        .collect();
    names.sort();
    for unknown in only.iter().filter(|o| !folder.join(format!("{o}.rs")).exists()) {
        println!("cargo::error=RUSTLE_MODULES names {unknown}, and there is no such module");
    }
    let (names, left): (Vec<String>, Vec<String>) = names.into_iter().partition(|n| only.is_empty() || only.contains(&n.as_str()));
    let mut text = String::new();
    for n in &names {
        let _ = writeln!(text, "#[path = {:?}]\nmod m_{n};", folder.join(format!("{n}.rs")));
    }
    let list = std::fs::read_to_string(folder.join("_left_out.txt")).ok();
    let limited = list.is_some() || !only.is_empty();
    let mut left: Vec<String> = left.iter().flat_map(|n| full_names(&read(n))).collect();
    left.extend(list.iter().flat_map(|l| l.lines()).map(str::to_owned));
    let _ = writeln!(text, "/// Full names of modules that this build leaves out.\npub(crate) static LEFT_OUT: &[&str] = &{left:?};");
    let carried = if limited { names.join(",") } else { "all".to_owned() };
    let _ = writeln!(text, "/// See `carried`.\npub(crate) static CARRIED: &str = \"rustle-runner carries the modules: {carried};\\n\";");
    let _ = writeln!(text, "/// Every module of this build, by file name.\npub(crate) static ALL: &[&crate::Module] = &[");
    for n in &names {
        let _ = writeln!(text, "    &m_{n}::MODULE,");
    }
    text.push_str("];\n");
    if let Err(e) = std::fs::write(Path::new(&out).join("registry.rs"), text) {
        println!("cargo::error=can't write the list of modules: {e}");
    }
}

/// The names of a module, from its file: quoted words of three parts.
fn full_names(source: &str) -> Vec<String> {
    let part = |p: &str| !p.is_empty() && p.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let whole = |w: &&str| w.split('.').count() == 3 && w.split('.').all(part);
    source.lines().flat_map(|l| l.split('"').skip(1).step_by(2)).filter(whole).map(str::to_owned).collect()
}
