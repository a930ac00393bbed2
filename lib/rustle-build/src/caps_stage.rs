//! The stage `rustle-caps`: adds a `capabilities` record to the stream, or shows a table to a person.

use crate::routes::{self, Effort, ROUTED};
use crate::Cache;
use clap::{Arg, ArgAction, ArgMatches, Command};
use rustle_cli::stage::{Stage, StageError, StageIo};
use rustle_stream::{Record, exit};
use rustle_target::triple::normalise;
use rustle_toolchain::{Env, cached, process, table};
use std::io::IsTerminal;

/// `rustle-caps`.
pub struct CapsStage;

impl Stage for CapsStage {
    const READS: &'static [&'static str] = &["stream"];
    const WRITES: &'static [&'static str] = &["capabilities"];

    fn command() -> Command {
        Command::new("rustle-caps")
            .about("Examines what this machine can build runners with, and the way to a runner for each platform")
            .arg(Arg::new("refresh").long("refresh").action(ArgAction::SetTrue).help("Look anew instead of trusting the cache"))
            .arg(
                Arg::new("show-config")
                    .long("show-config")
                    .action(ArgAction::SetTrue)
                    .help("Show rustle's settings, and where each comes from, instead"),
            )
            .arg(
                Arg::new("target")
                    .long("target")
                    .value_name("TRIPLE")
                    .action(ArgAction::Append)
                    .help("The way to this platform, instead of to all of the usual ones"),
            )
            .arg(
                Arg::new("routes")
                    .long("routes")
                    .value_name("EFFORT")
                    .value_parser(["none", "quick", "full"])
                    .default_value("quick")
                    .help("How to check the ways: not at all; by compiling something for each platform; by linking it, too (slow the first time)"),
            )
            .arg(
                Arg::new("output")
                    .long("output")
                    .value_name("FORMAT")
                    .value_parser(["records", "table"])
                    .help("records, or a table for people (the default when both ends are a terminal)"),
            )
    }

    fn run(args: &ArgMatches, io: &mut StageIo) -> Result<u8, StageError> {
        let env = Env::load().map_err(|e| StageError::new(e.code(), e))?;
        for text in &env.settings().warnings {
            io.warn(text);
        }
        if args.get_flag("show-config") {
            io.text(&env.settings().show())?;
            return Ok(exit::OK);
        }
        let refresh = args.get_flag("refresh");
        let mut caps = cached(&env, refresh);
        let effort = match args.get_one::<String>("routes").map(String::as_str) {
            Some("none") => None,
            Some("full") => Some(Effort::Link),
            _ => Some(Effort::Compile),
        };
        if let Some(effort) = effort {
            let triples = match args.get_many::<String>("target") {
                Some(names) => names.map(|n| normalise(n)).collect::<Result<Vec<_>, _>>().map_err(|e| StageError::new(exit::USAGE, e))?,
                None => ROUTED.iter().map(|t| (*t).to_owned()).collect(),
            };
            process::die_with_children();
            caps.routes = routes::remembered(&env, &caps, &Cache::of(&env)?, &triples, effort, refresh);
        }
        let people = match args.get_one::<String>("output").map(String::as_str) {
            Some(format) => format == "table",
            None => io.no_input() && std::io::stdout().is_terminal(),
        };
        if people {
            io.text(&table(&caps))?;
            return Ok(exit::OK);
        }
        if io.no_input() {
            io.start_stream()?;
        } else {
            for line in &io.read_all()?.lines {
                if !matches!(line.record, Some(Record::Capabilities(_))) {
                    io.pass(line)?;
                }
            }
        }
        io.write(&caps.into())?;
        Ok(exit::OK)
    }
}
