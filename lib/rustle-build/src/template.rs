//! The Cargo project of a runner for one platform.
//!
//! The project is a function of the template: the same bytes for the same choices, so the digest of its files stands
//! for everything that the binary depends on, the toolchain aside.

use crate::{BuildError, sources};
use rustle_stream::record::RunnerTemplate;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Profiles: `release` is what is sent to hosts, small before fast; `small` is as small as it gets; `fast` builds fast;
/// `symbols` is `release` with debug information; `dev` is cargo's own.
pub const PROFILES: &[&str] = &["release", "small", "fast", "symbols", "dev"];

/// Beside `release`, which the packed manifest has from `[profile.runner]` of this repository.
const PROFILE_TEXT: &str = r#"
[profile.small]
inherits = "release"
opt-level = "z"

[profile.small.package."*"]
opt-level = "z"

[profile.fast]
inherits = "release"
opt-level = 1
lto = "off"
codegen-units = 16

[profile.symbols]
inherits = "release"
strip = "none"
debug = "line-tables-only"
"#;

/// This machine's triple, as this program was compiled for it.
pub fn own_triple() -> String {
    let (arch, os) = (std::env::consts::ARCH, std::env::consts::OS);
    match os {
        "linux" => format!("{arch}-unknown-linux-{}", if cfg!(target_env = "musl") { "musl" } else { "gnu" }),
        "macos" => format!("{arch}-apple-darwin"),
        other => format!("{arch}-unknown-{other}"),
    }
}

/// What a runner is built from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    pub triple: String,
    /// Cargo features; `module-<name>` limits the modules to those that are named so.
    pub features: Vec<String>,
    pub profile: String,
    pub rustflags: Vec<String>,
}

impl Template {
    /// The usual runner for a platform: everything in it, statically linked where that is possible.
    pub fn new(triple: &str) -> Template {
        // zig links no static glibc; the machine's own linker does. Elsewhere a glibc runner is a dynamic one.
        let gnu = triple.contains("-linux-gnu") && triple == own_triple();
        let rustflags = if gnu { vec!["-Ctarget-feature=+crt-static".into()] } else { Vec::new() };
        Template { triple: triple.into(), profile: "release".into(), rustflags, ..Template::default() }
    }
    /// From a record of the stream.
    pub fn from_record(r: &RunnerTemplate) -> Template {
        let usual = Template::new(&r.triple);
        Template {
            features: r.features.clone(),
            profile: if r.profile.is_empty() { usual.profile } else { r.profile.clone() },
            rustflags: r.rustflags.clone(),
            triple: usual.triple,
        }
    }
    /// As a record; `path` is where the project was written.
    ///
    /// # Errors
    /// As [`Template::files`].
    pub fn record(&self, path: Option<String>) -> Result<RunnerTemplate, BuildError> {
        Ok(RunnerTemplate {
            triple: self.triple.clone(),
            features: self.features.clone(),
            profile: self.profile.clone(),
            rustflags: self.rustflags.clone(),
            hash: self.hash()?,
            path,
        })
    }

    fn modules(&self) -> Vec<&str> {
        let mut list: Vec<&str> = self.features.iter().filter_map(|f| f.strip_prefix("module-")).collect();
        list.sort_unstable();
        list.dedup();
        list
    }
    /// Features for cargo, sorted.
    pub(crate) fn cargo_features(&self) -> Vec<&str> {
        let mut list: Vec<&str> = self.features.iter().map(String::as_str).filter(|f| !f.starts_with("module-")).collect();
        list.sort_unstable();
        list.dedup();
        list
    }

    /// Every file of the project, by its path.
    ///
    /// # Errors
    /// [`BuildError::Profile`], [`BuildError::Sources`].
    pub fn files(&self) -> Result<BTreeMap<String, Vec<u8>>, BuildError> {
        if !PROFILES.contains(&self.profile.as_str()) {
            return Err(BuildError::Profile(self.profile.clone()));
        }
        let mut files = sources()?;
        if let Some(manifest) = files.get_mut("Cargo.toml") {
            manifest.extend_from_slice(PROFILE_TEXT.as_bytes());
        }
        // So that a plain `cargo build` in the folder builds the same thing.
        let mut config = format!("[build]\ntarget = {:?}\nrustflags = {:?}\n", self.triple, self.rustflags);
        let modules = self.modules().join(",");
        if !modules.is_empty() {
            let _ = write!(config, "\n[env]\nRUSTLE_MODULES = {modules:?}\n");
        }
        files.insert(".cargo/config.toml".into(), config.into_bytes());
        Ok(files)
    }

    /// Digest of the project and of the choices made on cargo's command line.
    ///
    /// # Errors
    /// As [`Template::files`].
    pub fn hash(&self) -> Result<String, BuildError> {
        let mut text = format!("{}\n{}\n{}\n", self.triple, self.profile, self.cargo_features().join(","));
        for (path, content) in self.files()? {
            let _ = writeln!(text, "{path} {}", crate::sha256(&content));
        }
        Ok(crate::sha256(text.as_bytes()))
    }

    /// Writes the project. Files that are right stay untouched, so that cargo rebuilds what changed only; files of
    /// an earlier project that are in it no more are removed from `bins` and `lib`.
    ///
    /// # Errors
    /// As [`Template::files`], and [`BuildError::Io`].
    pub fn write(&self, dir: &Path) -> Result<(), BuildError> {
        let files = self.files()?;
        for (name, content) in &files {
            let path = dir.join(name);
            if std::fs::read(&path).is_ok_and(|old| old == *content) {
                continue;
            }
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).map_err(BuildError::io(parent))?;
            }
            std::fs::write(&path, content).map_err(BuildError::io(&path))?;
        }
        for top in ["bins", "lib"] {
            sweep(&dir.join(top), top, &files)?;
        }
        Ok(())
    }
}

fn sweep(dir: &Path, name: &str, files: &BTreeMap<String, Vec<u8>>) -> Result<(), BuildError> {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            sweep(&entry.path(), &path, files)?;
        } else if !files.contains_key(&path) {
            std::fs::remove_file(entry.path()).map_err(BuildError::io(&entry.path()))?;
        }
    }
    Ok(())
}
