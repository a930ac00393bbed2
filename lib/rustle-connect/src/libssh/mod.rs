//! SSH in this process, through libssh2.
//!
//! - `fit`: whether the host's settings ask for anything that libssh2 can't do;
//! - `handshake`: TCP, key exchange, the host's key;
//! - `login`: agent, keys, passwords;
//! - `pump`: one thread per host moves bytes between the session and the channels' ends.

pub mod fit;
mod handshake;
mod login;
mod pump;

use crate::resolved::Resolved;
use crate::{ConnectError, HostSpec};
pub use pump::Pump;

/// Connects and logs in. The whole takes no longer than the host's timeout for each step.
///
/// # Errors
/// In OpenSSH's words where it has some.
pub fn open(spec: &HostSpec, resolved: &Resolved) -> Result<Pump, ConnectError> {
    let (session, socket, trusted) = handshake::connect(spec, resolved)?;
    login::login(&session, spec, resolved, trusted)?;
    Pump::start(session, socket, spec, resolved)
}
