//! Whether a runner that is not there is built, and one that is there is uploaded: the cost model, asked while a run
//! goes on; and what the run teaches it in the end.
//!
//! Limits: asked only where a host lacks its runner. A run whose hosts have theirs reads and writes the history once, at
//! its end. Hosts whose platform is not known yet are taken to be of the one that is asked about.

use crate::observe::Observer;
use rustle_bridge::Bridge;
use rustle_cost::{Loaded, Mode, Observed, Run, Runner, Serve, Situation, TargetSituation, decide, slow_upload};
use rustle_plan::{Strategy, history_file, serve};
use rustle_toolchain::Env;
use std::cell::LazyCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// What a user chose.
pub struct Choice {
    /// `None`: as the settings say.
    pub mode: Option<Mode>,
    pub strategy: Strategy,
    /// Knows whether ansible-core is there.
    pub bridge: Arc<Bridge>,
}

/// Hosts, and how many tasks the plan has for each.
pub(crate) type Work = Vec<(String, u32)>;

/// Counts, when somebody asks.
type Count = Box<dyn Fn() -> Work + Send>;

/// See the module's page.
pub struct Advisor {
    mode: Mode,
    serve: Serve,
    bridge: Arc<Bridge>,
    profile: String,
    file: Option<PathBuf>,
    loaded: OnceLock<Loaded>,
    count: Mutex<Option<Count>>,
    work: OnceLock<Work>,
    pub(crate) observer: Observer,
}

/// `--optimization`, or what the settings say.
///
/// # Errors
/// The setting is no mode.
pub(crate) fn mode_of(env: &Env, given: Option<Mode>) -> Result<Mode, String> {
    match (given, env.var("RUSTLE_OPTIMIZATION_MODE")) {
        (Some(mode), _) => Ok(mode),
        (None, Some(word)) => word.parse().map_err(|e| format!("RUSTLE_OPTIMIZATION_MODE: {e}")),
        (None, None) => Ok(Mode::default()),
    }
}

pub(crate) fn processors() -> u32 {
    std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX))
}

impl Advisor {
    /// # Errors
    /// A setting that makes no sense.
    pub fn new(env: &Env, choice: Choice) -> Result<Advisor, String> {
        Ok(Advisor {
            mode: mode_of(env, choice.mode)?,
            serve: serve(choice.strategy),
            bridge: choice.bridge,
            profile: env.var("RUSTLE_RUNNER_PROFILE").unwrap_or("release").to_owned(),
            file: history_file(&|name| env.var(name).map(str::to_owned)),
            loaded: OnceLock::new(),
            count: Mutex::default(),
            work: OnceLock::new(),
            observer: Observer::default(),
        })
    }
    /// How to find out what there is to do.
    pub(crate) fn know_work(&self, count: Count) {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) = Some(count);
    }
    /// Whether nobody need be asked: a runner is built wherever one is missing.
    pub fn builds_all(&self) -> bool {
        self.mode == Mode::Aggressive
    }
    /// Whether nothing is built at all.
    pub fn builds_nothing(&self) -> bool {
        self.mode == Mode::Off
    }
    fn loaded(&self) -> &Loaded {
        self.loaded.get_or_init(|| self.file.as_deref().map(rustle_cost::load).unwrap_or_default())
    }
    fn work(&self) -> &Work {
        self.work.get_or_init(|| self.count.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|count| count()).unwrap_or_default())
    }
    fn situation(&self, fallback: bool) -> Situation {
        Situation { mode: self.mode, serve: self.serve, fallback, processors: processors(), targets: Vec::new() }
    }
    fn target(&self, triple: &str, profile: &str, runner: Runner) -> TargetSituation {
        let others = self.observer.others(triple);
        let (mut hosts, mut most) = (0u32, 0);
        for (_, tasks) in self.work().iter().filter(|(host, _)| !others.contains(host)) {
            hosts += 1;
            most = most.max(*tasks);
        }
        TargetSituation { triple: triple.to_owned(), profile: profile.to_owned(), hosts: hosts.max(1), tasks: most, runner, provided: 0 }
    }
    /// Whether ansible-core is there; its Python is started to know that.
    fn fallback(&self) -> bool {
        self.bridge.version().is_ok()
    }
    /// No runner is there for a platform for which one can be built: whether it is.
    ///
    /// # Errors
    /// It is not: why, as the recap has it.
    pub fn missing(&self, triple: &str, profile: &str) -> Result<(), String> {
        let target = self.target(triple, profile, Runner::ToBuild);
        // Who builds nothing does so with a fallback and without.
        let fallback = self.builds_nothing() || self.fallback();
        let history = &self.loaded().history;
        let verdict = decide(&self.situation(fallback), &target, &history.seen, history.lost(triple));
        if verdict.build { Ok(()) } else { Err(format!("optimisation: {}", verdict.reason)) }
    }
    /// Whether a runner that is there is sent to a host that lacks it.
    ///
    /// # Errors
    /// It is not, as that would take many times as long as all tasks: why.
    pub fn upload(&self, triple: &str) -> Result<(), String> {
        if self.builds_all() || self.serve != Serve::WhereItPays {
            return Ok(());
        }
        let history = &self.loaded().history;
        // The usual line is fast, or was never seen: then nothing need be counted.
        if history.seen.bandwidth.is_empty() || history.seen.ssh_task.is_empty() {
            return Ok(());
        }
        let target = self.target(triple, &self.profile, Runner::Installed);
        match slow_upload(&self.situation(true), &target, &history.seen, history.lost(triple)) {
            Some(why) if self.fallback() => Err(format!("optimisation: {why}")),
            _ => Ok(()),
        }
    }
    /// Writes down what the run was expected to cost, and what it did. `None` where it teaches nothing, or the history
    /// cannot be written (which costs later runs their foresight, and nothing else). Beside it: what a person should be
    /// told of the history's file.
    pub fn finish(&self) -> Option<(Run, Option<String>)> {
        let file = self.file.as_deref()?;
        let tasks = LazyCell::new(|| self.work().iter().map(|(h, n)| (h.as_str(), *n)).collect::<HashMap<&str, u32>>());
        let (targets, builds) = self.observer.seen(&self.profile, &|host| tasks.get(host).copied().unwrap_or(0));
        if targets.is_empty() && builds.is_empty() {
            return None;
        }
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let observed = Observed { at, mode: self.mode, serve: self.serve, processors: processors(), targets, builds };
        rustle_cost::update(file, |history| history.learn(&observed)).ok()
    }
}
