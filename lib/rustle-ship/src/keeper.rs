//! The controller's side of `keep.sh`: one channel to what a host knows of its deployments.
//!
//! On the host, below rustle's folder: `artifacts/<sha256>`, `deployments/<id>.json`, and `current/<name>`, a link to
//! what is in force. Each call here is one small step; [`crate::rollout`] puts them together.
//!
//! Limits: what a host tells is checked for its form and believed about that host alone.

use crate::bootstrap::token;
use crate::deployment::{HostManifest, plain};
use crate::dialogue::{Dialogue, Heard};
use crate::script;
use crate::upload;
use crate::{Runner, ShipError};
use rustle_connect::{ConnectError, Connection};
use std::collections::BTreeMap;
use std::time::Duration;

/// Manifests that are read of one host; a host that has more is lying, or nobody ever cleaned up.
const MOST: usize = 10_000;

/// What a host has.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Digests in force, by name.
    pub current: BTreeMap<String, String>,
    /// Newest first.
    pub manifests: Vec<HostManifest>,
    /// Names of the files of deployments that were rolled back.
    pub undone: Vec<String>,
}

/// How a file came to be on the host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Put {
    pub path: String,
    /// It was there, and its digest was right.
    pub cached: bool,
    pub uploaded_bytes: u64,
    /// Bytes that were on the host already: of a broken upload, of an earlier artifact or of the runner.
    pub reused: u64,
    pub notes: Vec<String>,
}

pub(crate) struct Keeper {
    talk: Dialogue,
    gzip: bool,
}

impl Keeper {
    /// Starts the script on the host.
    pub(crate) fn start(connection: &mut dyn Connection, patience: Duration) -> Result<Keeper, ShipError> {
        let token = token();
        let channel = connection.exec(&script::keeper(&token))?;
        let mut keeper = Keeper { talk: Dialogue::new(channel, token, patience), gzip: false };
        let mut gzip = false;
        keeper.answer(&mut |word, _| gzip |= word == "gzip")?;
        keeper.gzip = gzip;
        Ok(keeper)
    }

    /// Reads up to the last line of an answer. `hear` gets the lines before it.
    fn answer(&mut self, hear: &mut dyn FnMut(&str, &str)) -> Result<String, ShipError> {
        loop {
            match self.talk.hear()? {
                Heard::Word(word, rest) => match word.as_str() {
                    "ok" => return Ok(rest),
                    "bad" => return Err(ShipError::Host(rest)),
                    other => hear(other, &rest),
                },
                Heard::Runner(_) | Heard::End => return Err(self.ended()),
            }
        }
    }
    fn ended(&mut self) -> ShipError {
        match self.talk.ending() {
            Ok((exit, words)) => ConnectError::Lost(format!("the host ended the conversation: {words} (exit status {})", exit.code)).into(),
            Err(e) => e,
        }
    }
    fn ask(&mut self, line: &str) -> Result<String, ShipError> {
        self.talk.say(line);
        self.answer(&mut |_, _| {})
    }

    /// Turns to the folder with deployments; `false` where the host has none.
    pub(crate) fn open(&mut self) -> Result<bool, ShipError> {
        Ok(!self.ask("open")?.is_empty())
    }
    /// Turns to the folder where this runner is.
    pub(crate) fn find(&mut self, digest: &str) -> Result<String, ShipError> {
        self.ask(&format!("find {digest}"))
    }
    /// Brings a file into the artifacts, unless it is there. `shared`: as many bytes of its beginning are a runner.
    pub(crate) fn put(&mut self, file: &Runner, name: &str, shared: u64) -> Result<Put, ShipError> {
        let first = upload::whole(file, self.gzip)?;
        let size = file.bytes()?.len();
        self.talk.say(&format!("put {} {size} {} {} {shared} {name}", file.sha256, first.bytes.len(), first.kind));
        let mut put = Put::default();
        let mut next = first;
        loop {
            let (word, rest) = match self.talk.hear()? {
                Heard::Word(word, rest) => (word, rest),
                Heard::Runner(_) | Heard::End => return Err(self.ended()),
            };
            match word.as_str() {
                "have" => put.cached = true,
                "damaged" => put.notes.push(format!("{rest} was damaged and is replaced")),
                "no" => put.notes.push(format!("it is not kept in {rest}")),
                "part" => {
                    next = upload::rest(file, self.gzip, &rest)?;
                    put.reused = next.offset;
                    self.talk.say(&next.line());
                }
                "send" => put.uploaded_bytes = self.talk.send(&next.bytes),
                "ok" => return Ok(Put { path: rest, ..put }),
                "bad" => {
                    // The host keeps what has arrived where the connection broke; it did not.
                    self.talk.say("\ndrop");
                    put.notes.insert(0, rest);
                    return Err(ShipError::Host(put.notes.join("; ")));
                }
                other => return Err(crate::bootstrap::nonsense(other)),
            }
        }
    }
    /// What the host has, as it says.
    pub(crate) fn list(&mut self) -> Result<State, ShipError> {
        let mut state = State::default();
        self.talk.say("list");
        self.answer(&mut |word, rest| match word {
            "current" => {
                if let Some((name, digest)) = rest.split_once(' ')
                    && plain(name)
                    && plain(digest)
                {
                    state.current.insert(name.to_owned(), digest.to_owned());
                }
            }
            "manifest" if state.manifests.len() < MOST => state.manifests.extend(HostManifest::read(rest)),
            "undone" if state.undone.len() < MOST && plain(rest) => state.undone.push(rest.to_owned()),
            _ => {}
        })?;
        state.manifests.sort_by(|a, b| b.id.cmp(&a.id));
        state.undone.sort_by(|a, b| b.cmp(a));
        Ok(state)
    }
    /// Alone from now on, until [`Keeper::unlock`] or the end of the channel.
    pub(crate) fn lock(&mut self) -> Result<(), ShipError> {
        self.ask("lock").map(drop)
    }
    pub(crate) fn unlock(&mut self) -> Result<(), ShipError> {
        self.ask("unlock").map(drop)
    }
    /// Writes a manifest.
    pub(crate) fn note(&mut self, manifest: &HostManifest) -> Result<(), ShipError> {
        self.ask(&format!("note {}\n{}", manifest.id, manifest.line())).map(drop)
    }
    /// Marks a manifest as rolled back.
    pub(crate) fn undo(&mut self, id: &str) -> Result<(), ShipError> {
        self.ask(&format!("undo {id}")).map(drop)
    }
    /// Puts a digest in force, in place of `was`. The host computes the file's digest first; `true` where it could.
    pub(crate) fn link(&mut self, name: &str, folder: &str, digest: &str, was: Option<&str>) -> Result<bool, ShipError> {
        Ok(!self.ask(&format!("link {name} {folder} {digest} {}", was.unwrap_or("-")))?.is_empty())
    }
    /// Nothing is in force under this name any more.
    pub(crate) fn unlink(&mut self, name: &str, was: &str) -> Result<(), ShipError> {
        self.ask(&format!("unlink {name} {was}")).map(drop)
    }
    /// Removes a file of one of the folders.
    pub(crate) fn drop_file(&mut self, folder: &str, file: &str) -> Result<(), ShipError> {
        self.ask(&format!("drop {folder} {file}")).map(drop)
    }
    /// Removes folders where they are empty.
    pub(crate) fn away(&mut self) -> Result<(), ShipError> {
        self.ask("away").map(drop)
    }
}
