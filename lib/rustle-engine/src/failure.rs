//! Failures with their chain of causes, worded as ansible-core words them.

use rustle_jinja::Error as JinjaError;
use rustle_stream::event::ErrorPart;
use rustle_stream::model::Task;
use rustle_stream::protocol::Reply;
use rustle_value::{Dict, Origin, Value};

/// Why a task, or one item of its loop, failed before or after its action ran.
#[derive(Clone, Debug, Default)]
pub struct Failure {
    /// Outermost first.
    pub parts: Vec<ErrorPart>,
    /// What `msg` of the result says, where it is not the joined parts.
    pub msg: Option<String>,
    /// Keys that the result carries besides `failed` and `msg`.
    pub result: Dict,
    /// The host (not the task) is the problem.
    pub unreachable: bool,
    /// The cause is a value that is not there.
    pub undefined: bool,
}

impl Failure {
    /// A failure with one message.
    pub fn new(message: impl Into<String>) -> Failure {
        Failure { parts: vec![ErrorPart { message: message.into(), ..ErrorPart::default() }], ..Failure::default() }
    }
    /// The host is gone.
    pub fn unreachable(message: impl Into<String>) -> Failure {
        let message: String = message.into();
        let told = if message.starts_with("Task failed") { message } else { format!("Task failed: {message}") };
        Failure { unreachable: true, ..Failure::new(told) }
    }
    /// Sets the place of the innermost part that has none.
    pub fn at(mut self, origin: Option<&Origin>) -> Failure {
        if let Some(part) = self.parts.last_mut() {
            part.origin = part.origin.take().or_else(|| origin.cloned());
        }
        self
    }
    /// Puts a cause's description around it: `message: …`.
    pub fn inside(mut self, message: impl Into<String>, origin: Option<&Origin>) -> Failure {
        self.parts.insert(0, ErrorPart::new(message, origin));
        self
    }
    /// An error that the controller gave for an answer.
    pub fn answered(message: String, undefined: bool, parts: Vec<ErrorPart>, msg: Option<String>) -> Failure {
        let plain = Failure { undefined, msg, ..Failure::new(message) };
        if parts.is_empty() { plain } else { Failure { parts, ..plain } }
    }
    /// The same as an answer to a runner.
    pub fn into_reply(self) -> Reply {
        Reply::Error { message: self.joined(), undefined: self.undefined, parts: self.parts, msg: self.msg }
    }
    /// What an action raises instead of returning a result: `msg` of the result does not say that the task failed.
    pub fn raised(message: impl Into<String>) -> Failure {
        let message: String = message.into();
        Failure::new(message.clone()).saying(message)
    }
    /// Shows the innermost part in a section of its own.
    pub fn apart(mut self) -> Failure {
        if let Some(part) = self.parts.last_mut() {
            part.apart = true;
        }
        self
    }
    /// Whether it is already told as a task's failure.
    pub fn is_whole(&self) -> bool {
        self.unreachable || self.parts.first().is_some_and(|p| p.message.starts_with("Task failed"))
    }
    /// The failure as that of the task, unless it is that already.
    pub fn of_task(self, task: &Task) -> Failure {
        if self.is_whole() { self } else { self.inside("Task failed", task.origin.as_ref()) }
    }
    /// A failure of the task's arguments.
    pub fn of_arguments(self, task: &Task) -> Failure {
        let at = task.action_origin.as_ref().or(task.origin.as_ref());
        self.inside(format!("Finalization of task args for '{}' failed", task.action), at).of_task(task)
    }
    /// Sets what the result's `msg` says, where it differs from the chain.
    pub fn saying(mut self, msg: impl Into<String>) -> Failure {
        self.msg = Some(msg.into());
        self
    }
    /// Advice for the innermost part.
    pub fn help(mut self, text: &str) -> Failure {
        if let Some(part) = self.parts.last_mut() {
            part.help = Some(text.to_owned());
        }
        self
    }
    /// What is shown below the outermost part.
    pub fn outer_help(mut self, text: String) -> Failure {
        if let Some(part) = self.parts.first_mut() {
            part.help = Some(text);
        }
        self
    }
    /// All messages in one line, as the result's `msg` has them.
    pub fn joined(&self) -> String {
        joined(&self.parts)
    }
    /// The result of the failed task.
    pub fn into_result(self) -> (Dict, Vec<ErrorPart>) {
        let mut d = self.result;
        if self.unreachable {
            d.insert("unreachable", true);
            d.insert("changed", false);
        } else {
            d.insert("failed", true);
        }
        d.insert("msg", self.msg.unwrap_or_else(|| joined(&self.parts)));
        (d, self.parts)
    }
}

/// Messages of a chain, joined as one line: `a: b: c`.
pub fn joined(parts: &[ErrorPart]) -> String {
    let n = parts.len();
    parts
        .iter()
        .enumerate()
        .map(|(i, p)| if i + 1 < n { p.message.trim_end_matches('.') } else { p.message.as_str() })
        .collect::<Vec<_>>()
        .join(": ")
}

impl From<JinjaError> for Failure {
    fn from(e: JinjaError) -> Failure {
        let origin = e.detail().and_then(|d| d.origin.clone());
        let undefined = matches!(e, JinjaError::Undefined(_));
        Failure { undefined, ..Failure::new(e.to_string()).at(origin.as_ref()) }
    }
}

impl From<crate::world::WorldError> for Failure {
    fn from(e: crate::world::WorldError) -> Failure {
        match e {
            crate::world::WorldError::Unreachable { message } => Failure::unreachable(message),
            other => Failure::unreachable(other.to_string()),
        }
    }
}

/// Where a value stands, if it knows.
pub fn origin_of(v: &Value) -> Option<&Origin> {
    match v {
        Value::Template(t) => t.origin.as_ref(),
        Value::Vaulted(x) => x.origin.as_ref(),
        _ => None,
    }
}
