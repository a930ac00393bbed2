//! Opens sessions: a connection, the right runner, the protocol. Where no runner can run, a runner of this machine
//! stands in for the host, and its modules go over the connection.

use crate::first::FirstAlone;
use crate::runners::Runners;
use rustle_connect::{Connection, HostSpec, Settings};
use rustle_controller::session::{Heard, Session};
use rustle_controller::{Connected, Connector, Note, Remote, Unreachable};
use rustle_fallback::Programs;
use rustle_ship::{Bootstrap, BootstrapOptions, Outcome, Platform, Runner, bootstrap, bootstrap_local};
use rustle_stream::protocol::ModuleRequest;
use rustle_value::Dict;
use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::time::Duration;

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
pub struct HostConnector {
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
struct Opened {
    session: rustle_ship::Session,
    user: Option<String>,
    /// Without a runner: who runs modules, and why.
    remote: Option<(Arc<dyn Remote>, String)>,
}

impl HostConnector {
    fn open(&self, host: &str, vars: &Dict) -> Result<Opened, String> {
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
        let mut connection = rustle_connect::connect(&spec).map_err(|e| e.to_string())?;
        let user = spec.user.clone();
        if connection.is_local() {
            options.self_check = false;
            let own = match (options.expected.clone(), &told) {
                (Some(own), _) => own,
                (None, Some(Err(why))) => return Err(why.clone()),
                (None, _) => self.here()?,
            };
            let session = bootstrap_local(&own, &options).map_err(|e| e.to_string())?;
            return Ok(Opened { session, user, remote: None });
        }
        if self.fallback == Fallback::Always {
            return self.without_runner(host, connection, user, "--strategy ssh-only");
        }
        let choose = |p: &Platform| told.clone().unwrap_or_else(|| self.runners.choose(p));
        let machine = format!("{:?} {} {:?}", spec.user, spec.address, spec.port);
        match self.first.run(machine, || bootstrap(&mut *connection, &choose, &options)).map_err(|e| e.to_string())? {
            Bootstrap::Ready(session) => Ok(Opened { session: *session, user, remote: None }),
            Bootstrap::Fallback { reason, .. } if self.fallback == Fallback::Never => {
                Err(format!("no runner can run on this host ({reason}), and --strategy binary-only forbids the fallback over SSH"))
            }
            Bootstrap::Fallback { reason, .. } => self.without_runner(host, connection, user, &reason),
        }
    }
    fn without_runner(&self, host: &str, connection: Box<dyn Connection>, user: Option<String>, why: &str) -> Result<Opened, String> {
        let remote = rustle_fallback::Remote::new(host, connection, why, self.programs.clone(), self.hints.clone());
        remote.greet().map_err(|e| e.0)?;
        let session = self.stand_in(&["--through-controller".to_owned()])?;
        Ok(Opened { session, user, remote: Some((Arc::new(Served(remote)), why.to_owned())) })
    }
    /// The runner for this machine.
    fn here(&self) -> Result<Arc<Runner>, String> {
        match self.runners.own() {
            Some(own) => Ok(own),
            None => self.runners.choose(&Platform { system: "Linux".into(), machine: std::env::consts::ARCH.into(), ..Platform::default() }),
        }
    }
    /// A runner here that takes the place of the host's.
    fn stand_in(&self, arguments: &[String]) -> Result<rustle_ship::Session, String> {
        let options = BootstrapOptions { arguments: arguments.to_vec(), ..BootstrapOptions::default() };
        bootstrap_local(&self.here()?, &options).map_err(|e| e.to_string())
    }
}

/// A host that is served over its connection alone, as the controller sees it.
struct Served(rustle_fallback::Remote);

impl Remote for Served {
    fn module(&self, request: &ModuleRequest) -> Result<Dict, Unreachable> {
        self.0.module(request).map_err(|e| Unreachable { message: e.0 })
    }
    fn close(&self) {
        self.0.close();
    }
}

impl Connector for HostConnector {
    fn connect(&self, host: &str, vars: &Dict, heard: mpsc::Sender<Note>) -> Result<Connected, Unreachable> {
        let (opened, lost) = match self.open(host, vars) {
            Ok(opened) => (opened, None),
            // Tasks that need no connection run nevertheless; the first one that needs it tells why there is none.
            Err(message) => match self.stand_in(&["--unreachable".to_owned(), message.clone()]) {
                Ok(session) => (Opened { session, user: None, remote: None }, Some(message)),
                Err(_) => return Err(Unreachable { message }),
            },
        };
        let Opened { session, user, remote } = opened;
        let method = match session.outcome {
            _ if lost.is_some() => "none",
            _ if remote.is_some() => "SSH fallback",
            Outcome::Cached => "binary cached",
            Outcome::Uploaded => "binary uploaded",
            Outcome::Local => "local",
        };
        let local = session.outcome == Outcome::Local && remote.is_none();
        // A platform unlike this machine's is worth a word.
        let triple = &session.runner.triple;
        let foreign = lost.is_none() && !local && remote.is_none() && *triple != rustle_build::own_triple();
        let method = if foreign { format!("{method} for {triple}") } else { method.to_owned() };
        let (remote, why) = remote.unzip();
        let reason = lost.or(why).or_else(|| (!session.notes.is_empty()).then(|| session.notes.join("; ")));
        let channel = session.channel;
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
        let session = Session::start(host, channel.stdin, channel.stdout, Box::new(why), move |host, what: Heard| {
            _ = heard.send(Note::Heard { host: host.to_owned(), heard: what });
        });
        Ok(Connected { session, method, reason, user: if local { None } else { user }, remote })
    }
}
