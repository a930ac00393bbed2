//! What came of a task or of one item of its loop, and what is said of it.

use crate::context::TaskContext;
use crate::failure::Failure;
use rustle_stream::event::{ErrorPart, Status};
use rustle_stream::protocol::VarChanges;
use rustle_value::{Dict, Value, dict};

/// What came of a task, or of one item.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub result: Dict,
    pub errors: Vec<ErrorPart>,
    pub changes: VarChanges,
    pub changed: bool,
    pub failed: bool,
    pub skipped: bool,
    pub unreachable: bool,
    /// Failed or unreachable, and the task says to ignore that.
    pub ignored: bool,
    pub no_log: bool,
    /// Diffs are to be shown.
    pub diff: bool,
    /// What is notified, where the task changed something.
    pub notified: Vec<String>,
    pub delegated: Option<String>,
}

const HIDDEN: &str = "(the error's text has been hidden, 'no_log: true' was specified for this task)";

/// The result of a task whose output must not be seen.
fn censored(changed: bool, result: &Dict) -> Dict {
    let mut d = dict! {
        "censored" => "the output has been hidden due to the fact that 'no_log: true' was specified for this result",
        "changed" => changed,
    };
    if let Some(n) = result.get("attempts") {
        d.insert("attempts", n.clone());
    }
    d
}

/// Whether an error's message is known to hold nothing but names, so that it may be seen in spite of `no_log`.
fn tells_nothing(message: &str) -> bool {
    let last = message.rsplit(": ").next().unwrap_or(message);
    let known = ["The command exited with a non-zero return code.", "Task failed", "Finalization of task args for", "Error while resolving value for"];
    last.ends_with(" is undefined") || known.iter().any(|k| last.starts_with(k))
}

impl Outcome {
    /// A result that says `skipped`.
    pub fn skipped(result: Dict) -> Outcome {
        Outcome { result, skipped: true, ..Outcome::default() }
    }
    /// The task did not get as far as its action.
    pub fn from_failure(failure: Failure, cx: &TaskContext) -> Outcome {
        let unreachable = failure.unreachable;
        let (mut result, mut errors) = failure.into_result();
        if !result.contains_key("changed") {
            result.insert("changed", false);
        }
        if let Some(first) = errors.first_mut()
            && first.origin.is_none()
            && !first.apart
        {
            first.origin = cx.task.origin.clone();
        }
        Outcome { result, errors, failed: !unreachable, unreachable, ..Outcome::default() }
    }
    /// What `register` stores: without internals.
    pub fn registered(&self) -> Dict {
        let mut d = self.result.clone();
        d.retain(|k, _| !k.as_str().is_some_and(|k| k.starts_with("_ansible_")));
        crate::deprecated::without_places(&mut d);
        d.insert("changed", self.changed);
        if !self.unreachable {
            d.insert("failed", self.failed);
        }
        if (self.failed || self.unreachable) && !self.errors.is_empty() {
            d.insert("exception", "(traceback unavailable)");
        }
        in_order(d)
    }
    /// What reports get.
    pub fn public(&self) -> Dict {
        if self.no_log {
            return censored(self.changed, &self.result);
        }
        let mut d = self.result.clone();
        // A module may tell its diff unasked; it is registered, and not shown.
        if !self.diff {
            d.remove("diff");
        }
        d
    }
    /// The chain of causes for reports. Under `no_log`, what a module or a template said stays hidden.
    pub fn told_errors(&self) -> Vec<ErrorPart> {
        if !self.failed && !self.unreachable {
            return Vec::new();
        }
        let mut errors = self.errors.clone();
        for part in errors.iter_mut().filter(|p| self.no_log && !tells_nothing(&p.message)) {
            let known = ["Task failed: Module failed", "Task failed: Action failed", "Task failed"];
            let start = known.iter().find(|k| part.message.starts_with(**k));
            part.message = start.map_or_else(|| HIDDEN.to_owned(), |s| format!("{s}: {HIDDEN}"));
            part.help = None;
        }
        errors
    }
    /// The status of one item.
    pub(crate) fn status(&self) -> Status {
        if self.unreachable {
            Status::Unreachable
        } else if self.failed {
            if self.ignored { Status::Ignored } else { Status::Failed }
        } else if self.skipped {
            Status::Skipped
        } else if self.changed {
            Status::Changed
        } else {
            Status::Ok
        }
    }
}

/// `_task`: what expressions of a task see of its result.
pub(crate) fn task_view(own: Value, listed: Option<Dict>) -> Value {
    // Both are there to look at, also where there are none.
    let own = match own.as_dict().cloned() {
        Some(mut d) => {
            for key in ["warnings", "deprecations"] {
                if !d.contains_key(key) {
                    d.insert(key, Value::list(Vec::new()));
                }
            }
            Value::dict(d)
        }
        None => own,
    };
    let mut d = dict! { "result" => own.clone() };
    match listed {
        Some(l) => {
            d.insert("polymorphic_result", Value::dict(l.clone()));
            d.insert("loop_result", Value::dict(l));
        }
        None => _ = d.insert("polymorphic_result", own),
    }
    Value::dict(d)
}

/// What a result's text begins with in Ansible, whatever order a module has; the loop's variables stand in the middle.
const FIRST: &[&str] = &[
    "changed", "failed", "unreachable", "skipped", "diff", "finished", "warnings", "deprecations", "exception", "skip_reason",
    "false_condition", "msg", "rc", "attempts", "changed_when_result", "failed_when_result", "ansible_loop_var",
    "ansible_index_var",
];

/// A registered result in the order in which Ansible has it: playbooks print results, and items of loops over them.
fn in_order(mut d: Dict) -> Dict {
    let named = |key: &str| d.get(key).and_then(Value::as_str).map(str::to_owned);
    let own = [named("ansible_loop_var"), named("ansible_index_var"), Some("ansible_loop".to_owned())];
    let mut out = Dict::with_capacity(d.len());
    for key in FIRST.iter().copied().chain(own.iter().flatten().map(String::as_str)) {
        if let Some(v) = d.remove(key) {
            out.insert(key, v);
        }
    }
    out.update(&d);
    out
}
