//! The environment that tools are looked for in: a snapshot, so that tests can give their own.

use crate::ToolchainError;
use crate::process::{self, Outcome};
use rustle_cli::settings::Settings;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

/// A probe that takes longer than this does not work.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

/// Environment variables (with the values that settings files give to rustle's own), and what has been learnt from them.
#[derive(Debug, Default)]
pub struct Env {
    vars: BTreeMap<OsString, OsString>,
    settings: Settings,
    sysroot: OnceLock<Option<PathBuf>>,
}

impl Env {
    /// This process's environment, over what `~/.rustle/config.toml` and `./rustle.toml` say.
    ///
    /// # Errors
    /// A settings file or a variable of rustle's is wrong.
    pub fn load() -> Result<Self, ToolchainError> {
        Env::load_from(std::env::vars_os(), &std::env::current_dir().unwrap_or_default())
    }
    /// [`Env::load`] with these variables, and this folder's `rustle.toml`.
    ///
    /// # Errors
    /// As there.
    pub fn load_from(vars: impl IntoIterator<Item = (OsString, OsString)>, cwd: &Path) -> Result<Self, ToolchainError> {
        let mut env = Env { vars: vars.into_iter().collect(), ..Env::default() };
        let settings = Settings::load(env.var("HOME").map(Path::new), cwd, &|name| env.var(name).map(str::to_owned))?;
        env.vars.extend(settings.values().map(|(name, value)| (name.into(), value.into())));
        env.settings = settings;
        Ok(env)
    }
    /// An environment of exactly these variables.
    pub fn of<K: Into<OsString>, V: Into<OsString>>(vars: impl IntoIterator<Item = (K, V)>) -> Self {
        Env { vars: vars.into_iter().map(|(k, v)| (k.into(), v.into())).collect(), ..Env::default() }
    }
    /// A variable that is set, not empty, and text.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(std::ffi::OsStr::new(name))?.to_str().filter(|s| !s.is_empty())
    }
    /// rustle's settings, and where each came from.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
    /// A setting that is a number (seconds, bytes, a count).
    pub fn number(&self, name: &str) -> Option<u64> {
        self.var(name)?.parse().ok()
    }
    /// A setting that is true or false; `usual` where it is not set.
    pub fn flag(&self, name: &str, usual: bool) -> bool {
        self.var(name).map_or(usual, |v| v == "true")
    }
    /// Every variable, for child processes.
    pub fn vars(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.vars.iter()
    }
    /// The executable of this name on `PATH`, or the path itself where it has a slash.
    pub fn which(&self, name: &str) -> Option<PathBuf> {
        if name.contains('/') {
            return executable(Path::new(name)).then(|| PathBuf::from(name));
        }
        let path = self.vars.get(std::ffi::OsStr::new("PATH"))?;
        std::env::split_paths(path).map(|dir| dir.join(name)).find(|p| executable(p))
    }
    /// Runs a short command in this environment and waits for it, at most five seconds.
    ///
    /// # Errors
    /// A text for the tool's `problem`: it did not start, did not end, or failed (with its first line of stderr).
    pub fn ask(&self, command: &[&str]) -> Result<Outcome, String> {
        let mut c = Command::new(command[0]);
        c.args(&command[1..]).env_clear().envs(self.vars());
        let outcome = process::run(&mut c, PROBE_LIMIT, None).map_err(|e| format!("does not start: {e}"))?;
        if outcome.timed_out {
            return Err(format!("does not answer within {} seconds", PROBE_LIMIT.as_secs()));
        }
        if !outcome.success() {
            let said = outcome.stderr_text();
            let first = said.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or("no message");
            return Err(format!("does not run: {first}"));
        }
        Ok(outcome)
    }
    /// The folder of tools that rustle was told to bring: `RUSTLE_TOOLS_DIR`, else `~/.rustle/tools`.
    pub fn tools_dir(&self) -> Option<PathBuf> {
        self.var("RUSTLE_TOOLS_DIR").map(PathBuf::from).or_else(|| Some(PathBuf::from(self.var("HOME")?).join(".rustle/tools")))
    }
    /// A tool of that folder. Links are followed: zig finds its library beside itself.
    pub fn own_tool(&self, name: &str) -> Option<PathBuf> {
        let path = self.tools_dir()?.join("bin").join(name);
        executable(&path).then(|| path.canonicalize().unwrap_or(path))
    }
    /// The compiler: `RUSTLE_RUSTC`, `RUSTC`, rustle's own, or `rustc` on PATH.
    pub fn rustc(&self) -> Option<PathBuf> {
        match self.var("RUSTLE_RUSTC").or_else(|| self.var("RUSTC")) {
            Some(path) => Some(PathBuf::from(path)),
            None => self.own_tool("rustc").or_else(|| self.which("rustc")),
        }
    }
    /// The compiler's sysroot. Asked once.
    pub fn sysroot(&self) -> Option<&Path> {
        self.sysroot
            .get_or_init(|| {
                let rustc = self.rustc()?;
                let outcome = self.ask(&[rustc.to_str()?, "--print", "sysroot"]).ok()?;
                Some(PathBuf::from(outcome.stdout_text().trim()))
            })
            .as_deref()
    }
}

fn executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}
