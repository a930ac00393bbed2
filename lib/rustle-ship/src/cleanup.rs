//! Takes rustle's traces off a host.

use crate::bootstrap::{nonsense, token};
use crate::dialogue::{Dialogue, Heard};
use crate::script::{self, Cached};
use crate::{BootstrapOptions, Platform, ShipError};
use rustle_connect::Connection;

/// Removes the runners in the remote user's cache folders, and the folders where they are then empty. `keep` is the
/// digest of one that stays. Returns the paths of what was removed.
///
/// # Errors
/// The host can't be reached or was lost, or talks nonsense.
pub fn cleanup(connection: &mut dyn Connection, keep: Option<&str>, options: &BootstrapOptions) -> Result<Vec<String>, ShipError> {
    let token = token();
    let line = script::command(&token, None, Cached::Skip, "", options);
    let mut talk = Dialogue::new(connection.exec(&line)?, token, options.patience);
    let (mut removed, mut platform) = (Vec::new(), Platform::default());
    loop {
        match talk.hear()? {
            Heard::Word(word, rest) => match word.as_str() {
                "ask" => talk.say(&format!("clean {}", keep.unwrap_or("-"))),
                "removed" => removed.push(rest),
                "cleaned" => return Ok(removed),
                known if platform.take(known, &rest) => {}
                _ => return Err(nonsense(&word)),
            },
            Heard::Runner(_) => return Err(nonsense("run")),
            Heard::End => {
                let (exit, words) = talk.end()?;
                return Err(ShipError::Protocol(format!("no POSIX shell answers on the host: {words} (exit status {})", exit.code)));
            }
        }
    }
}
