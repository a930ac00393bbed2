//! From a run that was read to its end: shared by `rustle-deploy` and the stage `rustle-run`.

use crate::advise::Choice;
use crate::first::FirstAlone;
use crate::connector::{Fallback, HostConnector, Opener};
use crate::honour::Recorded;
use crate::programs::Bridged;
use crate::runners::Runners;
use rustle_cli::config::Config;
use rustle_connect::{Secret, Settings};
use rustle_cost::{Mode, Run as Past};
use rustle_controller::{Connected, Connector, Driver, FactCache, Note, Secrets, Shared, Unplanned, Unreachable};
use rustle_inventory::{Inventory, Order};
use rustle_parse::ReadRun;
use rustle_plan::{HostSource, Places, PlanError, PlanOptions, Planner, Strategy};
use rustle_stream::event::RunEvent;
use rustle_stream::exit;
use rustle_ship::Runner;
use rustle_playbook::{Loader, ParsedRun};
use rustle_stream::model::Play;
use rustle_stream::payload::Alone;
use rustle_stream::protocol::RunOptions;
use rustle_stream::record::Options;
use rustle_value::{Dict, Value};
use rustle_vault::Vault;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, mpsc};

/// Passwords of this run.
#[derive(Default)]
pub struct Passwords {
    pub connection: Option<String>,
    pub become_password: Option<String>,
}

/// What came of a run, beside what had been expected of it.
pub type Outcome = Arc<OnceLock<Past>>;

/// What earlier stages found out.
#[derive(Default)]
pub struct Known {
    /// Runners by host.
    pub runners: HashMap<String, Arc<Runner>>,
    /// The plan that came with the run.
    pub plan: Recorded,
    /// Nothing is said on stderr while runners are built.
    pub quiet: bool,
    /// `--optimization`, here or of an earlier stage; `None`: as the settings say.
    pub mode: Option<Mode>,
    /// When the run is over: what it had been expected to cost, and what it did. Empty where there was nothing to learn.
    pub outcome: Outcome,
}

/// A run that was read, here or from records.
pub struct Prepared {
    pub read: ReadRun,
    pub known: Known,
}

impl From<ReadRun> for Prepared {
    fn from(read: ReadRun) -> Self {
        Prepared { read, known: Known::default() }
    }
}

/// The hosts of a pattern, within `--limit`, as the inventory stands.
pub struct Hosts<'a> {
    pub inventory: &'a RwLock<Inventory>,
    pub limit: Option<Vec<String>>,
}

impl HostSource for Hosts<'_> {
    fn hosts(&self, patterns: &[String], order: &str) -> Result<Vec<String>, String> {
        let order = match order {
            "inventory" => Order::Inventory,
            "sorted" => Order::Sorted,
            "reverse_sorted" => Order::ReverseSorted,
            "reverse_inventory" => Order::ReverseInventory,
            "shuffle" => Order::Shuffle,
            other => return Err(format!("Invalid 'order' specified for inventory hosts: {other}")),
        };
        let inventory = self.inventory.read().unwrap_or_else(PoisonError::into_inner);
        inventory.hosts_for(&patterns.join(","), self.limit.as_deref(), order).map_err(|e| e.to_string())
    }
}

/// What the engine needs of flags and settings.
fn run_options(options: &Options, config: &Config) -> RunOptions {
    let mut settings: Dict = config.changed();
    // Said aloud, its default means something else for included roles than silence.
    if config.is_set("DEFAULT_PRIVATE_ROLE_VARS") {
        settings.insert("DEFAULT_PRIVATE_ROLE_VARS", config.flag("DEFAULT_PRIVATE_ROLE_VARS"));
    }
    let cli = &options.connection;
    for (flag, name) in [("become", "DEFAULT_BECOME"), ("become_user", "DEFAULT_BECOME_USER"), ("become_method", "DEFAULT_BECOME_METHOD")] {
        if let Some(v) = cli.get(flag) {
            settings.insert(name, v.clone());
        }
    }
    RunOptions {
        check: options.check,
        diff: options.diff || config.flag("DIFF_ALWAYS"),
        verbosity: options.verbosity,
        tags: if options.tags.is_empty() { config.list("TAGS_RUN") } else { options.tags.clone() },
        skip_tags: if options.skip_tags.is_empty() { config.list("TAGS_SKIP") } else { options.skip_tags.clone() },
        start_at_task: options.start_at_task.clone(),
        step: options.step,
        force_handlers: options.force_handlers || config.flag("DEFAULT_FORCE_HANDLERS"),
        config: settings,
    }
}

/// Where the signals of the terminal go: an interrupt ends the run in order.
pub fn watch_signals() -> Option<libc::sigset_t> {
    // SAFETY: the set is initialised by sigemptyset before it is used; blocking affects this process alone, and
    // children get an empty mask from the standard library.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        for s in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
            libc::sigaddset(&mut set, s);
        }
        (libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut()) == 0).then_some(set)
    }
}

/// The opposite, for work that is not a run: a signal ends the program, and the builds that it has started. To be called
/// before it starts threads.
pub fn heed_signals(signals: Option<libc::sigset_t>) {
    rustle_toolchain::process::die_with_children();
    if let Some(set) = signals {
        // SAFETY: the set is initialised; unblocking affects this thread, and those that it will start.
        unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut()) };
    }
}

#[allow(clippy::too_many_arguments, reason = "they are the parts of a run")]
fn shared(
    run: &ParsedRun,
    inventory: Inventory,
    loader: Loader,
    vault: Arc<Vault>,
    bridge: Arc<rustle_bridge::Bridge>,
    config: &Config,
    connector: Box<dyn Connector>,
    become_password: Option<String>,
    send: mpsc::Sender<Note>,
) -> Arc<Shared> {
    let mut options = run.options.clone();
    if options.forks.is_none() && config.is_set("DEFAULT_FORKS") {
        options.forks = config.get("DEFAULT_FORKS").as_i64().and_then(|n| u32::try_from(n).ok());
    }
    if let Some(f) = &config.file {
        options.config.insert("CONFIG_FILE", f.display().to_string());
    }
    let fact_cache = FactCache::of(|name| Some(config.get(name))).unwrap_or_else(|e| {
        _ = send.send(Note::Warning(e));
        None
    });
    if let Some(cache) = fact_cache.as_ref().filter(|_| options.flush_cache) {
        inventory.hosts.keys().for_each(|host| cache.forget(host));
    }
    Arc::new(Shared {
        run_options: run_options(&options, config),
        fact_cache,
        places: Places::of(run),
        options,
        extra_vars: run.extra_vars.vars.clone(),
        inventory: RwLock::new(inventory),
        loader: Mutex::new(loader),
        vars: Mutex::default(),
        sessions: Mutex::default(),
        renewed: Mutex::default(),
        users: Mutex::default(),
        offered: Mutex::default(),
        remotes: Mutex::default(),
        manners: Mutex::default(),
        seats: Mutex::default(),
        current: RwLock::default(),
        connector,
        bridge,
        secrets: Secrets { become_password, vault: (!vault.is_empty()).then_some(vault) },
        queue: Mutex::new(send),
        files: Default::default(),
        unreachable: Default::default(),
        stats: Mutex::new(Dict::new()),
        settings: rustle_cli::config::table().map(|s| (s.name, config.get(s.name))).collect(),
        ask: Box::new(crate::prompt::ask),
        ask_line: Box::new(crate::prompt::step),
        connecting: Mutex::new(()),
    })
}

/// What `host` runs of this plan where there is no controller; see `rustle-compile --embed`. Passwords and vaulted
/// values do not go in.
///
/// # Errors
/// A play that cannot be planned.
pub fn programs(prepared: Prepared, config: &Config, host: &str, warn: &mut dyn FnMut(String)) -> Result<Alone, String> {
    let ReadRun { run, inventory, loader, vault, bridge, .. } = prepared.read;
    let limit = run.options.limit.as_deref().map(Inventory::limit).transpose().map_err(|e| e.to_string())?;
    let (send, _notes) = mpsc::channel();
    let shared = shared(&run, inventory, loader, vault, bridge, config, Box::new(NoHosts), None, send);
    let planner = Planner::new(&run, PlanOptions::default());
    let hosts = shared.clone();
    let mut plan = |play: &Play| planner.play(play, &Hosts { inventory: &hosts.inventory, limit: limit.clone() }).map_err(|e| e.to_string());
    rustle_controller::programs(&shared, &planner, &mut plan, &run.plays, &run.fragment, host, warn)
}

/// Hosts and how a run would reach them, for work that is no run.
pub struct Reached {
    pub run: ParsedRun,
    pub bridge: Arc<rustle_bridge::Bridge>,
    /// Hosts of the plays (without plays: of the inventory), within `--limit`, with their connection variables.
    pub hosts: Vec<(String, Dict)>,
}

/// Finds out how a run would reach its hosts; none of them is.
///
/// # Errors
/// A `--limit` or a play's pattern that makes no sense.
pub fn reach(read: ReadRun, config: &Config, plan: PlanOptions, warn: &mut dyn FnMut(String)) -> Result<Reached, String> {
    let ReadRun { run, inventory, loader, vault, bridge, .. } = read;
    let limit = run.options.limit.as_deref().map(Inventory::limit).transpose().map_err(|e| e.to_string())?;
    let (send, notes) = mpsc::channel();
    let shared = shared(&run, inventory, loader, vault, bridge.clone(), config, Box::new(NoHosts), None, send);
    let all = [Play { hosts: "all".into(), ..Play::default() }];
    let plays = if run.plays.is_empty() { &all[..] } else { &run.plays };
    let source = Hosts { inventory: &shared.inventory, limit };
    let planner = Planner::new(&run, plan);
    let hosts = |play: &Play| planner.hosts(play, &source).map(|hosts| (play.clone(), hosts)).map_err(|e| e.to_string());
    let plays = plays.iter().map(hosts).collect::<Result<Vec<_>, _>>()?;
    let hosts = rustle_controller::reach(&shared, &plays, &run.fragment);
    for note in notes.try_iter() {
        if let Note::Warning(text) = note {
            warn(text);
        }
    }
    Ok(Reached { run, bridge, hosts })
}

/// Nobody is connected to while nothing is run.
struct NoHosts;

impl Connector for NoHosts {
    fn connect(&self, _: &str, _: &Dict, _: Driver, _: mpsc::Sender<Note>) -> Result<Connected, Unreachable> {
        Err(Unreachable { message: "no host is reached while nothing is run".into() })
    }
}

/// Settings that modules on hosts without a runner need.
fn hints(config: &Config) -> Dict {
    let names = [("interpreter_python", "INTERPRETER_PYTHON"), ("interpreter_python_fallback", "INTERPRETER_PYTHON_FALLBACK")];
    let mut out: Dict = names.into_iter().map(|(hint, setting)| (hint.into(), config.get(setting))).filter(|(_, v): &(Value, Value)| v.truthy()).collect();
    let env = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty()).map(Value::from);
    let tmp = env("ANSIBLE_REMOTE_TMP").or_else(|| env("ANSIBLE_REMOTE_TEMP")).or_else(|| config.raw.get("defaults.remote_tmp").cloned());
    if let Some(tmp) = tmp {
        out.insert("ansible_remote_tmp", tmp);
    }
    out
}

/// How hosts are reached, as flags and settings have it.
pub fn connection_settings(options: &Options, config: &Config, password: Option<String>) -> Settings {
    let mut all = config.raw.clone();
    all.update(&config.changed());
    Settings { cli: options.connection.clone(), keywords: Dict::new(), config: all, password: password.map(Secret::new) }
}

/// Runs everything; `emit` gets the events in the order in which they are to be shown. Returns Ansible's exit code.
///
/// # Errors
/// A `--limit` that makes no sense.
pub fn execute(
    prepared: impl Into<Prepared>,
    config: &Config,
    plan: PlanOptions,
    passwords: Passwords,
    signals: Option<libc::sigset_t>,
    emit: &mut dyn FnMut(RunEvent),
) -> Result<u8, String> {
    let Prepared { read, known } = prepared.into();
    let ReadRun { run, inventory, loader, vault, bridge, .. } = read;
    let run = Arc::new(run);
    let limit = run.options.limit.as_deref().map(Inventory::limit).transpose().map_err(|e| e.to_string())?;
    let settings = connection_settings(&run.options, config, passwords.connection);
    let plan = PlanOptions { strategy: known.plan.strategy.unwrap_or(plan.strategy), ..plan };
    let fallback = match plan.strategy {
        Strategy::SshOnly => Fallback::Always,
        Strategy::BinaryOnly => Fallback::Never,
        _ => Fallback::WhereNeeded,
    };
    let choice = Choice { mode: known.mode, strategy: plan.strategy, bridge: bridge.clone() };
    let runners = Arc::new(Runners::new(known.quiet, choice)?);
    let connector = HostConnector(Arc::new(Opener {
        settings,
        runners: runners.clone(),
        known: known.runners,
        fallback,
        programs: Arc::new(Bridged(bridge.clone())),
        hints: hints(config),
        first: FirstAlone::default(),
    }));
    let (send, notes) = mpsc::channel();
    if let Some(set) = signals {
        let send = send.clone();
        std::thread::spawn(move || {
            let mut signal = 0;
            // SAFETY: both pointers are to live locals.
            while unsafe { libc::sigwait(&set, &mut signal) } == 0 {
                if send.send(Note::Interrupted).is_err() {
                    break;
                }
            }
        });
    }
    let shared = shared(&run, inventory, loader, vault, bridge, config, Box::new(connector), passwords.become_password, send);
    let planner = Planner::new(&run, plan);
    let hosts = shared.clone();
    runners.advisor.know_work({
        let (run, shared, limit) = (run.clone(), Arc::downgrade(&shared), limit.clone());
        Box::new(move || shared.upgrade().map(|s| crate::analyse::work_of(&run, &s.inventory, limit.clone())).unwrap_or_default())
    });
    let code = rustle_controller::run(
        &shared,
        &mut |play| {
            let source = Hosts { inventory: &hosts.inventory, limit: limit.clone() };
            let mut planned = planner.play(play, &source).map_err(|e| unplanned(&e, play, known.quiet))?;
            let refused = |message| Unplanned { message, code: exit::ERROR, begun: false };
            known.plan.apply(play, &mut planned, &source, plan.barriers.is_some()).map_err(refused)?;
            Ok(planned)
        },
        &run.plays,
        &run.fragment,
        &notes,
        emit,
    );
    // A build that nobody waits for any more: the run was interrupted.
    rustle_toolchain::process::kill_all();
    for text in shared.inventory().take_warnings() {
        emit(RunEvent::Warning { text });
    }
    if code != exit::INTERRUPTED
        && let Some((past, warning)) = runners.advisor.finish()
    {
        for text in warning.into_iter().filter(|_| !known.quiet) {
            emit(RunEvent::Warning { text });
        }
        _ = known.outcome.set(past);
    }
    Ok(code)
}

/// What Ansible makes of a play that cannot be planned; `quiet` leaves out what it does not say.
fn unplanned(e: &PlanError, play: &Play, quiet: bool) -> Unplanned {
    match e {
        PlanError::Keyword { keyword: "serial", problem, .. } => {
            // Python's words, for a mistake that Ansible does not expect.
            let number = problem.split('\'').nth(1).map(|n| n.replace('%', ""));
            let message = match number.filter(|_| quiet) {
                Some(n) => format!("Unexpected Exception, this is probably a bug: invalid literal for int() with base 10: '{n}'"),
                None => e.to_string(),
            };
            Unplanned { message, code: exit::UNEXPECTED, begun: false }
        }
        PlanError::Strategy(_) => {
            let place = play.origin.as_ref().map(|o| format!("\n{}\n", rustle_yaml::excerpt_from_file(o))).unwrap_or_default();
            Unplanned { message: format!("{e}{place}"), code: exit::ERROR, begun: true }
        }
        other => Unplanned { message: other.to_string(), code: exit::ERROR, begun: false },
    }
}
