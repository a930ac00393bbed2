//! Why a runner could not be brought onto a host.

use rustle_connect::ConnectError;

/// An error of shipping. Reasons to fall back on another way are no errors: see [`crate::Bootstrap::Fallback`].
#[derive(Clone, Debug, thiserror::Error)]
pub enum ShipError {
    /// The host could not be reached, or was lost.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The runner's file on this machine is missing or damaged.
    #[error("{0}")]
    Runner(String),
    /// The host answered something that the bootstrap never says.
    #[error("{0}")]
    Protocol(String),
}

impl ShipError {
    /// The class as one word, for records and tests.
    pub fn code(&self) -> &'static str {
        match self {
            ShipError::Connect(e) => e.code(),
            ShipError::Runner(_) => "runner",
            ShipError::Protocol(_) => "protocol",
        }
    }
}
