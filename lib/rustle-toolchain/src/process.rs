//! Child processes with a time limit. A child gets a process group of its own; when its time is over, the group and
//! all that descends from the child are killed, so that no grandchild (a compiler under a build tool) lives on.
//!
//! Limits: a grandchild that has made itself a daemon escapes.

use crate::tree;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::IntoRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Once, mpsc};
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
pub fn run(command: &mut Command, limit: Duration, on_line: Option<OnLine>) -> std::io::Result<Outcome> {
    supervise(command, limit, on_line, None)
}

/// As [`run`], for what must not outlive this program: where that ends while the child runs, be it by a signal that no
/// program can catch, a watcher kills the child's group and then runs `last` (which may be empty). It does so, too,
/// when the child's time is over.
///
/// # Errors
/// The child or its watcher cannot be started or waited for.
pub fn run_watched(command: &mut Command, limit: Duration, on_line: Option<OnLine>, last: &[String]) -> std::io::Result<Outcome> {
    supervise(command, limit, on_line, Some(last))
}

/// Starts it. A program that has just been written may be busy for a moment: a child that another thread is starting
/// holds the file open until it becomes its own program.
fn start(command: &mut Command) -> std::io::Result<Child> {
    for _ in 0..50 {
        match command.spawn() {
            Err(e) if e.kind() == std::io::ErrorKind::ExecutableFileBusy => std::thread::sleep(Duration::from_millis(20)),
            started => return started,
        }
    }
    command.spawn()
}

fn supervise(command: &mut Command, limit: Duration, mut on_line: Option<OnLine>, last: Option<&[String]>) -> std::io::Result<Outcome> {
    if ending() {
        return Err(std::io::Error::new(std::io::ErrorKind::Interrupted, "interrupted"));
    }
    let begun = Instant::now();
    let mut child = start(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0))?;
    let group = Group::new(child.id());
    let watcher = match last.map(|last| Watcher::new(command, child.id(), last)) {
        None => None,
        Some(Ok(watcher)) => Some(watcher),
        Some(Err(e)) => {
            group.kill();
            child.wait()?;
            return Err(e);
        }
    };
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
    while ending() {
        // Whoever comes here now would tell of a failure that is none. The watcher knows when this process is gone.
        std::thread::park();
    }
    if let Some(watcher) = watcher {
        // What is killed from elsewhere has left things behind, too.
        let killed = outcome.status.is_none_or(|s| std::os::unix::process::ExitStatusExt::signal(&s).is_some());
        watcher.end(!killed)?;
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
        tree::kill(self.0);
    }
}
impl Drop for Group {
    fn drop(&mut self) {
        _ = RUNNING.iter().find(|r| r.compare_exchange(self.0, 0, Ordering::SeqCst, Ordering::SeqCst).is_ok());
    }
}

/// Whether a signal is about to end this program.
static DYING: AtomicBool = AtomicBool::new(false);

/// Kills every child that [`run`] waits for, with its children: for programs that are about to end.
pub fn kill_all() {
    for r in &RUNNING {
        // An entry goes before its child is forgotten.
        tree::kill(r.load(Ordering::SeqCst));
    }
}

/// Whether a signal is about to end this program ([`die_with_children`]): no child is started any more.
pub fn ending() -> bool {
    DYING.load(Ordering::SeqCst)
}

/// From now on a signal that ends this program ends its children first. Children are in groups of their own, which a
/// terminal's interrupt does not reach.
pub fn die_with_children() {
    static WAKE: AtomicI32 = AtomicI32::new(-1);
    static ONCE: Once = Once::new();
    /// What a handler may do is little: it tells a thread, which may do anything.
    extern "C" fn tell(signal: libc::c_int) {
        let number = [u8::try_from(signal).unwrap_or(0)];
        // SAFETY: write may be called in a handler; the buffer is on the stack. The descriptor is never closed.
        unsafe { libc::write(WAKE.load(Ordering::SeqCst), number.as_ptr().cast(), 1) };
    }
    ONCE.call_once(|| {
        let Ok((mut reader, writer)) = std::io::pipe() else { return };
        WAKE.store(writer.into_raw_fd(), Ordering::SeqCst);
        let end = move || {
            let mut number = [0];
            if reader.read_exact(&mut number).is_ok() {
                DYING.store(true, Ordering::SeqCst);
                kill_all();
                let signal = i32::from(number[0]);
                // SAFETY: neither call touches memory. The signal ends the process now.
                unsafe {
                    libc::signal(signal, libc::SIG_DFL);
                    libc::kill(libc::getpid(), signal);
                }
            }
        };
        if std::thread::Builder::new().name("signals".into()).spawn(end).is_err() {
            return;
        }
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
            // SAFETY: the handler reads an atomic and calls what handlers may call.
            unsafe { libc::signal(signal, tell as extern "C" fn(libc::c_int) as libc::sighandler_t) };
        }
    });
}

/// A shell that waits for this program's word that all is well, and cleans up where the pipe closes without it.
struct Watcher {
    shell: Child,
    word: ChildStdin,
}

impl Watcher {
    /// `last` may come too early for what a killed client had just asked for (a container is copied on some disks before it
    /// is there), so it runs again, until it tells that it removed something, or half a minute has gone by.
    const SCRIPT: &str = "read -r word; [ \"$word\" = done ] && exit 0; kill -s KILL -- \"-$1\"; shift; [ $# = 0 ] && exit 0; for pause in 1 2 4 8 16; do [ -z \"$(\"$@\")\" ] || exit 0; sleep $pause; done; \"$@\"; exit 0";

    fn new(command: &Command, group: u32, last: &[String]) -> std::io::Result<Watcher> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", Watcher::SCRIPT, "sh", &group.to_string()]).args(last);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let mut shell = shell.spawn()?;
        match shell.stdin.take() {
            Some(word) => Ok(Watcher { shell, word }),
            None => Err(std::io::Error::other("no pipe to the watcher")),
        }
    }

    /// All is well, or it cleans up now.
    fn end(mut self, well: bool) -> std::io::Result<()> {
        if well {
            // One that somebody killed needs no word.
            _ = self.word.write_all(b"done\n");
        }
        drop(self.word);
        self.shell.wait().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_still_being_written_is_waited_for() {
        use std::os::unix::fs::OpenOptionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tool");
        let mut file = std::fs::File::options().create(true).write(true).truncate(true).mode(0o755).open(&path).unwrap();
        file.write_all(b"#!/bin/sh\necho here\n").unwrap();
        let writer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            drop(file);
        });
        let outcome = run(&mut Command::new(&path), Duration::from_secs(30), None).unwrap();
        writer.join().unwrap();
        assert_eq!(outcome.stdout_text(), "here\n");
    }

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
    fn a_grandchild_with_a_session_of_its_own_dies_too() {
        let dir = tempfile::tempdir().unwrap();
        let (begun, ended) = (dir.path().join("begun"), dir.path().join("ended"));
        let script = format!("setsid sh -c 'touch {}; sleep 2; touch {}' & sleep 60", begun.display(), ended.display());
        let mut limit = Duration::from_millis(300);
        // A busy machine may need longer to get so far.
        while !begun.exists() {
            let outcome = run(Command::new("sh").args(["-c", &script]), limit, None).unwrap();
            assert!(outcome.timed_out);
            limit *= 2;
        }
        std::thread::sleep(Duration::from_millis(2300));
        assert!(!ended.exists());
    }

    #[test]
    fn a_watched_child_leaves_nothing_when_its_time_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let mark = dir.path().join("cleaned");
        let last = ["touch".to_owned(), mark.display().to_string()];
        let well = run_watched(Command::new("sh").args(["-c", "exit 3"]), Duration::from_secs(20), None, &last).unwrap();
        assert!(well.status.and_then(|s| s.code()) == Some(3) && !mark.exists());
        let late = run_watched(Command::new("sh").args(["-c", "sleep 60"]), Duration::from_millis(200), None, &last).unwrap();
        assert!(late.timed_out && mark.exists());
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
