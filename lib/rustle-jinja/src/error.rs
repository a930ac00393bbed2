//! What can go wrong, with the words that users of Ansible know.

use rustle_value::{Origin, Undefined, Value};
use std::sync::Arc;

/// A message, and where it arose as far as known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// The whole message.
    pub msg: String,
    /// Where the template stands.
    pub origin: Option<Origin>,
    /// Line inside the template, from 1.
    pub line: Option<u32>,
    /// The message names its context already (a plugin, or the template) and gets no other prefix.
    pub(crate) named: bool,
}

/// An error of parsing or evaluating.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The source is not a template.
    #[error("{}", .0.msg)]
    Syntax(Box<Detail>),
    /// A value that is not there was used.
    #[error("{}", .0.msg)]
    Undefined(Box<Detail>),
    /// Anything else that fails during evaluation.
    #[error("{}", .0.msg)]
    Runtime(Box<Detail>),
    /// Only the controller can answer; `what` says what. Passes through every construct unchanged.
    #[error("needs the controller: {what}")]
    NeedsController { what: String },
}

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A Python-like exception inside a template; its message gains `Error rendering template: ` when it leaves it.
    pub fn runtime(msg: impl Into<String>) -> Error {
        Error::Runtime(Box::new(Detail { msg: msg.into(), ..Detail::default() }))
    }
    /// A syntax error with the bare message of the parser.
    pub fn syntax(msg: impl Into<String>, line: u32) -> Error {
        Error::Syntax(Box::new(Detail { msg: msg.into(), line: Some(line), ..Detail::default() }))
    }
    /// Use of an undefined value; `hint` is the whole message.
    pub fn undefined(hint: impl Into<String>) -> Error {
        Error::Undefined(Box::new(Detail { msg: hint.into(), ..Detail::default() }))
    }
    pub(crate) fn from_undefined(u: &Arc<Undefined>) -> Error {
        Error::undefined(&*u.hint).at_origin(u.origin.as_ref())
    }
    /// The detail, where the kind has one.
    pub fn detail(&self) -> Option<&Detail> {
        match self {
            Error::Syntax(d) | Error::Undefined(d) | Error::Runtime(d) => Some(d),
            Error::NeedsController { .. } => None,
        }
    }
    /// As [`Error::detail`], to change it.
    pub fn detail_mut(&mut self) -> Option<&mut Detail> {
        match self {
            Error::Syntax(d) | Error::Undefined(d) | Error::Runtime(d) => Some(d),
            Error::NeedsController { .. } => None,
        }
    }
    /// Notes the line where nothing more inner did.
    pub(crate) fn at_line(mut self, line: u32) -> Error {
        if let Some(d) = self.detail_mut()
            && d.line.is_none()
        {
            d.line = Some(line);
        }
        self
    }
    /// Notes the origin where nothing more inner did.
    pub(crate) fn at_origin(mut self, origin: Option<&Origin>) -> Error {
        if let Some(d) = self.detail_mut()
            && d.origin.is_none()
        {
            d.origin = origin.cloned();
        }
        self
    }
    /// This error as it is: nobody names the plugin that raised it.
    pub fn complete(self) -> Error {
        self.named(String::new)
    }
    /// Adds a prefix to the message of a syntax or run-time error, unless it has one.
    pub(crate) fn named(mut self, prefix: impl FnOnce() -> String) -> Error {
        if let Error::Syntax(d) | Error::Runtime(d) = &mut self
            && !d.named
        {
            d.msg.insert_str(0, &prefix());
            d.named = true;
        }
        self
    }
    /// An undefined value that carries this error, where the error is one of undefinedness.
    pub(crate) fn into_undefined(self) -> Result<Value> {
        match self {
            Error::Undefined(d) => Ok(Value::Undefined(Arc::new(Undefined { hint: d.msg.into(), origin: d.origin }))),
            other => Err(other),
        }
    }
}

/// A Python `TypeError` or similar as our error.
pub(crate) fn fail<T>(msg: impl Into<String>) -> Result<T> {
    Err(Error::runtime(msg))
}
