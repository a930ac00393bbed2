//! The host's Python, without starting it where that can be avoided: the version stands in the interpreter's binary.
//!
//! Starting an interpreter costs 10 ms and more; reading the file costs one. Where the text is not found (a wrapper
//! script, another implementation), the interpreter is asked.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An interpreter.
#[derive(Clone, Debug)]
pub struct Python {
    /// Its path, as it was found.
    pub executable: String,
    /// `cpython`, `pypy`, ….
    pub implementation: String,
    pub major: i64,
    pub minor: i64,
    pub micro: i64,
    /// `final`, `candidate`, ….
    pub level: String,
    pub serial: i64,
    /// Whether the `ssl` module is there.
    pub ssl: bool,
}

/// Names that Ansible tries, best first.
const CANDIDATES: &[&str] = &[
    "python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python3.9", "/usr/bin/python3", "python3",
];

/// Describes `given`, or the first interpreter that Ansible's discovery would find.
pub fn discover_python(given: Option<&str>) -> Option<Python> {
    let path = match given.filter(|g| !g.is_empty() && !g.starts_with("auto")) {
        Some(g) => find(g)?,
        None => CANDIDATES.iter().find_map(|c| find(c))?,
    };
    read_version(&path).or_else(|| ask(&path))
}

fn find(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|p| crate::context::is_executable(p));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|d| d.join(name)).find(|p| crate::context::is_executable(p))
}

/// Reads `pythonX.Y` off the real file's name, then the patch level out of the binary or its library.
fn read_version(path: &Path) -> Option<Python> {
    let real = std::fs::canonicalize(path).ok()?;
    let name = real.file_name()?.to_str()?;
    let (major, minor) = name.strip_prefix("python")?.split_once('.')?;
    let (major, minor): (i64, i64) = (major.parse().ok()?, minor.parse().ok()?);
    let binary = std::fs::read(&real).ok().filter(|b| b.starts_with(b"\x7fELF"))?;
    let prefix = format!("{major}.{minor}.");
    let version = version_in(&binary, &prefix).or_else(|| {
        // A small launcher: the text is in the shared library.
        ["/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib", "/usr/local/lib"]
            .iter()
            .map(|d| format!("{d}/libpython{major}.{minor}.so.1.0"))
            .find_map(|p| version_in(&std::fs::read(p).ok()?, &prefix))
    })?;
    let rest = version.strip_prefix(&prefix)?.trim_end_matches('+').to_owned();
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let micro = rest[..digits].parse().ok()?;
    let (level, serial) = match rest[digits..].trim_start_matches(|c: char| c.is_ascii_digit()) {
        s if s.starts_with("rc") => ("candidate", s[2..].parse().unwrap_or(0)),
        s if s.starts_with('b') => ("beta", s[1..].parse().unwrap_or(0)),
        s if s.starts_with('a') => ("alpha", s[1..].parse().unwrap_or(0)),
        _ => ("final", 0),
    };
    Some(Python {
        executable: path.to_string_lossy().into_owned(),
        implementation: "cpython".into(),
        major,
        minor,
        micro,
        level: level.into(),
        serial,
        ssl: true,
    })
}

/// A NUL-terminated version text that stands alone in the file's data.
fn version_in(binary: &[u8], prefix: &str) -> Option<String> {
    let p = prefix.as_bytes();
    let mut from = 0;
    while let Some(i) = find_bytes(&binary[from..], p).map(|i| i + from) {
        let rest = &binary[i + p.len()..(i + p.len() + 8).min(binary.len())];
        let end = rest.iter().position(|&b| b == 0);
        if let Some(end) = end.filter(|&e| e > 0 && i > 0 && binary[i - 1] == 0) {
            let text = std::str::from_utf8(&rest[..end]).ok();
            let fits = |t: &str| t.starts_with(|c: char| c.is_ascii_digit()) && t.chars().all(|c| c.is_ascii_alphanumeric() || c == '+');
            if let Some(t) = text.filter(|t| fits(t)) {
                return Some(format!("{prefix}{t}"));
            }
        }
        from = i + 1;
    }
    None
}

fn find_bytes(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    // The first byte is found with the library's fast search; versions start with a digit that is rare in code.
    let first = *needle.first()?;
    let mut at = 0;
    while let Some(i) = haystack.get(at..)?.iter().position(|&b| b == first) {
        if haystack[at + i..].starts_with(needle) {
            return Some(at + i);
        }
        at += i + 1;
    }
    None
}

fn ask(path: &Path) -> Option<Python> {
    let code = "import sys\nv=sys.version_info\ntry:\n import ssl;s=1\nexcept Exception:\n s=0\n\
                print('|'.join(map(str,[sys.implementation.name]+list(v)+[s,sys.executable])))";
    let out = Command::new(path).args(["-I", "-S", "-c", code]).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    let f: Vec<&str> = text.split('|').collect();
    (f.len() == 8).then(|| Python {
        executable: f[7].into(),
        implementation: f[0].into(),
        major: f[1].parse().unwrap_or(0),
        minor: f[2].parse().unwrap_or(0),
        micro: f[3].parse().unwrap_or(0),
        level: f[4].into(),
        serial: f[5].parse().unwrap_or(0),
        ssl: f[6] == "1",
    })
}
