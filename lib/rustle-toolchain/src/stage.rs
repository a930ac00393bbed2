//! The stage `rustle-caps`: adds a `capabilities` record to the stream, or shows a table to a person.

use crate::{Env, cached, table};
use clap::{Arg, ArgAction, ArgMatches, Command};
use rustle_cli::stage::{Stage, StageError, StageIo};
use rustle_stream::{Record, exit};
use std::io::IsTerminal;

/// `rustle-caps`.
pub struct CapsStage;

impl Stage for CapsStage {
    const READS: &'static [&'static str] = &["stream"];
    const WRITES: &'static [&'static str] = &["capabilities"];

    fn command() -> Command {
        Command::new("rustle-caps")
            .about("Examines what this machine can build runners with")
            .arg(Arg::new("refresh").long("refresh").action(ArgAction::SetTrue).help("Look anew instead of trusting the cache"))
            .arg(
                Arg::new("show-config")
                    .long("show-config")
                    .action(ArgAction::SetTrue)
                    .help("Show rustle's settings, and where each comes from, instead"),
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
        let caps = cached(&env, args.get_flag("refresh"));
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
