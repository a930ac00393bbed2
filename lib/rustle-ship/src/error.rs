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
    /// The host could not do its part of a deployment: no room, a link in the way, somebody else at work.
    #[error("{0}")]
    Host(String),
    /// What the controller remembers of deployments is missing or damaged.
    #[error("{0}")]
    History(String),
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
            ShipError::Host(_) => "host",
            ShipError::History(_) => "history",
            ShipError::Protocol(_) => "protocol",
        }
    }
}
