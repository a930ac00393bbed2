//! What happens while a plan runs: the `event` records that `rustle-run` prints and that reports are made from.

use crate::model::{PlayId, TaskId};
use crate::protocol::{Position, VarChanges};
use rustle_value::{Dict, Origin, Value};
use serde::{Deserialize, Serialize};

/// Which task an event is about: enough to print a banner, and to put events of many hosts in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct TaskHeader {
    pub task: TaskId,
    /// Where the task stands in the order of the play.
    pub position: Position,
    /// The name as printed: templated, with `role : ` before it where it belongs to a role; else the action.
    pub name: String,
    pub action: String,
    /// The action as the user wrote it, where that is another name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub written: String,
    /// The role that it belongs to; also where the name does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    pub handler: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Printed as `args` at `-v`s / by `display_args_to_stdout`; absent under no_log.
    #[serde(skip_serializing_if = "Dict::is_empty")]
    pub args: Dict,
    pub no_log: bool,
    pub check: bool,
    /// Each host has a banner of its own (`meta` tasks that act on one host).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub per_host: bool,
}
impl Default for TaskId {
    fn default() -> Self {
        TaskId(0)
    }
}

/// How a task, or one item of its loop, ended on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Ok,
    Changed,
    Skipped,
    Failed,
    /// Failed, with `ignore_errors`.
    Ignored,
    Unreachable,
    /// Failed inside a block with `rescue`, which goes on.
    Rescued,
}

/// One link of an error's chain of causes, outermost first. A person sees the messages joined by `: `, and then each
/// with its place in the source (`[ERROR]: …`, `Origin: …`, `<<< caused by >>>`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ErrorPart {
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Advice, printed below the excerpt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Shown in a section of its own, though it has neither place nor advice.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub apart: bool,
}

impl ErrorPart {
    /// A message at a place.
    pub fn new(message: impl Into<String>, origin: Option<&Origin>) -> ErrorPart {
        ErrorPart { message: message.into(), origin: origin.cloned(), ..ErrorPart::default() }
    }
}

/// One thing that a host's engine did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum TaskEvent {
    /// The host begins the task (its banner may be printed).
    Start { header: TaskHeader },
    /// An item of its loop ended.
    Item {
        position: Position,
        status: Status,
        /// The result, cleaned as Ansible's callbacks get it (`_ansible_*` keys kept only where a report needs them).
        result: Dict,
        /// `loop_control.label`, else the item.
        label: Value,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        errors: Vec<ErrorPart>,
        /// The host that it was delegated to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delegated: Option<String>,
    },
    /// A failed attempt of `until` (`FAILED - RETRYING`).
    Retry { position: Position, attempts: u32, left: u32, result: Dict },
    /// The task ended.
    Result {
        position: Position,
        status: Status,
        result: Dict,
        /// Whether item events came before.
        looped: bool,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        errors: Vec<ErrorPart>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delegated: Option<String>,
        #[serde(default, skip_serializing_if = "VarChanges::is_empty")]
        changes: VarChanges,
        /// Handlers that were notified by name, for `NOTIFIED HANDLER` at -vv.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notified: Vec<String>,
    },
    /// A dynamic include was resolved: printed as `included: FILE for HOST`.
    Included { position: Position, file: String, label: Option<Value> },
    /// The host entered a block's rescue section.
    Rescue { position: Position },
    /// A line of text about the host's progress, shown at this verbosity and above.
    Told { position: Position, verbosity: u8, text: String },
    /// Passed over without a word (tags do not match, or already run); lets the controller know how far the host is.
    Passed { position: Position },
}

/// Counters of the recap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counts {
    pub ok: u32,
    pub changed: u32,
    pub unreachable: u32,
    pub failed: u32,
    pub skipped: u32,
    pub rescued: u32,
    pub ignored: u32,
}

/// What a run prints as a stream, in Ansible's order, for one or for all hosts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum RunEvent {
    PlayStart { play: PlayId, name: String, hosts: Vec<String> },
    /// No hosts matched the play's pattern.
    NoHosts { play: PlayId },
    TaskStart { play: PlayId, header: TaskHeader },
    Host { play: PlayId, host: String, event: Box<TaskEvent> },
    /// A host could not be reached at all (`task` header of the task that would have run).
    Unreachable { play: PlayId, host: String, message: String },
    Warning { text: String },
    /// What a person is asked (`--step`), and then was.
    Asked { text: String, answered: bool },
    /// Every host of the play failed.
    NoMoreHosts,
    /// The run ends here, with no recap.
    Error { text: String },
    /// How a host is reached: `binary cached`, `binary uploaded`, `local`, `ssh fallback: why`.
    Reached { host: String, method: String, reason: Option<String> },
    /// The end: counters per host, and what `set_stats` collected (`_run` for the run as a whole).
    Stats {
        hosts: Vec<(String, Counts)>,
        exit: u8,
        #[serde(default, skip_serializing_if = "Dict::is_empty")]
        custom: Dict,
    },
}
