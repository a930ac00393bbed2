//! What collectors read a machine through: its files under a root, its programs, and values computed once.

use crate::GatherOptions;
use crate::collectors::distribution::Distribution;
use crate::discover::{Python, discover_python};
#[cfg(unix)]
use std::ffi::CStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// A machine to gather facts of.
#[derive(Debug)]
pub struct Context {
    /// `/`, or the folder of a capture.
    root: Option<PathBuf>,
    pub options: GatherOptions,
    distribution: OnceLock<Distribution>,
    python: OnceLock<Option<Python>>,
}

/// What a program said.
#[derive(Clone, Debug)]
pub struct Output {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// A line of `/etc/passwd`.
#[derive(Clone, Debug)]
pub struct PasswdEntry {
    pub name: String,
    pub uid: i64,
    pub gid: i64,
    pub gecos: String,
    pub dir: String,
    pub shell: String,
}

/// Names and version of the kernel, from uname(2).
#[derive(Clone, Debug, Default)]
pub struct Uname {
    pub system: String,
    pub node: String,
    pub release: String,
    pub version: String,
    pub machine: String,
}

impl Context {
    /// This machine.
    pub fn new(options: GatherOptions) -> Self {
        Context { root: None, options, distribution: OnceLock::new(), python: OnceLock::new() }
    }
    /// The capture under `root`: no program is ever run for it.
    pub fn at(root: PathBuf, options: GatherOptions) -> Self {
        Context { root: Some(root), ..Self::new(options) }
    }
    /// Where the machine's absolute `path` lies.
    pub fn path(&self, path: &str) -> PathBuf {
        match &self.root {
            Some(root) => root.join(path.trim_start_matches('/')),
            None => PathBuf::from(path),
        }
    }
    /// A file's text (lossy); `None` where it cannot be read.
    pub fn read(&self, path: &str) -> Option<String> {
        let mut data = Vec::new();
        fs::File::open(self.path(path)).ok()?.read_to_end(&mut data).ok()?;
        Some(String::from_utf8(data).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
    }
    /// A file's trimmed text; `None` where it cannot be read or has nothing.
    pub fn line(&self, path: &str) -> Option<String> {
        self.read(path).map(|s| s.trim().to_owned()).filter(|s| !s.is_empty())
    }
    pub fn exists(&self, path: &str) -> bool {
        self.path(path).exists()
    }
    /// Names in a folder, in the order in which the system lists them; empty where it cannot be read.
    pub fn list(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(path)).into_iter().flatten();
        entries.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect()
    }
    /// The target's last component of a symbolic link.
    pub fn link_name(&self, path: &str) -> Option<String> {
        Some(fs::read_link(self.path(path)).ok()?.file_name()?.to_string_lossy().into_owned())
    }
    /// Where a program lies: in `PATH` or in the usual system folders.
    pub fn which(&self, program: &str) -> Option<PathBuf> {
        if self.root.is_some() {
            return ["usr/bin", "bin", "usr/sbin", "sbin"]
                .iter()
                .map(|d| self.path(d).join(program))
                .find(|p| p.exists());
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .chain(["/sbin", "/usr/sbin", "/usr/local/sbin"].iter().map(PathBuf::from))
            .map(|d| d.join(program))
            .find(|p| is_executable(p))
    }
    /// Runs a program, in the C locale and without input; `None` where it cannot be started.
    pub fn run(&self, program: &Path, args: &[&str]) -> Option<Output> {
        if self.root.is_some() {
            return None;
        }
        let out = Command::new(program)
            .args(args)
            .env("LANG", "C")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .ok()?;
        Some(Output {
            status: out.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&out.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&out.stderr).into_owned(),
        })
    }
    /// Finds and runs a program; its output where it succeeded.
    pub fn output_of(&self, program: &str, args: &[&str]) -> Option<String> {
        let out = self.run(&self.which(program)?, args)?;
        (out.status == 0).then_some(out.stdout)
    }
    /// The distribution, worked out once.
    pub fn distribution(&self) -> &Distribution {
        self.distribution.get_or_init(|| Distribution::detect(self))
    }
    /// The host's Python, worked out once; `None` where there is none.
    pub fn python(&self) -> Option<&Python> {
        if self.root.is_some() {
            return None;
        }
        self.python.get_or_init(|| discover_python(self.options.python.as_deref())).as_ref()
    }
    /// What the environment tells where there is no uname(2).
    #[cfg(not(unix))]
    pub fn uname(&self) -> Uname {
        let var = |name| std::env::var(name).unwrap_or_default();
        Uname { system: "Win32NT".into(), node: var("COMPUTERNAME"), machine: std::env::consts::ARCH.into(), ..Uname::default() }
    }
    /// uname(2).
    #[cfg(unix)]
    pub fn uname(&self) -> Uname {
        let mut raw = std::mem::MaybeUninit::<libc::utsname>::zeroed();
        // SAFETY: uname fills the structure that it is given; zeroed bytes are valid for it in any case.
        let raw = unsafe {
            libc::uname(raw.as_mut_ptr());
            raw.assume_init()
        };
        // SAFETY: every field is a NUL-terminated array, also when uname failed (zeroed).
        let text = |field: &[libc::c_char]| unsafe { CStr::from_ptr(field.as_ptr()) }.to_string_lossy().into_owned();
        Uname {
            system: text(&raw.sysname),
            node: text(&raw.nodename),
            release: text(&raw.release),
            version: text(&raw.version),
            machine: text(&raw.machine),
        }
    }
    /// The account with this name, or with this id. Read from `/etc/passwd`; asked of `getent` where it is not there.
    pub fn account(&self, wanted: &str) -> Option<PasswdEntry> {
        let parse = |line: &str| {
            let f: Vec<&str> = line.split(':').collect();
            (f.len() >= 7).then(|| PasswdEntry {
                name: f[0].into(),
                uid: f[2].parse().unwrap_or(-1),
                gid: f[3].parse().unwrap_or(-1),
                gecos: f[4].into(),
                dir: f[5].into(),
                shell: f[6].into(),
            })
        };
        let id: Option<i64> = wanted.parse().ok();
        let found = self
            .read("/etc/passwd")
            .and_then(|t| t.lines().filter_map(parse).find(|e| id.map_or(e.name == wanted, |i| e.uid == i)));
        found.or_else(|| self.output_of("getent", &["passwd", wanted])?.lines().next().and_then(parse))
    }
}

/// Whether a path is a file that somebody may execute.
pub(crate) fn is_executable(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
    }
    #[cfg(not(unix))]
    path.is_file()
}
