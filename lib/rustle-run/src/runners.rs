//! Which runner a host gets: the installed one, a cached one, one that is built where that pays.

use crate::advise::{Advisor, Choice};
use rustle_build::{Cache, Context, Meter, Progress, Settings, Wanted, obtain};
use rustle_ship::{BootstrapOptions, Platform, Runner};
use rustle_stream::record::{Capabilities, Target};
use rustle_toolchain::Env;
use rustle_value::{Dict, py_str};
use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// When a runner is built that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Build {
    Always,
    /// Where the cost model says so.
    WhereItPays,
    Never,
}

/// One platform's runner, or why there is none; empty while somebody looks for it.
type Place = Arc<OnceLock<Result<Arc<Runner>, String>>>;

/// Finds runners by platform; each is looked for (or built) once per run.
pub struct Runners {
    env: Env,
    known: Mutex<HashMap<String, Place>>,
    own: Option<Arc<Runner>>,
    /// How builds are shown on stderr; `None`: not at all.
    meter: Option<Mutex<Meter>>,
    pub advisor: Arc<Advisor>,
    /// Whether the advisor learns from a run; builds without one are learnt from at once.
    observed: bool,
}

impl Runners {
    /// Looks for the runner of this machine's own platform.
    ///
    /// # Errors
    /// rustle's settings are wrong.
    pub fn new(quiet: bool, choice: Choice) -> Result<Runners, String> {
        let env = Env::load().map_err(|e| e.to_string())?;
        let target = rustle_target::controller(&env);
        let (found, _) = rustle_build::prebuilt::find(&env, &target.triple, &target);
        let cache = Cache::of(&env).ok();
        let own = found.map(|a| Arc::new(Runner::of(&a, cache)));
        // Results are printed meanwhile, so no line is overwritten here, whatever stderr is.
        let advisor = Arc::new(Advisor::new(&env, choice)?);
        Ok(Runners { advisor, env, known: Mutex::default(), own, observed: true, meter: (!quiet).then(|| Mutex::new(Meter::new(false))) })
    }
    /// The same for work that is no run: what is asked for is built, whatever it costs.
    ///
    /// # Errors
    /// As [`Runners::new`].
    pub fn asked_for() -> Result<Runners, String> {
        let bridge = rustle_bridge::Bridge::new(rustle_bridge::Settings::default());
        let runners = Runners::new(false, Choice { mode: Some(rustle_cost::Mode::Aggressive), strategy: rustle_plan::Strategy::default(), bridge })?;
        Ok(Runners { observed: false, ..runners })
    }
    /// How runners are brought to hosts, as rustle's settings say.
    pub fn bootstrap_options(&self) -> BootstrapOptions {
        let usual = BootstrapOptions::default();
        BootstrapOptions {
            verify: self.env.flag("RUSTLE_VERIFY_DEPLOYMENTS", false),
            patience: self.env.number("RUSTLE_DEPLOYMENT_TIMEOUT").map_or(usual.patience, Duration::from_secs),
            ..usual
        }
    }
    /// The installed runner, which most hosts need, too.
    pub fn own(&self) -> Option<Arc<Runner>> {
        self.own.clone()
    }
    /// The runner for a platform, or why there is none. Hosts of one platform wait for one build; those of others go on.
    pub fn choose(&self, platform: &Platform) -> Result<Arc<Runner>, String> {
        let runner = self.remembered(platform, Build::WhereItPays)?;
        if !platform.cached.contains(&runner.sha256) {
            self.advisor.upload(&target_of(platform).triple)?;
        }
        Ok(runner)
    }
    /// The same without asking whether it pays: it is needed.
    pub fn needed(&self, platform: &Platform) -> Result<Arc<Runner>, String> {
        self.remembered(platform, Build::Always)
    }
    fn remembered(&self, platform: &Platform, build: Build) -> Result<Arc<Runner>, String> {
        let target = target_of(platform);
        let key = format!("{} {:?} {:?} {build:?}", target.triple, target.libc, target.libc_version);
        let place = self.known.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone();
        place.get_or_init(|| self.find(target, &platform.label(), build)).clone()
    }
    /// The runner for the platform that a host's variable `rustle_target` names; `None` where it names none.
    pub fn named(&self, vars: &Dict) -> Option<Result<Arc<Runner>, String>> {
        let name = vars.get("rustle_target").filter(|v| !v.is_null()).map(py_str)?;
        let place = self.known.lock().unwrap_or_else(PoisonError::into_inner).entry(format!("named {name}")).or_default().clone();
        let find = || {
            // A platform that is told is not asked for.
            self.find(self.target(vars, &Platform::default())?, &name, Build::Always)
        };
        Some(place.get_or_init(find).clone())
    }
    /// What the runner for a host has to run on: what its variables say, else what it says of itself.
    ///
    /// # Errors
    /// The variable `rustle_target` names no platform.
    pub fn target(&self, vars: &Dict, platform: &Platform) -> Result<Target, String> {
        match vars.get("rustle_target").filter(|v| !v.is_null()).map(py_str) {
            Some(name) => rustle_target::custom::named(&self.env, &name).map_err(|e| format!("rustle_target: {e}")),
            None => Ok(target_of(platform)),
        }
    }
    /// The runner for a platform if it is installed or was built before; nothing is built. `label` names it for a person.
    pub fn at_hand(&self, target: &Target, label: &str) -> Result<Arc<Runner>, String> {
        self.find(target.clone(), label, Build::Never)
    }
    /// The back end that would build the runner for a platform, tried out as far as that is quick; `None`: nothing can.
    pub fn builder(&self, target: &Target) -> Option<String> {
        let cache = Cache::of(&self.env).ok()?;
        builder(&self.env, &rustle_toolchain::cached(&self.env, false), &cache, &rustle_target::runner_for(target))
    }
    /// As [`Runners::needed`], for a platform that was told otherwise; `label` names it for a person.
    pub fn of_target(&self, target: Target, label: &str) -> Result<Arc<Runner>, String> {
        let key = format!("{} {:?} {:?} {:?}", target.triple, target.libc, target.libc_version, Build::Always);
        let place = self.known.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone();
        place.get_or_init(|| self.find(target, label, Build::Always)).clone()
    }
    fn find(&self, target: Target, label: &str, build: Build) -> Result<Arc<Runner>, String> {
        if target.triple.is_empty() {
            return Err(format!("unsupported target: {label}"));
        }
        let cache = Cache::of(&self.env).map_err(|e| e.to_string())?;
        let triple = target.triple.clone();
        let wanted = Wanted { candidates: rustle_target::runner_for(&target), target, hosts: Vec::new() };
        let env = &self.env;
        let usual = Settings { no_build: build == Build::Never, ..Settings::of(env) };
        let caps = || -> Capabilities { rustle_toolchain::cached(env, false) };
        let context = Context {
            env,
            cache: &cache,
            settings: &usual,
            templates: &[],
            caps: &caps,
            progress: &|news| self.hear(&news),
        };
        let found = |settings: &Settings| obtain(&Context { settings, ..context }, std::slice::from_ref(&wanted)).into_iter().next();
        // Where even this machine has no runner, the way over SSH would need the same build.
        let needed = self.own.is_none() && wanted.candidates.contains(&rustle_build::own_triple());
        if build == Build::WhereItPays && !needed && !self.advisor.builds_all() {
            let there = found(&Settings { no_build: true, ..usual.clone() });
            if let Some(a) = there.filter(|a| a.failed.is_none()) {
                return Ok(Arc::new(Runner::of(&a, Some(cache))));
            }
            // Where nothing can be built, what was tried says more than what it would have cost.
            if self.advisor.builds_nothing() || possible(env, &caps(), &cache, &wanted.candidates) {
                self.advisor.missing(&triple, profile(&usual))?;
            }
        }
        match found(&usual) {
            Some(a) if a.failed.is_none() => Ok(Arc::new(Runner::of(&a, Some(cache.clone())))),
            Some(a) => Err(a.failed.unwrap_or_default()),
            None => Err("no runner was looked for".into()),
        }
    }
    fn hear(&self, news: &Progress) {
        match (news, Cache::of(&self.env)) {
            (Progress::Built { triple, profile, took, .. }, _) if self.observed => self.advisor.observer.built(triple, profile, took.as_secs_f64()),
            (news, Ok(cache)) => rustle_build::learn(&cache, news),
            _ => {}
        }
        let Some(meter) = &self.meter else { return };
        if let Some(line) = meter.lock().unwrap_or_else(PoisonError::into_inner).hear(news).line {
            _ = writeln!(std::io::stderr(), "{line}");
        }
    }
}

/// The profile that runners are built with.
pub(crate) fn profile(settings: &Settings) -> &str {
    settings.profile.as_deref().unwrap_or("release")
}

/// Which back end can build a runner for one of these platforms here; tried out as far as that is quick.
fn builder(env: &Env, caps: &Capabilities, cache: &Cache, triples: &[String]) -> Option<String> {
    let routes = rustle_build::routes::remembered(env, caps, cache, triples, rustle_build::routes::Effort::Compile, false);
    routes.into_iter().map(|r| r.by).find(|by| by != "fallback")
}

/// Whether one can.
pub(crate) fn possible(env: &Env, caps: &Capabilities, cache: &Cache, triples: &[String]) -> bool {
    builder(env, caps, cache, triples).is_some()
}

/// Rust's name of a platform; empty where there is none.
pub(crate) fn target_of(p: &Platform) -> Target {
    let machine = match p.machine.as_str() {
        "x86_64" | "amd64" => "x86_64",
        "aarch64" | "arm64" => "aarch64",
        "armv7l" | "armv8l" => "armv7",
        "i686" | "i586" | "i386" => "i686",
        "riscv64" => "riscv64gc",
        _ => "",
    };
    let musl = p.libc == "musl";
    let triple = match (p.system.as_str(), machine) {
        (_, "") => String::new(),
        ("Linux", "armv7") => format!("armv7-unknown-linux-{}", if musl { "musleabihf" } else { "gnueabihf" }),
        ("Linux", m) => format!("{m}-unknown-linux-{}", if musl { "musl" } else { "gnu" }),
        ("FreeBSD", m) => format!("{m}-unknown-freebsd"),
        ("Darwin", m) => format!("{m}-apple-darwin"),
        _ => String::new(),
    };
    Target {
        triple,
        libc: Some(p.libc.clone()).filter(|l| !l.is_empty()),
        libc_version: p.libc_version.clone(),
        known_by: "probe".into(),
        ..Target::default()
    }
}
