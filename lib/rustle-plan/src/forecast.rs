//! What a plan is expected to cost, from what a stream knows of its hosts.
//!
//! Limits: no host is asked and no runner is looked for here: platforms and runners are those of `target` and `artifact`
//! records, where there are any. Whether ansible-core is there is not looked at: it is taken to be.

use crate::PlanError;
use crate::options::PlanOptions;
use crate::planner::{HostSource, Planner};
use crate::work::work;
use rustle_cost::{Analysis, History, Mode, Runner, Situation, TargetSituation, analyse};
use rustle_playbook::ParsedRun;
use rustle_stream::Record;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

/// The analysis of a run's plan, from its stream. `history`: what runs on this machine have cost.
///
/// # Errors
/// A play's hosts cannot be told.
pub fn forecast(run: &ParsedRun, records: &[&Record], options: PlanOptions, mode: Mode, source: &dyn HostSource, history: &History) -> Result<Analysis, PlanError> {
    let planner = Planner::of_hosts(run);
    let mut failed = None;
    let hosts = work(run, &mut |play| {
        planner.hosts(play, source).unwrap_or_else(|e| {
            failed.get_or_insert(e);
            Vec::new()
        })
    });
    if let Some(e) = failed {
        return Err(e);
    }
    let (mut triples, mut runners): (HashMap<&str, &str>, HashMap<&str, Runner>) = (HashMap::new(), HashMap::new());
    for record in records {
        match record {
            Record::Target(t) => _ = triples.insert(&t.host, &t.triple),
            Record::Artifact(a) => {
                let runner = match (&a.failed, a.source.as_str()) {
                    (Some(why), _) => Runner::Impossible(why.clone()),
                    (None, "prebuilt") => Runner::Installed,
                    (None, _) => Runner::Cached,
                };
                runners.extend(a.hosts.iter().map(|h| (h.as_str(), runner.clone())));
            }
            _ => {}
        }
    }
    let mut targets: Vec<TargetSituation> = Vec::new();
    // On this machine there is nothing to choose.
    let here: HashSet<&str> = records.iter().filter_map(|r| if let Record::Target(t) = r { Some(t) } else { None }).filter(|t| t.known_by == "controller").map(|t| t.host.as_str()).collect();
    for (host, tasks) in hosts.iter().filter(|(host, _)| !here.contains(host.as_str())) {
        let triple = triples.get(host.as_str()).copied().unwrap_or_default();
        let runner = runners.get(host.as_str()).cloned().unwrap_or(Runner::Unknown);
        add(&mut targets, triple, runner, *tasks);
    }
    for t in &mut targets {
        t.provided = history.provided(&t.triple).min(t.hosts);
    }
    let processors = std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
    let situation = Situation { mode, serve: crate::choice::serve(options.strategy), fallback: true, processors, targets };
    Ok(analyse(&situation, history))
}

/// Counts a host in with others of its platform.
fn add(targets: &mut Vec<TargetSituation>, triple: &str, runner: Runner, tasks: u32) {
    match targets.iter_mut().find(|t| t.triple == triple && t.runner == runner) {
        Some(t) => {
            t.hosts += 1;
            t.tasks = t.tasks.max(tasks);
        }
        None => targets.push(TargetSituation { triple: triple.to_owned(), profile: "release".into(), hosts: 1, tasks, runner, provided: 0 }),
    }
}

/// Where the history of costs is: below the folder for caches. `variable` has settings and environment.
pub fn history_file(variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let named = |name: &str| variable(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let folder = named("RUSTLE_CACHE_DIR")
        .or_else(|| named("XDG_CACHE_HOME").map(|d| d.join("rustle")))
        .or_else(|| named("HOME").map(|d| d.join(".cache/rustle")))?;
    Some(folder.join(rustle_cost::FILE))
}
