//! What can be installed: how a component says what it finds and what it would do, and what it works with.

use crate::SetupError;
use rustle_toolchain::{Capabilities, Env, Tool, ToolchainError, detect, process, working};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Something that can be installed.
pub struct Component {
    pub name: &'static str,
    /// What it is good for, for a person.
    pub about: &'static str,
    /// Components go in this order, since later ones build on earlier ones.
    pub rank: u32,
    /// Whether it belongs to what is installed where the user names nothing.
    pub usual: fn(&Site) -> bool,
    /// What is there, and what would be done.
    pub plan: fn(&Site) -> Plan,
}

/// What a component finds.
pub enum Plan {
    /// Nothing is to be done: what is there.
    There(String),
    /// These, in order.
    Steps(Vec<Step>),
    /// It cannot be had here: why, and what a person may do.
    Cannot { why: String, way: Option<String> },
}

type Act = Box<dyn FnOnce(&mut Site) -> Result<(), SetupError>>;

/// One thing to do.
pub struct Step {
    /// For a person, beginning with a verb.
    pub says: String,
    pub act: Act,
}

impl Step {
    pub(crate) fn new(says: impl Into<String>, act: impl FnOnce(&mut Site) -> Result<(), SetupError> + 'static) -> Step {
        Step { says: says.into(), act: Box::new(act) }
    }
}

include!(concat!(env!("OUT_DIR"), "/components.rs"));

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// An archive of zig in place of PyPI's: a file or an address, and its SHA-256.
    pub zig_archive: Option<(String, String)>,
    /// Settings for `config.toml`.
    pub set: Vec<(String, String)>,
    /// Platforms that runners shall be built for.
    pub triples: Vec<String>,
}

/// This machine while it is worked on.
pub struct Site {
    pub env: Env,
    pub caps: Capabilities,
    pub options: Options,
    /// Components that will have been installed before the one that is asked.
    pub coming: BTreeSet<&'static str>,
    look: Look,
}

type Look = Box<dyn Fn() -> Result<Env, ToolchainError>>;

impl Site {
    /// The machine that `look` sees (usually [`Env::load`]), now and after each step.
    ///
    /// # Errors
    /// The settings can't be read.
    pub fn new(look: impl Fn() -> Result<Env, ToolchainError> + 'static, options: Options) -> Result<Site, SetupError> {
        let env = look()?;
        let caps = detect(&env);
        Ok(Site { env, caps, options, coming: BTreeSet::new(), look: Box::new(look) })
    }
    /// Looks anew at what is there.
    ///
    /// # Errors
    /// The settings can't be read.
    pub fn refresh(&mut self) -> Result<(), SetupError> {
        self.env = (self.look)()?;
        self.caps = detect(&self.env);
        Ok(())
    }
    /// The tool of this name, if it works.
    pub fn tool(&self, name: &str) -> Option<&Tool> {
        working(&self.caps, name)
    }
    /// The tool of this name as it was found, broken or not.
    pub(crate) fn found(&self, name: &str) -> Option<&Tool> {
        self.caps.tools.iter().find(|t| t.name == name && !t.command.is_empty())
    }
    /// Whether rustup looks after the compiler; then its name for the toolchain.
    pub(crate) fn toolchain(&self) -> Option<String> {
        self.tool("rustup")?;
        let rustc = self.found("rustc").filter(|t| t.from.as_deref() == Some("rustup"));
        rustc.and_then(|_| self.env.sysroot()?.file_name()?.to_str().map(str::to_owned))
    }
    /// Where tools go.
    pub(crate) fn tools_dir(&self) -> Result<PathBuf, SetupError> {
        self.env.tools_dir().ok_or_else(|| SetupError::Missing("no folder for tools: set RUSTLE_TOOLS_DIR or HOME".into()))
    }
    /// A command in this environment.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.env.vars());
        command
    }
    /// [`run`].
    pub(crate) fn run(&self, command: Command) -> Result<String, SetupError> {
        run(command)
    }
    /// Puts a program among rustle's own tools, once it has answered to `args`.
    pub(crate) fn adopt(&self, name: &str, program: &Path, args: &[&str]) -> Result<(), SetupError> {
        let broken = |problem: String| SetupError::Broken { path: program.display().to_string(), problem };
        let mut command = self.command(program);
        command.args(args);
        let outcome = process::run(&mut command, ANSWER, None).map_err(|e| broken(format!("does not start: {e}")))?;
        if !outcome.success() {
            let text = outcome.stderr_text();
            return Err(broken(format!("does not run: {}", text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or("no message"))));
        }
        let bin = self.tools_dir()?.join("bin");
        std::fs::create_dir_all(&bin).map_err(SetupError::io(&bin))?;
        let (link, fresh) = (bin.join(name), bin.join(format!(".{name}.{}", std::process::id())));
        std::os::unix::fs::symlink(program, &fresh).map_err(SetupError::io(&fresh))?;
        std::fs::rename(&fresh, &link).map_err(SetupError::io(&link))
    }
}

/// Runs it to its end; what it wrote to stdout.
///
/// # Errors
/// It does not start, fails (with its last error), or takes longer than half an hour.
pub(crate) fn run(mut command: Command) -> Result<String, SetupError> {
    let name = said(&command);
    let failed = |said: String| SetupError::Command { command: name.clone(), said };
    let outcome = process::run(&mut command, LIMIT, None).map_err(|e| failed(format!("it does not start: {e}")))?;
    if outcome.timed_out {
        return Err(failed(format!("it took longer than {} seconds and was ended", LIMIT.as_secs())));
    }
    if outcome.success() {
        return Ok(outcome.stdout_text());
    }
    let text = format!("{}\n{}", outcome.stdout_text(), outcome.stderr_text());
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let error = lines.iter().rev().find(|l| l.to_lowercase().starts_with("error")).or(lines.last());
    Err(failed(error.unwrap_or(&"no message").to_string()))
}

/// A package index far away, a slow machine.
const LIMIT: Duration = Duration::from_secs(30 * 60);
/// A program of 200 MB is read for the first time.
const ANSWER: Duration = Duration::from_secs(60);

fn said(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|w| w.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
