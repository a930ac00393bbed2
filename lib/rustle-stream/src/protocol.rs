//! What controller and runner say to each other: one JSON object a line, both ways over one channel.
//!
//! The runner holds the engine and drives; the controller answers. The runner **never names** a file, a template or a
//! command for the controller to act upon: it names a *task of the plan that the controller itself sent*, and the
//! controller works out from its own copy of the variables what that means. So a host that lies can spoil its own
//! results, and nothing else. Everything in [`Up`] is data: the controller passes each value through
//! [`Value::into_data`] before it stores it.
//!
//! Version: [`VERSION`] is sent by both sides first; another one ends the session.

use crate::event::{ErrorPart, TaskEvent};
use crate::foreign::ModulePayload;
use crate::model::{Fragment, Play, RoleId, TaskId};
use rustle_value::{Dict, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The protocol's version: both sides must have the same.
pub const VERSION: u32 = 1;

/// Where a host stands in a play: comparable, and increasing while it proceeds. Each level of a dynamic include adds
/// two numbers: the include's place among its task's (loop items), and the place in the included list.
pub type Position = Vec<u32>;

/// How a task changes identity. An empty `method` never occurs; `user` is resolved (default `root`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Become {
    /// `sudo`, `su`, `doas`, ….
    pub method: String,
    pub user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exe: Option<String>,
    /// The password, in memory and on the encrypted channel only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// Run one module with final arguments on the host (for another host's delegated task, or for the controller's part
/// of an action such as fetch).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ModuleRequest {
    /// Full name, such as `ansible.builtin.copy`.
    pub module: Arc<str>,
    /// Final arguments: no templates in it.
    pub args: Dict,
    #[serde(default)]
    pub check: bool,
    #[serde(default)]
    pub diff: bool,
    #[serde(default)]
    pub no_log: bool,
    /// The task's `environment`, merged.
    #[serde(default, skip_serializing_if = "Dict::is_empty")]
    pub environment: Dict,
    #[serde(default, rename = "become", skip_serializing_if = "Option::is_none")]
    pub elevate: Option<Become>,
    /// Seconds after which the module is killed (`timeout:`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// How the task itself wants to be connected; the controller's own matter, which never travels.
    #[serde(skip)]
    pub seat: Seat,
    /// `async:` seconds: start in the background and answer at once with a job id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub async_seconds: Option<u64>,
    /// Contents that the arguments refer to as `{"_blob": "<sha256>"}`, by digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blobs: Vec<Blob>,
    /// `-v` level.
    #[serde(default)]
    pub verbosity: u8,
    /// Facts and settings that some modules look at: `ansible_pkg_mgr`, `ansible_service_mgr`,
    /// `ansible_python_interpreter`, `remote_tmp`, ….
    #[serde(default, skip_serializing_if = "Dict::is_empty")]
    pub hints: Dict,
    /// The module itself, where it is not native.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Arc<ModulePayload>>,
}

/// Connection settings of a task that are not its play's. Empty for nearly all tasks.
#[derive(Clone, Debug, Default)]
pub struct Seat {
    /// `connection`, `remote_user`, `port`, as they hold for the task: below the host's variables.
    pub keywords: Dict,
    /// Connection variables of the task, its blocks and includes: above the host's variables.
    pub vars: Dict,
}

impl Seat {
    /// The keywords, and the variable that counts more than each.
    pub const KEYWORDS: [(&str, &str); 3] = [("connection", "ansible_connection"), ("remote_user", "ansible_user"), ("port", "ansible_port")];

    /// Whether a variable tells how a host is connected to.
    pub fn is_variable(name: &str) -> bool {
        const NAMES: [&str; 13] = [
            "ansible_host", "ansible_port", "ansible_user", "ansible_connection", "ansible_ssh_", "ansible_password", "ansible_private_key",
            "ansible_control_path", "ansible_timeout", "ansible_scp_", "ansible_sftp_", "ansible_paramiko_", "ansible_transport",
        ];
        // A fact, not a setting.
        let fact = name.starts_with("ansible_ssh_host_key_");
        !fact && NAMES.iter().any(|n| if n.ends_with('_') || *n == "ansible_private_key" || *n == "ansible_control_path" { name.starts_with(n) } else { name == *n })
    }
    /// Whether the task wants nothing of its own.
    pub fn is_empty(&self) -> bool {
        self.keywords.is_empty() && self.vars.is_empty()
    }
}

/// Content by digest. On the wire the bytes are base64.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Blob {
    /// Lower-case hex SHA-256 of `data`.
    pub sha256: String,
    pub data: Bytes,
}

/// Bytes that travel as base64 text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes(pub Arc<[u8]>);

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        Value::Bytes(self.0.clone()).serialize(s)
    }
}
impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        match Value::deserialize(d)? {
            Value::Bytes(b) => Ok(Bytes(b)),
            other => Err(serde::de::Error::custom(format!("expected bytes, found {}", other.type_name()))),
        }
    }
}

/// Run-wide settings that the engine needs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunOptions {
    pub check: bool,
    pub diff: bool,
    pub verbosity: u8,
    pub tags: Vec<String>,
    pub skip_tags: Vec<String>,
    pub start_at_task: Option<String>,
    /// A person is asked before each task (`--step`).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub step: bool,
    pub force_handlers: bool,
    /// Settings of `ansible.cfg` by their names in Ansible's documentation (`ANY_ERRORS_FATAL`,
    /// `DEFAULT_GATHERING`, …) that the engine reads.
    pub config: Dict,
}

/// A file of the controller, ready to be used by a task.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceFile {
    /// The path on the controller, for messages and results.
    pub path: String,
    /// Lower-case hex SHA-256; empty for a folder.
    pub sha256: String,
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
    pub modified: f64,
    /// Present where the content is small or was asked for.
    pub data: Option<Bytes>,
    /// For a folder: what is below it, with paths relative to it.
    pub entries: Option<Vec<SourceFile>>,
    /// `Some(target)` for a symbolic link that is sent as such.
    pub link: Option<String>,
    pub directory: bool,
    /// Of a template: the texts of the templates that it names literally, and of those that they name, by name; none
    /// for a name that is nowhere.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, Option<String>>,
}

/// A play for one host: everything that its engine needs to run it alone.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PlayProgram {
    pub play: Play,
    pub fragment: Fragment,
    pub host: String,
    /// Variables of the inventory for this host, merged by precedence.
    pub inventory_vars: Dict,
    /// `vars_prompt`, then `vars_files`: above play vars.
    pub vars_files: Dict,
    /// `-e`.
    pub extra_vars: Dict,
    /// Magic variables that do not change during the play: inventory_hostname, groups, group_names, playbook_dir, ….
    pub magic: Dict,
    /// Files that tasks name literally, found in advance: (task, argument's name) → file.
    pub files: Vec<(TaskId, String, SourceFile)>,
    /// Dynamic includes with a literal file name, loaded in advance: task → tasks.
    pub includes: Vec<(TaskId, Fragment, Placement)>,
    /// Programs of modules that are not native, for a plan that runs without its controller: name, search path, program.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub payloads: Vec<(String, Vec<String>, Arc<ModulePayload>)>,
    pub placement: Placement,
    /// What the host's variables are already, where its runner is a new one: facts of a cache, what other hosts' tasks
    /// learned of it.
    pub known: VarChanges,
    /// When the host waits for the others (see `--barriers`).
    pub barriers: BarrierRule,
    pub become_password: Option<String>,
    /// The user that the connection logged in as, where it is known.
    pub remote_user: Option<String>,
    /// The last task that the host came to before it was lost: the play goes on after it, with what was notified before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Position>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notified: Vec<String>,
    /// The host cannot be reached, for this reason: this runner stands in for it elsewhere, and runs no modules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<String>,
}

/// What the planner decided about some tasks. Those that it does not name run on the host, without waiting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Placement {
    /// Tasks that the controller runs (whole: `when`, loop and all).
    pub controller: Vec<TaskId>,
    /// Tasks that can be seen from, or can look at, the world outside their host.
    pub visible: Vec<TaskId>,
}

/// When a host waits for the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BarrierRule {
    /// Never (one host, `strategy: free`, `--barriers none`).
    #[default]
    Never,
    /// Before the tasks that [`Placement::visible`] and [`Placement::controller`] name.
    Visible,
    /// Before every task: `strategy: debug`, `--barriers strict`.
    Always,
}

/// Controller → runner.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Down {
    /// First message.
    Hello { v: u32, run: String, options: RunOptions },
    /// Run this play. Answered by events and, in the end, [`Up::PlayDone`].
    Play { program: Box<PlayProgram> },
    /// The answer to [`Up::Call`] `id`.
    Reply { id: u64, reply: Reply },
    /// Run one module now, beside the play. Answered by [`Up::Executed`].
    Exec { id: u64, request: Box<ModuleRequest> },
    /// Variables that changed on the controller's side (tasks that it ran for this host, `delegate_facts`).
    Vars { changes: VarChanges },
    /// Groups changed (add_host, group_by): the new `groups` and this host's `group_names`.
    Magic { changes: Dict },
    /// This host's variables of the inventory, which was read again or changed.
    Inventory { vars: Dict },
    /// Stop the play as soon as the current task ends.
    Stop { reason: String },
    /// End: kill workers, remove temporary files, exit.
    Bye,
}

/// Runner → controller.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Up {
    /// First message.
    Ready { v: u32, runner: String, pid: u32 },
    Event { event: Box<TaskEvent> },
    /// A question; the asking host waits for the [`Down::Reply`].
    Call { id: u64, position: Position, call: Call },
    Executed { id: u64, result: Dict },
    /// The play ended on this host. `after`: it failed, and would go on behind this position if its errors were cleared.
    PlayDone {
        outcome: Outcome,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Position>,
    },
    /// Something that a person should see (a warning, a deprecation).
    Warning { text: String },
    /// The runner cannot go on.
    Fatal { message: String },
}

/// How a play ended on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Completed,
    Failed,
    Unreachable,
    /// `meta: end_host` / `end_play` / a stop from the controller.
    Ended,
}

/// One dynamic include around a task, outermost first: which include task, and which item of its loop. With it both
/// sides rebuild the same variables without either having to believe the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Frame {
    pub task: TaskId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<u32>,
}

/// What the engine asks the controller.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Call {
    /// May I go on past this position? Answered by [`Reply::Go`] or [`Reply::Stop`].
    Barrier,
    /// Shall I do this task (`--step`)? `task` names it for a person. Answered by [`Reply::Go`], [`Reply::Pass`] or
    /// [`Reply::Stop`] when all others are as far.
    Step { task: String },
    /// May I begin this task, of which `limit` hosts at once may run (`throttle`)? Answered by [`Reply::Go`] or
    /// [`Reply::Stop`]; the task's result gives the place free.
    Turn { limit: u32 },
    /// I have finished this task; may the play go on (`any_errors_fatal`, `max_fail_percentage`)? `fatal`: my failure
    /// is everybody's. Answered by [`Reply::Go`], [`Reply::Fail`] or [`Reply::Stop`] when all others are as far.
    Verdict { fatal: bool },
    /// Run this task (with its loop, `when`, everything) for me on the controller. `scope` names the dynamic
    /// includes that it stands in.
    RunTask { task: TaskId, scope: Vec<Frame> },
    /// Like RunTask, but only one host runs it and all get the result (`run_once`).
    RunOnce { task: TaskId, scope: Vec<Frame> },
    /// Render this template, which is part of task `task` or of a variable that the controller sent, with the
    /// variables that I have now. `item` is the index of the loop's item where there is a loop. Only texts that the
    /// controller sent are rendered.
    Eval { task: TaskId, scope: Vec<Frame>, item: Option<u32>, source: String, expression: bool },
    /// The text of the task's template file (for its item), rendered.
    Render { task: TaskId, scope: Vec<Frame>, item: Option<u32> },
    /// The items of the task's loop, which need the controller (`with_fileglob`, `loop: "{{ query('env', …) }}"`).
    Items { task: TaskId, scope: Vec<Frame> },
    /// The controller's file that argument `field` of the task names (for its item `item`).
    File { task: TaskId, scope: Vec<Frame>, item: Option<u32>, field: String },
    /// A file that an earlier [`Reply::File`] described, by digest.
    Content { sha256: String },
    /// The tasks that the dynamic include `task` names (for its item).
    Include { task: TaskId, scope: Vec<Frame>, item: Option<u32> },
    /// The clear text of a vaulted value that the controller sent (to task `task`, or as a variable).
    Decrypt { task: TaskId, ciphertext: String },
    /// The whole run cannot go on (a task notified a handler that does not exist).
    Abort { message: String },
    /// vars_files that depend on facts: load them now.
    VarsFiles,
    /// The program of a module that is not native: the task's own, or the one that its action (`package`, …) chose.
    Payload { task: TaskId, scope: Vec<Frame>, item: Option<u32>, module: String },
    /// Run this module on my host from the controller (no runner there: the engine stands on the controller).
    Module { request: Box<ModuleRequest> },
}

/// The controller's answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Reply {
    Go,
    /// Take the task as failed, without a word: another host's failure counts for all.
    Fail,
    /// Leave the task out, without a word.
    Pass,
    /// Stop here: the play is over, or the user interrupted.
    Stop { reason: String },
    /// Results of a whole task as the controller ran it; events were emitted by the controller.
    Task { done: TaskDone },
    /// You are the one that runs this run_once task, locally.
    RunItYourself,
    /// `deprecations`: what was used for it that will be gone one day.
    Value {
        value: Value,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        deprecations: Vec<Value>,
    },
    File { file: Box<SourceFile> },
    Content { blob: Blob },
    Tasks { fragment: Box<Fragment>, placement: Placement, file: String, role: Option<RoleId> },
    Vars { vars: Dict },
    Payload { payload: Arc<ModulePayload> },
    Module { result: Dict },
    /// The question has an error for an answer; `undefined` tells an undefined variable from other failures. `parts` is
    /// its chain of causes, `msg` what the task's result is to say, where that is not the whole chain.
    Error {
        message: String,
        undefined: bool,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parts: Vec<ErrorPart>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        msg: Option<String>,
    },
}

impl Reply {
    /// A value for which nothing was used that is worth a word.
    pub fn value(value: impl Into<Value>) -> Reply {
        Reply::Value { value: value.into(), deprecations: Vec::new() }
    }
    /// An error that is one message.
    pub fn error(message: impl Into<String>) -> Reply {
        Reply::Error { message: message.into(), undefined: false, parts: Vec::new(), msg: None }
    }
}

/// What a task did, for those who did not run it themselves.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskDone {
    pub failed: bool,
    pub unreachable: bool,
    pub skipped: bool,
    pub changed: bool,
    pub ignored: bool,
    /// The final (registered) result.
    pub result: Dict,
    pub changes: VarChanges,
    pub notified: Vec<Value>,
    /// `meta` effects and `end_*`, where the task was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<String>,
}

/// Changes to a host's own variables, in the order in which they happened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct VarChanges {
    /// `register` and `set_fact`: the host's non-persistent facts.
    #[serde(skip_serializing_if = "Dict::is_empty")]
    pub set: Dict,
    /// `ansible_facts` that a module returned, without the `ansible_` prefix, merged into the host's facts.
    #[serde(skip_serializing_if = "Dict::is_empty")]
    pub facts: Dict,
    /// `include_vars`.
    #[serde(skip_serializing_if = "Dict::is_empty")]
    pub included: Dict,
}
impl VarChanges {
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.facts.is_empty() && self.included.is_empty()
    }
}
