//! Hands passwords to the OpenSSH client without `sshpass`: never in arguments, environment or files.
//!
//! OpenSSH runs the program that `SSH_ASKPASS` names to ask for a password. Ours is a two-line script that reads one
//! line from a named pipe in a folder that only we can enter; the line exists in the kernel's pipe buffer alone. The
//! script answers nothing but questions for a password or passphrase: questions about host keys fail.

use crate::{ConnectError, Secret, child::os_words};
use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

const SCRIPT: &str = "#!/bin/sh\ncase \"$1\" in\n*assphrase*) f=passphrase ;;\n*assword*) f=password ;;\n*) exit 1 ;;\nesac\n[ -p \"$RUSTLE_ASKPASS/$f\" ] && exec head -n 1 \"$RUSTLE_ASKPASS/$f\"\nexit 1\n";

/// The folder with the script and the pipes; gone when dropped.
pub struct Askpass {
    folder: PathBuf,
    /// Open for reading and writing, so that the line waits in the pipe until the script takes it.
    _pipes: Vec<File>,
}

impl Askpass {
    /// Prepares answers for one client.
    pub fn new(password: Option<&Secret>, passphrase: Option<&Secret>) -> Result<Askpass, ConnectError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let fail = |e: std::io::Error| ConnectError::Local(format!("can't prepare for ssh's password question: {}", os_words(&e)));
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let stamp = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.subsec_nanos());
        let folder = std::env::temp_dir().join(format!("rustle-ask-{}-{n}-{stamp:x}", std::process::id()));
        // Creating fails where the name is taken, by whomever: then nothing is written into it.
        fs::DirBuilder::new().mode(0o700).create(&folder).map_err(fail)?;
        let mut made = Askpass { folder, _pipes: Vec::new() };
        let script = made.script();
        OpenOptions::new().write(true).create_new(true).mode(0o700).open(&script).and_then(|mut f| f.write_all(SCRIPT.as_bytes())).map_err(fail)?;
        for (name, secret) in [("password", password), ("passphrase", passphrase)] {
            let Some(secret) = secret else { continue };
            let pipe = make_pipe(&made.folder.join(name)).map_err(fail)?;
            (&pipe).write_all(format!("{}\n", secret.reveal()).as_bytes()).map_err(fail)?;
            made._pipes.push(pipe);
        }
        Ok(made)
    }
    fn script(&self) -> PathBuf {
        self.folder.join("ask")
    }
    /// Makes `command` ask us.
    pub fn apply(&self, command: &mut Command) {
        command.env("SSH_ASKPASS", self.script());
        command.env("SSH_ASKPASS_REQUIRE", "force");
        command.env("RUSTLE_ASKPASS", &self.folder);
        // OpenSSH before 8.4 asks a program only where there is a display.
        command.env("DISPLAY", std::env::var_os("DISPLAY").unwrap_or_else(|| ":0".into()));
    }
}

impl Drop for Askpass {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn make_pipe(path: &Path) -> std::io::Result<File> {
    let name = CString::new(path.as_os_str().as_bytes()).map_err(std::io::Error::other)?;
    // SAFETY: a valid, terminated path.
    if unsafe { libc::mkfifo(name.as_ptr(), 0o600) } != 0 {
        return Err(std::io::Error::last_os_error());
    }
    // Reading and writing: on Linux, macOS and the BSDs this does not wait for the other side.
    OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open(path)
}
