//! What is known before a run: the model's input.

use crate::Mode;
use serde::{Deserialize, Serialize};

/// How hosts are to be served, as `--strategy` and its shorthands have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Serve {
    /// By a runner where one can run and pays.
    #[default]
    WhereItPays,
    /// By a runner, or not at all (`--binary-only`).
    RunnersOnly,
    /// Without runners (`--ssh-only`).
    SshOnly,
}

/// Where the runner for a platform would come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Runner {
    /// It was installed with the program.
    Installed,
    /// It was built before.
    Cached,
    /// It would have to be built, which is possible.
    ToBuild,
    /// There is none and there cannot be one: why.
    Impossible(String),
    /// Nobody has looked.
    Unknown,
}

impl Runner {
    /// A word for records.
    pub fn word(&self) -> &'static str {
        match self {
            Runner::Installed => "installed",
            Runner::Cached => "cached",
            Runner::ToBuild => "to build",
            Runner::Impossible(_) => "impossible",
            Runner::Unknown => "unknown",
        }
    }
}

/// How hosts are served in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// By a runner.
    Native,
    /// Over SSH with the host's Python.
    Ssh,
    /// Not at all.
    None,
}

impl Way {
    /// A word for records.
    pub fn word(self) -> &'static str {
        match self {
            Way::Native => "native",
            Way::Ssh => "ssh",
            Way::None => "none",
        }
    }
}

/// Hosts of one platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetSituation {
    /// Rust's name of the platform; empty where it is not known.
    pub triple: String,
    /// How its runner is optimised; builds of one profile say nothing of another's.
    #[serde(default = "usual_profile")]
    pub profile: String,
    /// How many hosts.
    pub hosts: u32,
    /// Tasks that do something on a host, for the host that has most.
    pub tasks: u32,
    pub runner: Runner,
    /// Hosts that are known to have the runner already.
    #[serde(default)]
    pub provided: u32,
}

fn usual_profile() -> String {
    "release".into()
}

/// A run to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Situation {
    pub mode: Mode,
    pub serve: Serve,
    /// Whether hosts can be served over SSH: ansible-core is installed here.
    pub fallback: bool,
    /// Processors of this machine; 0 counts as one.
    pub processors: u32,
    pub targets: Vec<TargetSituation>,
}
