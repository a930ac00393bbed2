//! What an executable tells of the plan inside: `ARTIFACT --manifest`.

use serde::{Deserialize, Serialize};

/// What is inside, for whom, and what it was made of. Digests are lower-case hex SHA-256, sizes are bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// Program and version that made it.
    pub producer: String,
    /// When: UTC, as RFC 3339 has it.
    pub created: String,
    /// The run's identifier, from the plan's `stream` record.
    pub run: String,
    /// The runner's triple.
    pub triple: String,
    /// The host of the plan that this executable stands for.
    pub host: String,
    /// Names of the modules and actions that the plan's tasks use, sorted.
    pub modules: Vec<String>,
    /// Of the runner without the plan (of a Windows program: without its checksum).
    pub runner_sha256: String,
    pub runner_size: u64,
    /// Of the plan's lines.
    pub plan_sha256: String,
    pub plan_size: u64,
    /// Of what the engine runs.
    #[serde(skip_serializing_if = "is_zero")]
    pub programs_size: u64,
    /// The controller's files that the plan may use.
    pub files: Vec<ManifestFile>,
}

/// A file inside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ManifestFile {
    /// Absolute, on the machine where the plan was made.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    pub size: u64,
    pub sha256: String,
    /// The target of a symbolic link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}
