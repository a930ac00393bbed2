//! Which runner a host gets: the installed one, a cached one, one that is built.

use rustle_build::{Cache, Context, Meter, Progress, Settings, Wanted, obtain};
use rustle_ship::{BootstrapOptions, Platform, Runner};
use rustle_stream::record::{Capabilities, Target};
use rustle_toolchain::Env;
use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// One platform's runner, or why there is none; empty while somebody looks for it.
type Place = Arc<OnceLock<Result<Arc<Runner>, String>>>;

/// Finds runners by platform; each is looked for (or built) once per run.
pub struct Runners {
    env: Env,
    known: Mutex<HashMap<String, Place>>,
    own: Option<Arc<Runner>>,
    /// How builds are shown on stderr; `None`: not at all.
    meter: Option<Mutex<Meter>>,
}

impl Runners {
    /// Looks for the runner of this machine's own platform.
    ///
    /// # Errors
    /// rustle's settings are wrong.
    pub fn new(quiet: bool) -> Result<Runners, String> {
        let env = Env::load().map_err(|e| e.to_string())?;
        let target = rustle_target::controller(&env);
        let (found, _) = rustle_build::prebuilt::find(&env, &target.triple, &target);
        let cache = Cache::of(&env).ok();
        let own = found.map(|a| Arc::new(Runner::of(&a, cache)));
        // Results are printed meanwhile, so no line is overwritten here, whatever stderr is.
        Ok(Runners { env, known: Mutex::default(), own, meter: (!quiet).then(|| Mutex::new(Meter::new(false))) })
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
        self.of_target(target_of(platform), &platform.label())
    }
    /// The runner for a platform if it is installed or was built before; nothing is built.
    pub fn at_hand(&self, platform: &Platform) -> Result<Arc<Runner>, String> {
        self.find(target_of(platform), &platform.label(), true)
    }
    /// As [`Runners::choose`], for a platform that was told otherwise; `label` names it for a person.
    pub fn of_target(&self, target: Target, label: &str) -> Result<Arc<Runner>, String> {
        let key = format!("{} {:?} {:?}", target.triple, target.libc, target.libc_version);
        let place = self.known.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone();
        place.get_or_init(|| self.find(target, label, false)).clone()
    }
    fn find(&self, target: Target, label: &str, no_build: bool) -> Result<Arc<Runner>, String> {
        if target.triple.is_empty() {
            return Err(format!("unsupported target: {label}"));
        }
        let cache = Cache::of(&self.env).map_err(|e| e.to_string())?;
        let wanted = Wanted { candidates: rustle_target::runner_for(&target), target, hosts: Vec::new() };
        let env = &self.env;
        let caps = || -> Capabilities { rustle_toolchain::cached(env, false) };
        let context = Context {
            env,
            cache: &cache,
            settings: &Settings { no_build, ..Settings::of(env) },
            templates: &[],
            caps: &caps,
            progress: &|news| self.show(&news),
        };
        match obtain(&context, &[wanted]).into_iter().next() {
            Some(a) if a.failed.is_none() => Ok(Arc::new(Runner::of(&a, Some(cache)))),
            Some(a) => Err(a.failed.unwrap_or_default()),
            None => Err("no runner was looked for".into()),
        }
    }
    fn show(&self, news: &Progress) {
        let Some(meter) = &self.meter else { return };
        if let Some(line) = meter.lock().unwrap_or_else(PoisonError::into_inner).hear(news).line {
            _ = writeln!(std::io::stderr(), "{line}");
        }
    }
}

/// Rust's name of a platform; empty where there is none.
fn target_of(p: &Platform) -> Target {
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
