//! What the run's threads share: inventory, variables, sessions, the current play.

use crate::fact_cache::FactCache;
use crate::files::Files;
use crate::session::{Heard, Session, lock};
use rustle_engine::{Engine, Failure, HostVars, Program, World, WorldError};
use rustle_inventory::Inventory;
use rustle_plan::Places;
use rustle_playbook::{Loader, paths};
use rustle_stream::event::TaskEvent;
use rustle_stream::model::{Fragment, Play, TaskId};
use rustle_stream::protocol::{Down, Frame, ModuleRequest, Placement, RunOptions, Seat};
use rustle_stream::record::Options;
use rustle_value::{Dict, Value};
use rustle_vault::Vault;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, mpsc};
use std::time::Duration;

/// What reaches the run's main loop.
pub enum Note {
    /// From a host's session.
    Heard { host: String, heard: Heard },
    /// An event of a task that the controller ran for a host.
    Event { host: String, event: TaskEvent },
    /// A host that was out of reach at first has been reached, in this way.
    Reached { host: String, method: String },
    /// A host is connected, or is not: the variables that said how, its session, and how it was reached.
    Connected { host: String, vars: Dict, result: Result<Connected, Unreachable> },
    /// A `run_once` task is over.
    OnceDone { task: TaskId, done: Box<rustle_stream::protocol::TaskDone> },
    /// `meta: end_play` and the like.
    Meta { what: String },
    /// The run cannot go on.
    Abort { message: String },
    Warning(String),
    /// `meta: clear_host_errors`.
    ClearErrors,
    /// What a person answered to the question before a task; `None` at the end of the input.
    Stepped { answer: Option<String> },
    /// Ctrl-C.
    Interrupted,
}

/// A session and how it came about.
pub struct Connected {
    pub session: Arc<Session>,
    /// `local`, `binary cached`, `binary uploaded`, ….
    pub method: String,
    pub reason: Option<String>,
    /// The user that is logged in, where it is known.
    pub user: Option<String>,
    /// Who runs the host's modules, where no runner can run there: the session's runner only stands in for it.
    pub remote: Option<Arc<dyn Remote>>,
}

/// Where the engine of a host stands while it runs a play.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Driver {
    /// In the runner on the host, where one can run there.
    #[default]
    Host,
    /// Here: the play goes on where the host's connection does not. See [`crate::outlive`].
    Controller,
}

/// A host whose modules are run from here, over its connection.
pub trait Remote: Send + Sync {
    /// Runs one module there; its result is data.
    ///
    /// # Errors
    /// The connection is lost.
    fn module(&self, request: &ModuleRequest) -> Result<Dict, Unreachable>;
    /// Whether a runner there executes them.
    fn native(&self) -> bool {
        false
    }
    /// What a runner there is told first, now and after each [`Remote::renew`].
    fn hello(&self, message: Down) {
        _ = message;
    }
    /// Leaves the connection, if there is one, and makes another, within `patience` where that is given. How the host
    /// was reached, as in [`Connected::method`].
    ///
    /// # Errors
    /// The host is out of reach.
    fn renew(&self, patience: Option<Duration>) -> Result<String, Unreachable>;
    /// Ends what is running there and removes what was put there.
    fn close(&self);
}

/// A session that serves single tasks, and what serves them where it has no runner.
pub type Place = (Arc<Session>, Option<Arc<dyn Remote>>);

/// A host that cannot be used.
#[derive(Clone, Debug)]
pub struct Unreachable {
    pub message: String,
}

/// Opens sessions. The controller crate knows no transport by itself.
pub trait Connector: Send + Sync {
    /// Connects to `host` with its (rendered) variables and starts a runner there. With [`Driver::Controller`] a host
    /// that is out of reach now has a session, too, and no [`Connected::method`].
    fn connect(&self, host: &str, vars: &Dict, driver: Driver, heard: mpsc::Sender<Note>) -> Result<Connected, Unreachable>;
}

/// The play that is being run.
pub struct PlayState {
    pub play: Arc<Play>,
    pub program: Mutex<Program>,
    /// Hosts that the play's pattern selected.
    pub hosts_all: Vec<String>,
    /// The current batch.
    pub batch: Mutex<Vec<String>>,
    /// Hosts that failed or could not be reached, in this play.
    pub failed: Mutex<HashSet<String>>,
    /// Where the engines stand.
    pub driver: Driver,
    /// What a person was asked for.
    pub prompted: Dict,
    /// Tasks that were included, by including task and what it named.
    pub includes: Mutex<HashMap<(TaskId, String), (Fragment, Placement)>>,
}

impl PlayState {
    /// A play that the engines on the hosts drive, and that nothing has happened in; all its hosts are one batch.
    pub fn new(play: &Play, program: Program, hosts: &[String]) -> PlayState {
        PlayState {
            play: Arc::new(play.clone()),
            program: Mutex::new(program),
            hosts_all: hosts.to_vec(),
            batch: Mutex::new(hosts.to_vec()),
            failed: Mutex::default(),
            driver: Driver::default(),
            prompted: Dict::new(),
            includes: Mutex::default(),
        }
    }
}

/// Passwords, in memory only.
#[derive(Default)]
pub struct Secrets {
    pub become_password: Option<String>,
    pub vault: Option<Arc<Vault>>,
}

/// Asks a person for the value of a variable: the question, whether the answer is hidden.
pub type Ask = Box<dyn Fn(&str, bool) -> Option<String> + Send + Sync>;

/// See the module's page.
pub struct Shared {
    pub options: Options,
    pub run_options: RunOptions,
    pub extra_vars: Dict,
    pub inventory: RwLock<Inventory>,
    pub loader: Mutex<Loader>,
    pub vars: Mutex<HashMap<String, HostVars>>,
    pub sessions: Mutex<HashMap<String, Arc<Session>>>,
    /// The connection variables that each session was made with.
    pub manners: Mutex<HashMap<String, Dict>>,
    /// Connections that single tasks wanted, by host and connection variables.
    pub seats: Mutex<HashMap<(String, String), Arc<Mutex<Option<Place>>>>>,
    /// Sessions that `meta: reset_connection` made: they run the modules of this play, and all of the next.
    pub renewed: Mutex<HashMap<String, Arc<Session>>>,
    pub users: Mutex<HashMap<String, String>>,
    /// Variables that hosts were given by `include_vars`, as their files have them: see [`Shared::as_written`].
    pub offered: Mutex<HashMap<String, Dict>>,
    /// Hosts without a runner.
    pub remotes: Mutex<HashMap<String, Arc<dyn Remote>>>,
    pub current: RwLock<Option<Arc<PlayState>>>,
    pub connector: Box<dyn Connector>,
    /// Modules that are not native.
    pub bridge: Arc<rustle_bridge::Bridge>,
    pub secrets: Secrets,
    pub queue: Mutex<mpsc::Sender<Note>>,
    pub files: Files,
    /// Hosts that could not be reached, and why: a runner on the controller stands in for them.
    pub unreachable: Mutex<HashMap<String, String>>,
    /// Statistics that set_stats collects: by host, `_run` for the run as a whole.
    pub stats: Mutex<Dict>,
    /// Where facts outlive the run.
    pub fact_cache: Option<FactCache>,
    /// Where tasks of dynamic includes run.
    pub places: Places,
    /// Every setting with its value, for the `config` lookup.
    pub settings: Dict,
    /// Asks a person; `None` where there is nobody to ask.
    pub ask: Ask,
    /// Asks a person, or whatever standard input is, for a line; `None` at its end.
    pub ask_line: Box<dyn Fn(&str) -> Option<String> + Send + Sync>,
    /// One connection attempt at a time for hosts that tasks are delegated to.
    pub connecting: Mutex<()>,
}

impl Shared {
    /// Puts what the controller read itself in the place of what a host says that it was given, so that templates in
    /// it stay templates. Anything that a host changed is data, as all that it says.
    pub fn as_written(&self, host: &str, included: &mut Dict) {
        let offered = crate::session::lock(&self.offered);
        let Some(offered) = offered.get(host) else { return };
        for (name, own) in offered.str_iter() {
            if included.get(name).is_some_and(|v| *v == own.clone().into_data()) {
                included.insert(name, own.clone());
            }
        }
    }
    pub fn inventory(&self) -> RwLockReadGuard<'_, Inventory> {
        self.inventory.read().unwrap_or_else(PoisonError::into_inner)
    }
    pub fn play(&self) -> Option<Arc<PlayState>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
    pub fn note(&self, note: Note) {
        _ = lock(&self.queue).send(note);
    }
    pub fn queue(&self) -> mpsc::Sender<Note> {
        lock(&self.queue).clone()
    }
    /// The folder of the play's playbook.
    pub fn playbook_dir(&self, play: &Play) -> String {
        paths::parent(&paths::absolute(&play.playbook, &self.options.cwd)).to_owned()
    }
    /// A host's variables as they stand now.
    pub fn host_vars(&self, host: &str, play: &PlayState) -> HostVars {
        let mut vars = lock(&self.vars).get(host).cloned().unwrap_or_default();
        let dir = self.playbook_dir(&play.play);
        {
            let inventory = self.inventory();
            vars.inventory = match inventory.vars_of(host, Some(std::path::Path::new(&dir))) {
                Ok(d) => d,
                Err(e) => {
                    self.note(Note::Warning(e.to_string()));
                    Dict::new()
                }
            };
            vars.magic = crate::program::magic(self, &inventory, host, play, &dir);
        }
        vars.extra = self.extra_vars.clone();
        vars
    }
    /// An engine that stands here and works for `host`, inside the given dynamic includes.
    pub fn engine<'w>(&self, world: &'w dyn World, host: &str, play: &PlayState, frames: &[Frame]) -> Result<Engine<'w>, Failure> {
        let mut engine = Engine::new(world, self.run_options.clone());
        engine.stand_in(host, play.play.clone(), lock(&play.program).clone(), self.host_vars(host, play));
        engine.set_passwords(self.secrets.become_password.clone(), lock(&self.users).get(host).cloned());
        for frame in frames {
            engine.enter(*frame)?;
        }
        Ok(engine)
    }
    /// The session of a host, made if there is none (tasks are delegated to hosts outside of the play, too).
    pub fn session(self: &Arc<Self>, host: &str) -> Result<Arc<Session>, Unreachable> {
        let existing = || lock(&self.sessions).get(host).cloned().filter(|s| !s.closed.load(std::sync::atomic::Ordering::SeqCst));
        if let Some(s) = existing() {
            return Ok(s);
        }
        let _one = lock(&self.connecting);
        if let Some(s) = existing() {
            return Ok(s);
        }
        let vars = self.connection_vars(host, &Seat::default());
        let connected = self.connector.connect(host, &vars, Driver::Host, self.queue())?;
        if connected.method == "none" {
            // Whatever stands in for it is of no use here, and the next task tries again.
            connected.session.leave();
            return Err(Unreachable { message: connected.reason.unwrap_or_else(|| format!("{host} cannot be reached")) });
        }
        self.greet(host, &connected, vars);
        Ok(connected.session)
    }
    /// Leaves the hosts that were served without a runner, all at once.
    pub fn leave_remotes(&self) {
        let remotes: Vec<_> = lock(&self.remotes).drain().map(|(_, r)| r).collect();
        std::thread::scope(|s| {
            for remote in &remotes {
                s.spawn(|| remote.close());
            }
        });
    }
    /// Whether the host has a session that was made in another way than its variables now say.
    pub fn moved(self: &Arc<Self>, host: &str) -> bool {
        let had = lock(&self.manners).get(host).cloned();
        had.is_some_and(|had| !same_seat(&had, &self.connection_vars(host, &Seat::default())))
    }
    /// Whether the host's session, if it has one, was made as the play now wants it; else it is left.
    pub fn still_right(self: &Arc<Self>, host: &str, vars: &Dict, driver: Driver) -> bool {
        let Some(session) = lock(&self.sessions).get(host).cloned().filter(|s| !s.closed.load(std::sync::atomic::Ordering::SeqCst)) else {
            return false;
        };
        let remote = lock(&self.remotes).get(host).map(|r| r.native());
        // A session in which the host's runner executes modules only, or one that it drives itself.
        let placed = match driver {
            Driver::Controller => remote.is_some() || is_local(vars),
            Driver::Host => remote != Some(true),
        };
        let same = || lock(&self.manners).get(host).is_none_or(|had| same_seat(had, vars));
        if lock(&self.unreachable).contains_key(host) || (placed && same()) {
            return true;
        }
        lock(&self.sessions).remove(host);
        if let Some(remote) = lock(&self.remotes).remove(host) {
            remote.close();
        }
        session.leave();
        false
    }
    /// Logs in to a host again (`meta: reset_connection`). Its runner goes on with the play, and the modules run in the new
    /// session. False where a new login changes nothing.
    ///
    /// # Errors
    /// The host is out of reach now.
    pub fn reconnect(self: &Arc<Self>, host: &str) -> Result<bool, Unreachable> {
        let vars = self.connection_vars(host, &Seat::default());
        let native = lock(&self.remotes).get(host).filter(|r| r.native()).cloned();
        if let Some(remote) = native {
            return remote.renew(None).map(|_| false);
        }
        if is_local(&vars) || lock(&self.remotes).contains_key(host) || lock(&self.unreachable).contains_key(host) {
            return Ok(false);
        }
        let connected = self.connector.connect(host, &vars, Driver::Host, self.queue())?;
        if connected.remote.is_some() {
            connected.session.close();
            return Ok(false);
        }
        self.hello(&connected.session);
        if let Some(before) = lock(&self.renewed).insert(host.to_owned(), connected.session) {
            before.close();
        }
        Ok(true)
    }
    /// Gives up sessions that others have taken the place of: between plays.
    pub fn settle(&self) {
        let mut sessions = lock(&self.sessions);
        for (host, session) in lock(&self.renewed).drain() {
            if let Some(before) = sessions.insert(host, session) {
                before.close();
            }
        }
    }
    fn hello(&self, session: &Session) {
        session.send(&self.first_message());
    }
    fn first_message(&self) -> Down {
        Down::Hello { v: rustle_stream::protocol::VERSION, run: String::new(), options: self.run_options.clone() }
    }
    /// Whether the host is this machine.
    ///
    /// # Errors
    /// It is not, and its session cannot be given up, as its play is driven there.
    pub fn renewable(self: &Arc<Self>, host: &str, seat: &Seat) -> Result<bool, String> {
        if is_local(&self.connection_vars(host, seat)) {
            return Ok(true);
        }
        if !seat.is_empty() {
            return Ok(false);
        }
        let drives = || lock(&self.sessions).get(host).is_some_and(|s| s.used.load(std::sync::atomic::Ordering::SeqCst));
        if !lock(&self.remotes).contains_key(host) && drives() {
            return Err(format!(
                "the play of {host} is driven by the runner there, which does not outlive its connection: include this task statically (import_tasks, import_role, roles), or by a name that is no template"
            ));
        }
        Ok(false)
    }
    /// Makes the connection to a host anew, for a task that waits for it. `None` where the host is this machine.
    ///
    /// # Errors
    /// The host is out of reach now, or (the outer error) see [`Shared::renewable`].
    #[allow(clippy::type_complexity, reason = "two kinds of failure, which callers tell apart")]
    pub fn renew(self: &Arc<Self>, host: &str, seat: &Seat, patience: Option<Duration>) -> Result<Option<Result<(), Unreachable>>, String> {
        if self.renewable(host, seat)? {
            return Ok(None);
        }
        if !seat.is_empty() {
            // The next module makes a connection of its own.
            let name = (host.to_owned(), serde_json::to_string(&self.connection_vars(host, seat)).unwrap_or_default());
            let place = lock(&self.seats).remove(&name);
            if let Some((session, remote)) = place.and_then(|p| lock(&p).take()) {
                session.leave();
                remote.iter().for_each(|r| r.close());
            }
            return Ok(Some(Ok(())));
        }
        let remote = lock(&self.remotes).get(host).cloned();
        if let Some(remote) = remote {
            return Ok(Some(remote.renew(patience).map(|method| self.note(Note::Reached { host: host.to_owned(), method }))));
        }
        if let Some(session) = lock(&self.sessions).remove(host) {
            session.leave();
        }
        Ok(Some(self.session(host).map(drop)))
    }
    /// Runs a module for a task that wants a connection of its own.
    ///
    /// # Errors
    /// The host can't be reached in that way.
    pub fn seated(self: &Arc<Self>, host: &str, request: ModuleRequest) -> Result<Dict, WorldError> {
        let lost = |message: String| WorldError::Unreachable { message };
        let vars = self.connection_vars(host, &request.seat);
        let name = (host.to_owned(), serde_json::to_string(&vars).unwrap_or_default());
        let place = lock(&self.seats).entry(name).or_default().clone();
        let mut place = lock(&place);
        let taken = place.take().filter(|(s, _)| !s.closed.load(std::sync::atomic::Ordering::SeqCst));
        let (session, remote) = match taken {
            Some(open) => open,
            None => {
                // Nobody asks this session for more than modules: its messages and its end concern nobody else.
                let (unheard, _) = mpsc::channel();
                let connected = self.connector.connect(host, &vars, Driver::Host, unheard).map_err(|e| lost(e.message))?;
                if connected.method == "none" {
                    return Err(lost(connected.reason.unwrap_or_else(|| format!("{host} cannot be reached"))));
                }
                self.hello(&connected.session);
                (connected.session, connected.remote)
            }
        };
        *place = Some((session.clone(), remote.clone()));
        drop(place);
        match remote {
            Some(remote) => remote.module(&request).map_err(|e| lost(e.message)),
            None => session.exec(request).ok_or_else(|| lost(format!("the connection to {host} was lost"))),
        }
    }
    /// Leaves the connections that single tasks wanted.
    pub fn leave_seats(&self) {
        for (_, place) in lock(&self.seats).drain() {
            if let Some((session, remote)) = lock(&place).take() {
                session.close();
                if let Some(remote) = remote {
                    remote.close();
                }
            }
        }
    }
    /// Registers a new session and says hello.
    pub fn greet(&self, host: &str, connected: &Connected, vars: Dict) {
        self.hello(&connected.session);
        lock(&self.manners).insert(host.to_owned(), vars);
        if let Some(user) = &connected.user {
            lock(&self.users).insert(host.to_owned(), user.clone());
        }
        match &connected.remote {
            Some(remote) => {
                remote.hello(self.first_message());
                lock(&self.remotes).insert(host.to_owned(), remote.clone());
            }
            None => _ = lock(&self.remotes).remove(host),
        }
        lock(&self.sessions).insert(host.to_owned(), connected.session.clone());
    }
    /// Variables that say how to connect, rendered; what cannot be rendered is left out. `seat` has what a task wants.
    pub fn connection_vars(self: &Arc<Self>, host: &str, seat: &Seat) -> Dict {
        let Some(play) = self.play() else { return Dict::new() };
        let world = crate::world::ControllerWorld::new(self.clone(), host, play.clone());
        let known = self.inventory().host(host).is_some();
        let mut out = Dict::new();
        if let Ok(engine) = self.engine(&world, host, &play, &[]) {
            // Keywords come first: inventory variables are above them.
            for (keyword, name) in Seat::KEYWORDS {
                let own = seat.keywords.get(keyword).cloned();
                let plays = || engine.render_plain(play.play.keywords.other.get(keyword)?).ok();
                if let Some(v) = own.or_else(plays) {
                    out.insert(name, v);
                }
            }
            for name in engine.plain_names() {
                let runner = name == "rustle_target";
                if runner || name.starts_with("ansible_") && !name.starts_with("ansible_facts") && CONNECTION.iter().any(|p| name.starts_with(p)) {
                    match engine.variable(&name) {
                        Ok(Some(v)) => _ = out.insert(name, v),
                        Ok(None) => {}
                        Err(e) => self.note(Note::Warning(format!("{host}: variable '{name}' cannot be rendered: {e}"))),
                    }
                }
            }
        }
        out.update(&seat.vars);
        if !known && matches!(host, "localhost" | "127.0.0.1" | "::1") && !out.contains_key("ansible_connection") {
            out.insert("ansible_connection", "local");
        }
        out
    }
    /// Tells all runners what `groups` and `group_names` are now.
    pub fn inventory_changed(&self) {
        let Some(play) = self.play() else { return };
        let dir = self.playbook_dir(&play.play);
        for (host, session) in lock(&self.sessions).iter() {
            let all = crate::program::magic(self, &self.inventory(), host, &play, &dir);
            let mut changes = Dict::new();
            for name in ["groups", "group_names"] {
                if let Some(v) = all.get(name) {
                    changes.insert(name, v.clone());
                }
            }
            session.send(&rustle_stream::protocol::Down::Magic { changes });
        }
    }
    /// Takes up the facts that a cache has of a host; facts of this run go before them.
    pub fn recall(&self, host: &str) {
        let Some(cache) = &self.fact_cache else { return };
        let mut all = lock(&self.vars);
        let vars = all.entry(host.to_owned()).or_default();
        if vars.facts().is_empty()
            && let Some(facts) = cache.load(host)
        {
            vars.merge_facts(&facts);
        }
    }
    /// Writes the facts of a host to the cache.
    pub fn remember(&self, host: &str) {
        let Some(cache) = &self.fact_cache else { return };
        let facts = lock(&self.vars).get(host).map(|v| v.facts().clone()).unwrap_or_default();
        if let Err(e) = cache.store(host, &facts) {
            self.note(Note::Warning(format!("facts of {host} are not kept: {e}")));
        }
    }
    /// Forgets the facts of a host, here and in the cache (`meta: clear_facts`).
    pub fn forget_facts(&self, host: &str) {
        if let Some(vars) = lock(&self.vars).get_mut(host) {
            vars.clear_facts();
        }
        if let Some(cache) = &self.fact_cache {
            cache.forget(host);
        }
    }
    /// Reads the inventory again, and tells all runners.
    ///
    /// # Errors
    /// A source that cannot be read, where that is an error.
    pub fn refresh_inventory(&self) -> Result<(), String> {
        let fresh = self.inventory().reload().map_err(|e| e.to_string())?;
        *self.inventory.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        self.inventory_changed();
        let hosts: Vec<String> = lock(&self.sessions).keys().cloned().collect();
        hosts.iter().for_each(|h| self.tell_inventory(h));
        Ok(())
    }
    /// Tells a host's runner what its variables of the inventory are now.
    pub fn tell_inventory(&self, host: &str) {
        let Some(play) = self.play() else { return };
        let vars = self.host_vars(host, &play).inventory;
        let session = lock(&self.sessions).get(host).cloned();
        if let Some(session) = session {
            session.send(&rustle_stream::protocol::Down::Inventory { vars });
        }
    }
    /// Decrypts vaulted text.
    pub fn decrypt(&self, text: &str, path: &str) -> Result<String, String> {
        match &self.secrets.vault {
            Some(vault) => vault.decrypt_text(text).map(|t| t.to_string()).map_err(|e| e.to_string()),
            None if path.is_empty() => Err("Attempting to decrypt but no vault secrets found".into()),
            None => Err(format!("A vault password or secret must be specified to decrypt {path}")),
        }
    }
    /// `hash_behaviour = merge`.
    pub fn merges_dicts(&self) -> bool {
        self.setting("DEFAULT_HASH_BEHAVIOUR").is_some_and(|v| v.as_str() == Some("merge"))
    }
    /// Whether a value is what `-e` and friends would call true in `ansible.cfg`.
    pub fn setting(&self, name: &str) -> Option<Value> {
        self.run_options.config.get(name).or_else(|| self.settings.get(name)).cloned()
    }
}

fn is_local(vars: &Dict) -> bool {
    vars.get("ansible_connection").is_some_and(|c| matches!(c.to_string().as_str(), "local" | "ansible.builtin.local"))
}

/// Whether both say the same of how to connect, in whatever order.
fn same_seat(a: &Dict, b: &Dict) -> bool {
    let seat = |d: &Dict| d.str_iter().filter(|(n, _)| Seat::is_variable(n)).map(|(n, v)| (n.to_owned(), v.to_string())).collect::<std::collections::BTreeMap<_, _>>();
    seat(a) == seat(b)
}

/// Prefixes of variables that tell how to connect.
const CONNECTION: &[&str] = &[
    "ansible_host", "ansible_port", "ansible_user", "ansible_connection", "ansible_ssh", "ansible_password", "ansible_private_key",
    "ansible_control_path", "ansible_timeout", "ansible_pipelining", "ansible_scp", "ansible_sftp", "ansible_python_interpreter", "ansible_shell",
    "ansible_remote_tmp", "ansible_become", "ansible_sudo", "ansible_su", "ansible_paramiko", "ansible_transport",
];
