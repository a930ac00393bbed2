//! Remembers what was found. The entry counts while everything that it depends on is as it was: the environment
//! variables that are looked at, and every tool's file; and at most an hour, since daemons come and go.

use crate::{Capabilities, Env, ToolchainError, detect};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

const EXPIRES: u64 = 3600;

#[derive(Serialize, Deserialize)]
struct Entry {
    key: String,
    made: u64,
    capabilities: Capabilities,
}

/// The folder for everything that rustle can make again: `RUSTLE_CACHE_DIR`, else `XDG_CACHE_HOME/rustle`, else
/// `~/.cache/rustle`.
///
/// # Errors
/// None of these variables is set.
pub fn cache_dir(env: &Env) -> Result<PathBuf, ToolchainError> {
    if let Some(dir) = env.var("RUSTLE_CACHE_DIR") {
        return Ok(PathBuf::from(dir));
    }
    let base = env.var("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(env.var("HOME")?).join(".cache")));
    base.map(|b| b.join("rustle")).ok_or(ToolchainError::NoCacheDir)
}

/// [`detect`], or what an earlier call found. `refresh` looks anew. A cache that cannot be read or written costs
/// time and nothing else.
pub fn cached(env: &Env, refresh: bool) -> Capabilities {
    let key = key(env);
    let path = cache_dir(env).ok().map(|d| d.join("capabilities.json"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    if !refresh
        && let Some(text) = path.as_ref().and_then(|p| std::fs::read_to_string(p).ok())
        && let Ok(entry) = serde_json::from_str::<Entry>(&text)
        && entry.key == key
        && (entry.made..entry.made + EXPIRES).contains(&now)
    {
        return entry.capabilities;
    }
    let capabilities = detect(env);
    let entry = Entry { key, made: now, capabilities };
    // On a busy machine a tool may have been too slow to answer; that is no fact to remember.
    let slow = entry.capabilities.tools.iter().any(|t| t.problem.as_deref().is_some_and(|p| p.contains("does not answer")));
    if let Some(path) = path.filter(|_| !slow) {
        _ = save(&path, &entry);
    }
    entry.capabilities
}

fn save(path: &std::path::Path, entry: &Entry) -> Option<()> {
    let dir = path.parent()?;
    std::fs::create_dir_all(dir).ok()?;
    let file = tempfile::NamedTempFile::new_in(dir).ok()?;
    serde_json::to_writer(&file, entry).ok()?;
    file.persist(path).ok()?;
    Some(())
}

/// Folders of Python's packages, as far as they can be known without starting it.
fn packages(env: &Env, python: &std::path::Path) -> Vec<PathBuf> {
    let real = python.canonicalize().unwrap_or_else(|_| python.to_owned());
    let prefixes = [python, &real].into_iter().filter_map(|p| Some(p.parent()?.parent()?.to_owned()));
    let home = env.var("HOME").map(|h| PathBuf::from(h).join(".local"));
    let mut found = Vec::new();
    for lib in prefixes.chain(home).chain([PathBuf::from("/usr/local")]).map(|p| p.join("lib")) {
        for entry in std::fs::read_dir(lib).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with("python3") {
                found.extend(["site-packages", "dist-packages"].map(|n| entry.path().join(n)).into_iter().filter(|p| p.is_dir()));
            }
        }
    }
    found
}

/// A digest of all that the answer depends on, made with a few `stat` calls.
fn key(env: &Env) -> String {
    let mut digest = Sha256::new();
    let mut add = |text: &str| {
        digest.update(text.len().to_le_bytes());
        digest.update(text);
    };
    add(env!("CARGO_PKG_VERSION"));
    let prefixes = ["RUSTLE_", "CARGO_", "RUST", "DOCKER_", "CONTAINER_", "XDG_RUNTIME"];
    for (name, value) in env.vars() {
        let name = name.to_string_lossy();
        if matches!(&*name, "PATH" | "HOME" | "PYTHONPATH" | "VIRTUAL_ENV") || prefixes.iter().any(|p| name.starts_with(p)) {
            add(&name);
            add(&value.to_string_lossy());
        }
    }
    let mut files: Vec<PathBuf> = ["rustc", "cargo", "rustup", "zig", "cargo-zigbuild", "docker", "podman", "ssh", "python3", "ansible-playbook"]
        .iter()
        .filter_map(|n| env.which(n))
        .collect();
    for name in ["rustc", "zig", "cargo-zigbuild"] {
        files.extend(env.tools_dir().map(|d| d.join("bin").join(name)));
    }
    // zig, which may be a module of Python, and ansible-core come and go with these.
    files.extend(env.which("python3").into_iter().flat_map(|p| packages(env, &p)));
    for name in ["RUSTLE_RUSTC", "RUSTC", "RUSTLE_CARGO", "RUSTLE_RUSTUP_PATH", "RUSTLE_CARGO_ZIGBUILD", "RUSTLE_ZIG_PATH", "CARGO_ZIGBUILD_ZIG_PATH"] {
        files.extend(env.var(name).map(PathBuf::from));
    }
    // rustup changes these when a toolchain, target or component comes or goes.
    let rustup = env.var("RUSTUP_HOME").map(PathBuf::from).or_else(|| env.var("HOME").map(|h| PathBuf::from(h).join(".rustup")));
    if let Some(home) = rustup {
        files.push(home.join("settings.toml"));
        for toolchain in std::fs::read_dir(home.join("toolchains")).into_iter().flatten().flatten() {
            files.push(toolchain.path().join("lib/rustlib"));
            files.push(toolchain.path().join("lib/rustlib/components"));
        }
    }
    files.sort();
    for file in files {
        add(&file.to_string_lossy());
        if let Ok(m) = file.metadata() {
            let modified = m.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok()).map_or(0, |d| d.as_nanos());
            add(&format!("{} {modified}", m.len()));
        }
    }
    digest.finalize().iter().map(|b| format!("{b:02x}")).collect()
}
