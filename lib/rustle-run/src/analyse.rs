//! What a run is expected to cost, before it: platforms of hosts, runners that are there or could be built, tasks.
//!
//! Limits: runs nothing, and asks no host. Platforms are those that the caller found out, or those that are remembered,
//! and the rest unknown; then those hosts have the runner already that had it in the last run.

use crate::advise::{Work, mode_of, processors};
use crate::execute::Hosts;
use crate::runners::{possible, profile};
use rustle_build::{Cache, Context, Settings, Wanted, obtain};
use rustle_cost::{Analysis, Loaded, Mode, Runner, Situation, TargetSituation, analyse};
use rustle_inventory::Inventory;
use rustle_bridge::Bridge;
use rustle_plan::{PlanOptions, Planner, history_file, serve, work};
use rustle_playbook::ParsedRun;
use rustle_stream::record::{Capabilities, Target};
use rustle_target::Options;
use rustle_toolchain::Env;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::RwLock;

/// A host that was asked what it is and has.
pub struct Found {
    /// Its name, too.
    pub target: Target,
    /// Whether it has its runner.
    pub provided: bool,
}

/// What is known of hosts' platforms.
pub enum Platforms {
    /// What is remembered of them.
    Remembered,
    /// What they said.
    Found(Vec<Found>),
}

/// The analysis, and what a person should be told beside it.
pub struct Forecast {
    pub analysis: Analysis,
    pub warnings: Vec<String>,
}

/// Where the history of costs is.
///
/// # Errors
/// rustle's settings are wrong.
pub fn history_path() -> Result<Option<PathBuf>, String> {
    let env = Env::load().map_err(|e| e.to_string())?;
    Ok(history_file(&|name| env.var(name).map(str::to_owned)))
}

/// Hosts of all plays with the tasks that do something on them.
pub(crate) fn work_of(run: &ParsedRun, inventory: &RwLock<Inventory>, limit: Option<Vec<String>>) -> Work {
    let (planner, hosts) = (Planner::of_hosts(run), Hosts { inventory, limit });
    // A play that cannot be planned says so at its turn.
    let found = work(run, &mut |play| planner.hosts(play, &hosts).unwrap_or_default());
    // Patterns that match nothing were, or will be, told by the plan itself.
    drop(inventory.read().unwrap_or_else(std::sync::PoisonError::into_inner).take_warnings());
    found
}

/// Analyses a run.
///
/// # Errors
/// rustle's settings, or `--limit`, are wrong; a variable `rustle_target` names no platform.
pub fn forecast(run: &ParsedRun, bridge: &Bridge, plan: PlanOptions, mode: Option<Mode>, platforms: Platforms) -> Result<Forecast, String> {
    let env = Env::load().map_err(|e| e.to_string())?;
    let mode = mode_of(&env, mode)?;
    let limit = run.options.limit.as_deref().map(Inventory::limit).transpose().map_err(|e| e.to_string())?;
    let inventory = RwLock::new(Inventory::from_records(&run.groups, &run.hosts, Default::default()));
    let work = work_of(run, &inventory, limit);
    let (targets, provided) = match platforms {
        Platforms::Remembered => (remembered(&env, run, &work)?, None),
        Platforms::Found(found) => {
            let have: HashSet<String> = found.iter().filter(|f| f.provided).map(|f| f.target.host.clone()).collect();
            (found.into_iter().map(|f| f.target).collect(), Some(have))
        }
    };
    let Loaded { history, warning, .. } = history_path()?.as_deref().map(rustle_cost::load).unwrap_or_default();
    let mut targets = grouped(&env, &targets, &work, provided.as_ref())?;
    if provided.is_none() {
        for t in &mut targets {
            t.provided = history.provided(&t.triple).min(t.hosts);
        }
    }
    // Its Python is started only where somebody wants to know.
    let fallback = targets.iter().all(|t| t.runner == Runner::Installed) || bridge.version().is_ok();
    let situation = Situation { mode, serve: serve(plan.strategy), fallback, processors: processors(), targets };
    Ok(Forecast { analysis: analyse(&situation, &history), warnings: warning.into_iter().collect() })
}

fn remembered(env: &Env, run: &ParsedRun, work: &Work) -> Result<Vec<Target>, String> {
    let records = run.to_records();
    let inventory = rustle_target::Inventory::of(&records);
    let names: Vec<String> = work.iter().map(|(host, _)| host.clone()).collect();
    let options = Options { ask: None, refresh: false, parallel: 1, config: run.options.config.clone() };
    rustle_target::resolve(env, &inventory, &names, &options).map_err(|e| e.to_string())
}

/// Hosts by platform, those on this machine left out: for them there is nothing to choose. `have`: hosts with a runner.
fn grouped(env: &Env, targets: &[Target], work: &Work, have: Option<&HashSet<String>>) -> Result<Vec<TargetSituation>, String> {
    let usual = Settings::of(env);
    let far: Vec<Target> = targets.iter().filter(|t| t.known_by != "controller").cloned().collect();
    let tasks = |host: &str| work.iter().find(|(h, _)| h == host).map_or(0, |(_, n)| *n);
    let mut out = Vec::new();
    for w in rustle_build::wanted(&far) {
        let provided = have.map_or(0, |have| w.hosts.iter().filter(|h| have.contains(*h)).count());
        let most = w.hosts.iter().map(|h| tasks(h)).max().unwrap_or(0);
        out.push(TargetSituation {
            triple: w.target.triple.clone(),
            profile: profile(&usual).to_owned(),
            hosts: u32::try_from(w.hosts.len()).unwrap_or(u32::MAX),
            tasks: most,
            runner: runner(env, &usual, &w)?,
            provided: u32::try_from(provided).unwrap_or(u32::MAX),
        });
    }
    Ok(out)
}

fn runner(env: &Env, usual: &Settings, wanted: &Wanted) -> Result<Runner, String> {
    if wanted.target.triple.is_empty() {
        return Ok(match &wanted.target.reason {
            Some(why) if wanted.target.known_by == "probe" => Runner::Impossible(why.clone()),
            _ => Runner::Unknown,
        });
    }
    let cache = Cache::of(env).map_err(|e| e.to_string())?;
    let caps = || -> Capabilities { rustle_toolchain::cached(env, false) };
    let settings = Settings { no_build: true, ..usual.clone() };
    let context = Context { env, cache: &cache, settings: &settings, templates: &[], caps: &caps, progress: &|_| {} };
    let found = obtain(&context, std::slice::from_ref(wanted)).into_iter().next().unwrap_or_default();
    Ok(match found.failed {
        None if found.source == "prebuilt" => Runner::Installed,
        None => Runner::Cached,
        Some(_) if possible(env, &caps(), &cache, &wanted.candidates) => Runner::ToBuild,
        Some(why) => Runner::Impossible(why.replace("nothing is built (--no-build)", "none can be built here")),
    })
}
