//! The stage `rustle-target`: a `target` record for each host that the plan reaches.

use crate::{Ask, AsWritten, Connected, Inventory, Options, Reach, TargetError, hosts_to_reach, resolve, table};
use clap::{Arg, ArgAction, ArgMatches, Command};
use rustle_connect::Settings;
use rustle_cli::stage::{Input, Stage, StageError, StageIo};
use rustle_stream::{Record, exit};
use rustle_toolchain::Env;
use rustle_stream::record::Target;
use rustle_value::Dict;
use std::collections::{HashMap, HashSet};

/// `rustle-target`. `R` knows how hosts are reached.
pub struct TargetStage<R = AsWritten>(std::marker::PhantomData<R>);

impl<R: Reach> Stage for TargetStage<R> {
    const READS: &'static [&'static str] = &["stream", "options", "extra_vars", "host", "group", "play", "role", "block", "task", "batch", "target"];
    const WRITES: &'static [&'static str] = &["target"];

    fn command() -> Command {
        Command::new("rustle-target")
            .about("Tells each host's platform and how it is known")
            .after_help("A host's variable rustle_target names its platform: a triple, or the file of a platform of your own (see RUSTLE_TARGET_PATH).")
            .arg(Arg::new("refresh").long("refresh").action(ArgAction::SetTrue).help("Ask hosts again instead of trusting caches"))
            .arg(Arg::new("no-probe").long("no-probe").action(ArgAction::SetTrue).help("Contact no host"))
            .arg(
                Arg::new("forks")
                    .long("forks")
                    .short('f')
                    .value_name("N")
                    .value_parser(clap::value_parser!(u32).range(1..))
                    .help("Hosts asked at the same time (default: the stream's options, else 20)"),
            )
            .arg(
                Arg::new("output")
                    .long("output")
                    .value_name("FORMAT")
                    .value_parser(["records", "table"])
                    .default_value("records")
                    .help("records, or a table of the platforms with their hosts, for people"),
            )
    }

    fn run(args: &ArgMatches, io: &mut StageIo) -> Result<u8, StageError> {
        let input = io.read_all()?;
        let rendered = R::of(&input, &mut |w| io.warn(w))?;
        let records = add_targets(&input, args, rendered)?;
        if args.get_one::<String>("output").is_some_and(|f| f == "table") {
            let all = everyone(&input.records().collect::<Vec<_>>(), records);
            io.text(&table(&all))?;
            return Ok(exit::OK);
        }
        let again: HashSet<&str> = records.iter().map(|t| t.host.as_str()).collect();
        for line in &input.lines {
            match &line.record {
                Some(Record::Target(t)) if again.contains(t.host.as_str()) => {}
                _ => io.pass(line)?,
            }
        }
        for t in &records {
            if let (true, Some(why)) = (t.triple.is_empty(), &t.reason) {
                io.warn(format!("{}: platform unknown: {why}", t.host));
            }
        }
        for t in records {
            io.write(&t.into())?;
        }
        Ok(exit::OK)
    }
}

/// Targets for hosts that have none yet in the stream (all of them with `--refresh`).
fn add_targets(input: &Input, args: &ArgMatches, rendered: HashMap<String, Dict>) -> Result<Vec<Target>, StageError> {
    let records: Vec<&Record> = input.records().collect();
    let forks = args.get_one::<u32>("forks").map(|n| *n as usize);
    let env = Env::load().map_err(|e| StageError::new(e.code(), e))?;
    let inventory = Inventory::of(records.iter().copied()).rendered(rendered);
    add(&env, &records, &inventory, args.get_flag("refresh"), !args.get_flag("no-probe"), forks)
        .map_err(|e: TargetError| StageError::new(e.code(), e))
}

/// A target for every host that the stream's plan reaches: those that are in the stream, and the others made. `rendered`: see
/// [`Inventory::rendered`].
///
/// # Errors
/// As [`resolve`].
pub fn targets_of_stream(env: &Env, records: &[&Record], rendered: HashMap<String, Dict>) -> Result<Vec<Target>, TargetError> {
    let inventory = Inventory::of(records.iter().copied()).rendered(rendered);
    Ok(everyone(records, add(env, records, &inventory, false, true, None)?))
}

/// The stream's targets, and those that were made now; the latter count more.
fn everyone(records: &[&Record], made: Vec<Target>) -> Vec<Target> {
    let known = records.iter().filter_map(|r| if let Record::Target(t) = r { Some(t.clone()) } else { None });
    let known = known.filter(|t| !made.iter().any(|m| m.host == t.host)).collect::<Vec<_>>();
    known.into_iter().chain(made).collect()
}

fn add(env: &Env, records: &[&Record], inventory: &Inventory, refresh: bool, probe: bool, forks: Option<usize>) -> Result<Vec<Target>, TargetError> {
    let mut hosts = hosts_to_reach(records.iter().copied());
    // An earlier stage's verdict stands, also that a host could not be asked: one connection is enough for that.
    hosts.retain(|h| refresh || !records.iter().any(|r| matches!(r, Record::Target(t) if t.host == *h)));
    let stream = records.iter().find_map(|r| if let Record::Options(o) = r { Some(o) } else { None });
    let config = stream.map(|o| o.config.clone()).unwrap_or_default();
    let cli = stream.map(|o| o.connection.clone()).unwrap_or_default();
    let connected = Connected { settings: Settings { cli, config: config.clone(), ..Settings::default() } };
    let options = Options {
        ask: probe.then_some(&connected as &dyn Ask),
        refresh,
        parallel: forks.or_else(|| stream.and_then(|o| o.forks).map(|n| n as usize)).unwrap_or(20),
        config,
    };
    resolve(env, inventory, &hosts, &options)
}
