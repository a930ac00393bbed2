//! The engine's world on a host: modules run here, questions go to the controller.

use crate::worker::{Worker, failed, shared_executable};
use rustle_engine::{Update, World, WorldError};
use rustle_stream::event::TaskEvent;
use rustle_stream::foreign::Payloads;
use rustle_stream::protocol::{Become, Call, ModuleRequest, Position, Reply, Up};
use rustle_value::{Dict, Value, dict, py_str};
use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

/// A lock that a panicking thread may have left: its data are still whole.
pub(crate) fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a module in this process, under this identity.
pub(crate) fn execute(request: &ModuleRequest) -> Dict {
    if request.async_seconds.is_some() {
        return crate::background::start(request);
    }
    match request.timeout {
        None => rustle_modules::run(request),
        Some(seconds) => {
            let (send, done) = mpsc::channel();
            let owned = request.clone();
            std::thread::spawn(move || _ = send.send(rustle_modules::run(&owned)));
            match done.recv_timeout(Duration::from_secs(seconds)) {
                Ok(result) => result,
                Err(_) => {
                    crate::children::kill_descendants();
                    dict! {
                        "failed" => true,
                        "changed" => false,
                        "msg" => format!("Timed out after {seconds} second(s)."),
                        "timedout" => dict! { "frame" => "Configure `DISPLAY_TRACEBACK` to see a traceback on timeout errors.", "period" => seconds },
                    }
                }
            }
        }
    }
}

/// The request with the program that an earlier one brought; `None` where it lacks nothing.
pub(crate) fn with_program(request: &ModuleRequest, known: &Payloads) -> Result<Option<ModuleRequest>, Dict> {
    let Some(payload) = &request.payload else { return Ok(None) };
    match known.whole(payload.clone()) {
        Some(_) if payload.program.is_some() => Ok(None),
        Some(whole) => Ok(Some(ModuleRequest { payload: Some(whole), ..request.clone() })),
        None => Err(failed(format!("the program of module {} never came", request.module))),
    }
}

/// Who runs modules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Modules {
    /// This process, on its own machine.
    Here,
    /// The controller, on a host that can run no runner: this process stands in for it beside the controller.
    Controller,
    /// Nobody, for this reason: the host that this process stands in for cannot be reached.
    Nobody(String),
}

/// What the runner's threads share.
pub(crate) struct Shared {
    out: Mutex<std::io::Stdout>,
    pending: Mutex<HashMap<u64, mpsc::Sender<Reply>>>,
    updates: Mutex<Vec<Update>>,
    next: AtomicU64,
    workers: Mutex<HashMap<Become, Arc<Mutex<Worker>>>>,
    copy: Mutex<Option<PathBuf>>,
    /// Programs of modules that are not native, as they came.
    payloads: Payloads,
    /// Those that the controller was given back, to run them itself.
    forwarded: Payloads,
    modules: Modules,
    /// The host was logged in to anew: another runner there has what a login gives, and runs the modules.
    renewed: AtomicBool,
}

impl Shared {
    pub(crate) fn new(modules: Modules) -> Arc<Shared> {
        Arc::new(Shared {
            out: Mutex::new(std::io::stdout()),
            pending: Mutex::default(),
            updates: Mutex::default(),
            next: AtomicU64::new(1),
            workers: Mutex::default(),
            copy: Mutex::default(),
            payloads: Payloads::default(),
            forwarded: Payloads::default(),
            modules,
            renewed: AtomicBool::new(false),
        })
    }
    /// Sends a message; a controller that is gone is noticed by the reader.
    pub(crate) fn send(&self, message: &Up) {
        if let Ok(mut line) = serde_json::to_string(message) {
            line.push('\n');
            let mut out = lock(&self.out);
            _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
        }
    }
    /// Keeps the program that a request brought.
    pub(crate) fn learn(&self, request: &ModuleRequest) {
        if let Some(payload) = &request.payload {
            self.payloads.whole(payload.clone());
        }
    }
    pub(crate) fn answer(&self, id: u64, reply: Reply) {
        if let Some(waiting) = lock(&self.pending).remove(&id) {
            _ = waiting.send(reply);
        }
    }
    pub(crate) fn update(&self, update: Update) {
        lock(&self.updates).push(update);
    }
    /// Runs a module, under another identity where the request says so.
    pub(crate) fn module(&self, request: &ModuleRequest) -> Dict {
        match &self.modules {
            Modules::Here if self.renewed.load(Ordering::SeqCst) => return self.through_controller(request),
            Modules::Here => {}
            Modules::Controller => return self.through_controller(request),
            Modules::Nobody(why) => return unreachable(why),
        }
        let whole;
        let request = match with_program(request, &self.payloads) {
            Ok(None) => request,
            Ok(Some(w)) => {
                whole = w;
                &whole
            }
            Err(result) => return result,
        };
        let Some(elevate) = &request.elevate else { return execute(request) };
        let existing = lock(&self.workers).get(elevate).cloned();
        let worker = match existing {
            Some(w) => w,
            None => {
                let exe = match shared_executable(&elevate.user, &mut lock(&self.copy)) {
                    Ok(exe) => exe,
                    Err(e) => return failed(format!("no place for a copy of the runner that '{}' could execute: {e}", elevate.user)),
                };
                match Worker::start(elevate, &exe) {
                    Ok(w) => {
                        let w = Arc::new(Mutex::new(w));
                        lock(&self.workers).insert(elevate.clone(), w.clone());
                        w
                    }
                    Err(message) => return failed(message),
                }
            }
        };
        let plain = ModuleRequest { elevate: None, ..request.clone() };
        let answer = lock(&worker).run(&plain);
        answer.unwrap_or_else(|message| {
            lock(&self.workers).remove(elevate);
            failed(message)
        })
    }
    /// Lets the controller run a module on the host that this process stands in for.
    fn through_controller(&self, request: &ModuleRequest) -> Dict {
        let payload = request.payload.as_ref().map(|p| self.forwarded.to_send(p));
        let lean = ModuleRequest { payload, ..request.clone() };
        match self.ask(&Position::new(), Call::Module { request: Box::new(lean) }) {
            Ok(Reply::Module { result }) => result,
            Ok(Reply::Error { message, .. }) => failed(message),
            Ok(_) => failed("the controller sent no result".into()),
            Err(e) => unreachable(&e.to_string()),
        }
    }
    /// Asks the controller, and waits for its answer.
    fn ask(&self, position: &Position, call: Call) -> Result<Reply, WorldError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (send, answer) = mpsc::channel();
        lock(&self.pending).insert(id, send);
        self.send(&Up::Call { id, position: position.clone(), call });
        match answer.recv().map_err(|_| WorldError::Lost("the connection ended".into()))? {
            Reply::Payload { payload } => match self.payloads.whole(payload) {
                Some(payload) => Ok(Reply::Payload { payload }),
                None => Ok(Reply::error("the program of the module never came")),
            },
            reply => Ok(reply),
        }
    }
    /// Ends workers and removes what was put on disk.
    pub(crate) fn clean_up(&self) {
        lock(&self.workers).clear();
        if let Some(dir) = lock(&self.copy).take().as_deref().and_then(std::path::Path::parent) {
            _ = std::fs::remove_dir_all(dir);
        }
    }
}

fn unreachable(why: &str) -> Dict {
    dict! { "unreachable" => true, "changed" => false, "msg" => why }
}

/// See [`World`].
pub(crate) struct RunnerWorld(pub(crate) Arc<Shared>);

impl World for RunnerWorld {
    fn module(&self, request: ModuleRequest, delegate: Option<&str>) -> Result<Dict, WorldError> {
        if let Modules::Nobody(message) = &self.0.modules {
            return Err(WorldError::Unreachable { message: message.clone() });
        }
        match delegate {
            None => match self.0.module(&request) {
                lost if (self.0.modules != Modules::Here || self.0.renewed.load(Ordering::SeqCst)) && lost.get("unreachable").is_some_and(Value::truthy) => {
                    Err(WorldError::Unreachable { message: lost.get("msg").map(py_str).unwrap_or_default() })
                }
                result => Ok(result),
            },
            Some(other) => Ok(failed(format!("this task is delegated to '{other}', which only the controller can do"))),
        }
    }
    fn call(&self, position: &Position, call: Call) -> Result<Reply, WorldError> {
        self.0.ask(position, call)
    }
    fn event(&self, event: TaskEvent) {
        self.0.send(&Up::Event { event: Box::new(event) });
    }
    fn warning(&self, text: String) {
        self.0.send(&Up::Warning { text });
    }
    fn reconnected(&self) {
        self.0.forwarded.forget();
        self.0.renewed.store(true, Ordering::SeqCst);
    }
    fn updates(&self) -> Vec<Update> {
        std::mem::take(&mut *lock(&self.0.updates))
    }
}
