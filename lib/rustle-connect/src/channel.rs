//! A command that runs on a host: its three streams and its end. Both ends can be used from different threads at once.

use crate::ConnectError;
use std::collections::VecDeque;
use std::fmt;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How a command ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// The exit status; 128 + signal number where a signal ended it.
    pub code: i32,
    /// The signal's number, where one ended it.
    pub signal: Option<i32>,
}

/// The end of a command, and the means to bring it about.
pub trait Control: Send {
    /// Waits until the command has ended, or `limit` has passed (`Ok(None)`). An error says that the connection broke
    /// rather than the command ended. May be called again and gives the same answer.
    fn wait_for(&mut self, limit: Option<Duration>) -> Result<Option<Exit>, ConnectError>;
    /// A handle that ends the command from any thread.
    fn killer(&self) -> Killer;
}

/// Ends a command: closes its streams and terminates it. Harmless after its end. Clones act on the same command.
#[derive(Clone)]
pub struct Killer(pub(crate) Arc<dyn Fn() + Send + Sync>);

impl Killer {
    /// A killer that does `f`.
    pub fn new(f: impl Fn() + Send + Sync + 'static) -> Killer {
        Killer(Arc::new(f))
    }
    /// Ends the command now.
    pub fn kill(&self) {
        (self.0)();
    }
}
impl fmt::Debug for Killer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Killer")
    }
}

/// A running command. The fields are public so that they can be moved into different threads.
pub struct Channel {
    /// The command's input. Dropping it is the end of file.
    pub stdin: Box<dyn Write + Send>,
    /// The command's output.
    pub stdout: Box<dyn Read + Send>,
    /// What the command (and the SSH client) complained about so far.
    pub stderr: Stderr,
    /// Its end.
    pub control: Box<dyn Control>,
}

impl Channel {
    /// Waits for the command's end. Close `stdin` first where the command reads it to the end.
    pub fn wait(&mut self) -> Result<Exit, ConnectError> {
        Ok(self.control.wait_for(None)?.unwrap_or_default())
    }
    /// Ends the command now.
    pub fn kill(&self) {
        self.control.killer().kill();
    }
}
impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Channel")
    }
}

/// The newest part of a command's standard error, collected in the background.
#[derive(Clone, Debug, Default)]
pub struct Stderr(Arc<Mutex<Kept>>);

#[derive(Debug)]
struct Kept {
    bytes: VecDeque<u8>,
    limit: usize,
}
impl Default for Kept {
    fn default() -> Self {
        Kept { bytes: VecDeque::new(), limit: Stderr::LIMIT }
    }
}

impl Stderr {
    /// Bytes kept, unless [`Stderr::keep`] says otherwise: a host that floods its standard error costs no more memory.
    pub const LIMIT: usize = 64 * 1024;

    /// Keeps that many bytes from now on.
    pub fn keep(&self, limit: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).limit = limit;
    }
    /// Adds bytes, forgetting the oldest above the limit.
    pub fn push(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes.extend(bytes);
        let surplus = kept.bytes.len().saturating_sub(kept.limit);
        kept.bytes.drain(..surplus);
    }
    /// What was collected, as text.
    pub fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = kept.bytes.iter().copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
