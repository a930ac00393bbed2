//! The stage `rustle-template`: the Cargo project of a runner for each platform of a stream, or for those that are named.

use crate::stages::{common, features, found, pass, platforms};
use crate::{Template, wanted};
use clap::{Arg, ArgMatches, Command};
use rustle_cli::stage::{Stage, StageError, StageIo};
use rustle_stream::{Record, exit};
use std::path::PathBuf;

/// `rustle-template`.
pub struct TemplateStage;

impl Stage for TemplateStage {
    const READS: &'static [&'static str] = &["stream", "options", "extra_vars", "host", "group", "batch", "target"];
    const WRITES: &'static [&'static str] = &["target", "template"];

    fn command() -> Command {
        common(Command::new("rustle-template").about("Makes the Cargo project of a runner for each platform")).arg(
            Arg::new("out")
                .long("out")
                .value_name("DIR")
                .value_parser(clap::value_parser!(PathBuf))
                .help("Write the project there (with several platforms: into a folder each)"),
        )
    }

    fn run(args: &ArgMatches, io: &mut StageIo) -> Result<u8, StageError> {
        let (input, targets) = platforms(args, io)?;
        let triples: Vec<String> = {
            let mut list: Vec<String> = wanted(&targets).into_iter().filter_map(|w| w.candidates.into_iter().next()).collect();
            list.dedup();
            list
        };
        let mut records = Vec::new();
        for triple in &triples {
            let mut template = Template::new(triple);
            if let Some(p) = args.get_one::<String>("profile") {
                template.profile.clone_from(p);
            }
            template.features = features(args);
            let dir = args.get_one::<PathBuf>("out").map(|d| if triples.len() > 1 { d.join(triple) } else { d.clone() });
            if let Some(dir) = &dir {
                template.write(dir)?;
            }
            records.push(template.record(dir.map(|d| d.display().to_string()))?);
        }
        pass(io, input.as_ref(), |r| matches!(r, Record::RunnerTemplate(t) if triples.contains(&t.triple)))?;
        found(io, input.as_ref(), &targets)?;
        for r in records {
            io.write(&r.into())?;
        }
        Ok(exit::OK)
    }
}
