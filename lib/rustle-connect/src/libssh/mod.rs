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
use crate::{ConnectError, HostSpec, door};
use handshake::turned_away;
pub use pump::Pump;
use std::time::Duration;

/// Connects and logs in. The whole takes no longer than the host's timeout for each step.
///
/// # Errors
/// In OpenSSH's words where it has some.
pub fn open(spec: &HostSpec, resolved: &Resolved) -> Result<Pump, ConnectError> {
    let mut pauses = PAUSES.iter();
    loop {
        let entered = door::enter(resolved.hostname(), resolved.port());
        match once(spec, resolved) {
            // Others may be at the same door: not the host's last word.
            Err(e) if turned_away(&e) => match pauses.next() {
                Some(pause) => {
                    drop(entered);
                    std::thread::sleep(Duration::from_millis(*pause));
                }
                None => return Err(e),
            },
            done => return done,
        }
    }
}

/// Milliseconds before each further try at a server that hangs up before it says who it is.
const PAUSES: [u64; 4] = [150, 400, 900, 1600];

fn once(spec: &HostSpec, resolved: &Resolved) -> Result<Pump, ConnectError> {
    let (session, socket, trusted, round_trip) = handshake::connect(spec, resolved)?;
    login::login(&session, spec, resolved, trusted)?;
    Pump::start(session, socket, spec, resolved, round_trip)
}
