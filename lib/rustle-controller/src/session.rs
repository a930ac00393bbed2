//! A runner on a host, seen from the controller: one channel, two directions.
//!
//! A thread of its own writes, another reads: a slow host never holds others up. Answers to [`Down::Exec`] are handed
//! to whoever waits for them; everything else goes to the run's one queue.

use rustle_stream::foreign::Payloads;
use rustle_stream::protocol::{Down, ModuleRequest, Reply, Up};
use rustle_value::{Dict, Value};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

/// A lock that a panicking thread may have left: its data are still whole.
pub fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a session tells the run.
#[derive(Debug)]
pub enum Heard {
    Message(Box<Up>),
    /// The channel ended; `why` is what the host, or its connection, said last.
    Closed { why: String },
}

/// One host's runner.
pub struct Session {
    pub host: String,
    down: Mutex<Option<mpsc::Sender<String>>>,
    pending: Mutex<HashMap<u64, mpsc::Sender<Dict>>>,
    next: AtomicU64,
    pub closed: AtomicBool,
    /// Programs of modules that the runner has.
    payloads: Payloads,
    turn: Mutex<()>,
    /// It was left on purpose: its end is no news.
    left: AtomicBool,
    /// It was sent a play.
    pub used: AtomicBool,
}

impl Session {
    /// Takes over a channel on which a runner speaks. `why` explains an end of it, and is asked once.
    pub fn start(
        host: &str,
        mut stdin: Box<dyn Write + Send>,
        stdout: Box<dyn Read + Send>,
        why: Box<dyn FnOnce() -> String + Send>,
        heard: impl Fn(&str, Heard) + Send + 'static,
    ) -> Arc<Session> {
        let (send, lines) = mpsc::channel::<String>();
        let session = Arc::new(Session {
            host: host.to_owned(),
            down: Mutex::new(Some(send)),
            pending: Mutex::default(),
            next: AtomicU64::new(1),
            closed: AtomicBool::new(false),
            payloads: Payloads::default(),
            turn: Mutex::default(),
            left: AtomicBool::new(false),
            used: AtomicBool::new(false),
        });
        std::thread::spawn(move || {
            // Everything that is ready goes out in one write.
            while let Ok(mut text) = lines.recv() {
                while let Ok(more) = lines.try_recv() {
                    text.push_str(&more);
                }
                if stdin.write_all(text.as_bytes()).and_then(|()| stdin.flush()).is_err() {
                    break;
                }
            }
        });
        let mine = session.clone();
        std::thread::spawn(move || {
            let mut reader = BufReader::with_capacity(1 << 16, stdout);
            let mut line = Vec::new();
            let mut nonsense = None;
            loop {
                line.clear();
                match reader.read_until(b'\n', &mut line) {
                    Ok(n) if n > 0 && line.ends_with(b"\n") => {}
                    _ => break,
                }
                match serde_json::from_slice::<Up>(&line) {
                    Ok(Up::Executed { id, result }) => {
                        if let Some(waiting) = lock(&mine.pending).remove(&id) {
                            _ = waiting.send(data(result));
                        }
                    }
                    Ok(message) => heard(&mine.host, Heard::Message(Box::new(message))),
                    Err(e) => {
                        nonsense = Some(format!("the runner said something that is not the protocol: {e}"));
                        break;
                    }
                }
            }
            mine.closed.store(true, Ordering::SeqCst);
            lock(&mine.pending).clear();
            *lock(&mine.down) = None;
            if !mine.left.load(Ordering::SeqCst) {
                heard(&mine.host, Heard::Closed { why: nonsense.unwrap_or_else(why) });
            }
        });
        session
    }
    /// Queues a message. False where the host is gone.
    pub fn send(&self, message: &Down) -> bool {
        let Ok(mut line) = serde_json::to_string(message) else { return false };
        line.push('\n');
        lock(&self.down).as_ref().is_some_and(|d| d.send(line).is_ok())
    }
    /// Answers a question. A program that the runner has goes without its text.
    pub fn reply(&self, id: u64, reply: Reply) {
        let _in_turn = lock(&self.turn);
        let reply = match reply {
            Reply::Payload { payload } => Reply::Payload { payload: self.payloads.to_send(&payload) },
            other => other,
        };
        self.send(&Down::Reply { id, reply });
    }
    /// Runs a module there and waits for its result; `None` where the host is gone.
    pub fn exec(&self, mut request: ModuleRequest) -> Option<Dict> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (send, answer) = mpsc::channel();
        lock(&self.pending).insert(id, send);
        // Whoever leaves a program out must be heard after the one who brought it.
        let in_turn = lock(&self.turn);
        request.payload = request.payload.map(|p| self.payloads.to_send(&p));
        if self.closed.load(Ordering::SeqCst) || !self.send(&Down::Exec { id, request: Box::new(request) }) {
            lock(&self.pending).remove(&id);
            return None;
        }
        drop(in_turn);
        answer.recv().ok()
    }
    /// Says goodbye; nobody hears of the end.
    pub fn leave(&self) {
        self.left.store(true, Ordering::SeqCst);
        self.close();
    }
    /// Says goodbye.
    pub fn close(&self) {
        self.send(&Down::Bye);
        *lock(&self.down) = None;
    }
}

/// A host's answer as data: nothing in it is ever rendered.
pub fn data(d: Dict) -> Dict {
    match Value::dict(d).into_data() {
        Value::Dict(d) => Arc::unwrap_or_clone(d),
        _ => Dict::new(),
    }
}
