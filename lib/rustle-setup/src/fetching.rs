//! What builds need of a registry: the runner's dependencies and, where the standard library is compiled, too, its own.
//! Once cargo has them, a build needs no network.

use crate::SetupError;
use crate::component::run;
use rustle_build::{SOURCES_SHA256, Template, own_triple};
use rustle_toolchain::{Capabilities, Env, cache_dir, working};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

/// `cargo fetch` for these platforms; `offline` only looks whether all is there.
///
/// # Errors
/// Cargo's own; there is no cargo.
pub(crate) fn fetch(env: &Env, caps: &Capabilities, triples: &[String], offline: bool) -> Result<(), SetupError> {
    let Some(cargo) = working(caps, "cargo") else { return Err(SetupError::Missing("there is no cargo".into())) };
    let dir = tempfile::tempdir().map_err(SetupError::io(&std::env::temp_dir()))?;
    Template::new(&own_triple()).write(dir.path())?;
    // Its default platform and flags are of no meaning here.
    _ = std::fs::remove_dir_all(dir.path().join(".cargo"));
    let mut c = Command::new(&cargo.command[0]);
    c.env_clear().envs(env.vars()).args(&cargo.command[1..]).args(["fetch"]).current_dir(dir.path());
    if offline {
        c.arg("--offline");
    }
    if let Some(rustc) = env.rustc() {
        c.env("RUSTC", rustc);
    }
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_TARGET_DIR"] {
        c.env_remove(name);
    }
    for t in triples {
        c.args(["--target", t]);
    }
    if builds_std(caps, triples) {
        c.arg("-Zbuild-std=std,panic_abort").env("RUSTC_BOOTSTRAP", "1");
    }
    run(c).map(drop)
}

/// Whether all is there, as an earlier call found it where neither the runner, the compiler nor cargo's store has changed.
pub(crate) fn all_there(env: &Env, caps: &Capabilities, triples: &[String]) -> bool {
    let version = |name: &str| working(caps, name).and_then(|t| t.version.clone()).unwrap_or_default();
    let mut key = format!("{SOURCES_SHA256} {} {} {} {}", version("rustc"), version("cargo"), builds_std(caps, triples), triples.join(" "));
    let home = env.var("CARGO_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(env.var("HOME")?).join(".cargo")));
    for store in home.into_iter().flat_map(|h| std::fs::read_dir(h.join("registry/cache")).into_iter().flatten().flatten()) {
        // A folder's time is that of the last file that came or went.
        _ = write!(key, " {:?} {:?}", store.file_name(), store.metadata().and_then(|m| m.modified()).ok());
    }
    let memory = cache_dir(env).ok().map(|d| d.join("fetched"));
    if memory.as_ref().and_then(|p| std::fs::read_to_string(p).ok()).is_some_and(|known| known == key) {
        return true;
    }
    let there = fetch(env, caps, triples, true).is_ok();
    if let Some(path) = memory.filter(|_| there)
        && let Some(dir) = path.parent()
    {
        _ = std::fs::create_dir_all(dir).and_then(|()| std::fs::write(&path, key));
    }
    there
}

/// Whether some of these platforms have no ready standard library, and its source is here.
pub(crate) fn builds_std(caps: &Capabilities, triples: &[String]) -> bool {
    working(caps, "rust-src").is_some() && triples.iter().any(|t| !caps.installed_targets.contains(t))
}
