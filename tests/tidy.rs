//! What the source must not have: dependencies against the arrows, output past the writers, words in the wrong rooms.

use crate::support;
use libtest_mimic::{Failed, Trial};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

pub fn trials() -> Vec<Trial> {
    let tests: [(&str, fn() -> Result<(), Failed>); 7] = [
        ("arrows", arrows),
        ("runner-dependencies", runner_dependencies),
        ("words", words),
        ("file-sizes", file_sizes),
        ("file-headers", file_headers),
        ("gaps", gaps),
        ("docs", docs),
    ];
    tests.into_iter().map(|(name, test)| crate::gaps::trial(format!("tidy/{name}"), test)).collect()
}

fn metadata() -> serde_json::Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = Command::new(cargo).args(["metadata", "--format-version=1", "--no-deps", "--offline"]).current_dir(support::root()).output().expect("cargo starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).expect("JSON")
}

/// Package → names of what it needs (not for its tests), of ours without the `rustle-`.
fn needs(meta: &serde_json::Value) -> BTreeMap<String, BTreeSet<String>> {
    let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for p in meta["packages"].as_array().into_iter().flatten() {
        let deps = p["dependencies"].as_array().into_iter().flatten().filter(|d| d["kind"].is_null());
        all.entry(text(&p["name"])).or_default().extend(deps.map(|d| text(&d["name"])));
    }
    all
}

/// From the design: what each crate may not know, directly or through others.
fn arrows() -> Result<(), Failed> {
    let meta = metadata();
    let needs = needs(&meta);
    let upper = ["plan", "connect", "ship", "fallback", "controller", "deploy", "report", "cli", "toolchain", "target", "build", "playbook", "inventory", "parse", "bridge", "runner"];
    let languages = ["value", "stream", "yaml", "vault", "jinja"];
    let mut wrong = Vec::new();
    let mut forbid = |from: &str, to: &[&str]| {
        let from = format!("rustle-{from}");
        let mut seen = BTreeSet::new();
        let mut open = vec![from.clone()];
        while let Some(at) = open.pop() {
            for d in needs.get(&at).into_iter().flatten().filter(|d| d.starts_with("rustle-")) {
                if seen.insert(d.clone()) {
                    open.push(d.clone());
                }
            }
        }
        for t in to.iter().filter(|t| seen.contains(&format!("rustle-{t}"))) {
            wrong.push(format!("{from} knows rustle-{t}"));
        }
    };
    for low in languages {
        forbid(low, &upper);
        forbid(low, &["engine", "modules", "facts"]);
    }
    forbid("value", &["stream", "yaml", "vault", "jinja"]);
    for r in ["engine", "modules", "facts"] {
        forbid(r, &upper);
    }
    for r in ["inventory", "playbook"] {
        forbid(r, &["engine", "modules", "facts", "controller", "connect", "ship", "deploy", "runner"]);
    }
    // The model knows records alone; who sees hosts and builds tells it.
    forbid("cost", &upper);
    forbid("cost", &["yaml", "vault", "jinja", "engine", "modules", "facts"]);
    forbid("plan", &["connect", "ship", "controller", "deploy", "toolchain", "build", "target"]);
    for r in ["toolchain", "target", "build"] {
        forbid(r, &["playbook", "engine", "controller", "deploy"]);
    }
    for r in ["connect", "ship"] {
        forbid(r, &["playbook", "plan", "engine", "modules", "controller", "deploy"]);
    }
    forbid("fallback", &["playbook", "plan", "engine", "controller", "deploy", "ship", "bridge"]);
    forbid("bridge", &["plan", "connect", "ship", "controller", "deploy", "runner", "engine", "modules", "build", "target"]);
    forbid("report", &["engine", "controller", "connect", "ship", "deploy", "playbook"]);
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// Nothing in the runner is hard to build for other machines, or starts threads of a runtime. C and assembly are
/// listed: `ring` came with `rustls`, which `uri` and `get_url` need; it builds with zig's C compiler for every target.
fn runner_dependencies() -> Result<(), Failed> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = Command::new(cargo)
        .args(["tree", "--offline", "-p", "rustle-runner-bin", "-e", "normal,build", "--prefix", "none", "--format", "{p}"])
        .current_dir(support::root())
        .output()?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    if !out.status.success() || text.is_empty() {
        return Err(String::from_utf8_lossy(&out.stderr).into_owned().into());
    }
    let names: BTreeSet<&str> = text.lines().filter_map(|l| l.split(' ').next()).collect();
    let never = ["openssl", "openssl-sys", "libssh2-sys", "ssh2", "tokio", "async-std", "clap", "schemars", "aws-lc-sys", "reqwest", "cmake", "pkg-config", "bindgen"];
    let found: Vec<_> = never.iter().filter(|n| names.contains(**n)).collect();
    if !found.is_empty() {
        return Err(format!("the runner depends on {found:?}").into());
    }
    let foreign = with_c()?;
    let unexpected: Vec<_> = foreign.iter().filter(|n| !["ring"].contains(&n.as_str())).collect();
    if unexpected.is_empty() { Ok(()) } else { Err(format!("the runner has C or assembly that is not agreed upon: {unexpected:?}").into()) }
}

/// Dependencies of the runner that call a C compiler when they are built.
fn with_c() -> Result<BTreeSet<String>, Failed> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // Upwards from `cc`: its users, two levels deep at most.
    let out = Command::new(cargo)
        .args(["tree", "--offline", "-p", "rustle-runner-bin", "-e", "normal,build", "-i", "cc", "--depth", "1", "--prefix", "none", "--format", "{p}"])
        .current_dir(support::root())
        .output()?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    // Without `cc` in the tree cargo says so, and fails: then there is none.
    Ok(text.lines().filter_map(|l| l.split(' ').next()).filter(|n| *n != "cc" && !n.is_empty()).map(str::to_owned).collect())
}

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(dir: &Path, files: &mut Vec<(PathBuf, String)>) {
        for e in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = e.path();
            if path.is_dir() {
                if !path.ends_with("target") {
                    walk(&path, files);
                }
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                files.push((path.strip_prefix(support::root()).unwrap_or(&path).to_owned(), text));
            }
        }
    }
    let mut files = Vec::new();
    walk(&support::root().join("lib"), &mut files);
    walk(&support::root().join("bins"), &mut files);
    files.sort();
    files
}

/// A file's lines before its tests.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(n, l)| (n + 1, l)).take_while(|(_, l)| l.trim() != "#[cfg(test)]")
}

fn words() -> Result<(), Failed> {
    let banned = regex::Regex::new(r"\b(println|eprintln|print|eprint|dbg|todo|unimplemented)!")?;
    let ssh = regex::Regex::new(r"(?i)ssh")?;
    // Names of Ansible's variables are not ours to choose.
    let variables = regex::Regex::new(r#""ansible_\w*""#)?;
    let process = regex::Regex::new(r"std::process::exit\b")?;
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let p = path.to_string_lossy();
        let product = p.contains("/src/");
        for (n, line) in code(&text).filter(|(_, l)| !l.trim_start().starts_with("//")) {
            if product && banned.is_match(line) {
                wrong.push(format!("{p}:{n}: {}", line.trim()));
            }
            // The runner ends whatever its engine is in the middle of: two places, both after cleaning up.
            let ends = p.starts_with("lib/rustle-cli/") || p == "lib/rustle-runner/src/serve.rs" || p == "lib/rustle-runner/src/worker.rs";
            if product && process.is_match(line) && !ends {
                wrong.push(format!("{p}:{n}: only the stage harness ends the process"));
            }
        }
        // The engine runs wherever it stands: how that machine was reached is not its business.
        if p.starts_with("lib/rustle-engine/src") {
            for (n, line) in code(&text).filter(|(_, l)| ssh.is_match(&variables.replace_all(l, ""))) {
                wrong.push(format!("{p}:{n}: the engine says SSH: {}", line.trim()));
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

fn file_sizes() -> Result<(), Failed> {
    let long: Vec<String> = sources().into_iter().map(|(p, t)| (p, t.lines().count())).filter(|(_, n)| *n > 800).map(|(p, n)| format!("{} has {n} lines", p.display())).collect();
    if long.is_empty() { Ok(()) } else { Err(long.join("\n").into()) }
}

fn file_headers() -> Result<(), Failed> {
    let bare: Vec<String> = sources().into_iter().filter(|(_, t)| !t.starts_with("//!") && !t.starts_with("// @generated") && !t.starts_with("//")).map(|(p, _)| p.display().to_string()).collect();
    if bare.is_empty() { Ok(()) } else { Err(format!("files that do not open with their purpose: {}", bare.join(", ")).into()) }
}

/// Every known gap is a test.
fn gaps() -> Result<(), Failed> {
    let exists = |name: &str| match name.split_once('/') {
        Some(("cases", rest)) => support::tests().join("cases").join(rest).is_dir(),
        Some((kind @ ("playbooks" | "onhosts"), rest)) => support::tests().join(kind).join(format!("{rest}.yml")).is_file(),
        _ => true,
    };
    let gone: Vec<_> = crate::gaps::names().filter(|n| !exists(n)).cloned().collect();
    if gone.is_empty() { Ok(()) } else { Err(format!("gaps.txt names tests that are not there: {gone:?}").into()) }
}

/// Man pages, completions and schemas are what the code says (`cargo xtask docs`).
fn docs() -> Result<(), Failed> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let done = Command::new(cargo).args(["run", "--quiet", "--package", "xtask", "--", "docs", "--check"]).current_dir(support::root()).output()?;
    if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned().into()) }
}
