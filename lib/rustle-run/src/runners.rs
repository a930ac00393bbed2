//! Which runner a host gets: the installed one, a cached one, one that is built.

use rustle_build::{Cache, Context, Settings, Wanted, obtain};
use rustle_ship::{BootstrapOptions, Platform, Runner};
use rustle_stream::record::{Capabilities, Target};
use rustle_toolchain::Env;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Finds runners by platform; each is looked for (or built) once per run.
pub struct Runners {
    env: Env,
    known: Mutex<HashMap<String, Result<Arc<Runner>, String>>>,
    own: Option<Arc<Runner>>,
}

impl Runners {
    /// Looks for the runner of this machine's own platform.
    ///
    /// # Errors
    /// rustle's settings are wrong.
    pub fn new() -> Result<Runners, String> {
        let env = Env::load().map_err(|e| e.to_string())?;
        let target = rustle_target::controller(&env);
        let (found, _) = rustle_build::prebuilt::find(&env, &target.triple, &target);
        let own = found.map(|a| Arc::new(Runner::new(a.triple, a.path, a.sha256)));
        Ok(Runners { env, known: Mutex::default(), own })
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
    /// The runner for a platform, or why there is none.
    pub fn choose(&self, platform: &Platform) -> Result<Arc<Runner>, String> {
        let target = target_of(platform);
        let key = format!("{} {:?} {:?}", target.triple, target.libc, target.libc_version);
        // Held while it is built: hosts of one platform wait for one build.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = known.get(&key) {
            return answer.clone();
        }
        let answer = self.find(target, platform);
        known.insert(key, answer.clone());
        answer
    }
    fn find(&self, target: Target, platform: &Platform) -> Result<Arc<Runner>, String> {
        if target.triple.is_empty() {
            return Err(format!("unsupported target: {}", platform.label()));
        }
        let cache = Cache::of(&self.env).map_err(|e| e.to_string())?;
        let wanted = Wanted { candidates: rustle_target::runner_for(&target), target, hosts: Vec::new() };
        let env = &self.env;
        let caps = || -> Capabilities { rustle_toolchain::cached(env, false) };
        let context = Context {
            env,
            cache: &cache,
            settings: &Settings::of(env),
            templates: &[],
            caps: &caps,
            progress: &|_| {},
        };
        match obtain(&context, &[wanted]).into_iter().next() {
            Some(a) if a.failed.is_none() => Ok(Arc::new(Runner::new(a.triple, Path::new(&a.path), a.sha256))),
            Some(a) => Err(a.failed.unwrap_or_default()),
            None => Err("no runner was looked for".into()),
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
