//! Running programs for modules: environment, working directory, input, umask and time limit; output as bytes.
//!
//! Children never inherit stdin: in a runner that is the channel to the controller.

use crate::api::Failure;
use crate::errors::py_errno;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustle_value::Value;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A command to run. Made by [`Ctx::command`](crate::Ctx::command) and [`Ctx::shell`](crate::Ctx::shell).
#[derive(Clone, Debug)]
pub struct Cmd {
    argv: Vec<OsString>,
    cwd: Option<PathBuf>,
    stdin: Vec<u8>,
    env: Vec<(OsString, Option<OsString>)>,
    umask: Option<u32>,
    timeout: Option<Duration>,
}

/// What a command did.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Exit code; minus the signal's number where a signal ended it.
    pub rc: i32,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// The time limit was reached, and the command killed.
    pub timed_out: bool,
    argv: Vec<OsString>,
}

impl Output {
    /// Standard output as text; bytes that are not UTF-8 are replaced.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
    /// Standard error as text; bytes that are not UTF-8 are replaced.
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
    pub fn success(&self) -> bool {
        self.rc == 0
    }
    /// A failure with `cmd`, `rc`, `stdout`, `stderr` and `msg` (standard error), as Ansible's `check_rc` makes.
    pub fn failure(&self) -> Failure {
        Failure::new(self.err().trim_end())
            .with("cmd", join(&self.argv))
            .with("rc", self.rc as i64)
            .with("stdout", self.out())
            .with("stderr", self.err())
    }
    /// Itself where the exit code is 0, else [`Output::failure`].
    pub fn check(self) -> Result<Output, Failure> {
        if self.rc == 0 { Ok(self) } else { Err(self.failure()) }
    }
}

/// Words joined and quoted as a shell would read them.
pub fn join<S: AsRef<OsStr>>(argv: &[S]) -> String {
    argv.iter().map(|a| quote(&a.as_ref().to_string_lossy())).collect::<Vec<_>>().join(" ")
}

/// A word quoted for a POSIX shell, where it needs it.
pub fn quote(s: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !s.is_empty() && s.chars().all(plain) { s.to_string() } else { format!("'{}'", s.replace('\'', "'\"'\"'")) }
}

/// Where the first word ends; quotes and escapes hold it together.
pub fn first_word(line: &str) -> usize {
    let mut quote = None;
    let mut escaped = false;
    for (i, c) in line.char_indices() {
        match quote {
            _ if escaped => escaped = false,
            Some('"') | None if c == '\\' => escaped = true,
            Some(q) if c == q => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c.is_whitespace() => return i,
            _ => {}
        }
    }
    line.len()
}

/// Splits text into words as a POSIX shell would, without expansions (Python's `shlex.split`). The error is the
/// message.
pub fn split(s: &str) -> Result<Vec<String>, String> {
    let (mut out, mut word, mut open) = (Vec::new(), String::new(), false);
    let mut chars = s.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                open = true;
                loop {
                    match chars.next().ok_or("No closing quotation")? {
                        '\'' => break,
                        x => word.push(x),
                    }
                }
            }
            '"' => {
                open = true;
                loop {
                    match chars.next().ok_or("No closing quotation")? {
                        '"' => break,
                        '\\' => match chars.next().ok_or("No escaped character")? {
                            x @ ('"' | '\\') => word.push(x),
                            x => word.extend(['\\', x]),
                        },
                        x => word.push(x),
                    }
                }
            }
            '\\' => {
                open = true;
                word.push(chars.next().ok_or("No escaped character")?);
            }
            c if c.is_ascii_whitespace() => {
                if open || !word.is_empty() {
                    out.push(std::mem::take(&mut word));
                    open = false;
                }
            }
            c => word.push(c),
        }
    }
    if open || !word.is_empty() {
        out.push(word);
    }
    Ok(out)
}

impl Cmd {
    /// A command with these words, with `env` added to the process's environment.
    pub fn new<S: AsRef<OsStr>>(argv: impl IntoIterator<Item = S>, env: &[(String, String)]) -> Cmd {
        Cmd {
            argv: argv.into_iter().map(|a| a.as_ref().to_owned()).collect(),
            cwd: None,
            stdin: Vec::new(),
            env: env.iter().map(|(k, v)| (k.into(), Some(v.into()))).collect(),
            umask: None,
            timeout: None,
        }
    }
    pub fn arg(mut self, a: impl AsRef<OsStr>) -> Cmd {
        self.argv.push(a.as_ref().to_owned());
        self
    }
    pub fn args<S: AsRef<OsStr>>(mut self, a: impl IntoIterator<Item = S>) -> Cmd {
        self.argv.extend(a.into_iter().map(|a| a.as_ref().to_owned()));
        self
    }
    pub fn cwd(mut self, p: impl Into<PathBuf>) -> Cmd {
        self.cwd = Some(p.into());
        self
    }
    pub fn stdin(mut self, data: impl Into<Vec<u8>>) -> Cmd {
        self.stdin = data.into();
        self
    }
    pub fn env(mut self, k: impl AsRef<OsStr>, v: impl AsRef<OsStr>) -> Cmd {
        self.env.push((k.as_ref().to_owned(), Some(v.as_ref().to_owned())));
        self
    }
    pub fn env_remove(mut self, k: impl AsRef<OsStr>) -> Cmd {
        self.env.push((k.as_ref().to_owned(), None));
        self
    }
    /// Messages in English, for output that is going to be read by a module.
    pub fn c_locale(self) -> Cmd {
        self.env("LANG", "C").env("LC_ALL", "C").env("LC_MESSAGES", "C").env_remove("LANGUAGE")
    }
    pub fn umask(mut self, mask: Option<u32>) -> Cmd {
        self.umask = mask;
        self
    }
    /// The command is killed after this time.
    pub fn timeout(mut self, t: Option<Duration>) -> Cmd {
        self.timeout = t;
        self
    }
    /// The words, quoted for a person.
    pub fn display(&self) -> String {
        join(&self.argv)
    }

    /// Runs it. An exit code other than 0 is not an error here; that it can't be started is: a failure with `cmd`,
    /// `rc` and the system's words, as Ansible's `run_command` makes.
    pub fn run(self) -> Result<Output, Failure> {
        let start_failure = |e: &io::Error| {
            Failure::new("Error executing command.")
                .with("_causes", vec![Value::from(with_program(e, &self.argv))])
                .with("cmd", self.display())
                .with("rc", e.raw_os_error().unwrap_or(257) as i64)
                .with("stdout", "")
                .with("stderr", "")
        };
        let Some((program, args)) = self.argv.split_first() else {
            return Err(Failure::new("Error executing command: no command given"));
        };
        let mut c = Command::new(program);
        c.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        c.stdin(if self.stdin.is_empty() { Stdio::null() } else { Stdio::piped() });
        for (k, v) in &self.env {
            match v {
                Some(v) => c.env(k, v),
                None => c.env_remove(k),
            };
        }
        if let Some(d) = &self.cwd {
            if !d.is_dir() {
                return Err(Failure::new(format!("Provided cwd is not a valid directory: {}", d.display())));
            }
            c.current_dir(d);
        }
        if self.timeout.is_some() {
            c.process_group(0);
        }
        if let Some(mask) = self.umask {
            // SAFETY: umask(2) is async-signal-safe and touches nothing of the parent's memory.
            unsafe {
                c.pre_exec(move || {
                    libc::umask(mask as libc::mode_t);
                    Ok(())
                });
            }
        }
        let child = c.spawn().map_err(|e| start_failure(&e))?;
        let group = self.timeout.is_some().then(|| child.id());
        collect(child, &self.stdin, self.timeout)
            .map(|mut o| {
                if o.timed_out {
                    if let Some(pid) = group {
                        // SAFETY: plain system call; the group is the child's own.
                        unsafe { libc::kill(-(pid as libc::pid_t), libc::SIGKILL) };
                    }
                }
                o.argv = self.argv.clone();
                o
            })
            .map_err(|e| start_failure(&e))
    }
}

/// `[Errno 2] No such file or directory: b'nonono'`.
fn with_program(e: &io::Error, argv: &[OsString]) -> String {
    let program = argv.first().map(|a| a.to_string_lossy().into_owned()).unwrap_or_default();
    match e.raw_os_error() {
        Some(_) => format!("{}: b{}", py_errno(e), rustle_value::str_repr(&program)),
        None => e.to_string(),
    }
}

fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|s| -s)).unwrap_or(-1)
}

/// Feeds and reads a child. Ends when both outputs are closed, or soon after the child's end where a background
/// process keeps them open.
fn collect(mut child: Child, input: &[u8], timeout: Option<Duration>) -> io::Result<Output> {
    let start = Instant::now();
    let mut out = Output::default();
    let (mut stdin, mut stdout, mut stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    if let Some(s) = &stdin {
        rustix::io::ioctl_fionbio(s, true)?;
    }
    let mut sent = 0;
    let mut buf = vec![0u8; 1 << 16];
    let mut status = None;
    while stdout.is_some() || stderr.is_some() {
        if timeout.is_some_and(|t| start.elapsed() >= t) {
            out.timed_out = true;
            let _ = child.kill();
            break;
        }
        let (mut can_write, mut can_read) = (false, [false; 2]);
        let ready = {
            let mut fds = Vec::with_capacity(3);
            let mut which = Vec::with_capacity(3);
            if let Some(f) = &stdin {
                fds.push(PollFd::from_borrowed_fd(f.as_fd(), PollFlags::OUT));
                which.push(2);
            }
            if let Some(f) = &stdout {
                fds.push(PollFd::from_borrowed_fd(f.as_fd(), PollFlags::IN));
                which.push(0);
            }
            if let Some(f) = &stderr {
                fds.push(PollFd::from_borrowed_fd(f.as_fd(), PollFlags::IN));
                which.push(1);
            }
            let tick = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
            let n = match poll(&mut fds, Some(&tick)) {
                Err(rustix::io::Errno::INTR) => continue,
                r => r?,
            };
            for (f, w) in fds.iter().zip(&which) {
                if !f.revents().is_empty() {
                    if *w == 2 { can_write = true } else { can_read[*w] = true }
                }
            }
            n
        };
        if ready == 0 {
            if status.is_some() {
                break;
            }
            status = child.try_wait()?;
            continue;
        }
        if can_write {
            let done = match stdin.as_mut().map(|s| s.write(&input[sent..])) {
                Some(Ok(n)) => {
                    sent += n;
                    sent >= input.len()
                }
                Some(Err(e)) if e.kind() == io::ErrorKind::WouldBlock => false,
                _ => true,
            };
            if done {
                stdin = None;
            }
        }
        if can_read[0] && drain(&mut stdout, &mut buf, &mut out.stdout)? {
            stdout = None;
        }
        if can_read[1] && drain(&mut stderr, &mut buf, &mut out.stderr)? {
            stderr = None;
        }
    }
    drop(stdin);
    let status = match (status, timeout, out.timed_out) {
        (Some(s), ..) => s,
        (None, Some(t), false) => loop {
            if let Some(s) = child.try_wait()? {
                break s;
            }
            if start.elapsed() >= t {
                out.timed_out = true;
                let _ = child.kill();
                break child.wait()?;
            }
            std::thread::sleep(Duration::from_millis(10));
        },
        _ => child.wait()?,
    };
    out.rc = code(status);
    Ok(out)
}

fn drain(from: &mut Option<impl Read>, buf: &mut [u8], to: &mut Vec<u8>) -> io::Result<bool> {
    match from.as_mut().map(|f| f.read(buf)) {
        Some(Ok(0)) | None => Ok(true),
        Some(Ok(n)) => {
            to.extend_from_slice(&buf[..n]);
            Ok(false)
        }
        Some(Err(e)) if e.kind() == io::ErrorKind::Interrupted => Ok(false),
        Some(Err(e)) => Err(e),
    }
}

/// A text value from bytes; bytes that are not UTF-8 are replaced.
pub fn text(bytes: &[u8]) -> Value {
    Value::str(String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_input_and_codes() {
        let o = Cmd::new(["sh", "-c", "cat; echo err >&2; exit 3"], &[]).stdin("hello").run().unwrap();
        assert_eq!((o.rc, o.out().as_str(), o.err().as_str()), (3, "hello", "err\n"));
        let o = Cmd::new(["sh", "-c", "kill -9 $$"], &[]).run().unwrap();
        assert_eq!(o.rc, -9);
        assert_eq!(Cmd::new(["/nonexistent"], &[]).run().unwrap_err().msg, "Error executing command.");
    }

    #[test]
    fn a_background_process_does_not_hold_us_up() {
        let start = Instant::now();
        let o = Cmd::new(["sh", "-c", "sleep 5 & echo hi"], &[]).run().unwrap();
        assert_eq!(o.out(), "hi\n");
        assert!(start.elapsed() < Duration::from_secs(3));
    }

    #[test]
    fn the_time_limit_kills() {
        let o = Cmd::new(["sleep", "5"], &[]).timeout(Some(Duration::from_millis(200))).run().unwrap();
        assert!(o.timed_out);
    }

    #[test]
    fn words() {
        assert_eq!(split("a 'b c' \"d \\\" e\" f\\ g ''").unwrap(), ["a", "b c", "d \" e", "f g", ""]);
        assert!(split("'a").is_err());
        assert_eq!(join(&["a b", "c", "it's"]), "'a b' c 'it'\"'\"'s'");
    }
}
