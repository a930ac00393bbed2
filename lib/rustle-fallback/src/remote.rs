//! A host that is served over its connection alone.

use crate::forms;
use crate::place::Place;
use crate::python::{self, Programs};
use crate::shell::Held;
use crate::trouble::Trouble;
use rustle_connect::{Channel, Connection};
use rustle_stream::foreign::Payloads;
use rustle_stream::protocol::{Become, ModuleRequest};
use rustle_value::{Dict, Value, dict};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The host is gone; the message is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost(pub String);

/// See the module's page. Requests may come from several threads at once.
pub struct Remote {
    /// Its name, for messages.
    pub(crate) host: String,
    /// Why there is no runner, for messages.
    pub(crate) why: String,
    pub(crate) programs: Arc<dyn Programs>,
    /// Settings that stand for hints that a request does not have.
    hints: Dict,
    /// The Python that was looked for, and whether it was found.
    pub(crate) interpreter: Mutex<Option<Option<String>>>,
    /// Programs that came with requests.
    pub(crate) payloads: Payloads,
    connection: Mutex<Option<Box<dyn Connection>>>,
    places: Mutex<HashMap<Option<Become>, Arc<Place>>>,
    held: Mutex<HashMap<u64, Held>>,
    next: AtomicU64,
}

pub(crate) fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Remote {
    /// Serves `host` over `connection`. `why` says why it has no runner; `programs` makes programs of modules; `hints` are
    /// settings that requests may lack (`ansible_remote_tmp`, `interpreter_python`, …).
    pub fn new(host: &str, connection: Box<dyn Connection>, why: &str, programs: Arc<dyn Programs>, hints: Dict) -> Remote {
        Remote {
            host: host.to_owned(),
            why: why.to_owned(),
            programs,
            hints,
            interpreter: Mutex::default(),
            payloads: Payloads::default(),
            connection: Mutex::new(Some(connection)),
            places: Mutex::default(),
            held: Mutex::default(),
            next: AtomicU64::new(1),
        }
    }
    /// Asks the host for a sign of life: an OpenSSH client connects only when it has something to do.
    ///
    /// # Errors
    /// It gives none.
    pub fn greet(&self) -> Result<(), Lost> {
        match self.run("exit 0", b"", None, Some(60)) {
            Ok(_) => Ok(()),
            Err(Trouble::Lost(message)) => Err(Lost(message)),
            Err(Trouble::Failed(d)) => Err(Lost(d.get("msg").map(rustle_value::py_str).unwrap_or_default())),
        }
    }
    /// Runs one module with final arguments on the host. The result is data.
    ///
    /// # Errors
    /// The connection is lost. Everything else that goes wrong is the module's result.
    pub fn module(&self, request: &ModuleRequest) -> Result<Dict, Lost> {
        let mut hints = self.hints.clone();
        hints.insert("inventory_hostname", self.host.as_str());
        hints.update(&request.hints);
        let request = &ModuleRequest { hints, ..request.clone() };
        let done = match forms::find(&request.module) {
            Some(form) => (form.run)(self, request),
            None => python::module(self, request, &request.module, request.args.clone()),
        };
        match done {
            Ok(result) | Err(Trouble::Failed(result)) => Ok(data(result)),
            Err(Trouble::Lost(message)) => Err(Lost(message)),
        }
    }
    /// Ends what is running and removes what was put on the host.
    pub fn close(&self) {
        let running: Vec<Held> = lock(&self.held).drain().map(|(_, held)| held).collect();
        running.iter().for_each(|held| self.end(held));
        let places = std::mem::take(&mut *lock(&self.places));
        drop(places);
        *lock(&self.connection) = None;
    }
    pub(crate) fn exec(&self, line: &str) -> Result<Channel, Trouble> {
        match lock(&self.connection).as_mut() {
            Some(connection) => Ok(connection.exec(line)?),
            None => Err(Trouble::Lost("the connection was closed".into())),
        }
    }
    pub(crate) fn places(&self) -> MutexGuard<'_, HashMap<Option<Become>, Arc<Place>>> {
        lock(&self.places)
    }
    pub(crate) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
    /// Notes a command that is running.
    pub(crate) fn hold(&self, held: Held) -> u64 {
        let id = self.number();
        lock(&self.held).insert(id, held);
        id
    }
    /// Forgets it; `None` where somebody else has taken it to end it.
    pub(crate) fn let_go(&self, id: u64) -> Option<Held> {
        lock(&self.held).remove(&id)
    }
}

fn data(d: Dict) -> Dict {
    match Value::dict(d).into_data() {
        Value::Dict(d) => Arc::unwrap_or_clone(d),
        _ => dict! { "failed" => true, "msg" => "the host's answer is no mapping" },
    }
}
