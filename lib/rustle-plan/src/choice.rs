//! `--optimization`, `--binary-only`, `--ssh-only`: who serves hosts, and whether runners are built for them.

use crate::options::Strategy;
use clap::{Arg, ArgAction, ArgMatches};
use rustle_cost::{MODES, Mode, Serve};

/// The flags of every program that plans or runs. They stand beside `--strategy`, whose shorthands two of them are.
pub fn choice_flags() -> Vec<Arg> {
    let short = |id: &'static str, other: &'static str, help: &'static str| {
        Arg::new(id).long(id).action(ArgAction::SetTrue).conflicts_with_all(["strategy", other]).help(help)
    };
    vec![
        Arg::new("optimization")
            .long("optimization")
            .value_name("MODE")
            .value_parser(MODES.to_vec())
            .help("When a runner is built for hosts that lack one: where it pays (auto), always (aggressive), where the gain is clear (conservative), never (off) [default: plan.optimization of the settings, auto]"),
        short("binary-only", "ssh-only", "Short for --strategy binary-only: runners on the hosts, or nothing"),
        short("ssh-only", "binary-only", "Short for --strategy ssh-only: no runners on the hosts, modules go over SSH"),
    ]
}

/// The strategy that a shorthand stands for.
pub fn short_strategy(args: &ArgMatches) -> Option<Strategy> {
    match () {
        () if args.get_flag("binary-only") => Some(Strategy::BinaryOnly),
        () if args.get_flag("ssh-only") => Some(Strategy::SshOnly),
        () => None,
    }
}

/// The mode: the flag's, else the setting's (`RUSTLE_OPTIMIZATION_MODE`), else `None`.
///
/// # Errors
/// The setting is no mode.
pub fn mode(args: &ArgMatches, setting: Option<&str>) -> Result<Option<Mode>, String> {
    let given = args.get_one::<String>("optimization").map(String::as_str);
    match (given, setting) {
        (Some(word), _) => word.parse().map(Some),
        (None, Some(word)) => word.parse().map(Some).map_err(|e| format!("RUSTLE_OPTIMIZATION_MODE: {e}")),
        (None, None) => Ok(None),
    }
}

/// What a strategy means for the cost model.
pub fn serve(strategy: Strategy) -> Serve {
    match strategy {
        Strategy::BinaryOnly => Serve::RunnersOnly,
        Strategy::SshOnly => Serve::SshOnly,
        Strategy::BinaryHybrid | Strategy::Linear | Strategy::Free => Serve::WhereItPays,
    }
}
