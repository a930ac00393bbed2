//! One channel to a host's bootstrap: reads its lines, watches the clock, and hands the channel over at the end.

use crate::ShipError;
use crate::script;
use rustle_connect::{Channel, ConnectError, Exit, Killer, PREFIX};
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// Kills a channel whose host stays silent for too long while it is waited for. What is done here meanwhile (a build takes
/// minutes) is no silence of the host's.
pub(crate) struct Watchdog {
    /// Whether somebody waits from now on.
    turns: Option<mpsc::Sender<bool>>,
    fired: Arc<AtomicBool>,
    limit: Duration,
}

impl Watchdog {
    fn new(killer: Killer, limit: Duration) -> Watchdog {
        let (turns, turned) = mpsc::channel();
        let fired = Arc::new(AtomicBool::new(false));
        let flag = fired.clone();
        let started = std::thread::Builder::new().name("watchdog".into()).stack_size(64 * 1024).spawn(move || {
            let mut waiting = false;
            loop {
                let next = if waiting { turned.recv_timeout(limit) } else { turned.recv().map_err(Into::into) };
                match next {
                    Ok(turn) => waiting = turn,
                    Err(mpsc::RecvTimeoutError::Disconnected) => return,
                    Err(mpsc::RecvTimeoutError::Timeout) => {
                        flag.store(true, Ordering::Release);
                        killer.kill();
                        return;
                    }
                }
            }
        });
        Watchdog { turns: started.is_ok().then_some(turns), fired, limit }
    }
    /// The host is waited for, from now on.
    fn watch(&self) {
        self.turn(true);
    }
    /// It is not.
    fn rest(&self) {
        self.turn(false);
    }
    fn turn(&self, waiting: bool) {
        if let Some(t) = &self.turns {
            _ = t.send(waiting);
        }
    }
}

/// A line that matters.
#[derive(Debug)]
pub(crate) enum Heard {
    /// The bootstrap said this (word, rest).
    Word(String, String),
    /// After `run`: the runner's own first line.
    Runner(Vec<u8>),
    /// The output ended.
    End,
}

pub(crate) struct Dialogue {
    stdin: Box<dyn Write + Send>,
    stdout: BufReader<Box<dyn Read + Send>>,
    rest: Rest,
    token: String,
    dog: Watchdog,
    running: bool,
    noise: Vec<u8>,
}

struct Rest {
    stderr: rustle_connect::Stderr,
    control: Box<dyn rustle_connect::Control>,
}

/// Output that is not ours before we give up: login scripts may greet, but not flood.
const NOISE_LIMIT: usize = 256 * 1024;

impl Dialogue {
    pub(crate) fn new(channel: Channel, token: String, limit: Duration) -> Dialogue {
        let dog = Watchdog::new(channel.control.killer(), limit);
        Dialogue {
            stdin: channel.stdin,
            stdout: BufReader::with_capacity(16 * 1024, channel.stdout),
            rest: Rest { stderr: channel.stderr, control: channel.control },
            token,
            dog,
            running: false,
            noise: Vec::new(),
        }
    }

    /// The next line that matters.
    pub(crate) fn hear(&mut self) -> Result<Heard, ShipError> {
        self.dog.watch();
        let heard = self.listen();
        self.dog.rest();
        heard
    }

    fn listen(&mut self) -> Result<Heard, ShipError> {
        loop {
            let mut line = Vec::new();
            let limit = NOISE_LIMIT as u64;
            let n = self.stdout.by_ref().take(limit).read_until(b'\n', &mut line).unwrap_or(0);
            if n == 0 {
                return Ok(Heard::End);
            }
            self.dog.watch();
            if self.running && line.first() == Some(&b'{') {
                return Ok(Heard::Runner(line));
            }
            let text = String::from_utf8_lossy(&line);
            if let Some((word, rest)) = script::parse(&text, &self.token) {
                self.running = word == "run";
                return Ok(Heard::Word(word.to_owned(), rest.to_owned()));
            }
            self.noise.extend_from_slice(&line);
            if self.noise.len() > NOISE_LIMIT {
                self.rest.control.killer().kill();
                return Err(ShipError::Protocol("the host's login scripts print without end".into()));
            }
        }
    }

    /// Sends one line.
    pub(crate) fn say(&mut self, line: &str) {
        self.dog.watch();
        // A host that is gone shows in what is read next.
        _ = self.stdin.write_all(format!("{line}\n").as_bytes()).and_then(|()| self.stdin.flush());
        self.dog.rest();
    }

    /// Sends bytes; returns how many went out before the host stopped taking them.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> u64 {
        let mut sent = 0;
        self.dog.watch();
        for piece in bytes.chunks(128 * 1024) {
            if self.stdin.write_all(piece).is_err() {
                break;
            }
            sent += piece.len() as u64;
            self.dog.watch();
        }
        _ = self.stdin.flush();
        self.dog.rest();
        sent
    }

    /// How the command ended, with the last words on standard error. The connection's own failures are errors.
    pub(crate) fn end(mut self) -> Result<(Exit, String), ShipError> {
        self.ending()
    }

    /// As [`Dialogue::end`]; nothing can be said or heard afterwards.
    pub(crate) fn ending(&mut self) -> Result<(Exit, String), ShipError> {
        drop(std::mem::replace(&mut self.stdin, Box::new(std::io::sink())));
        let timeout = |limit: Duration| {
            let text = format!("{PREFIX}no answer from the host within {} seconds", limit.as_secs());
            ShipError::Connect(ConnectError::Timeout(text))
        };
        let result = self.rest.control.wait_for(Some(Duration::from_secs(10)));
        if self.dog.fired.load(Ordering::Acquire) {
            return Err(timeout(self.dog.limit));
        }
        let exit = match result? {
            Some(exit) => exit,
            None => {
                self.rest.control.killer().kill();
                return Err(timeout(Duration::from_secs(10)));
            }
        };
        let stderr = self.rest.stderr.text();
        let mut words = stderr.trim().to_owned();
        if words.is_empty() {
            words = String::from_utf8_lossy(&self.noise).trim().to_owned();
        }
        Ok((exit, words))
    }

    /// Gives the channel to whoever speaks with the runner; `first` is the runner's line that was read already.
    pub(crate) fn hand_over(self, first: Vec<u8>) -> Channel {
        let buffered = self.stdout.buffer().to_vec();
        let prefix = std::io::Cursor::new([first, buffered].concat());
        let stdout = Box::new(prefix.chain(self.stdout.into_inner()));
        Channel { stdin: self.stdin, stdout, stderr: self.rest.stderr, control: self.rest.control }
    }
}
