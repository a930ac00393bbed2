//! `rustle-target` and `rustle-ship` with a template engine: they reach hosts as the run will.

use crate::execute::reach;
use crate::stream::rebuild;
use rustle_cli::stage::{Input, StageError};
use rustle_plan::PlanOptions;
use rustle_stream::Record;
use rustle_target::Reach;
use rustle_value::Dict;
use std::collections::HashMap;

/// `rustle-target`.
pub type TargetStage = rustle_target::TargetStage<Rendered>;
/// `rustle-ship`.
pub type ShipStage = rustle_ship::ShipStage<Rendered>;

/// See [`Reach`]. Of a stream without plays only the records count.
pub struct Rendered;

impl Reach for Rendered {
    fn of(input: &Input, warn: &mut dyn FnMut(String)) -> Result<HashMap<String, Dict>, StageError> {
        if !input.records().any(|r| matches!(r, Record::Play(_))) {
            return Ok(HashMap::new());
        }
        let mut no_prompt = |_: &str| Err("nobody is asked for passwords: use --vault-password-file".to_owned());
        let (read, config, _) = rebuild(input, |_| {}, &mut no_prompt)?;
        let reached = reach(read, &config, PlanOptions::default(), warn).map_err(StageError::data)?;
        Ok(reached.hosts.into_iter().collect())
    }
}
