//! A run that came as records: what it holds for its last stage.

use crate::execute::{Known, Prepared};
use rustle_cli::config::Config;
use rustle_cli::stage::{Input, StageError};
use rustle_parse::{ParseError, configured, resume};
use rustle_playbook::ParsedRun;
use rustle_ship::Runner;
use rustle_stream::protocol::BarrierRule;
use rustle_stream::record::Options;
use rustle_stream::{Record, exit};
use std::path::Path;
use std::sync::Arc;

/// Rebuilds the run. The settings are those that the first stage found, in place of this process's own; `adjust`
/// changes its options before anything is made of them.
///
/// # Errors
/// 65 where the stream has no plays; 78 for a configuration file that is wrong; the vault's own errors.
pub fn prepare(
    input: &Input,
    adjust: impl FnOnce(&mut Options),
    prompt: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<(Prepared, Config), StageError> {
    let mut run = ParsedRun::from_records(input.records());
    if run.plays.is_empty() {
        return Err(StageError::data("no 'play' record in the input").hint("pipe the output of rustle-parse or of a later stage into it"));
    }
    adjust(&mut run.options);
    if run.options.cwd.is_empty() {
        run.options.cwd = std::env::current_dir()?.to_string_lossy().into_owned();
    }
    let mut config = Config::load(Path::new(&run.options.cwd)).map_err(|e| StageError::new(exit::CONFIG, e))?;
    config.take(&run.options.config);
    let settings = configured(&config, [], &mut run.options);
    let read = resume(run, &settings, prompt).map_err(|e: ParseError| StageError::new(e.filter_code(), e.report()))?;
    Ok((Prepared { read, known: known(input) }, config))
}

/// What earlier stages found out.
fn known(input: &Input) -> Known {
    let mut known = Known::default();
    for record in input.records() {
        match record {
            // An executable with a plan inside is no runner for this one.
            Record::Artifact(a) if a.failed.is_none() && a.embedded_plan.is_none() && Path::new(&a.path).exists() => {
                let runner = Arc::new(Runner::new(a.triple.as_str(), a.path.as_str(), a.sha256.as_str()));
                for host in &a.hosts {
                    known.runners.insert(host.clone(), runner.clone());
                }
            }
            Record::Batch(b) => {
                let rule = match b.barriers.as_str() {
                    "strict" => BarrierRule::Always,
                    "none" => BarrierRule::Never,
                    _ => BarrierRule::Visible,
                };
                let (_, hosts) = known.barriers.entry(b.play).or_insert_with(|| (rule, 0));
                *hosts += b.hosts.len();
            }
            _ => {}
        }
    }
    known
}
