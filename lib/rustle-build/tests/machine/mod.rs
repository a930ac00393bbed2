//! A machine made of shell scripts.

#![allow(dead_code, reason = "each test file uses a part")]

use rustle_build::{Artifact, Cache, Context, Progress, Settings, Wanted, obtain};
use rustle_stream::record::{RunnerTemplate, Target};
use rustle_toolchain::{Env, detect};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Mutex;

pub const ARM: &str = "aarch64-unknown-linux-musl";

/// Stands in for cargo and cargo-zigbuild: notes its arguments, then does what the file `does-<program>` says.
const CARGO: &str = r#"
[ "$1" = -V ] || [ "$1" = --version ] && { echo "cargo 1.95.0"; exit 0; }
here=$(dirname "$0"); me=$(basename "$0")
echo "$me $* [$RUSTFLAGS] $RUSTC_BOOTSTRAP" >> "$here/calls"
while [ $# -gt 0 ]; do case $1 in --target) t=${2%.2.17}; shift;; --target-dir) d=$2; shift;; --profile) p=$2; shift;; esac; shift; done
build() { printf '    Building [=>   ] 3/7: serde(build)   \r' >&2; mkdir -p "$d/$t/$p"; cp "$here/binary" "$d/$t/$p/rustle-runner"; }
. "$here/does-$me"
"#;

pub struct Machine {
    pub dir: tempfile::TempDir,
    pub lines: Mutex<Vec<String>>,
    /// Beside PATH, HOME and RUSTFLAGS.
    pub vars: Vec<(String, String)>,
}

impl Machine {
    /// A machine with zig and, in the sysroot, the standard library for these targets.
    pub fn new(std_for: &[&str], source: bool) -> Machine {
        let m = Machine { dir: tempfile::tempdir().unwrap(), lines: Mutex::default(), vars: Vec::new() };
        let root = m.path("sysroot/lib/rustlib");
        for t in std_for {
            std::fs::create_dir_all(root.join(t).join("lib")).unwrap();
            std::fs::write(root.join(t).join("lib/libstd-0.rlib"), "").unwrap();
        }
        if source {
            std::fs::create_dir_all(root.join("src/rust/library/std")).unwrap();
            std::fs::write(root.join("src/rust/library/std/Cargo.toml"), "").unwrap();
        }
        let rustc = format!("[ $1 = --print ] && echo {} || echo rustc 1.95.0", m.path("sysroot").display());
        for (name, text) in [("rustc", rustc.as_str()), ("cargo", CARGO), ("cargo-zigbuild", CARGO), ("zig", "echo 0.15.2")] {
            m.script(name, text);
        }
        m.does("cargo", "build").does("cargo-zigbuild", "build");
        m.binary(&arm());
        m
    }
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
    pub fn script(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    pub fn does(&self, name: &str, text: &str) -> &Self {
        std::fs::write(self.path(&format!("does-{name}")), text).unwrap();
        self
    }
    pub fn binary(&self, bytes: &[u8]) {
        std::fs::write(self.path("binary"), bytes).unwrap();
    }
    pub fn env(&self) -> Env {
        let path = format!("{}:/usr/bin:/bin", self.dir.path().display());
        let usual = [("PATH", path), ("HOME", self.dir.path().display().to_string()), ("RUSTFLAGS", "-Cuser".into()), ("RUSTLE_RUNNER", self.path("installed").display().to_string())];
        Env::of(usual.into_iter().map(|(k, v)| (k.to_owned(), v)).chain(self.vars.iter().cloned()))
    }
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.vars.retain(|(n, _)| n != name);
        self.vars.push((name.into(), value.into()));
    }
    /// What was told since the last time.
    pub fn said(&self) -> String {
        std::mem::take(&mut *self.lines.lock().unwrap()).join("\n")
    }
    pub fn cache(&self) -> Cache {
        Cache::at(&self.path("cache"), 1 << 30)
    }
    pub fn calls(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("calls")).unwrap_or_default();
        _ = std::fs::remove_file(self.path("calls"));
        text.lines().map(str::to_owned).collect()
    }
    pub fn obtain(&self, settings: Settings, list: &[Wanted]) -> Vec<Artifact> {
        self.obtain_with(settings, &[], list)
    }
    pub fn obtain_with(&self, settings: Settings, templates: &[RunnerTemplate], list: &[Wanted]) -> Vec<Artifact> {
        let env = self.env();
        let progress = |p: Progress| self.lines.lock().unwrap().push(format!("{p:?}"));
        let context = Context { env: &env, cache: &self.cache(), settings: &settings, templates, caps: &|| detect(&self.env()), progress: &progress };
        obtain(&context, list)
    }
}

/// The header of a static ELF file for 64-bit ARM.
pub fn arm() -> Vec<u8> {
    let mut b = vec![0; 64];
    b[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    b[18] = 183;
    b
}

pub fn target(host: &str, triple: &str) -> Target {
    Target { host: host.into(), triple: triple.into(), libc: Some("musl".into()), ..Target::default() }
}

pub fn unprebuilt() -> Settings {
    Settings { no_prebuilt: true, ..Settings::default() }
}

