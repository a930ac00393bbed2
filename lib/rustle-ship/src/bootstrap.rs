//! The controller's side of the bootstrap: one exec in the common case, another one only where something was wrong
//! with what the first one found.

use crate::dialogue::{Dialogue, Heard};
use crate::script::{self, Cached};
use crate::upload::{self, Rest};
use crate::{Platform, Runner, ShipError};
use rustle_connect::{Channel, ConnectError, Connection, Exit};
use std::sync::Arc;
use std::time::Duration;

/// How a bootstrap is done.
#[derive(Clone, Debug)]
pub struct BootstrapOptions {
    /// The runner that the host most probably needs: where the host has it, nothing more is asked.
    pub expected: Option<Arc<Runner>>,
    /// Let the host compute the digest of a cached runner before it runs (`--verify`).
    pub verify: bool,
    /// Start the runner with `--expect <sha256>` before its arguments: it computes the digest of its own file and ends
    /// with status [`DAMAGED`] where it is another. Cheaper than a program of the host's that does it.
    pub self_check: bool,
    /// Arguments of the runner, of letters, digits and `-_=.,/:` (nothing else reaches it).
    pub arguments: Vec<String>,
    /// Runners to keep on the host.
    pub keep: u32,
    /// How long the host may stay silent.
    pub patience: Duration,
    /// How often to try again where the host can't be reached (`ansible_ssh_retries`).
    pub retries: u32,
}

impl Default for BootstrapOptions {
    fn default() -> Self {
        BootstrapOptions {
            expected: None,
            verify: false,
            self_check: false,
            arguments: Vec::new(),
            keep: 5,
            patience: Duration::from_secs(60),
            retries: 0,
        }
    }
}

/// How the runner came to be where it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was in the host's cache.
    Cached,
    /// It was sent.
    Uploaded,
    /// The host is this machine: the controller's own file runs.
    Local,
}

/// A runner that runs, and the way to talk to it.
#[derive(Debug)]
pub struct Session {
    /// Its streams. The next line to read is the runner's first message.
    pub channel: Channel,
    /// What is known of the host; only what the runner's target tells where it was cached.
    pub platform: Platform,
    pub runner: Arc<Runner>,
    pub outcome: Outcome,
    /// The runner's path on the host.
    pub path: String,
    /// Bytes of the runner that crossed the network (packed).
    pub uploaded_bytes: u64,
    /// Bytes of the runner that an earlier upload, which broke, had left on the host, and that were not sent again.
    pub resumed: u64,
    /// Whether the digest was computed on the host in this session.
    pub verified: bool,
    /// Things that a person should know: a damaged copy was replaced, the home is not writable.
    pub notes: Vec<String>,
}

/// The result for a host that answered.
#[derive(Debug)]
pub enum Bootstrap {
    /// The runner runs.
    Ready(Box<Session>),
    /// No runner can run there; the host must be served another way.
    Fallback {
        /// As far as it was told.
        platform: Platform,
        /// Words for a person.
        reason: String,
        notes: Vec<String>,
    },
}

/// The status with which a runner that was given `--expect` says that its own file is not what it should be.
pub const DAMAGED: i32 = 86;

/// What one exec came to.
enum Attempt {
    Done(Bootstrap),
    /// Try again like this.
    Again { cached: Cached, skip: Option<char> },
}

struct State<'a> {
    choose: &'a dyn Fn(&Platform) -> Result<Arc<Runner>, String>,
    options: &'a BootstrapOptions,
    notes: Vec<String>,
    skip: String,
    uploaded: u64,
    resumed: u64,
}

/// Starts the right runner on the host behind `connection`.
///
/// `choose` finds (or builds) the runner for a platform, or says why there is none: that is the reason of the
/// fallback. It is called only where `options.expected` is not in the host's cache.
///
/// # Errors
/// The host can't be reached or was lost; the runner's file on this machine is unusable; the host talks nonsense.
pub fn bootstrap(
    connection: &mut dyn Connection,
    choose: &dyn Fn(&Platform) -> Result<Arc<Runner>, String>,
    options: &BootstrapOptions,
) -> Result<Bootstrap, ShipError> {
    let mut state = State { choose, options, notes: Vec::new(), skip: String::new(), uploaded: 0, resumed: 0 };
    let mut cached = if options.verify { Cached::Check } else { Cached::Use };
    let mut failures = 0;
    // Each round either ends or takes one possibility away; the bound is for hosts that lie.
    for _ in 0..12 {
        match state.attempt(connection, cached) {
            Ok(Attempt::Done(done)) => return Ok(done),
            Ok(Attempt::Again { cached: next, skip }) => {
                cached = next;
                state.skip.extend(skip);
            }
            Err(ShipError::Connect(e)) if e.retriable() && failures < options.retries => {
                // 0, 1, 3, 7, … seconds, at most 30, as Ansible waits.
                let pause = (1u64 << failures.min(6)).saturating_sub(1).min(30);
                std::thread::sleep(Duration::from_secs(pause));
                failures += 1;
            }
            Err(e) => return Err(e),
        }
    }
    Err(ShipError::Protocol("the host accepts the runner again and again and never runs it".into()))
}

impl State<'_> {
    fn attempt(&mut self, connection: &mut dyn Connection, cached: Cached) -> Result<Attempt, ShipError> {
        let token = token();
        let expected = self.options.expected.clone();
        let want = expected.as_ref().map(|r| r.sha256.as_str());
        let line = script::command(&token, want, cached, &self.skip, self.options);
        let channel = connection.exec(&line)?;
        let mut talk = Dialogue::new(channel, token, self.options.patience);
        let mut platform = Platform::default();
        let mut runner = expected;
        let mut path = String::new();
        let mut folder = None;
        let mut missing: Option<Vec<u8>> = None;
        let mut outcome = Outcome::Cached;
        let mut verified = cached == Cached::Check;
        loop {
            match talk.hear()? {
                Heard::Word(word, rest) => match word.as_str() {
                    "damaged" => self.notes.push(format!("the runner in the host's cache was damaged and is replaced: {rest}")),
                    "run" => path = rest,
                    "ask" => match (self.choose)(&platform) {
                        Ok(chosen) => {
                            self.answer(&mut talk, &platform, &chosen, cached)?;
                            runner = Some(chosen);
                        }
                        Err(reason) => {
                            talk.say("bye");
                            return Ok(self.fallback(platform, reason));
                        }
                    },
                    "no" => self.notes.push(format!("the runner is not kept in {rest}")),
                    "send" => {
                        folder = rest.chars().next();
                        outcome = Outcome::Uploaded;
                        let Some(r) = &runner else { return Err(nonsense(&word)) };
                        self.uploaded += match &missing {
                            Some(bytes) => talk.send(bytes),
                            None => talk.send(&upload::whole(r, platform.gzip)?.bytes),
                        };
                    }
                    "part" => {
                        let Some(r) = &runner else { return Err(nonsense(&word)) };
                        let next = upload::rest(r, platform.gzip, &rest)?;
                        self.resumed = next.offset;
                        talk.say(&next.line());
                        missing = Some(next.bytes.into_owned());
                    }
                    "stored" => verified = !rest.is_empty(),
                    "bad" => {
                        self.notes.push(format!("sending the runner failed: {rest}"));
                        // The host keeps what has arrived where the connection broke; it did not.
                        talk.say("\ndrop");
                        _ = talk.end();
                        // What an earlier upload had left was no good; the folder may be.
                        let skip = folder.filter(|_| std::mem::take(&mut self.resumed) == 0);
                        return Ok(Attempt::Again { cached: Cached::Skip, skip });
                    }
                    "nowhere" => {
                        let reason = format!("no folder for the runner: {}", self.reasons());
                        return Ok(self.fallback(platform, reason));
                    }
                    "gone" => return Ok(Attempt::Again { cached: Cached::Skip, skip: None }),
                    known if platform.take(known, &rest) => {}
                    _ => return Err(nonsense(&word)),
                },
                Heard::Runner(first) => {
                    let Some(runner) = runner else { return Err(nonsense("run")) };
                    if platform.system.is_empty() {
                        platform = Platform::of_triple(&runner.triple);
                    }
                    let (uploaded_bytes, resumed, notes) = (self.uploaded, self.resumed, std::mem::take(&mut self.notes));
                    let channel = talk.hand_over(first);
                    let session = Session { channel, platform, runner, outcome, path, uploaded_bytes, resumed, verified, notes };
                    return Ok(Attempt::Done(Bootstrap::Ready(Box::new(session))));
                }
                Heard::End => {
                    let (exit, words) = talk.end()?;
                    return self.ended(exit, &words, &path, outcome, folder, platform);
                }
            }
        }
    }

    /// The output ended before the runner said anything.
    fn ended(
        &mut self,
        exit: Exit,
        words: &str,
        path: &str,
        outcome: Outcome,
        folder: Option<char>,
        platform: Platform,
    ) -> Result<Attempt, ShipError> {
        let last = words.lines().last().unwrap_or_default();
        if path.is_empty() {
            if folder.is_some() {
                return Err(ConnectError::Lost(format!("the connection ended during the upload: {}", ending(exit, last))).into());
            }
            return Ok(self.fallback(platform, format!("no POSIX shell answers on the host: {}", ending(exit, last))));
        }
        if outcome == Outcome::Cached {
            // Damaged, or for another machine (a home that several share), or no execution there any more: start over
            // with what the host really is.
            self.notes.push(match exit.code {
                DAMAGED => format!("the runner in the host's cache was damaged and is replaced: {path}"),
                _ => format!("the runner in the host's cache did not start ({}) and is replaced: {path}", ending(exit, last)),
            });
            return Ok(Attempt::Again { cached: Cached::Skip, skip: None });
        }
        if exit.code == DAMAGED {
            self.notes.push(format!("the runner was damaged on its way: {path}"));
            return Ok(Attempt::Again { cached: Cached::Skip, skip: folder });
        }
        Ok(self.fallback(platform, format!("the runner does not run on the host ({path}): {}", ending(exit, last))))
    }

    fn answer(&self, talk: &mut Dialogue, platform: &Platform, runner: &Runner, cached: Cached) -> Result<(), ShipError> {
        let digest = &runner.sha256;
        // `Skip` says that the copy in the cache is not to be trusted.
        if cached == Cached::Use && platform.cached.contains(digest) {
            talk.say(&format!("run {digest}"));
            return Ok(());
        }
        let Rest { bytes, kind, .. } = upload::whole(runner, platform.gzip)?;
        talk.say(&format!("put {digest} {} {} {kind}", runner.bytes()?.len(), bytes.len()));
        Ok(())
    }

    fn reasons(&self) -> String {
        let tried: Vec<&str> = self.notes.iter().map(|n| n.rsplit(" kept in ").next().unwrap_or(n)).collect();
        tried.join("; ")
    }

    fn fallback(&mut self, platform: Platform, reason: String) -> Attempt {
        Attempt::Done(Bootstrap::Fallback { platform, reason, notes: std::mem::take(&mut self.notes) })
    }
}

/// Starts this machine's runner as a child process (`connection: local`).
///
/// # Errors
/// It can't be started.
pub fn bootstrap_local(runner: &Arc<Runner>, options: &BootstrapOptions) -> Result<Session, ShipError> {
    let channel = rustle_connect::connections::local::exec_program(&runner.path, &options.arguments)?;
    Ok(Session {
        channel,
        platform: Platform::of_triple(&runner.triple),
        runner: runner.clone(),
        outcome: Outcome::Local,
        path: runner.path.display().to_string(),
        uploaded_bytes: 0,
        resumed: 0,
        verified: false,
        notes: Vec::new(),
    })
}

pub(crate) fn nonsense(word: &str) -> ShipError {
    ShipError::Protocol(format!("the host says '{word}' out of turn"))
}

fn ending(exit: Exit, words: &str) -> String {
    let how = match exit.signal {
        Some(s) => format!("signal {s}"),
        None => format!("exit status {}", exit.code),
    };
    if words.is_empty() { how } else { format!("{words} ({how})") }
}

/// A word that no login script prints by chance.
pub(crate) fn token() -> String {
    use std::hash::{BuildHasher, Hasher};
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
    format!("{random:016x}")
}
