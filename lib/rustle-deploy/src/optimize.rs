//! `--optimization` and its kin: what a run is expected to cost, shown before it, compared after it, and over many runs.
//!
//! - [`flags`], [`mode`]: the command line; [`FORBIDDEN`]: what a stream has decided already;
//! - [`report`]: `--report`, which needs no playbook;
//! - [`before`]: the analysis, and `--dry-run`, which ends there;
//! - [`after`]: what came of it.
//!
//! Limits: the model is `rustle-cost`'s, and what it is fed with `rustle-run`'s.

use crate::{fail, say};
use clap::{Arg, ArgAction, ArgMatches};
use rustle_cli::config::Config;
use rustle_cost::{Mode, text};
use rustle_parse::ReadRun;
use rustle_plan::{Hosts, PlanOptions, choice_flags, explain, inventory_of, plan};
use rustle_run::{Asking, Known, Passwords, forecast, history_path};
use rustle_stream::exit;
use std::io::Write;

/// The flags.
pub(crate) fn flags() -> Vec<Arg> {
    let switch = |id: &'static str, help: &'static str| Arg::new(id).long(id).action(ArgAction::SetTrue).help(help);
    let mut flags = choice_flags();
    flags.extend([
        switch("explain-optimization", "Show what the run is expected to cost, how each platform's hosts are served and why; afterwards what it did cost").visible_alias("analysis"),
        switch("report", "Show how good such predictions were so far, and what things cost; runs nothing"),
    ]);
    flags
}

/// The mode that the command line gives.
pub(crate) fn mode(args: &ArgMatches) -> Option<Mode> {
    rustle_plan::mode(args, None).ok().flatten()
}

/// Flags that cannot be given with a stream, which has its strategy.
pub(crate) const FORBIDDEN: [&str; 2] = ["binary-only", "ssh-only"];

/// Answers `--report`; `None` where it was not given.
pub(crate) fn report(args: &ArgMatches) -> Option<u8> {
    if !args.get_flag("report") {
        return None;
    }
    let loaded = match history_path() {
        Ok(path) => path.as_deref().map(rustle_cost::load).unwrap_or_default(),
        Err(e) => return Some(fail(&format!("[ERROR]: {e}"), exit::BAD_OPTIONS)),
    };
    if let Some(warning) = &loaded.warning {
        crate::complain(&format!("[WARNING]: {warning}"));
    }
    say(&rustle_cost::report(&loaded.history));
    Some(exit::OK)
}

/// Whether a person wants to see the analysis of a run that goes on.
fn wanted(args: &ArgMatches, read: &ReadRun) -> bool {
    args.get_flag("explain-optimization") || (read.run.options.verbosity > 0 && args.get_one::<String>("optimization").is_some())
}

/// Shows the analysis where it is wanted. `Some`: the program ends here.
pub(crate) fn before(args: &ArgMatches, read: &ReadRun, known: &Known, options: PlanOptions, passwords: &Passwords, config: &Config, format: &str) -> Option<u8> {
    let dry = args.get_flag("dry-run");
    if !dry && !wanted(args, read) {
        return None;
    }
    let asking = if dry { Asking::Over(rustle_run::connection_settings(&read.run.options, config, passwords.connection.clone())) } else { Asking::No };
    let options = PlanOptions { strategy: known.plan.strategy.unwrap_or(options.strategy), ..options };
    let found = match forecast(read, options, known.mode, asking) {
        Ok(found) => found,
        Err(e) => return Some(fail(&format!("[ERROR]: {e}"), exit::ERROR)),
    };
    found.warnings.iter().for_each(|w| crate::complain(&format!("[WARNING]: {w}")));
    let analysis = text(&found.analysis);
    if !dry {
        show(&analysis, format);
        return None;
    }
    match planned(read, options) {
        Ok(plan) => say(&plan),
        Err((text, code)) => return Some(fail(&format!("[ERROR]: {text}"), code)),
    }
    let lines = if read.run.options.verbosity > 0 { usize::MAX } else { 1 };
    say(&analysis.lines().take(lines).map(|l| format!("{l}\n")).collect::<String>());
    Some(exit::OK)
}

fn planned(read: &ReadRun, options: PlanOptions) -> Result<String, (String, u8)> {
    let run = &read.run;
    let inventory = inventory_of(run);
    let hosts = Hosts::new(&inventory, run.options.limit.as_deref()).map_err(|e| (e, exit::ERROR))?;
    let records = plan(run, options, &hosts).map_err(|e| (e.to_string(), exit::ERROR))?;
    Ok(explain(run, &records))
}

/// Beside the run's output: where that is for programs, on stderr.
fn show(text: &str, format: &str) {
    if matches!(format, "json" | "ndjson") {
        _ = std::io::stderr().write_all(text.as_bytes());
    } else {
        say(text);
    }
}

/// What the run did cost, where the analysis was shown.
pub(crate) fn after(shown: bool, known: &rustle_run::Outcome, format: &str) {
    if let Some(run) = known.get().filter(|_| shown) {
        show(&rustle_cost::comparison(run), format);
    }
}

/// Whether [`before`] showed something of a run that goes on.
pub(crate) fn shown(args: &ArgMatches, read: &ReadRun) -> bool {
    wanted(args, read)
}
