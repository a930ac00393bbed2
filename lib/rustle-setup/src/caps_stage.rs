//! The stage `rustle-caps`: adds a `capabilities` record to the stream, or shows a table to a person; with `--install`
//! it is the assistant.

use crate::component::{COMPONENTS, Options, Site};
use crate::{assist, readiness::{deploys, level, readiness}};
use clap::{Arg, ArgAction, ArgMatches, Command};
use rustle_build::Cache;
use rustle_build::routes::{self, Effort, ROUTED};
use rustle_cli::stage::{Stage, StageError, StageIo};
use rustle_stream::record::{Capabilities, Recommendation, Route};
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
            .arg(
                Arg::new("check")
                    .long("check")
                    .action(ArgAction::SetTrue)
                    .help("Exit status 69 where this machine can deploy to no host at all"),
            )
            .arg(
                Arg::new("install")
                    .long("install")
                    .value_name("COMPONENT")
                    .num_args(0..)
                    .value_delimiter(',')
                    .value_parser(COMPONENTS.iter().map(|c| c.name).collect::<Vec<_>>())
                    .conflicts_with_all(["output", "show-config", "FILE"])
                    .help("Say what is there and what would be installed, ask, and do it, instead; without names, what is usual and missing"),
            )
            .arg(
                Arg::new("yes")
                    .long("yes")
                    .short('y')
                    .action(ArgAction::SetTrue)
                    .requires("install")
                    .help("Install without asking"),
            )
            .arg(
                Arg::new("set")
                    .long("set")
                    .value_name("KEY=VALUE")
                    .action(ArgAction::Append)
                    .requires("install")
                    .value_parser(setting)
                    .help("With --install: put this setting into ~/.rustle/config.toml"),
            )
            .arg(
                Arg::new("zig-archive")
                    .long("zig-archive")
                    .value_name("FILE-OR-URL")
                    .requires("zig-sha256")
                    .requires("install")
                    .help("With --install: zig comes from this archive instead of PyPI"),
            )
            .arg(
                Arg::new("zig-sha256")
                    .long("zig-sha256")
                    .value_name("DIGEST")
                    .requires("zig-archive")
                    .value_parser(digest)
                    .help("The archive's SHA-256; another one is refused"),
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
        let chosen = match args.get_many::<String>("target") {
            Some(names) => Some(names.map(|n| normalise(n)).collect::<Result<Vec<_>, _>>().map_err(|e| StageError::new(exit::USAGE, e))?),
            None => None,
        };
        let triples = chosen.unwrap_or_else(|| ROUTED.iter().map(|t| (*t).to_owned()).collect());
        if args.value_source("install").is_some() {
            let names: Vec<String> = args.get_many::<String>("install").into_iter().flatten().cloned().collect();
            let text = |id: &str| args.get_one::<String>(id).cloned();
            let options = Options {
                zig_archive: text("zig-archive").zip(text("zig-sha256")),
                set: args.get_many::<(String, String)>("set").into_iter().flatten().cloned().collect(),
                triples,
            };
            let site = Site::new(Env::load, options).map_err(|e| StageError::new(e.code(), e))?;
            return assist(site, &names, args.get_flag("yes"), io);
        }
        let refresh = args.get_flag("refresh");
        let mut caps = cached(&env, refresh);
        let effort = match args.get_one::<String>("routes").map(String::as_str) {
            Some("none") => None,
            Some("full") => Some(Effort::Link),
            _ => Some(Effort::Compile),
        };
        let whole = args.get_many::<String>("target").is_none();
        if let Some(effort) = effort {
            process::die_with_children();
            caps.routes = routes::remembered(&env, &caps, &Cache::of(&env)?, &triples, effort, refresh);
        }
        if effort.is_some() && whole {
            caps.level = level(&caps);
        }
        caps.readiness = readiness(&env, &caps, effort.is_some());
        // What helps is said below it; that nothing works at all comes first.
        if let Some(none) = caps.readiness.iter().find(|r| r.what == "deploy" && !r.ready)
            && !caps.recommendations.iter().any(|r| r.impact == "critical")
        {
            let first = Recommendation { impact: "critical".into(), text: none.reason.clone(), command: None };
            caps.recommendations.insert(0, first);
        }
        if let Some(more) = without_std(&caps) {
            let at = caps.recommendations.iter().position(|r| r.impact == "low").unwrap_or(caps.recommendations.len());
            caps.recommendations.insert(at, more);
        }
        let code = if args.get_flag("check") && !deploys(&caps) { exit::UNAVAILABLE } else { exit::OK };
        let people = match args.get_one::<String>("output").map(String::as_str) {
            Some(format) => format == "table",
            None => io.no_input() && std::io::stdout().is_terminal(),
        };
        if people {
            io.text(&table(&caps))?;
            return Ok(code);
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
        Ok(code)
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE, as in build.jobs=2")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

fn digest(text: &str) -> Result<String, String> {
    let right = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if right { Ok(text.to_lowercase()) } else { Err("a SHA-256 has 64 hexadecimal digits".into()) }
}

/// What helps where some platforms have a standard library and others, which were tried, have none.
fn without_std(caps: &Capabilities) -> Option<Recommendation> {
    let lost = |r: &&Route| r.by == "fallback" && r.reasons.iter().any(|why| why.contains("the standard library for "));
    let lost: Vec<&str> = caps.routes.iter().filter(lost).map(|r| r.triple.as_str()).collect();
    let known = |r: &Recommendation| r.command.as_deref().is_some_and(|c| c.ends_with(" targets") || c.ends_with(" rust-src"));
    if lost.is_empty() || caps.recommendations.iter().any(known) {
        return None;
    }
    let rustup = caps.tools.iter().any(|t| t.name == "rustc" && t.from.as_deref() == Some("rustup"));
    let component = if rustup { "targets" } else { "rust-src" };
    Some(Recommendation {
        impact: "medium".into(),
        text: format!("no standard library for {}: no runners can be built for them", lost.join(", ")),
        command: Some(format!("rustle-caps --install {component}")),
    })
}
