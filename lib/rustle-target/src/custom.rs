//! Platforms of the user's own: a file that says what rustc shall build for.
//!
//! - `NAME.json`: a target specification in rustc's form. Its name is the triple's, and is made like one, as the first and
//!   last parts of a triple are read everywhere: `aarch64-acme-linux-musl.json`;
//! - `NAME.toml`: a known platform and flags for rustc:
//!
//!   ```toml
//!   base = "aarch64-unknown-linux-musl"
//!   rustflags = ["-Ctarget-cpu=cortex-a72"]
//!   libc_version = "2.31"            # optional: the glibc of the hosts
//!   ```
//!
//! A file is named by its path, or by its name without the ending where it lies in a folder of the setting `target.path`
//! (`RUSTLE_TARGET_PATH`).
//!
//! Limits: whether rustc accepts a specification, rustc says when it builds. Such a build compiles the standard
//! library, and is linked by what the specification's `linker` names (`cc` where it is for this machine's processor).

use crate::TargetError;
use crate::triple::{KNOWN, distance, normalise};
use rustle_stream::record::Target;
use rustle_toolchain::Env;
use std::path::{Path, PathBuf};

/// A file larger than this is none that a person wrote.
const LARGEST: u64 = 1 << 20;

/// What a user's word for a platform stands for: a known triple (see [`normalise`]), or a file. The host stays empty.
///
/// # Errors
/// [`TargetError::UnknownTriple`] with the nearest name, [`TargetError::Custom`] with the file and what is wrong there.
pub fn named(env: &Env, name: &str) -> Result<Target, TargetError> {
    let name = name.trim();
    if let Some(path) = file_of(env, name) {
        return read(&path);
    }
    let triple = normalise(name).map_err(|e| match e {
        TargetError::UnknownTriple { name, nearest } => {
            let nearest = nearest.or_else(|| near_file(env, &name));
            TargetError::UnknownTriple { name, nearest }
        }
        other => other,
    })?;
    let libc_version = glibc_suffix(name);
    Ok(Target { libc: libc_of(&triple), libc_version, triple, known_by: "variable".into(), ..Target::default() })
}

/// zig's way to say which glibc: the `2.17` of `x86_64-unknown-linux-gnu.2.17`.
fn glibc_suffix(name: &str) -> Option<String> {
    let (_, last) = name.rsplit_once('-')?;
    let (libc, version) = last.split_once('.')?;
    libc.starts_with("gnu").then(|| version.to_owned())
}

pub(crate) fn libc_of(triple: &str) -> Option<String> {
    let env = triple.rsplit('-').next()?;
    if env.starts_with("gnu") && triple.contains("linux") {
        Some("glibc".into())
    } else if env.starts_with("musl") {
        Some("musl".into())
    } else {
        None
    }
}

fn folders(env: &Env) -> Vec<PathBuf> {
    env.var("RUSTLE_TARGET_PATH").map(|p| std::env::split_paths(p).collect()).unwrap_or_default()
}

fn file_of(env: &Env, name: &str) -> Option<PathBuf> {
    if name.contains('/') || name.ends_with(".json") || name.ends_with(".toml") {
        return Some(name.into());
    }
    let places = folders(env).into_iter().flat_map(|d| ["json", "toml"].map(|end| d.join(format!("{name}.{end}"))));
    places.into_iter().find(|p| p.is_file())
}

/// A file of the user's folders whose name is almost this.
fn near_file(env: &Env, name: &str) -> Option<String> {
    let files = folders(env).into_iter().filter_map(|d| std::fs::read_dir(d).ok()).flatten().flatten();
    let stems = files.filter_map(|e| {
        let file = e.file_name().into_string().ok()?;
        file.strip_suffix(".json").or_else(|| file.strip_suffix(".toml")).map(str::to_owned)
    });
    stems.map(|s| (distance(name, &s), s)).filter(|(far, _)| *far <= name.len() / 3).min().map(|(_, s)| s)
}

/// Reads such a file.
///
/// # Errors
/// [`TargetError::Custom`].
pub fn read(path: &Path) -> Result<Target, TargetError> {
    let wrong = |problem: String| TargetError::Custom { path: path.display().to_string(), problem };
    let meta = path.metadata().map_err(|e| wrong(e.to_string()))?;
    if !meta.is_file() || meta.len() > LARGEST {
        return Err(wrong("no file of a target: it is no plain file, or larger than 1 MB".into()));
    }
    let text = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
    match path.extension().and_then(|e| e.to_str()) {
        Some("json") => spec(path, &text).map_err(wrong),
        Some("toml") => flags(&text).map_err(wrong),
        _ => Err(wrong("a target's file ends in .json (a target specification of rustc) or .toml (a base and rustflags)".into())),
    }
}

/// What rustc asks of every specification.
const NEEDED: &[&str] = &["llvm-target", "data-layout", "arch", "target-pointer-width"];

fn spec(path: &Path, text: &str) -> Result<Target, String> {
    let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
    if KNOWN.contains(&stem) {
        return Err(format!("{stem} is a platform that rustc knows; give the file another name"));
    }
    let words: Vec<&str> = stem.split('-').collect();
    let proper = |w: &&str| !w.is_empty() && w.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if words.len() < 3 || !words.iter().all(proper) {
        return Err("its name is the platform's, and must be made like a triple: aarch64-acme-linux-musl.json".into());
    }
    let json: serde_json::Value = serde_json::from_str(text).map_err(|e| format!("line {}: it is no JSON: {e}", e.line()))?;
    let Some(map) = json.as_object() else { return Err("it is no JSON object".into()) };
    if let Some(key) = NEEDED.iter().find(|k| map.get(**k).is_none_or(serde_json::Value::is_null)) {
        let near = map.keys().map(|k| (distance(key, k), k)).filter(|(far, _)| *far <= 3).min();
        return Err(format!("'{key}' is missing{}", near.map_or_else(String::new, |(_, k)| format!(" (it has '{k}')"))));
    }
    let word = |key: &str| map.get(key).and_then(serde_json::Value::as_str);
    let arch = word("arch").ok_or("'arch' is no text")?;
    if !same_arch(words[0], arch) {
        return Err(format!("it is for {arch}, and its name begins with {}", words[0]));
    }
    let system = word("os").unwrap_or("none");
    if system == "none" {
        return Err("'os' names no operating system, and the runner needs one with Rust's standard library".into());
    }
    if !words[1..].iter().any(|w| *w == system || (system == "macos" && *w == "darwin")) {
        return Err(format!("'os' is {system}, which its name does not have"));
    }
    let absolute = std::fs::canonicalize(path).map_err(|e| e.to_string())?;
    Ok(Target {
        triple: stem.to_owned(),
        libc: libc_of(stem),
        known_by: "variable".into(),
        spec: Some(absolute.display().to_string()),
        ..Target::default()
    })
}

/// Whether a triple that begins with `first` may be for what a specification calls `arch`.
fn same_arch(first: &str, arch: &str) -> bool {
    let family = match first {
        a if a.starts_with("arm") || a.starts_with("thumb") => "arm",
        "i386" | "i486" | "i586" | "i686" => "x86",
        a if a.starts_with("riscv64") => "riscv64",
        "powerpc64le" => "powerpc64",
        other => other,
    };
    family == arch
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Flags {
    base: String,
    #[serde(default)]
    rustflags: Vec<String>,
    libc_version: Option<String>,
}

fn flags(text: &str) -> Result<Target, String> {
    let flags: Flags = toml::from_str(text).map_err(|e| e.to_string().trim_end().to_owned())?;
    let triple = normalise(&flags.base).map_err(|e| format!("base: {e}"))?;
    if let Some(bad) = flags.rustflags.iter().find(|f| f.is_empty() || f.chars().any(|c| c.is_whitespace() || c.is_control())) {
        // cargo gets them as one text with spaces between.
        return Err(format!("rustflags: '{bad}' is no single flag; write '-C target-cpu=x' as '-Ctarget-cpu=x'"));
    }
    if let Some(bad) = flags.rustflags.iter().find(|f| f.starts_with("--target") || f.starts_with("-o")) {
        return Err(format!("rustflags: '{bad}' is rustle's to say"));
    }
    if let Some(bad) = flags.libc_version.as_deref().filter(|v| !v.split('.').all(|p| p.parse::<u32>().is_ok())) {
        return Err(format!("libc_version: '{bad}' is no version"));
    }
    let libc_version = flags.libc_version.or_else(|| glibc_suffix(&flags.base));
    Ok(Target { libc: libc_of(&triple), libc_version, triple, known_by: "variable".into(), rustflags: flags.rustflags, ..Target::default() })
}
