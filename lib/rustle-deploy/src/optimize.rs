//! `--optimization` and its kin: what a run is expected to cost, shown before it, compared after it, and over many runs.
//!
//! - [`flags`], [`mode`]: the command line; [`FORBIDDEN`]: what a stream has decided already;
//! - [`report`]: `--report`, which needs no playbook;
//! - [`before`]: the analysis (of `--dry-run`: see `dry`);
//! - [`after`]: what came of it.
//!
//! Limits: the model is `rustle-cost`'s, and what it is fed with `rustle-run`'s.

use crate::{fail, say};
use clap::{Arg, ArgAction, ArgMatches};
use rustle_cost::{Mode, text};
use rustle_parse::ReadRun;
use rustle_plan::{PlanOptions, choice_flags};
use rustle_report::Format;
use rustle_run::{Known, Platforms, forecast, history_path};
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
pub(crate) fn before(args: &ArgMatches, read: &ReadRun, known: &Known, options: PlanOptions, format: &Format) -> Option<u8> {
    if !wanted(args, read) {
        return None;
    }
    let options = PlanOptions { strategy: known.plan.strategy.unwrap_or(options.strategy), ..options };
    match forecast(&read.run, &read.bridge, options, known.mode, Platforms::Remembered) {
        Ok(found) => {
            found.warnings.iter().for_each(|w| crate::complain(&format!("[WARNING]: {w}")));
            show(&text(&found.analysis), format);
            None
        }
        Err(e) => Some(fail(&format!("[ERROR]: {e}"), exit::ERROR)),
    }
}

/// Beside the run's output: where that is for programs, on stderr.
fn show(text: &str, format: &Format) {
    if format.for_programs {
        _ = std::io::stderr().write_all(text.as_bytes());
    } else {
        say(text);
    }
}

/// What the run did cost, where the analysis was shown.
pub(crate) fn after(shown: bool, known: &rustle_run::Outcome, format: &Format) {
    if let Some(run) = known.get().filter(|_| shown) {
        show(&rustle_cost::comparison(run), format);
    }
}

/// Whether [`before`] showed something of a run that goes on.
pub(crate) fn shown(args: &ArgMatches, read: &ReadRun) -> bool {
    wanted(args, read)
}
