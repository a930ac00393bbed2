//! `rustle-compile --embed`: the plan as the engine of one host runs it, made in advance.

use crate::execute::programs;
use crate::stream::prepare;
use rustle_build::Programs;
use rustle_cli::stage::{Input, StageError};
use rustle_plan::{PlanOptions, Planner};

/// `rustle-compile`, with what it takes to embed plans.
pub type CompileStage = rustle_build::CompileStage<Embedded>;

/// See [`Programs`].
pub struct Embedded;

impl Programs for Embedded {
    fn reasons(input: &Input) -> Result<Option<Vec<String>>, StageError> {
        let mut no_prompt = |_: &str| Err("nobody is asked for passwords: use --vault-password-file".to_owned());
        let (prepared, _) = prepare(input, |_| {}, &mut no_prompt)?;
        let run = &prepared.read.run;
        let planner = Planner::new(run, PlanOptions::default());
        let single = prepared.read.inventory.hosts.len() < 2;
        Ok(Some(run.plays.iter().flat_map(|p| planner.needs_controller(p, single)).collect()))
    }

    fn of(input: &Input, host: &str) -> Result<String, StageError> {
        let mut no_prompt = |_: &str| Err("nobody is asked for passwords: use --vault-password-file".to_owned());
        let (prepared, config) = prepare(input, |_| {}, &mut no_prompt)?;
        let mut problems = Vec::new();
        let alone = programs(prepared, &config, host, &mut |w| problems.push(w)).map_err(StageError::data)?;
        if let Some(first) = problems.first() {
            return Err(problems.iter().skip(1).fold(StageError::data(format!("the plan for {host} is not complete: {first}")), StageError::hint));
        }
        Ok(serde_json::to_string(&alone)?)
    }
}
