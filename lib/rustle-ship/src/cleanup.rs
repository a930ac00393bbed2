//! Takes rustle's traces off a host, or only looks at them.

use crate::bootstrap::{nonsense, token};
use crate::dialogue::{Dialogue, Heard};
use crate::script::{self, Cached};
use crate::{BootstrapOptions, Platform, ShipError};
use rustle_connect::Connection;

/// Removes runners and deployments in the remote user's folders, and the folders where they are then empty. `keep` is
/// the digest of one that stays. Returns the paths of what was removed.
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

/// Asks the host for its platform and its runners' digests; changes nothing there.
///
/// # Errors
/// As [`cleanup`].
pub fn look(connection: &mut dyn Connection, options: &BootstrapOptions) -> Result<Platform, ShipError> {
    let token = token();
    let line = script::command(&token, None, Cached::Skip, "", options);
    let mut talk = Dialogue::new(connection.exec(&line)?, token, options.patience);
    let mut platform = Platform::default();
    loop {
        match talk.hear()? {
            Heard::Word(word, _) if word == "ask" => {
                talk.say("bye");
                return Ok(platform);
            }
            Heard::Word(word, rest) if platform.take(&word, &rest) => {}
            Heard::Word(word, _) => return Err(nonsense(&word)),
            Heard::Runner(_) => return Err(nonsense("run")),
            Heard::End => {
                let (exit, words) = talk.end()?;
                return Err(ShipError::Protocol(format!("no POSIX shell answers on the host: {words} (exit status {})", exit.code)));
            }
        }
    }
}
