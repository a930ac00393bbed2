//! Which platform a host is: its Rust triple, its libc, and how that is known.
//!
//! - [`probe`]: the line of `sh` that asks a host, and the reading of its answer;
//! - [`triple`]: names of platforms, corrected and compared; [`custom`]: platforms of the user's own;
//! - [`runner_for`]: which runners would run there, best first;
//! - [`resolve`]: all hosts of a stream, each by the cheapest means that works; [`groups`]: those that are alike.
//!
//! Limits: connections are `rustle-connect`'s work; a host is asked through [`Ask`].

mod cache;
mod candidates;
mod connected;
mod cpu;
pub mod custom;
mod facts;
mod groups;
mod hostvars;
mod own;
pub mod probe;
mod reach;
mod resolve;
mod stage;
pub mod triple;

pub use candidates::{min_glibc, runner_for};
pub use connected::Connected;
pub use cpu::common as common_features;
pub use groups::{Group, groups, table};
pub use hostvars::{Inventory, hosts_to_reach};
pub use probe::{PROBE, Platform, parse};
pub use reach::{AsWritten, Reach};
pub use resolve::{Ask, Options, controller, resolve};
pub use rustle_stream::record::Target;
pub use stage::{TargetStage, targets_of_stream};

/// Why a host's platform is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    #[error("unknown platform '{name}'{}", nearest.as_ref().map(|n| format!("; did you mean '{n}'?")).unwrap_or_default())]
    UnknownTriple { name: String, nearest: Option<String> },
    /// A file of a user's own platform: its path, and what is wrong in it.
    #[error("{path}: {problem}")]
    Custom { path: String, problem: String },
    #[error("{host}: rustle_target: {why}")]
    Variable { host: String, why: Box<TargetError> },
    #[error("the host's answer names no platform: {0}")]
    Answer(String),
    #[error("no runner is made for {system} on {machine}")]
    Unsupported { system: String, machine: String },
    #[error("the host could not be asked: {0}")]
    Ask(String),
}

impl TargetError {
    /// The exit code of [`rustle_stream::exit`] that stands for it.
    pub fn code(&self) -> u8 {
        use rustle_stream::exit;
        match self {
            TargetError::UnknownTriple { .. } | TargetError::Custom { .. } | TargetError::Variable { .. } => exit::CONFIG,
            TargetError::Answer(_) | TargetError::Unsupported { .. } => exit::UNAVAILABLE,
            TargetError::Ask(_) => exit::NO_HOST,
        }
    }
}
