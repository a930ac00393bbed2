//! The Cargo project of a runner for one platform.
//!
//! The project is a function of the template: the same bytes for the same choices, so the digest of its files stands
//! for everything that the binary depends on, the toolchain aside.

use crate::choice::Choice;
use crate::{BuildError, sources};
use rustle_stream::record::{RunnerTemplate, Target};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Profiles: `release` is what is sent to hosts, small before fast; `small` is as small as it gets: a module that panics
/// ends the runner, not just its task; `fast` builds fast; `symbols` is `release` with debug information; `dev` is cargo's
/// own.
pub const PROFILES: &[&str] = &["release", "small", "fast", "symbols", "dev"];

/// Other names of profiles, and what they mean.
pub const PROFILE_ALIASES: &[(&str, &str)] =
    &[("debug", "dev"), ("release-with-debug", "symbols"), ("min-size", "small"), ("minimal", "small")];

/// Beside `release`, which the packed manifest has from `[profile.runner]` of this repository.
const PROFILE_TEXT: &str = r#"
[profile.small]
inherits = "release"
opt-level = "z"
panic = "abort"

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

/// The project's folder of libraries that have to be there, and need nothing in them.
pub(crate) const EMPTY_LIBRARIES: &str = "empty-libraries";

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
    /// Words that say what is in it: see `choice.rs`. None of them: everything.
    pub features: Vec<String>,
    pub profile: String,
    pub rustflags: Vec<String>,
    /// The target specification for rustc, where the platform is the user's own: the JSON itself.
    pub spec: Option<String>,
}

impl Template {
    /// The usual runner for a platform: everything in it, statically linked where that is possible.
    pub fn new(triple: &str) -> Template {
        // zig links no static glibc; the machine's own linker does. Elsewhere a glibc runner is a dynamic one.
        let gnu = triple.contains("-linux-gnu") && triple == own_triple();
        let rustflags = if gnu { vec!["-Ctarget-feature=+crt-static".into()] } else { Vec::new() };
        Template { triple: triple.into(), profile: "release".into(), rustflags, ..Template::default() }
    }
    /// The usual runner for a host's platform, with the host's own specification and flags where the triple is its own.
    ///
    /// # Errors
    /// [`BuildError::Io`]: the specification cannot be read.
    pub fn for_target(target: &Target, triple: &str) -> Result<Template, BuildError> {
        let mut template = Template::new(triple);
        if target.triple == triple {
            if let Some(path) = target.spec.as_deref().map(Path::new) {
                template.spec = Some(std::fs::read_to_string(path).map_err(BuildError::io(path))?);
            }
            for flag in &target.rustflags {
                template.flag(flag);
            }
        }
        Ok(template)
    }
    /// From a record of the stream.
    pub fn from_record(r: &RunnerTemplate) -> Template {
        let usual = Template::new(&r.triple);
        Template {
            features: r.features.clone(),
            profile: if r.profile.is_empty() { usual.profile } else { r.profile.clone() },
            rustflags: r.rustflags.clone(),
            triple: usual.triple,
            spec: r.spec.clone(),
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
            spec: self.spec.clone(),
        })
    }
    /// Whether it is another one than the usual for its platform: an installed runner does not stand for it.
    pub fn is_special(&self) -> bool {
        *self != Template::new(&self.triple)
    }
    /// The modules that it is limited to, sorted; empty: all.
    ///
    /// # Errors
    /// As [`Template::files`].
    pub fn modules(&self) -> Result<Vec<String>, BuildError> {
        Ok(Choice::of(&self.features, &sources()?)?.modules.into_iter().flatten().collect())
    }

    /// Adds a flag for rustc. Features of the processor are kept together in one.
    pub fn flag(&mut self, flag: &str) {
        const FEATURES: &str = "-Ctarget-feature=";
        if self.rustflags.iter().any(|f| f == flag) {
            return;
        }
        let more = flag.strip_prefix(FEATURES);
        let Some((all, more)) = self.rustflags.iter_mut().find(|f| f.starts_with(FEATURES)).zip(more) else {
            self.rustflags.push(flag.to_owned());
            return;
        };
        for feature in more.split(',') {
            if !all[FEATURES.len()..].split(',').any(|f| f == feature) {
                all.push(',');
                all.push_str(feature);
            }
        }
    }
    /// What cargo's `--target` gets: the triple, or the path of the specification in the project.
    pub fn cargo_target(&self) -> String {
        if self.spec.is_some() { format!("targets/{}.json", self.triple) } else { self.triple.clone() }
    }

    /// Every file of the project that the binary depends on, by its path.
    ///
    /// # Errors
    /// [`BuildError::Profile`], [`BuildError::Feature`], [`BuildError::Sources`].
    pub fn files(&self) -> Result<BTreeMap<String, Vec<u8>>, BuildError> {
        if !PROFILES.contains(&self.profile.as_str()) {
            return Err(BuildError::Profile(self.profile.clone()));
        }
        let mut files = sources()?;
        let choice = Choice::of(&self.features, &files)?;
        choice.apply(&mut files)?;
        if let Some(manifest) = files.get_mut("Cargo.toml") {
            manifest.extend_from_slice(PROFILE_TEXT.as_bytes());
        }
        // So that a plain `cargo build` in the folder builds the same thing.
        let mut config = format!("[build]\ntarget = {:?}\nrustflags = {:?}\n", self.cargo_target(), self.rustflags);
        if let Some(spec) = &self.spec {
            // Nobody has a ready standard library for it.
            config.push_str("\n[unstable]\nbuild-std = [\"std\", \"panic_abort\"]\njson-target-spec = true\n");
            files.insert(self.cargo_target(), spec.clone().into_bytes());
        }
        if self.triple.ends_with("-windows-gnu") {
            // zig names this library of MinGW's, whose content it has elsewhere: an archive of nothing will do.
            files.insert(format!("{EMPTY_LIBRARIES}/libssp_nonshared.a"), b"!<arch>\n".to_vec());
        }
        files.insert(".cargo/config.toml".into(), config.into_bytes());
        Ok(files)
    }

    /// Digest of the project and of the choices made on cargo's command line. It changes when the binary would, the
    /// toolchain aside: the order of words does not count, and neither does a module that is left out.
    ///
    /// # Errors
    /// As [`Template::files`].
    pub fn hash(&self) -> Result<String, BuildError> {
        let mut text = format!("{}\n{}\n", self.triple, self.profile);
        for (path, content) in self.files()? {
            let _ = writeln!(text, "{path} {}", crate::sha256(&content));
        }
        Ok(crate::sha256(text.as_bytes()))
    }

    /// What a binary is remembered by: the digest, and the version of the compiler.
    ///
    /// # Errors
    /// As [`Template::files`].
    pub fn key(&self, rustc: &str) -> Result<String, BuildError> {
        Ok(crate::sha256(format!("{}\n{rustc}\n", self.hash()?).as_bytes()))
    }

    /// Writes the project. Files that are right stay untouched, so that cargo rebuilds what changed only; files of
    /// an earlier project that are in it no more are removed.
    ///
    /// # Errors
    /// As [`Template::files`], and [`BuildError::Io`].
    pub fn write(&self, dir: &Path) -> Result<(), BuildError> {
        let mut files = self.files()?;
        files.insert("README.md".into(), self.readme().into_bytes());
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
        for top in ["bins", "lib", "targets"] {
            sweep(&dir.join(top), top, &files)?;
        }
        Ok(())
    }

    /// For a person who finds the project.
    fn readme(&self) -> String {
        let (profile, folder) = match self.profile.as_str() {
            "dev" => (String::new(), "debug"),
            other => (format!(" --profile {other}"), other),
        };
        let exe = if self.triple.contains("windows") { ".exe" } else { "" };
        let nightly = if self.spec.is_some() { "RUSTC_BOOTSTRAP=1 " } else { "" };
        format!(
            "The runner of rustle for {triple}, as a Cargo project. `rustle-template` wrote it.\n\n    {nightly}cargo build{profile}\n\nmakes target/{triple}/{folder}/rustle-runner{exe}. What is in it, and for which processor, is chosen in\nbins/rustle-runner/Cargo.toml (`default`), lib/rustle-modules/src/modules and .cargo/config.toml.\n",
            triple = self.triple,
        )
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
