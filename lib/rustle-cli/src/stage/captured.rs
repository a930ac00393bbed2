//! A stage within a program, its output kept in memory: tests look at stages so.

use super::{Stage, StageIo, run_with};
use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// What was written. Copies share it.
#[derive(Clone, Debug, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Captured {
    /// All of it; what is no UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// Runs a stage under this name with these arguments; its exit code, and what it wrote to stdout and stderr.
pub fn run_captured<S: Stage>(name: &str, args: &[&str], input: &str) -> (u8, String, String) {
    let (out, err) = (Captured::default(), Captured::default());
    let io = StageIo::new(name, Box::new(Cursor::new(input.to_owned())), false, Box::new(out.clone()), Box::new(err.clone()));
    let code = run_with::<S>(std::iter::once(name).chain(args.iter().copied()).map(Into::into), io);
    (code, out.text(), err.text())
}
