//! What a user may say about the plan.

use std::str::FromStr;

/// `--strategy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// As each play says, runners on the hosts where possible.
    #[default]
    BinaryHybrid,
    /// The same; plays that say otherwise run in lockstep.
    Linear,
    /// No host waits for another.
    Free,
    /// No controller: a plan that needs it is refused.
    BinaryOnly,
    /// No runner on the hosts: the controller's engine calls modules one at a time.
    SshOnly,
}

/// `--barriers`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Barriers {
    /// Before every task.
    Strict,
    /// Before tasks that others can notice.
    #[default]
    Auto,
    None,
}

/// Words of `--strategy`.
pub const STRATEGIES: &[&str] = &["binary-hybrid", "linear", "free", "binary-only", "ssh-only"];
/// Words of `--barriers`.
pub const BARRIERS: &[&str] = &["auto", "strict", "none"];

impl Strategy {
    /// As the command line has it.
    pub fn word(self) -> &'static str {
        match self {
            Strategy::BinaryHybrid => "binary-hybrid",
            Strategy::Linear => "linear",
            Strategy::Free => "free",
            Strategy::BinaryOnly => "binary-only",
            Strategy::SshOnly => "ssh-only",
        }
    }
}

impl FromStr for Strategy {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Ok(match s {
            "binary-hybrid" => Strategy::BinaryHybrid,
            "linear" => Strategy::Linear,
            "free" => Strategy::Free,
            "binary-only" => Strategy::BinaryOnly,
            "ssh-only" => Strategy::SshOnly,
            _ => return Err(format!("'{s}' is none of {}", STRATEGIES.join(", "))),
        })
    }
}

impl FromStr for Barriers {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Ok(match s {
            "strict" => Barriers::Strict,
            "auto" => Barriers::Auto,
            "none" => Barriers::None,
            _ => return Err(format!("'{s}' is none of {}", BARRIERS.join(", "))),
        })
    }
}

/// What a user said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanOptions {
    pub strategy: Strategy,
    /// `None`: as the play needs it.
    pub barriers: Option<Barriers>,
}
