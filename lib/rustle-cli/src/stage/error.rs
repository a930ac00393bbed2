//! Why a stage stops: one message for a person or, as a `diagnostic` record, for a machine.

use rustle_stream::exit;
use rustle_stream::record::{Diagnostic, Record};
use rustle_stream::schema::LineError;
use rustle_value::Origin;
use std::fmt;

/// An error that ends a stage. Messages are lower case without a full stop; hints are lines of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StageError {
    pub message: String,
    pub hints: Vec<String>,
    /// Where in the user's sources.
    pub origin: Option<Origin>,
    /// Input line, from 1, where the input is a stream.
    pub line: Option<u64>,
    /// JSON pointer into that line.
    pub pointer: Option<String>,
    /// Exit code, one of [`rustle_stream::exit`].
    pub exit: u8,
    /// The reader of our output went away: nothing to say.
    pub(crate) broken_pipe: bool,
}

impl StageError {
    /// An error with one of the exit codes of [`rustle_stream::exit`].
    pub fn new(exit: u8, message: impl fmt::Display) -> Self {
        StageError { message: message.to_string(), exit, ..Self::default() }
    }
    /// The command line is wrong (64).
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(exit::USAGE, message)
    }
    /// The input is wrong (65).
    pub fn data(message: impl fmt::Display) -> Self {
        Self::new(exit::DATA, message)
    }
    /// Something that should not have happened (70).
    pub fn internal(message: impl fmt::Display) -> Self {
        Self::new(exit::SOFTWARE, message)
    }
    /// Adds a line of advice.
    pub fn hint(mut self, text: impl fmt::Display) -> Self {
        self.hints.push(text.to_string());
        self
    }
    /// Says where in the user's sources.
    pub fn at(mut self, origin: Option<Origin>) -> Self {
        self.origin = origin;
        self
    }
    /// Says which line of the input stream, and where in it.
    pub fn in_line(mut self, line: u64, pointer: impl Into<String>) -> Self {
        self.line = Some(line);
        self.pointer = Some(pointer.into());
        self
    }
    /// Whether it is only that the reader of our output went away.
    pub fn is_broken_pipe(&self) -> bool {
        self.broken_pipe
    }
    /// The error as a record.
    pub fn diagnostic(&self, program: &str) -> Record {
        Record::Diagnostic(Diagnostic {
            level: "error".into(),
            program: program.into(),
            message: self.message.clone(),
            origin: self.origin.clone(),
            line: self.line,
            pointer: self.pointer.clone(),
            hints: self.hints.clone(),
            exit: self.exit,
        })
    }
    /// The error as lines for a person: `program: error: …`, then the hints.
    pub fn human(&self, program: &str) -> String {
        let place = self.origin.as_ref().map(|o| format!("{o}: ")).unwrap_or_default();
        let mut text = format!("{program}: error: {place}{}\n", self.message);
        for hint in &self.hints {
            text.push_str(&format!("  hint: {hint}\n"));
        }
        text
    }
}

impl fmt::Display for StageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
impl std::error::Error for StageError {}

impl From<std::io::Error> for StageError {
    fn from(e: std::io::Error) -> Self {
        use std::io::ErrorKind::{BrokenPipe, NotFound, PermissionDenied};
        let code = match e.kind() {
            NotFound => exit::NO_INPUT,
            PermissionDenied => exit::NO_PERMISSION,
            _ => exit::IO,
        };
        StageError { broken_pipe: e.kind() == BrokenPipe, ..Self::new(code, e) }
    }
}

impl From<LineError> for StageError {
    fn from(e: LineError) -> Self {
        let text = e.to_string();
        match e {
            LineError::Schema { line, pointer, .. } => Self::data(text).in_line(line, pointer),
            LineError::Version { line, .. } => Self::data(text)
                .in_line(line, "/v")
                .hint("the stream was made by another version of rustle; use the same version for all stages"),
            LineError::Json { line, .. } => Self::data(text).in_line(line, ""),
        }
    }
}

impl From<serde_json::Error> for StageError {
    fn from(e: serde_json::Error) -> Self {
        Self::internal(format!("cannot write a record: {e}"))
    }
}
