//! A host whose runner executes modules while the engine stands here, so that its connection may end and be made anew:
//! for plays that restart hosts or wait for them.

use crate::connector::{Opener, listen, method, patient};
use rustle_controller::session::{Session, lock};
use rustle_controller::{Remote, Unreachable};
use rustle_stream::foreign::Payloads;
use rustle_stream::protocol::{Down, ModuleRequest};
use rustle_value::Dict;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// See the module's page.
pub(crate) struct Driven {
    opener: Arc<Opener>,
    host: String,
    vars: Dict,
    /// The session, or why there is none.
    session: Mutex<Result<Arc<Session>, String>>,
    hello: Mutex<Option<Down>>,
    /// Programs of modules: a new session has none of them.
    programs: Payloads,
}

impl Driven {
    /// A host, with its first session or what was said when one was tried.
    pub(crate) fn new(opener: Arc<Opener>, host: &str, vars: &Dict, session: Result<Arc<Session>, String>) -> Driven {
        Driven { opener, host: host.to_owned(), vars: vars.clone(), session: Mutex::new(session), hello: Mutex::default(), programs: Payloads::default() }
    }
    /// A new session in the place of the one that there may be.
    fn open(&self, place: &mut Result<Arc<Session>, String>, patience: Option<Duration>) -> Result<String, Unreachable> {
        if let Ok(before) = place {
            before.leave();
        }
        let lost = |message: String| Unreachable { message };
        let opened = self.opener.open(&self.host, &patient(&self.vars, patience)).and_then(|opened| match opened.without_runner() {
            Some(why) => Err(format!("no runner can run on this host any more: {why}")),
            None => Ok(opened),
        });
        let opened = opened.inspect_err(|e| *place = Err(e.clone())).map_err(lost)?;
        let how = method(&opened.session);
        let session = listen(&self.host, opened.session.channel, |_, _| {});
        if let Some(hello) = &*lock(&self.hello) {
            session.send(hello);
        }
        *place = Ok(session);
        Ok(how)
    }
    /// The session; one that has ended is followed by another, as each task of Ansible's connects.
    fn session(&self) -> Result<Arc<Session>, Unreachable> {
        let mut place = lock(&self.session);
        if !place.as_ref().is_ok_and(|s| !s.closed.load(Ordering::SeqCst)) {
            self.open(&mut place, None)?;
        }
        place.as_ref().cloned().map_err(|message| Unreachable { message: message.clone() })
    }
}

impl Remote for Driven {
    fn module(&self, request: &ModuleRequest) -> Result<Dict, Unreachable> {
        let mut request = request.clone();
        if let Some(payload) = request.payload.take() {
            let whole = self.programs.whole(payload);
            request.payload = Some(whole.ok_or_else(|| Unreachable { message: format!("the program of module {} never came", request.module) })?);
        }
        self.session()?.exec(request).ok_or_else(|| Unreachable { message: format!("the connection to {} was lost", self.host) })
    }
    fn native(&self) -> bool {
        true
    }
    fn hello(&self, message: Down) {
        if let Ok(session) = &*lock(&self.session) {
            session.send(&message);
        }
        *lock(&self.hello) = Some(message);
    }
    fn renew(&self, patience: Option<Duration>) -> Result<String, Unreachable> {
        self.open(&mut lock(&self.session), patience)
    }
    fn close(&self) {
        if let Ok(session) = &*lock(&self.session) {
            session.leave();
        }
    }
}
