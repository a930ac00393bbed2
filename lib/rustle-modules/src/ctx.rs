//! What a module has at hand while it runs: the request's settings, blobs, commands, warnings.

use crate::api::Failure;
#[cfg(unix)]
use crate::command::Cmd;
use crate::convert::Environment;
#[cfg(unix)]
use crate::users;
use rustle_stream::protocol::ModuleRequest;
use rustle_value::{Dict, Value, py_str};
#[cfg(unix)]
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The surroundings of one module run.
pub struct Ctx<'a> {
    pub request: &'a ModuleRequest,
    /// Change nothing, say what would change.
    pub check_mode: bool,
    /// Say in `diff` what changes.
    pub diff: bool,
    pub verbosity: u8,
    /// The task's `environment`: for child processes, and for `$VAR` in paths.
    pub environment: Vec<(String, String)>,
    pub(crate) warnings: Vec<String>,
    pub(crate) deprecations: Vec<Value>,
    pub(crate) secrets: Vec<String>,
}

impl<'a> Ctx<'a> {
    pub fn new(request: &'a ModuleRequest) -> Ctx<'a> {
        Ctx {
            request,
            check_mode: request.check,
            diff: request.diff,
            verbosity: request.verbosity,
            environment: request.environment.iter().map(|(k, v)| (py_str(k), py_str(v))).collect(),
            warnings: Vec::new(),
            deprecations: Vec::new(),
            secrets: Vec::new(),
        }
    }

    /// A warning for the person at the other end.
    pub fn warn(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.warnings.contains(&text) {
            self.warnings.push(text);
        }
    }

    /// A deprecation: what, and the version of ansible-core (or `collection`'s) that removes it.
    pub fn deprecate(&mut self, msg: &str, version: Option<&str>) {
        let d: Dict = [("msg", Value::from(msg)), ("version", Value::from(version)), ("collection_name", "ansible.builtin".into())].into_iter().collect();
        self.deprecations.push(Value::dict(d));
    }

    /// A text that must not be shown in the result.
    pub fn secret(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.secrets.push(text);
        }
    }

    /// A hint of the engine, such as `ansible_pkg_mgr`.
    pub fn hint(&self, name: &str) -> Option<&str> {
        self.request.hints.get(name).and_then(Value::as_str)
    }

    /// A variable of the module's environment.
    pub fn env(&self, name: &str) -> Option<String> {
        match self.environment.iter().rev().find(|(k, _)| k == name) {
            Some((_, v)) => Some(v.clone()),
            None => std::env::var(name).ok(),
        }
    }

    /// The content that `{"_blob": "<sha256>"}` refers to; `None` where `v` is no such reference. Errors: the content
    /// did not come along.
    pub fn blob(&self, v: &Value) -> Result<Option<Arc<[u8]>>, Failure> {
        let Some(digest) = v.get("_blob").and_then(Value::as_str) else { return Ok(None) };
        match self.request.blobs.iter().find(|b| b.sha256 == digest) {
            Some(b) => Ok(Some(b.data.0.clone())),
            None => Err(Failure::new(format!("internal error: content {digest} was not sent"))),
        }
    }

    /// A command from words, with the task's environment.
    #[cfg(unix)]
    pub fn command<S: AsRef<OsStr>>(&self, argv: impl IntoIterator<Item = S>) -> Cmd {
        Cmd::new(argv, &self.environment)
    }

    /// A command for `/bin/sh -c`, with the task's environment.
    #[cfg(unix)]
    pub fn shell(&self, line: &str) -> Cmd {
        self.command(["/bin/sh", "-c", line])
    }

    /// The full path of a program, looked for on `PATH` and in the places for administrators.
    pub fn find_program(&self, name: &str) -> Option<PathBuf> {
        self.find_program_in(name, &[])
    }

    /// Like [`Ctx::find_program`], in `first` first.
    pub fn find_program_in(&self, name: &str, first: &[&str]) -> Option<PathBuf> {
        if name.contains('/') {
            return executable(Path::new(name)).then(|| name.into());
        }
        let path = self.env("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
        let last = ["/sbin", "/usr/sbin", "/usr/local/sbin"];
        first
            .iter()
            .copied()
            .chain(path.split(':').filter(|p| !p.is_empty()))
            .chain(last)
            .map(|d| Path::new(d).join(name))
            .find(|p| executable(p))
    }

    /// Like [`Ctx::find_program`], a failure in Ansible's words where it is not there.
    pub fn need_program(&self, name: &str) -> Result<PathBuf, Failure> {
        self.find_program(name).ok_or_else(|| {
            let path = self.env("PATH").unwrap_or_default();
            let mut places: Vec<&str> = path.split(':').collect();
            for p in ["/sbin", "/usr/sbin", "/usr/local/sbin"] {
                if !places.contains(&p) && Path::new(p).exists() {
                    places.push(p);
                }
            }
            Failure::new(format!("Failed to find required executable \"{name}\" in paths: {}", places.join(":")))
        })
    }

    /// A folder for temporary files of modules: `remote_tmp` where it is there, else the system's.
    pub fn tmpdir(&self) -> PathBuf {
        if let Some(d) = self.hint("remote_tmp") {
            let d = PathBuf::from(crate::convert::expand_path(d, self));
            if d.is_dir() {
                return d;
            }
        }
        self.env("TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from)
    }
}

#[cfg(unix)]
fn executable(p: &Path) -> bool {
    p.is_file() && rustix::fs::access(p, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn executable(p: &Path) -> bool {
    p.is_file()
}

impl Environment for Ctx<'_> {
    fn var(&self, name: &str) -> Option<String> {
        self.env(name)
    }
    #[cfg(not(unix))]
    fn home(&self, user: &str) -> Option<String> {
        if user.is_empty() { self.env("USERPROFILE") } else { None }
    }
    #[cfg(unix)]
    fn home(&self, user: &str) -> Option<String> {
        match user {
            "" => users::user_by_id(rustix::process::getuid().as_raw()).map(|u| u.home),
            _ => users::user(user).map(|u| u.home),
        }
    }
}
