//! A local process as a [`Channel`]: the runner itself (`local`) or an SSH client.
//!
//! The process gets a session of its own, so that no prompt can reach the terminal and Ctrl-C reaches the controller
//! alone, which then ends its hosts in order.

use crate::channel::{Channel, Control, Exit, Killer, Stderr};
use crate::error::ConnectError;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Says what a finished process means for the connection: `(status, stderr, whether the host had sent anything)`.
pub type Judge = Box<dyn Fn(Exit, &str, bool) -> Result<Exit, ConnectError> + Send>;

/// Starts `command` and connects its streams. `judge` turns its end into a result; `keep` lives as long as the
/// process's handle (temporary files that it needs).
pub fn spawn(mut command: Command, judge: Judge, keep: Box<dyn std::any::Any + Send>) -> Result<Channel, ConnectError> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // SAFETY: setsid is async-signal-safe and touches no memory.
    unsafe {
        command.pre_exec(|| {
            libc::setsid();
            Ok(())
        });
    }
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child =
        command.spawn().map_err(|e| ConnectError::Local(format!("can't start {program}: {}", os_words(&e))))?;
    let missing = || ConnectError::Local(format!("{program} has no standard streams"));
    let stdin = child.stdin.take().ok_or_else(missing)?;
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let mut errors = child.stderr.take().ok_or_else(missing)?;
    let stderr = Stderr::default();
    let errors_done = Arc::new(AtomicBool::new(false));
    let (kept, done) = (stderr.clone(), errors_done.clone());
    thread::Builder::new()
        .name("stderr".into())
        .stack_size(64 * 1024)
        .spawn(move || {
            let mut buffer = [0u8; 4096];
            while let Ok(n) = errors.read(&mut buffer) {
                if n == 0 {
                    break;
                }
                kept.push(&buffer[..n]);
            }
            done.store(true, Ordering::Release);
        })
        .map_err(|e| ConnectError::Local(format!("can't start a thread: {}", os_words(&e))))?;
    let heard = Arc::new(AtomicBool::new(false));
    let process = Arc::new(Mutex::new(Process { child, status: None }));
    let control =
        Box::new(ChildControl { process, stderr: stderr.clone(), errors_done, heard: heard.clone(), judge, _keep: keep });
    Ok(Channel { stdin: Box::new(stdin), stdout: Box::new(Listener { inner: stdout, heard }), stderr, control })
}

/// An operating system error without Rust's `(os error n)`.
pub(crate) fn os_words(e: &std::io::Error) -> String {
    let text = e.to_string();
    text.find(" (os error").map_or(text.clone(), |i| text[..i].to_owned())
}

/// Notes that the other side has sent something.
struct Listener<R> {
    inner: R,
    heard: Arc<AtomicBool>,
}
impl<R: Read> Read for Listener<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        if n > 0 {
            self.heard.store(true, Ordering::Relaxed);
        }
        Ok(n)
    }
}

struct Process {
    child: Child,
    status: Option<ExitStatus>,
}

impl Process {
    fn poll(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
        }
        self.status
    }
    /// Signals the process and everything in its session's first group. Only while it is not reaped: its number
    /// cannot have been given to another process.
    fn terminate(&mut self, signal: i32) {
        if self.poll().is_none() {
            let id = self.child.id() as i32;
            // SAFETY: plain system calls on a process that we have not reaped.
            unsafe {
                libc::kill(-id, signal);
                libc::kill(id, signal);
            }
        }
    }
}

struct ChildControl {
    process: Arc<Mutex<Process>>,
    stderr: Stderr,
    errors_done: Arc<AtomicBool>,
    heard: Arc<AtomicBool>,
    judge: Judge,
    _keep: Box<dyn std::any::Any + Send>,
}

impl ChildControl {
    fn poll(&self) -> Option<ExitStatus> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner).poll()
    }
    /// Waits without reaping, so that the killer never meets a stranger with the same number.
    fn block(&self) {
        let id = self.process.lock().unwrap_or_else(PoisonError::into_inner).child.id();
        // SAFETY: waitid writes into the zeroed siginfo that we hand it.
        unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            libc::waitid(libc::P_PID, id, &mut info, libc::WEXITED | libc::WNOWAIT);
        }
    }
}

impl Control for ChildControl {
    fn wait_for(&mut self, limit: Option<Duration>) -> Result<Option<Exit>, ConnectError> {
        let start = Instant::now();
        let mut pause = Duration::from_micros(200);
        let status = loop {
            if let Some(s) = self.poll() {
                break s;
            }
            match limit {
                None => self.block(),
                Some(limit) if start.elapsed() >= limit => return Ok(None),
                Some(_) => {
                    thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(20));
                }
            }
        };
        // The last words are usually there already; a background master of OpenSSH may hold the stream open forever.
        for _ in 0..50 {
            if self.errors_done.load(Ordering::Acquire) {
                break;
            }
            thread::sleep(Duration::from_millis(2));
        }
        let signal = status.signal();
        let exit = Exit { code: status.code().or(signal.map(|s| 128 + s)).unwrap_or(-1), signal };
        (self.judge)(exit, &self.stderr.text(), self.heard.load(Ordering::Relaxed)).map(Some)
    }

    fn killer(&self) -> Killer {
        let process = self.process.clone();
        Killer::new(move || process.lock().unwrap_or_else(PoisonError::into_inner).terminate(libc::SIGTERM))
    }
}

impl Drop for ChildControl {
    /// Nobody waits any more: the process must not outlive its handle.
    fn drop(&mut self) {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        for round in 0..40 {
            if process.poll().is_some() {
                return;
            }
            match round {
                10 => process.terminate(libc::SIGTERM),
                35 => process.terminate(libc::SIGKILL),
                _ => {}
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}
