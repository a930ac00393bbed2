//! `--optimization`: how eager a user is to have runners built.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// `--optimization`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A runner is built where that pays, in this run or in view of earlier ones.
    #[default]
    Auto,
    /// A runner is built wherever one is missing.
    Aggressive,
    /// A runner is built only where the gain is clear from what was seen on this machine.
    Conservative,
    /// Nothing is built.
    Off,
}

/// Words of `--optimization`.
pub const MODES: &[&str] = &["auto", "aggressive", "conservative", "off"];

impl Mode {
    /// As the command line has it.
    pub fn word(self) -> &'static str {
        match self {
            Mode::Auto => "auto",
            Mode::Aggressive => "aggressive",
            Mode::Conservative => "conservative",
            Mode::Off => "off",
        }
    }
}

impl FromStr for Mode {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let all = [Mode::Auto, Mode::Aggressive, Mode::Conservative, Mode::Off];
        all.into_iter().find(|m| m.word() == s).ok_or_else(|| format!("'{s}' is none of {}", MODES.join(", ")))
    }
}
