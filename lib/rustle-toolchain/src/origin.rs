//! Where a tool comes from: who installed it can change it.

use crate::Env;
use std::path::{Path, PathBuf};

/// See [`crate::Tool::from`]; `None` where nothing tells it.
pub(crate) fn of(env: &Env, name: &str, command: &[String]) -> Option<String> {
    let program = Path::new(command.first()?);
    if command.len() > 1 && command[1] == "-m" {
        return Some("python".into());
    }
    let named: &[&str] = match name {
        "zig" => &["RUSTLE_ZIG_PATH", "CARGO_ZIGBUILD_ZIG_PATH"],
        "cargo-zigbuild" => &["RUSTLE_CARGO_ZIGBUILD"],
        "cargo" => &["RUSTLE_CARGO"],
        "rustup" => &["RUSTLE_RUSTUP_PATH"],
        _ => &[],
    };
    let real = program.canonicalize().unwrap_or_else(|_| program.to_owned());
    if env.tools_dir().and_then(|d| d.canonicalize().ok()).is_some_and(|d| real.starts_with(d)) {
        return Some("rustle".into());
    }
    if named.iter().any(|v| env.var(v).is_some()) {
        return Some("setting".into());
    }
    let by = match name {
        // rustup's stand-ins lie in cargo's folder; what they start, in rustup's.
        "rustc" | "cargo" => rust(env, &real),
        "rustup" => return None,
        _ => place(&real),
    };
    by.map(str::to_owned)
}

fn rust(env: &Env, program: &Path) -> Option<&'static str> {
    let home = env.var("RUSTUP_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(env.var("HOME")?).join(".rustup")));
    let toolchains = home.map(|h| h.join("toolchains"));
    let below = |p: &Path| toolchains.as_ref().is_some_and(|t| p.starts_with(t) || t.canonicalize().is_ok_and(|t| p.starts_with(t)));
    if program.file_name().is_some_and(|n| n == "rustup") || below(program) {
        return Some("rustup");
    }
    // A copy of rustup under the name of rustc tells by the sysroot that it answers with.
    let beside = program.parent().is_some_and(|d| d.join("rustup").exists());
    if beside && env.sysroot().is_some_and(|s| below(s)) {
        return Some("rustup");
    }
    place(program).or(Some("standalone"))
}

fn place(program: &Path) -> Option<&'static str> {
    let text = program.to_str()?;
    if text.starts_with("/usr/bin/") || text.starts_with("/usr/lib/") || text.starts_with("/bin/") {
        Some("distribution")
    } else if text.starts_with("/nix/store/") {
        Some("nix")
    } else if text.contains("/Cellar/") || text.starts_with("/opt/homebrew/") {
        Some("homebrew")
    } else {
        None
    }
}
