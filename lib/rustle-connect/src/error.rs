//! Why a host can't be talked to. The texts are those that Ansible shows after `UNREACHABLE!` (for SSH: OpenSSH's own
//! words behind a fixed prefix).

/// An error of a transport. The message is complete: nothing needs to be put before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// No connection came about: refused, no route, unknown name, protocol mismatch.
    #[error("{0}")]
    Unreachable(String),
    /// The host answered, and did not let us in.
    #[error("{0}")]
    Auth(String),
    /// The host's key is unknown, revoked, or not the one that is on record.
    #[error("{0}")]
    HostKey(String),
    /// The host did not answer in time.
    #[error("{0}")]
    Timeout(String),
    /// The connection was up and broke.
    #[error("{0}")]
    Lost(String),
    /// A connection plugin, or a setting of one, that rustle does not have.
    #[error("{0}")]
    Unsupported(String),
    /// A connection variable has a value that makes no sense.
    #[error("{0}")]
    Config(String),
    /// A program or resource of this machine failed (no `ssh` client, no processes left).
    #[error("{0}")]
    Local(String),
}

/// What Ansible writes before OpenSSH's words.
pub const PREFIX: &str = "Failed to connect to the host via ssh: ";

impl ConnectError {
    /// The class as one word, for records and tests.
    pub fn code(&self) -> &'static str {
        match self {
            ConnectError::Unreachable(_) => "unreachable",
            ConnectError::Auth(_) => "auth",
            ConnectError::HostKey(_) => "host_key",
            ConnectError::Timeout(_) => "timeout",
            ConnectError::Lost(_) => "lost",
            ConnectError::Unsupported(_) => "unsupported",
            ConnectError::Config(_) => "config",
            ConnectError::Local(_) => "local",
        }
    }

    /// Whether trying again may help (`ansible_ssh_retries`).
    pub fn retriable(&self) -> bool {
        match self {
            ConnectError::Unreachable(_) | ConnectError::Timeout(_) | ConnectError::Lost(_) => true,
            ConnectError::Auth(_)
            | ConnectError::HostKey(_)
            | ConnectError::Unsupported(_)
            | ConnectError::Config(_)
            | ConnectError::Local(_) => false,
        }
    }

    /// Sorts what the OpenSSH client wrote before it gave up with status 255. `established` says whether the host had
    /// already sent something.
    pub fn from_openssh(stderr: &str, established: bool) -> ConnectError {
        let words = stderr.trim();
        let text = format!("{PREFIX}{words}");
        let has = |s: &str| words.contains(s);
        if has("Host key verification failed") || has("REMOTE HOST IDENTIFICATION HAS CHANGED") {
            ConnectError::HostKey(text)
        } else if has("Permission denied (") || has("Too many authentication failures") {
            ConnectError::Auth(text)
        } else if established {
            ConnectError::Lost(text)
        } else if has("timed out") || has("Timeout, server") {
            ConnectError::Timeout(text)
        } else {
            ConnectError::Unreachable(text)
        }
    }
}
