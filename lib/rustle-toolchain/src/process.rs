//! Child processes with a time limit. A child gets a process group of its own; when its time is over, the whole
//! group is killed, so that no grandchild (a compiler under a build tool) lives on.
//!
//! Limits: a grandchild that makes itself a group or session of its own escapes.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How a child ended and what it said.
#[derive(Debug)]
pub struct Outcome {
    /// `None` where it was killed because its time was over.
    pub status: Option<ExitStatus>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub timed_out: bool,
    pub took: Duration,
}

impl Outcome {
    pub fn success(&self) -> bool {
        self.status.is_some_and(|s| s.success())
    }
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

/// Called with each line that the child writes to stderr, while it runs; with lines that end in a carriage return,
/// too, which a terminal overwrites and which are not kept.
pub type OnLine<'a> = &'a mut dyn FnMut(&str);

enum Said {
    Out(Vec<u8>),
    Err(Vec<u8>),
    Ended,
}

/// Runs `command` (stdin closed, output captured) for at most `limit`.
///
/// # Errors
/// It cannot be started or waited for.
pub fn run(command: &mut Command, limit: Duration, mut on_line: Option<OnLine>) -> std::io::Result<Outcome> {
    let begun = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let group = Group::new(child.id());
    let (send, receive) = mpsc::channel();
    if let Some(out) = child.stdout.take() {
        let send = send.clone();
        std::thread::spawn(move || {
            let mut all = Vec::new();
            _ = BufReader::new(out).read_to_end(&mut all);
            _ = send.send(Said::Out(all));
            _ = send.send(Said::Ended);
        });
    }
    if let Some(err) = child.stderr.take() {
        std::thread::spawn(move || {
            lines(BufReader::new(err), |line| _ = send.send(Said::Err(line)));
            _ = send.send(Said::Ended);
        });
    }
    let mut outcome =
        Outcome { status: None, stdout: Vec::new(), stderr: Vec::new(), timed_out: false, took: Duration::ZERO };
    let mut open = 2;
    while open > 0 {
        match receive.recv_timeout(limit.saturating_sub(begun.elapsed())) {
            Ok(Said::Out(all)) => outcome.stdout = all,
            Ok(Said::Err(line)) => {
                if let Some(f) = on_line.as_mut() {
                    f(String::from_utf8_lossy(&line).trim_end());
                }
                if line.last() != Some(&b'\r') {
                    outcome.stderr.extend_from_slice(&line);
                }
            }
            Ok(Said::Ended) => open -= 1,
            // A daemon that a child left behind may hold the pipes open for ever: the limit counts for it, too.
            Err(_) => break,
        }
    }
    outcome.status = wait(&mut child, limit.saturating_sub(begun.elapsed()))?;
    if outcome.status.is_none() {
        outcome.timed_out = true;
        group.kill();
        child.wait()?;
    }
    outcome.took = begun.elapsed();
    Ok(outcome)
}

/// Gives the pieces that end in a newline or a carriage return, and the rest at the end.
fn lines(mut reader: impl BufRead, mut hear: impl FnMut(Vec<u8>)) {
    let mut line = Vec::new();
    loop {
        let piece = match reader.fill_buf() {
            Ok(piece) if !piece.is_empty() => piece,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            _ => break,
        };
        let end = piece.iter().position(|b| matches!(b, b'\n' | b'\r'));
        let taken = end.map_or(piece.len(), |e| e + 1);
        line.extend_from_slice(&piece[..taken]);
        reader.consume(taken);
        if end.is_some() {
            hear(std::mem::take(&mut line));
        }
    }
    if !line.is_empty() {
        hear(line);
    }
}

fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begun.elapsed() >= limit {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Groups of children that run now. A signal handler reads it: no locks.
static RUNNING: [AtomicI32; 64] = [const { AtomicI32::new(0) }; 64];

struct Group(i32);
impl Group {
    fn new(child: u32) -> Group {
        let id = i32::try_from(child).unwrap_or(0);
        _ = RUNNING.iter().find(|r| r.compare_exchange(0, id, Ordering::SeqCst, Ordering::SeqCst).is_ok());
        Group(id)
    }
    fn kill(&self) {
        if self.0 > 0 {
            // SAFETY: kill has no memory effects; the group is the child's, which has not been waited for yet.
            unsafe { libc::kill(-self.0, libc::SIGKILL) };
        }
    }
}
impl Drop for Group {
    fn drop(&mut self) {
        _ = RUNNING.iter().find(|r| r.compare_exchange(self.0, 0, Ordering::SeqCst, Ordering::SeqCst).is_ok());
    }
}

/// Kills every child that [`run`] waits for, with its children: for programs that are about to end.
pub fn kill_all() {
    for r in &RUNNING {
        let id = r.load(Ordering::SeqCst);
        if id > 0 {
            // SAFETY: kill has no memory effects. An entry goes before its child is forgotten.
            unsafe { libc::kill(-id, libc::SIGKILL) };
        }
    }
}

/// From now on a signal that ends this program ends its children first. Children are in groups of their own, which a
/// terminal's interrupt does not reach.
pub fn die_with_children() {
    extern "C" fn end(signal: libc::c_int) {
        kill_all();
        // SAFETY: both calls may be made in a handler; the signal is blocked until it returns, and then ends the process.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
    }
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: the handler touches atomics only and calls what handlers may call.
        unsafe { libc::signal(signal, end as extern "C" fn(libc::c_int) as libc::sighandler_t) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_child_dies_with_its_children() {
        let dir = tempfile::tempdir().unwrap();
        let mark = dir.path().join("mark");
        let script = format!("(sleep 1; touch {}) & echo here; sleep 60", mark.display());
        let outcome = run(Command::new("sh").args(["-c", &script]), Duration::from_millis(200), None).unwrap();
        assert!(outcome.timed_out && outcome.took < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(1300));
        assert!(!mark.exists());
    }

    #[test]
    fn what_a_terminal_overwrites_is_heard_and_not_kept() {
        let mut heard = Vec::new();
        let mut keep = |l: &str| heard.push(l.to_owned());
        let script = "printf 'one\\n 1/2\\r 2/2\\rtwo\\nlast' >&2";
        let outcome = run(Command::new("sh").args(["-c", script]), Duration::from_secs(5), Some(&mut keep)).unwrap();
        assert_eq!(heard, ["one", " 1/2", " 2/2", "two", "last"]);
        assert_eq!(outcome.stderr_text(), "one\ntwo\nlast");
    }

    #[test]
    fn output_and_status_are_told() {
        let mut lines = Vec::new();
        let mut keep = |l: &str| lines.push(l.to_owned());
        let script = "echo out; echo one >&2; echo two >&2; exit 3";
        let outcome = run(Command::new("sh").args(["-c", script]), Duration::from_secs(5), Some(&mut keep)).unwrap();
        assert_eq!((outcome.stdout_text().as_str(), outcome.status.and_then(|s| s.code())), ("out\n", Some(3)));
        assert_eq!(lines, ["one", "two"]);
    }
}
