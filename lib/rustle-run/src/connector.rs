//! Opens sessions: a connection, the right runner, the protocol. Where no runner can run, a runner of this machine
//! stands in for the host, and its modules go over the connection.

use crate::driven::Driven;
use crate::first::FirstAlone;
use crate::observe::{Reach, Watched};
use crate::runners::{Runners, target_of};
use rustle_connect::{Channel, Connection, HostSpec, Settings};
use rustle_controller::session::{Heard, Session, lock};
use rustle_controller::{Connected, Connector, Driver, Note, Remote, Unreachable};
use rustle_fallback::Programs;
use rustle_ship::{Bootstrap, BootstrapOptions, Outcome, Platform, Runner, bootstrap, bootstrap_local};
use rustle_stream::protocol::ModuleRequest;
use rustle_value::Dict;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

/// Which hosts are served without a runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// Those that can run none.
    WhereNeeded,
    /// All that are not this machine (`--strategy ssh-only`).
    Always,
    /// None: those that can run no runner are unreachable (`--strategy binary-only`).
    Never,
}

/// See the module's page.
pub struct HostConnector(pub Arc<Opener>);

/// How sessions are opened.
pub struct Opener {
    pub settings: Settings,
    pub runners: Arc<Runners>,
    /// Runners that the stream has for hosts.
    pub known: HashMap<String, Arc<Runner>>,
    pub fallback: Fallback,
    /// Makes programs of modules, for hosts without a runner.
    pub programs: Arc<dyn Programs>,
    /// Settings that such hosts' modules need.
    pub hints: Dict,
    pub first: FirstAlone,
}

/// A session as it was opened.
pub(crate) struct Opened {
    pub session: rustle_ship::Session,
    user: Option<String>,
    /// Without a runner: who runs modules, and why.
    remote: Option<(rustle_fallback::Remote, String)>,
    /// What it took; `None` for this machine, where there is nothing to choose.
    reach: Option<Reach>,
}

impl Opened {
    /// Why there is no runner on the host, where there is none.
    pub(crate) fn without_runner(&self) -> Option<&str> {
        self.remote.as_ref().map(|(_, why)| why.as_str())
    }
}

impl Opener {
    pub(crate) fn open(&self, host: &str, vars: &Dict) -> Result<Opened, String> {
        let spec = HostSpec::from_vars(host, vars, &self.settings).map_err(|e| e.to_string())?;
        // What the stream or the user says of the host's runner goes before what the host says of itself.
        let told = self.known.get(host).cloned().map(Ok).or_else(|| self.runners.named(vars));
        let expected = match &told {
            Some(runner) => runner.clone().ok(),
            None => self.runners.own(),
        };
        let mut options = BootstrapOptions {
            expected,
            self_check: true,
            retries: spec.retries,
            ..self.runners.bootstrap_options()
        };
        let begun = Instant::now();
        let mut connection = rustle_connect::connect(&spec).map_err(|e| e.to_string())?;
        let mut reach = Reach { connect: begun.elapsed().as_secs_f64(), round_trip: connection.round_trip(), ..Reach::default() };
        let user = spec.user.clone();
        if connection.is_local() {
            options.self_check = false;
            let own = match (options.expected.clone(), &told) {
                (Some(own), _) => own,
                (None, Some(Err(why))) => return Err(why.clone()),
                (None, _) => self.here()?,
            };
            let session = bootstrap_local(&own, &options).map_err(|e| e.to_string())?;
            return Ok(Opened { session, user, remote: None, reach: None });
        }
        if self.fallback == Fallback::Always {
            return self.without_runner(host, connection, user, "--strategy ssh-only", reach);
        }
        // Looking for a runner, or building it, is no part of a runner's start.
        let (choosing, starting) = (Cell::new(0.0), Cell::new(0.0));
        let timed = |sum: &Cell<f64>, from: Instant| sum.set(sum.get() + from.elapsed().as_secs_f64());
        let choose = |p: &Platform| {
            let from = Instant::now();
            let chosen = told.clone().unwrap_or_else(|| self.runners.choose(p));
            timed(&choosing, from);
            chosen
        };
        let machine = format!("{:?} {} {:?}", spec.user, spec.address, spec.port);
        let start = || {
            let from = Instant::now();
            let done = bootstrap(&mut *connection, &choose, &options);
            timed(&starting, from);
            done
        };
        let done = self.first.run(machine, start).map_err(|e| e.to_string())?;
        reach.start = (starting.get() - choosing.get()).max(0.0);
        reach.ready = reach.connect + starting.get();
        match done {
            Bootstrap::Ready(session) => {
                let (triple, uploaded) = (session.runner.triple.clone(), session.uploaded_bytes);
                let reach = Reach { triple, uploaded, provided: session.outcome == Outcome::Cached, ..reach };
                Ok(Opened { session: *session, user, remote: None, reach: Some(reach) })
            }
            Bootstrap::Fallback { reason, .. } if self.fallback == Fallback::Never => {
                Err(format!("no runner can run on this host ({reason}), and --strategy binary-only forbids the fallback over SSH"))
            }
            Bootstrap::Fallback { reason, platform, .. } => {
                let reach = Reach { triple: target_of(&platform).triple, ..reach };
                self.without_runner(host, connection, user, &reason, reach)
            }
        }
    }
    fn without_runner(&self, host: &str, connection: Box<dyn Connection>, user: Option<String>, why: &str, reach: Reach) -> Result<Opened, String> {
        let from = Instant::now();
        let remote = rustle_fallback::Remote::new(host, connection, why, self.programs.clone(), self.hints.clone());
        remote.greet().map_err(|e| e.0)?;
        let session = self.stand_in(&["--through-controller".to_owned()])?;
        let took = from.elapsed().as_secs_f64();
        let reach = Reach { ssh: true, start: took, ready: reach.ready.max(reach.connect) + took, ..reach };
        Ok(Opened { session, user, remote: Some((remote, why.to_owned())), reach: Some(reach) })
    }
    /// The runner for this machine.
    fn here(&self) -> Result<Arc<Runner>, String> {
        match self.runners.own() {
            Some(own) => Ok(own),
            None => self.runners.needed(&Platform { system: "Linux".into(), machine: std::env::consts::ARCH.into(), ..Platform::default() }),
        }
    }
    /// A runner here that takes the place of the host's.
    pub(crate) fn stand_in(&self, arguments: &[String]) -> Result<rustle_ship::Session, String> {
        let options = BootstrapOptions { arguments: arguments.to_vec(), ..BootstrapOptions::default() };
        bootstrap_local(&self.here()?, &options).map_err(|e| e.to_string())
    }
}

/// A host that is served over its connection alone, as the controller sees it.
struct Served {
    remote: Mutex<Arc<rustle_fallback::Remote>>,
    opener: Arc<Opener>,
    host: String,
    vars: Dict,
}

impl Remote for Served {
    fn module(&self, request: &ModuleRequest) -> Result<Dict, Unreachable> {
        let remote = lock(&self.remote).clone();
        remote.module(request).map_err(|e| Unreachable { message: e.0 })
    }
    fn renew(&self, patience: Option<Duration>) -> Result<String, Unreachable> {
        lock(&self.remote).close();
        let opened = self.opener.open(&self.host, &patient(&self.vars, patience)).map_err(|message| Unreachable { message })?;
        let Some((fresh, _)) = opened.remote else {
            return Err(Unreachable { message: "the host can run a runner now, which it could not before".into() });
        };
        *lock(&self.remote) = Arc::new(fresh);
        Ok("SSH fallback".into())
    }
    fn close(&self) {
        lock(&self.remote).close();
    }
}

/// The variables with another limit for connecting.
pub(crate) fn patient(vars: &Dict, patience: Option<Duration>) -> Dict {
    let mut vars = vars.clone();
    if let Some(limit) = patience {
        vars.insert("ansible_ssh_timeout", limit.as_secs().max(1) as i64);
    }
    vars
}

/// How a host was reached, in a word or two.
pub(crate) fn method(session: &rustle_ship::Session) -> String {
    let method = match session.outcome {
        Outcome::Cached => "binary cached",
        Outcome::Uploaded => "binary uploaded",
        Outcome::Local => return "local".into(),
    };
    // A platform unlike this machine's is worth a word.
    let triple = &session.runner.triple;
    if *triple == rustle_build::own_triple() { method.to_owned() } else { format!("{method} for {triple}") }
}

/// Takes over a channel on which a runner speaks.
pub(crate) fn listen(host: &str, channel: Channel, heard: impl Fn(&str, Heard) + Send + 'static) -> Arc<Session> {
    let mut control = channel.control;
    let stderr = channel.stderr;
    let why = move || {
        let ended = control.wait_for(Some(Duration::from_secs(5)));
        let said = stderr.text();
        let said = said.trim();
        match ended {
            Err(e) => e.to_string(),
            Ok(Some(exit)) if said.is_empty() => format!("the runner ended unexpectedly (exit status {})", exit.code),
            Ok(_) if said.is_empty() => "the connection was lost".to_owned(),
            Ok(_) => said.to_owned(),
        }
    };
    Session::start(host, channel.stdin, channel.stdout, Box::new(why), heard)
}

impl Connector for HostConnector {
    fn connect(&self, host: &str, vars: &Dict, driver: Driver, heard: mpsc::Sender<Note>) -> Result<Connected, Unreachable> {
        let opener = &self.0;
        let (mut opened, lost) = match opener.open(host, vars) {
            Ok(opened) => (Some(opened), None),
            Err(message) => (None, Some(message)),
        };
        let reach = opened.as_mut().and_then(|o| o.reach.take());
        let watched: Option<Arc<Watched>> = reach.and_then(|r| opener.runners.advisor.observer.reached(host, r));
        let aside = |arguments: &[String], message: &str| opener.stand_in(arguments).map_err(|_| Unreachable { message: message.to_owned() });
        let through = ["--through-controller".to_owned()];
        // What drives the play, how the host was reached, and what that deserves to be told of.
        let (driving, method, reason, user, remote): (_, _, _, _, Option<Arc<dyn Remote>>) = match (opened, lost) {
            (Some(Opened { session, user, remote: Some((remote, why)), .. }), _) => {
                let served = Served { remote: Mutex::new(Arc::new(remote)), opener: opener.clone(), host: host.to_owned(), vars: vars.clone() };
                (session, "SSH fallback".to_owned(), Some(why), user, Some(Arc::new(served)))
            }
            (Some(Opened { session, user, .. }), _) => {
                let (method, notes) = (method(&session), session.notes.join("; "));
                let reason = (!notes.is_empty()).then_some(notes);
                if session.outcome == Outcome::Local {
                    (session, method, reason, None, None)
                } else if driver == Driver::Controller {
                    let driving = aside(&through, "the runner of this machine does not start")?;
                    let driven = Driven::new(opener.clone(), host, vars, Ok(listen(host, session.channel, |_, _| {})));
                    (driving, method, reason, user, Some(Arc::new(driven)))
                } else {
                    (session, method, reason, user, None)
                }
            }
            (None, lost) => {
                let message = lost.unwrap_or_default();
                // Tasks that need no connection run nevertheless; the first one that needs it tells why there is none,
                // or, in a play that waits for hosts, tries again.
                let (driving, remote): (_, Option<Arc<dyn Remote>>) = match driver {
                    Driver::Host => (aside(&["--unreachable".to_owned(), message.clone()], &message)?, None),
                    Driver::Controller => {
                        let driven = Driven::new(opener.clone(), host, vars, Err(message.clone()));
                        (aside(&through, &message)?, Some(Arc::new(driven)))
                    }
                };
                (driving, "none".to_owned(), Some(message), None, remote)
            }
        };
        let session = listen(host, driving.channel, move |host, what: Heard| {
            if let (Some(watched), Heard::Message(message)) = (&watched, &what) {
                watched.hear(message);
            }
            _ = heard.send(Note::Heard { host: host.to_owned(), heard: what });
        });
        Ok(Connected { session, method, reason, user, remote })
    }
}
