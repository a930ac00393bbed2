//! Commands on the host: one channel each, as the user that is logged in or, through `become`, as another one.

use crate::elevate;
use crate::remote::Remote;
use crate::trouble::Trouble;
use rustle_connect::{Control, Killer, Stderr};
use rustle_stream::protocol::Become;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How long an elevating program may take to ask, or to let us through.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is kept of a command's standard error.
const ERRORS: usize = 8 << 20;

/// A word as a POSIX shell reads it.
pub(crate) fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./,:@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\"'\"'"))
}

/// What a command left behind.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub stdout: Vec<u8>,
    pub stderr: String,
    pub code: i32,
}

impl Output {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// A command that was started, past any elevation: what is written now, it reads.
pub(crate) struct Running {
    pub stdin: Box<dyn Write + Send>,
    pub control: Box<dyn Control>,
    stderr: Stderr,
    out: mpsc::Receiver<Vec<u8>>,
    /// Output that was read already.
    head: Vec<u8>,
    /// The elevating program's prompt: no part of what the command wrote.
    prompt: String,
    /// What the command says first, followed by its process id.
    marker: String,
    /// The process id, as soon as it is known.
    pid: Arc<AtomicU32>,
}

impl Running {
    /// The next line of its output, without the line's end; `None` at the end of it.
    pub(crate) fn line(&mut self, limit: Duration) -> Option<String> {
        loop {
            if let Some(end) = self.head.iter().position(|b| *b == b'\n') {
                let rest = self.head.split_off(end + 1);
                let line = std::mem::replace(&mut self.head, rest);
                return Some(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            self.head.extend(self.out.recv_timeout(limit).ok()?);
        }
    }
    /// What it complained about.
    pub(crate) fn words(&self) -> String {
        self.stderr.text().replace(&self.prompt, "")
    }
    /// Takes the marker's line off the output, and everything before it: a lecture, a message of the day.
    fn marked(&mut self) -> bool {
        let Some(at) = find(&self.head, self.marker.as_bytes()) else { return false };
        let line = &self.head[at + self.marker.len()..];
        let Some(end) = line.iter().position(|b| *b == b'\n') else { return false };
        let pid = String::from_utf8_lossy(&line[..end]).trim().parse().unwrap_or(0);
        self.pid.store(pid, Ordering::Relaxed);
        self.head = line[end + 1..].to_vec();
        true
    }
    /// Hands `input` to it and waits for its end.
    fn finish(mut self, input: &[u8], limit: Option<u64>) -> Result<Output, Trouble> {
        let deadline = limit.map(|s| Instant::now() + Duration::from_secs(s));
        let mut stdin = std::mem::replace(&mut self.stdin, Box::new(std::io::sink()));
        let input = input.to_vec();
        // A command that reads nothing must not hold up the reading of what it writes.
        std::thread::spawn(move || _ = stdin.write_all(&input).and_then(|()| stdin.flush()));
        let mut marked = self.pid.load(Ordering::Relaxed) != 0 || self.marked();
        loop {
            let left = deadline.map_or(Duration::from_secs(3600), |d| d.saturating_duration_since(Instant::now()));
            match self.out.recv_timeout(left) {
                Ok(bytes) => {
                    self.head.extend(bytes);
                    marked = marked || self.marked();
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) if deadline.is_some() => return Err(Trouble::timed_out(limit.unwrap_or_default())),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        let exit = self.control.wait_for(None)?.unwrap_or_default();
        Ok(Output { stderr: self.words(), stdout: self.head, code: exit.code })
    }
}

impl Remote {
    /// Starts `line` (for `/bin/sh`) and comes back when it runs as who it should.
    pub(crate) fn start(&self, line: &str, elevate: Option<&Become>) -> Result<Running, Trouble> {
        let token = token();
        let (marker, prompt) = (format!("RUSTLE-RUNS-{token} "), format!("[password {token}]"));
        let line = format!("echo {marker}$$; {line}");
        let line = match elevate {
            None => line,
            Some(e) => elevate::line(e, &line, &prompt).map_err(Trouble::failed)?,
        };
        let channel = self.exec(&format!("/bin/sh -c {}", quote(&line)))?;
        channel.stderr.keep(ERRORS);
        let out = reader(channel.stdout);
        let (stdin, control, stderr) = (channel.stdin, channel.control, channel.stderr);
        let mut running = Running { stdin, control, stderr, out, head: Vec::new(), prompt, marker, pid: Arc::default() };
        match elevate {
            Some(e) => running.pass(e).map(|()| running),
            None => Ok(running),
        }
    }
    /// Runs `line` to its end.
    pub(crate) fn run(&self, line: &str, input: &[u8], elevate: Option<&Become>, limit: Option<u64>) -> Result<Output, Trouble> {
        let running = self.start(line, elevate)?;
        let held = self.hold(Held { killer: running.control.killer(), pid: running.pid.clone(), elevate: elevate.cloned() });
        let done = running.finish(input, limit);
        // Where the connection is lost, there is no way to end it.
        if let Some(held) = self.let_go(held).filter(|_| matches!(done, Err(Trouble::Failed(_)))) {
            self.end(&held);
        }
        done
    }
    /// Ends a command that is running, with everything that it started.
    pub(crate) fn end(&self, held: &Held) {
        let pid = held.pid.load(Ordering::Relaxed);
        if pid != 0 {
            let line = format!("t() {{ for c in $(pgrep -P $1 2>/dev/null); do ( t $c ); done; kill -9 $1 2>/dev/null; }}; t {pid}");
            // Not run(): that would end what does not end in time in the same way.
            if let Ok(running) = self.start(&line, held.elevate.as_ref()) {
                _ = running.finish(b"", Some(5));
            }
        }
        held.killer.kill();
    }
}

impl Running {
    /// Waits until the elevating program lets us through, and answers it.
    fn pass(&mut self, elevate: &Become) -> Result<(), Trouble> {
        let killer = self.control.killer();
        let give_up = |message: String| {
            killer.kill();
            Err(Trouble::failed(message))
        };
        let start = Instant::now();
        let mut answered = false;
        let mut ended = false;
        loop {
            if self.marked() {
                return Ok(());
            }
            let words = self.stderr.text();
            if ended {
                // A connection that broke is another thing than a refusal.
                self.control.wait_for(Some(Duration::from_secs(5)))?;
                return Err(Trouble::failed(elevate::explain(elevate, &self.words())));
            }
            match &elevate.password {
                Some(password) if !answered && elevate::asks(elevate, &words, &self.prompt) => {
                    answered = true;
                    let written = writeln!(self.stdin, "{password}").and_then(|()| self.stdin.flush());
                    if written.is_err() {
                        ended = true;
                    }
                }
                Some(_) if answered && elevate::refused(&words) => return give_up(elevate::explain(elevate, &words)),
                None if elevate::refused(&words) => return give_up(elevate::explain(elevate, &words)),
                _ => {}
            }
            if start.elapsed() > PATIENCE {
                return give_up(format!("Timeout ({}s) waiting for privilege escalation prompt", PATIENCE.as_secs()));
            }
            match self.out.recv_timeout(Duration::from_millis(if answered || elevate.password.is_none() { 50 } else { 5 })) {
                Ok(bytes) => self.head.extend(bytes),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => ended = true,
            }
        }
    }
}

/// A thread that reads everything: nobody waits in a read that never ends.
fn reader(mut stream: Box<dyn Read + Send>) -> mpsc::Receiver<Vec<u8>> {
    let (send, out) = mpsc::channel();
    std::thread::spawn(move || {
        let mut piece = vec![0u8; 32 << 10];
        while let Ok(n) = stream.read(&mut piece) {
            if n == 0 || send.send(piece[..n].to_vec()).is_err() {
                break;
            }
        }
    });
    out
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|w| w == what)
}

/// A word that nobody guesses.
pub(crate) fn token() -> String {
    let mut bytes = [0u8; 12];
    // Without randomness the word is only as good as the clock; names of folders are still created exclusively.
    if getrandom::fill(&mut bytes).is_err() {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos());
        bytes.copy_from_slice(&now.to_be_bytes()[4..]);
    }
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A command that is running, to be ended with the run.
pub(crate) struct Held {
    pub killer: Killer,
    pub pid: Arc<AtomicU32>,
    pub elevate: Option<Become>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        for word in ["plain", "", "it's", "a b", "$HOME `x` \\ \"", "!"] {
            let out = std::process::Command::new("/bin/sh").args(["-c", &format!("printf %s {}", quote(word))]).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&out.stdout), word);
        }
    }
}
