//! A plan in place of playbooks: `rustle-deploy plan.ndjson`, `… | rustle-deploy -`.
//!
//! Options of the stream hold; those that the command line gives, too, are added. The inventory and the variables are
//! in the stream: `-i` and `-e` are refused.

use clap::ArgMatches;
use clap::parser::ValueSource;
use rustle_cli::config::Config;
use rustle_cli::stage::{StageError, StageIo};
use rustle_run::{Prepared, prepare, prompt};
use rustle_stream::record::Options;
use std::fs::File;
use std::io::{IsTerminal, Read};

/// Where the stream is, if the arguments name one: `-`, or a file that begins with a `stream` record.
pub(crate) fn source(playbooks: &[String], ansible: bool) -> Option<&str> {
    let [one] = playbooks else { return None };
    if ansible {
        return None;
    }
    if one == "-" {
        return Some(one);
    }
    let mut start = [0u8; 64];
    let n = File::open(one).and_then(|mut f| f.read(&mut start)).ok()?;
    // A YAML playbook is a list; a flow mapping with this key cannot be one.
    let text: String = String::from_utf8_lossy(&start[..n]).split_whitespace().collect();
    text.starts_with("{\"type\":\"stream\"").then_some(one)
}

/// Reads and rebuilds the run.
pub(crate) fn read(source: &str, args: &ArgMatches, given: &Options) -> Result<(Prepared, Config), StageError> {
    for flag in ["inventory", "extra-vars", "module-path", "strategy"].into_iter().chain(crate::optimize::FORBIDDEN) {
        if args.value_source(flag) == Some(ValueSource::CommandLine) {
            return Err(StageError::usage(format!("--{flag} cannot be given together with a stream, which has its own"))
                .hint(if flag == "strategy" || crate::optimize::FORBIDDEN.contains(&flag) { "give it to rustle-plan" } else { "give it to rustle-parse" }));
        }
    }
    let stdin = std::io::stdin();
    let terminal = source == "-" && stdin.is_terminal();
    let input: Box<dyn Read> = if source == "-" { Box::new(stdin) } else { Box::new(File::open(source)?) };
    let mut io = StageIo::new("rustle-deploy", input, terminal, Box::new(std::io::sink()), Box::new(std::io::stderr()));
    io.open_sealed(&["extra_vars", "group", "host", "play", "role", "block", "task"], given.vault_ids.clone(), Some(prompt::secret));
    let input = io.read_all()?;
    let adjust = |o: &mut Options| {
        o.check |= given.check;
        o.diff |= given.diff;
        o.force_handlers |= given.force_handlers;
        o.verbosity = o.verbosity.max(given.verbosity);
        o.forks = given.forks.or(o.forks);
        o.limit = given.limit.clone().or(o.limit.take());
        o.start_at_task = given.start_at_task.clone().or(o.start_at_task.take());
        o.connection.update(&given.connection);
        o.vault_ids.extend(given.vault_ids.iter().cloned());
        if !given.tags.is_empty() {
            o.tags.clone_from(&given.tags);
        }
        if !given.skip_tags.is_empty() {
            o.skip_tags.clone_from(&given.skip_tags);
        }
    };
    prepare(&input, adjust, &mut |q| prompt::secret(q))
}
