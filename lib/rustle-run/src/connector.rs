//! Opens sessions: a connection, the right runner, the protocol.

use rustle_connect::{HostSpec, Settings};
use rustle_controller::session::{Heard, Session};
use rustle_controller::{Connected, Connector, Note, Unreachable};
use crate::runners::Runners;
use rustle_ship::{Bootstrap, BootstrapOptions, Outcome, Platform, Runner, bootstrap, bootstrap_local};
use rustle_value::Dict;
use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::time::Duration;


/// See the module's page.
pub struct HostConnector {
    pub settings: Settings,
    pub runners: Arc<Runners>,
    /// Runners that the stream has for hosts.
    pub known: HashMap<String, Arc<Runner>>,
}

impl HostConnector {
    fn open(&self, host: &str, vars: &Dict) -> Result<(rustle_ship::Session, HostSpec), String> {
        let spec = HostSpec::from_vars(host, vars, &self.settings).map_err(|e| e.to_string())?;
        let known = self.known.get(host);
        let mut options = BootstrapOptions {
            expected: known.cloned().or_else(|| self.runners.own()),
            self_check: true,
            retries: spec.retries,
            ..BootstrapOptions::default()
        };
        let mut connection = rustle_connect::connect(&spec).map_err(|e| e.to_string())?;
        if connection.is_local() {
            options.self_check = false;
            let own = match options.expected.clone() {
                Some(own) => own,
                None => self.runners.choose(&Platform { system: "Linux".into(), machine: std::env::consts::ARCH.into(), ..Platform::default() })?,
            };
            return bootstrap_local(&own, &options).map(|s| (s, spec)).map_err(|e| e.to_string());
        }
        match bootstrap(&mut *connection, &|p| known.map_or_else(|| self.runners.choose(p), |r| Ok(r.clone())), &options).map_err(|e| e.to_string())? {
            Bootstrap::Ready(session) => Ok((*session, spec)),
            Bootstrap::Fallback { reason, .. } => {
                Err(format!("no runner can run on this host ({reason}), and the fallback to its Python is not there yet"))
            }
        }
    }
}

impl HostConnector {
    /// A runner here that takes the place of the host's.
    fn stand_in(&self, why: &str) -> Result<rustle_ship::Session, String> {
        let own = match self.runners.own() {
            Some(own) => own,
            None => self.runners.choose(&Platform { system: "Linux".into(), machine: std::env::consts::ARCH.into(), ..Platform::default() })?,
        };
        let arguments = vec!["--unreachable".to_owned(), why.to_owned()];
        bootstrap_local(&own, &BootstrapOptions { arguments, ..BootstrapOptions::default() }).map_err(|e| e.to_string())
    }
}

impl Connector for HostConnector {
    fn connect(&self, host: &str, vars: &Dict, heard: mpsc::Sender<Note>) -> Result<Connected, Unreachable> {
        let (session, user, lost) = match self.open(host, vars) {
            Ok((session, spec)) => (session, spec.user.clone(), false),
            // Tasks that need no connection run nevertheless; the first one that needs it tells why there is none.
            Err(message) => (self.stand_in(&message).map_err(|_| Unreachable { message })?, None, true),
        };
        let method = match session.outcome {
            _ if lost => "none",
            Outcome::Cached => "binary cached",
            Outcome::Uploaded => "binary uploaded",
            Outcome::Local => "local",
        };
        let local = session.outcome == Outcome::Local;
        let reason = (!session.notes.is_empty()).then(|| session.notes.join("; "));
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
        let user = user.or_else(|| local.then(|| std::env::var("USER").ok()).flatten());
        Ok(Connected { session, method: method.into(), reason, user: if local { None } else { user } })
    }
}
