//! A run that came as records: what it holds for its last stage.

use crate::execute::{Known, Prepared};
use crate::honour::Recorded;
use rustle_cli::config::Config;
use rustle_cli::stage::{Input, StageError};
use rustle_cost::Mode;
use rustle_parse::{ParseError, ReadRun, configured, resume};
use rustle_playbook::ParsedRun;
use rustle_ship::Runner;
use rustle_stream::record::{Options, Shipment};
use rustle_stream::{Record, exit};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, RwLock};

/// Rebuilds the run. The settings are those that the first stage found, in place of this process's own; `adjust`
/// changes its options before anything is made of them.
///
/// # Errors
/// 65 where the stream has no plays, lacks parts, or has a plan that cannot be honoured; 78 for a configuration file
/// that is wrong; the vault's own errors.
pub fn prepare(
    input: &Input,
    adjust: impl FnOnce(&mut Options),
    prompt: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<(Prepared, Config), StageError> {
    let (mut read, config, limit) = rebuild(input, adjust, prompt)?;
    let inventory = RwLock::new(read.inventory);
    let plan = Recorded::of(input, &read.run, &inventory, limit.as_deref())?;
    read.inventory = inventory.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok((Prepared { read, known: Known { runners: runners(input)?, plan, mode: mode(input)?, ..Known::default() } }, config))
}

/// The run alone, without what earlier stages made of it. The last part is `--limit` before `adjust`.
pub(crate) fn rebuild(
    input: &Input,
    adjust: impl FnOnce(&mut Options),
    prompt: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<(ReadRun, Config, Option<String>), StageError> {
    let mut run = ParsedRun::from_records(input.records());
    if run.plays.is_empty() {
        return Err(StageError::data("no 'play' record in the input").hint("pipe the output of rustle-parse or of a later stage into it"));
    }
    run.check().map_err(|e| StageError::data(e).hint("the stage before this one probably failed, or part of its output was taken out"))?;
    let planned_limit = run.options.limit.clone();
    adjust(&mut run.options);
    if run.options.cwd.is_empty() {
        run.options.cwd = std::env::current_dir()?.to_string_lossy().into_owned();
    }
    let mut config = Config::load(Path::new(&run.options.cwd)).map_err(|e| StageError::new(exit::CONFIG, e))?;
    config.take(&run.options.config);
    let settings = configured(&config, [], &mut run.options);
    let read = resume(run, &settings, prompt).map_err(|e: ParseError| StageError::new(e.filter_code(), e.report()))?;
    Ok((read, config, planned_limit))
}

/// `--optimization`, as an earlier stage was told.
fn mode(input: &Input) -> Result<Option<Mode>, StageError> {
    let said = input.lines.iter().find_map(|l| if let Some(Record::Analysis(a)) = &l.record { Some((l.number, a)) } else { None });
    let wrong = |line: u64, e: String| StageError::data(format!("line {line}: /mode: {e}")).in_line(line, "/mode");
    said.filter(|(_, a)| !a.mode.is_empty()).map(|(line, a)| a.mode.parse().map_err(|e| wrong(line, e))).transpose()
}

/// The runners that earlier stages found for hosts. One whose file is not on this machine still counts where it was
/// shipped to the host: it is started there by its digest.
fn runners(input: &Input) -> Result<HashMap<String, Arc<Runner>>, StageError> {
    let shipped: HashMap<&str, (u64, &Shipment)> = input
        .lines
        .iter()
        .filter_map(|l| if let Some(Record::Shipment(s)) = &l.record { Some((s.host.as_str(), (l.number, s))) } else { None })
        .collect();
    let cache = rustle_toolchain::Env::load().ok().and_then(|env| rustle_build::Cache::of(&env).ok());
    let needs = rustle_build::carried::Needs::of(input.records());
    let mut found = HashMap::new();
    for record in input.records() {
        let Record::Artifact(a) = record else { continue };
        // An executable with a plan inside is no runner for this one.
        if a.failed.is_some() || a.embedded_plan.is_some() {
            continue;
        }
        if let Some(why) = rustle_build::carried::unfit(a, needs.as_ref()) {
            return Err(StageError::data(format!("the runner for {}: {why}", a.hosts.join(", "))).hint("let rustle-template and rustle-compile run again"));
        }
        let runner = Arc::new(Runner::of(a, cache.clone()));
        for host in &a.hosts {
            let there = shipped.get(host.as_str()).filter(|(_, s)| !s.sha256.is_empty());
            if let Some((line, s)) = there
                && s.sha256 != a.sha256
            {
                let what = format!("line {line}: /sha256: the runner that was shipped to '{host}' is not the one of its artifact record");
                return Err(StageError::data(what).in_line(*line, "/sha256").hint("let rustle-ship run again"));
            }
            if there.is_some() || Path::new(&a.path).exists() {
                found.insert(host.clone(), runner.clone());
            }
        }
    }
    Ok(found)
}
