//! The records of the pipeline. One JSON object a line; `type` first, then `v`.
//!
//! A stage reads the records that it knows, passes every line that it does not own through byte for byte, and appends
//! its own. Unknown types are legal and survive.

use crate::event::RunEvent;
use crate::model::{Block, Play, PlayId, Role, Task, TaskId};
use rustle_value::{Dict, Origin};
use serde::{Deserialize, Serialize};

/// The version of the record format that this build reads and writes.
pub const VERSION: u32 = 1;

/// The first record of every stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stream {
    /// Program and version that made it.
    pub producer: String,
    /// Identifies the run.
    pub run: String,
}

/// Choices of the command line and of `ansible.cfg` that shape the plan. No secret is ever in it: `-k`, `-K`, vault
/// passwords and private variables are asked for, or read, by the stage that uses them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Options {
    pub check: bool,
    pub diff: bool,
    pub verbosity: u8,
    pub tags: Vec<String>,
    pub skip_tags: Vec<String>,
    pub limit: Option<String>,
    pub start_at_task: Option<String>,
    pub force_handlers: bool,
    /// Cached facts of all hosts are forgotten first.
    pub flush_cache: bool,
    /// `--step`: a person is asked before each task.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub step: bool,
    /// Hosts at once; `None` where the user gave none.
    pub forks: Option<u32>,
    /// Playbook files as given.
    pub playbooks: Vec<String>,
    /// Inventory sources as given.
    pub inventory: Vec<String>,
    /// Working directory of the first stage: relative paths start there.
    pub cwd: String,
    /// Names and places of vault password sources (`id@path`), never their content.
    pub vault_ids: Vec<String>,
    /// Connection options of the command line: user, connection, timeout, private_key, ssh_common_args, ….
    pub connection: Dict,
    /// Settings of `ansible.cfg` and the environment that differ from their defaults, by their names in Ansible's
    /// documentation.
    pub config: Dict,
}

/// A host of the inventory with its own variables (not its groups').
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Host {
    pub name: String,
    pub vars: Dict,
    /// From host_vars/ beside the inventory, then beside the playbook.
    #[serde(skip_serializing_if = "Dict::is_empty")]
    pub inventory_host_vars: Dict,
    #[serde(skip_serializing_if = "Dict::is_empty")]
    pub playbook_host_vars: Dict,
    /// The implicit localhost, which no pattern but its name matches.
    pub implicit: bool,
}

/// A group of the inventory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Group {
    pub name: String,
    /// Hosts directly in it.
    pub hosts: Vec<String>,
    pub children: Vec<String>,
    pub vars: Dict,
    #[serde(skip_serializing_if = "Dict::is_empty")]
    pub inventory_group_vars: Dict,
    #[serde(skip_serializing_if = "Dict::is_empty")]
    pub playbook_group_vars: Dict,
    pub priority: i64,
}

/// `-e`, merged, in clear except for what was vaulted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExtraVars {
    pub vars: Dict,
}

/// What was vaulted as a whole, and stays so on its way: records whose places in the stream lack it. A stage that
/// needs it decrypts it in memory, with the vault passwords that it is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sealed {
    /// What is inside, for a person: "variables of group 'web'".
    pub what: Vec<String>,
    /// The types of the records inside.
    pub records: Vec<String>,
    /// The records, one a line, as Ansible Vault text.
    pub vault: String,
}

/// A warning that belongs to the stream's content (shown once by whoever talks to a person).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Warning {
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// Where a task runs, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Decision {
    pub play: PlayId,
    pub task: TaskId,
    pub place: Place,
    /// Words for a person: "delegate_to is given", "effects stay on the host".
    pub reason: String,
    /// Whether the host first waits for the others, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barrier: Option<String>,
}

/// Who executes a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The runner on the host, by itself.
    Host,
    /// The controller.
    Controller,
    /// The engine itself (set_fact, assert, include_tasks): nothing runs.
    Engine,
    /// Ansible's Python module, by the host's interpreter.
    Bridge,
}

/// A maximal run of tasks that one side executes without the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Segment {
    pub play: PlayId,
    pub index: u32,
    pub place: Place,
    pub tasks: Vec<TaskId>,
}

/// What a play runs on: its hosts in order, in batches (`serial`), and its rule for waiting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Batch {
    pub play: PlayId,
    pub index: u32,
    pub hosts: Vec<String>,
    /// `strict`, `auto` or `none`, and why.
    pub barriers: String,
    pub reason: String,
    /// Hosts run on as they are ready, and their results are told as they come.
    #[serde(default)]
    pub free: bool,
    /// The `--strategy` that the plan was made with.
    #[serde(default)]
    pub strategy: String,
}

/// What the plan's tasks need on the hosts: native modules, and those for which Python is needed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Requirement {
    pub play: PlayId,
    pub modules: Vec<String>,
    pub python_modules: Vec<String>,
    /// Native modules that a runner must have for it: those of the tasks, and those that actions run in their turn.
    #[serde(default)]
    pub runner_modules: Vec<String>,
    /// Why tasks may need others, a line each: what comes, or is chosen, during the run only.
    #[serde(default)]
    pub open: Vec<String>,
}

/// A host's platform and how it is known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Target {
    pub host: String,
    /// Rust's name, such as `x86_64-unknown-linux-musl`; empty where it is unknown.
    pub triple: String,
    /// `glibc`, `musl`, …, and its version where there is one.
    pub libc: Option<String>,
    pub libc_version: Option<String>,
    /// `variable`, `cache`, `probe`, `controller` (local connection), `assumed`.
    pub known_by: String,
    pub reason: Option<String>,
    /// Features of its processor, by rustc's names, sorted; empty where they are not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cpu_features: Vec<String>,
    /// The target specification for rustc, where the user gives one: a JSON file. The triple is its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
    /// Flags for rustc, where the user gives some for this platform.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rustflags: Vec<String>,
}

/// What this machine can build with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Capabilities {
    /// `Full`: builds runners for other platforms. `Limited`: only for this one, or only in containers. `Minimal`: none.
    /// `Insufficient`: has no SSH client either. Where all routes were tried, no tool counts that leads nowhere.
    pub level: String,
    pub tools: Vec<Tool>,
    /// Targets whose standard library is installed.
    pub installed_targets: Vec<String>,
    /// What this machine is ready for; empty where nobody asked for routes.
    pub readiness: Vec<Readiness>,
    pub recommendations: Vec<Recommendation>,
    /// How a runner for each platform would be had; empty where nobody asked.
    pub routes: Vec<Route>,
}

/// How a runner for a platform would be had on this machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Route {
    pub triple: String,
    /// `prebuilt`, `cache`, a back end's name, or `fallback`: none of them.
    pub by: String,
    /// What was tried to know it: `found` (the runner is there), `compiled`, `linked`; empty: it was concluded.
    pub checked: String,
    /// Of each way that counts more, and for a fallback of all: why not.
    pub reasons: Vec<String>,
}

/// Whether this machine is ready for one kind of work.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Readiness {
    /// `deploy`, `build`, `cross-build`, `offline-build`, `bridge`.
    pub what: String,
    pub ready: bool,
    /// By what it is, or what is missing.
    pub reason: String,
}

/// One tool that was looked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Tool {
    pub name: String,
    /// The command that runs it.
    pub command: Vec<String>,
    pub version: Option<String>,
    pub works: bool,
    pub problem: Option<String>,
    /// Where it comes from: `rustup`, `distribution`, `homebrew`, `nix`, `standalone`; `rustle` where
    /// `rustle-caps --install` brought it; `python` for a module of Python; `setting` where one names it.
    pub from: Option<String>,
}

/// What a user could do to get more out of this machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Recommendation {
    /// `critical`, `high`, `medium` or `low`.
    pub impact: String,
    pub text: String,
    /// The exact command.
    pub command: Option<String>,
}

/// A runner project for a target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct RunnerTemplate {
    pub triple: String,
    pub features: Vec<String>,
    pub profile: String,
    pub rustflags: Vec<String>,
    /// Digest of everything that the binary depends on, toolchain aside.
    pub hash: String,
    /// Where the project was written, if it was.
    pub path: Option<String>,
    /// The target specification for rustc, where the platform is the user's own: the JSON itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
}

/// A runner binary for a target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Artifact {
    pub triple: String,
    pub path: String,
    pub sha256: String,
    pub size: u64,
    /// `prebuilt`, `cache`, `remote`, `zigbuild`, `cargo`, `build-std`, `container`, `embed`.
    pub source: String,
    pub milliseconds: u64,
    /// Hosts that it is for.
    pub hosts: Vec<String>,
    /// The plan's digest where the plan is inside.
    pub embedded_plan: Option<String>,
    /// The modules that it has, where it has not all of them; their names without a collection.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<String>,
    /// Set where no binary could be had: why; the hosts fall back.
    pub failed: Option<String>,
}

/// A runner's way onto a host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Shipment {
    pub host: String,
    pub sha256: String,
    pub path: String,
    pub uploaded_bytes: u64,
    /// `cached`, `uploaded`, `local`, `fallback`, `failed`, `unreachable`; `rolled back`, `unchanged` of a roll-back;
    /// `removed` of a clean-up.
    pub outcome: String,
    pub reason: Option<String>,
    pub verified: bool,
    /// The deployment that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// The digest that was in force on the host before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
}

/// What is expected of a run, and how the hosts of each platform are served: by a runner, or over SSH with Python.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Analysis {
    /// `--optimization`: `auto`, `aggressive`, `conservative`, `off`. Later stages hold to it.
    pub mode: String,
    /// Of 100: the share of the time over SSH that is saved.
    pub score: u8,
    /// Seconds that the run is expected to take, and would take over SSH alone; their ratio.
    pub seconds: f64,
    pub ssh_seconds: f64,
    pub speedup: f64,
    /// Earlier runs that this is known from.
    pub runs: u32,
    pub targets: Vec<AnalysedTarget>,
    /// What was assumed, because it was never seen on this machine.
    pub assumed: Vec<String>,
}

/// Hosts of one platform in an [`Analysis`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct AnalysedTarget {
    /// Empty where the platform is not known.
    pub triple: String,
    pub hosts: u32,
    /// Tasks that do something on a host, for the host that has most.
    pub tasks: u32,
    /// `installed`, `cached`, `to build`, `impossible`, `unknown`.
    pub runner: String,
    /// `native`, `ssh`, `none`.
    pub strategy: String,
    /// Whether its runner is built first.
    pub build: bool,
    /// Seconds by a runner (its build included where one is needed), and over SSH; their ratio.
    pub native_seconds: f64,
    pub ssh_seconds: f64,
    pub speedup: f64,
    /// Words for a person.
    pub reason: String,
}

/// An error or warning of a stage, for machines (`--log-format json`, on stderr).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Diagnostic {
    /// `error` or `warning`.
    pub level: String,
    pub program: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Input line number, from 1, where the input is a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// JSON pointer into that line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    pub exit: u8,
}

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident($t:ty) = $tag:literal),* $(,)?) => {
        /// Any record of the pipeline.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Record { $($(#[$doc])* $name($t)),* }

        $(impl From<$t> for Record {
            fn from(x: $t) -> Record { Record::$name(x) }
        })*

        impl Record {
            /// The record's `type`.
            pub fn tag(&self) -> &'static str {
                match self { $(Record::$name(_) => $tag),* }
            }
            fn body(&self) -> Result<String, serde_json::Error> {
                match self { $(Record::$name(x) => serde_json::to_string(x)),* }
            }
            /// Reads a line whose `type` is `tag`; `None` for a type that this build does not know.
            pub fn decode(tag: &str, line: &str) -> Option<Result<Record, serde_json::Error>> {
                match tag {
                    $($tag => Some(serde_json::from_str::<$t>(line).map(Record::$name)),)*
                    _ => None,
                }
            }
        }

        /// Every record type's tag.
        pub const TAGS: &[&str] = &[$($tag),*];

        /// The schema of one record type.
        #[cfg(feature = "schema")]
        pub fn schema_of(tag: &str) -> Option<serde_json::Value> {
            match tag {
                $($tag => Some(crate::schema::record_schema::<$t>($tag)),)*
                _ => None,
            }
        }

        /// `(tag, schema)` of every record type.
        #[cfg(feature = "schema")]
        pub fn schemas() -> Vec<(&'static str, serde_json::Value)> {
            vec![$(($tag, crate::schema::record_schema::<$t>($tag))),*]
        }
    };
}

records! {
    Stream(Stream) = "stream",
    Options(Options) = "options",
    ExtraVars(ExtraVars) = "extra_vars",
    Host(Host) = "host",
    Group(Group) = "group",
    Play(Play) = "play",
    Role(Role) = "role",
    Block(Block) = "block",
    Task(Task) = "task",
    Warning(Warning) = "warning",
    Sealed(Sealed) = "sealed",
    Batch(Batch) = "batch",
    Decision(Decision) = "decision",
    Segment(Segment) = "segment",
    Requirement(Requirement) = "requirement",
    Target(Target) = "target",
    Capabilities(Capabilities) = "capabilities",
    RunnerTemplate(RunnerTemplate) = "template",
    Artifact(Artifact) = "artifact",
    Shipment(Shipment) = "shipment",
    Event(RunEvent) = "event",
    Diagnostic(Diagnostic) = "diagnostic",
    Analysis(Analysis) = "analysis",
}

impl Record {
    /// The record as one line of JSON, without the newline: `{"type":…,"v":1,…}`.
    pub fn to_line(&self) -> Result<String, serde_json::Error> {
        let body = self.body()?;
        let rest = &body[1..];
        let comma = if rest == "}" { "" } else { "," };
        Ok(format!("{{\"type\":\"{}\",\"v\":{VERSION}{comma}{rest}", self.tag()))
    }
}
