//! The stage `rustle-plan`: reads what `rustle-parse` wrote, appends the plan or, with `--explain`, prints it.

use crate::inventory::{Hosts, inventory_of};
use crate::options::{BARRIERS, PlanOptions, STRATEGIES};
use crate::{PlanError, choice, explain, forecast, history_file, plan};
use clap::{Arg, ArgAction, ArgMatches, Command};
use rustle_cli::settings::Settings;
use rustle_cli::stage::{Stage, StageError, StageIo};
use rustle_cost::{Mode, text};
use rustle_playbook::ParsedRun;
use rustle_stream::{Record, exit};
use std::path::Path;

/// `rustle-plan`.
pub struct PlanStage;

/// The flags that shape a plan; `rustle-deploy` has them, too.
pub fn plan_flags() -> Vec<Arg> {
    let mut flags = vec![
        Arg::new("strategy")
            .long("strategy")
            .value_name("STRATEGY")
            .value_parser(STRATEGIES.to_vec())
            .default_value("binary-hybrid")
            .help("Who executes: runners on the hosts where possible (binary-hybrid), only they, or the controller over SSH; linear and free override the plays' strategy"),
        Arg::new("barriers")
            .long("barriers")
            .value_name("WHEN")
            .value_parser(BARRIERS.to_vec())
            .help("When hosts wait for each other: before every task (strict), before tasks that others can notice (auto), never (none) [default: as each play needs it]"),
    ];
    flags.extend(choice::choice_flags());
    flags
}

/// Reads the flags of [`plan_flags`].
pub fn plan_options(args: &ArgMatches) -> Result<PlanOptions, String> {
    let word = |name: &str| args.get_one::<String>(name);
    Ok(PlanOptions {
        strategy: match choice::short_strategy(args) {
            Some(short) => short,
            None => word("strategy").map(|w| w.parse()).transpose()?.unwrap_or_default(),
        },
        barriers: word("barriers").map(|w| w.parse()).transpose()?,
    })
}

fn stage_error(e: &PlanError) -> StageError {
    StageError::new(e.code(), e)
}

impl Stage for PlanStage {
    const READS: &'static [&'static str] =
        &["options", "extra_vars", "group", "host", "play", "role", "block", "task", "target", "artifact"];
    const WRITES: &'static [&'static str] = &["batch", "decision", "segment", "requirement", "analysis"];

    fn command() -> Command {
        Command::new("rustle-plan")
            .about("Decides where each task runs and which hosts wait for each other, and says why")
            .args(plan_flags())
            .arg(
                Arg::new("explain")
                    .long("explain")
                    .action(ArgAction::SetTrue)
                    .help("Print the plan, and what it is expected to cost, for a person instead of records"),
            )
    }

    fn run(args: &ArgMatches, io: &mut StageIo) -> Result<u8, StageError> {
        let options = plan_options(args).map_err(StageError::usage)?;
        let input = io.read_all()?;
        let run = ParsedRun::from_records(input.records());
        if run.plays.is_empty() {
            return Err(StageError::data("no 'play' record in the input").hint("pipe the output of rustle-parse into it"));
        }
        run.check().map_err(|e| StageError::data(e).hint("the stage before this one probably failed, or part of its output was taken out"))?;
        let inventory = inventory_of(&run);
        let hosts = Hosts::new(&inventory, run.options.limit.as_deref()).map_err(|e| StageError::new(exit::NO_INPUT, e))?;
        let records = plan(&run, options, &hosts).map_err(|e| stage_error(&e))?;
        for warning in inventory.take_warnings() {
            io.warn(warning);
        }
        let cost = Costs::of(args, &run.options.cwd)?;
        // Who does not ask for it gets the same stream on every machine.
        let mut analysis = None;
        if args.get_flag("explain") || cost.mode.is_some() {
            let (history, warning) = cost.history();
            if let Some(warning) = warning {
                io.warn(warning);
            }
            let known: Vec<&Record> = input.records().collect();
            analysis = Some(forecast(&run, &known, options, cost.mode.unwrap_or_default(), &hosts, &history).map_err(|e| stage_error(&e))?);
        }
        if args.get_flag("explain") {
            io.text(&(explain(&run, &records) + &analysis.map(|a| text(&a)).unwrap_or_default()))?;
            return Ok(exit::OK);
        }
        let mine = <Self as Stage>::WRITES;
        for line in &input.lines {
            // A plan that is there already is replaced.
            if !line.record.as_ref().is_some_and(|r| mine.contains(&r.tag())) {
                io.pass(line)?;
            }
        }
        for record in records.iter().chain(&analysis.map(Record::from)) {
            io.write(record)?;
        }
        Ok(exit::OK)
    }
}

/// What settings say of costs.
struct Costs {
    mode: Option<Mode>,
    file: Option<std::path::PathBuf>,
}

impl Costs {
    fn of(args: &ArgMatches, cwd: &str) -> Result<Costs, StageError> {
        let variable = |name: &str| std::env::var(name).ok();
        let home = variable("HOME");
        let settings = Settings::load(home.as_deref().map(Path::new), Path::new(cwd), &variable).map_err(|e| StageError::new(exit::CONFIG, e))?;
        let set = |name: &str| settings.values().find(|(n, _)| *n == name).map(|(_, v)| v.to_owned()).or_else(|| variable(name));
        let mode = choice::mode(args, set("RUSTLE_OPTIMIZATION_MODE").as_deref()).map_err(|e| StageError::new(exit::CONFIG, e))?;
        Ok(Costs { mode, file: history_file(&set) })
    }
    fn history(&self) -> (rustle_cost::History, Option<String>) {
        let loaded = self.file.as_deref().map(rustle_cost::load).unwrap_or_default();
        (loaded.history, loaded.warning)
    }
}
