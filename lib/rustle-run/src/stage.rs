//! The stage `rustle-run`: a plan in, events out.

use crate::execute::execute;
use crate::passwords::{password_flags, passwords};
use crate::stream::prepare;
use crate::{prompt, report_options, reporter, watch_signals};
use clap::{Arg, ArgAction, ArgMatches, Command};
use rustle_cli::stage::{Stage, StageError, StageIo};
use rustle_plan::{plan_flags, plan_options};
use rustle_report::Report;
use rustle_stream::event::RunEvent;
use rustle_stream::exit;
use std::cell::RefCell;
use std::io::{IsTerminal, Write};
use std::rc::Rc;

/// `rustle-run`.
pub struct RunStage;

const EXIT_HELP: &str = "Exit status of the run, as ansible-playbook has it: 0 all went well, 1 an error outside of any host, \
2 a host failed, 4 a host could not be reached (whether or not others failed), 99 interrupted.";

/// Where the input, and then the events, go out as records.
const RECORDS: &str = "records";

impl Stage for RunStage {
    const READS: &'static [&'static str] =
        &["stream", "options", "extra_vars", "group", "host", "play", "role", "block", "task", "warning", "batch", "decision", "segment", "artifact", "shipment", "analysis"];
    const WRITES: &'static [&'static str] = &["event"];
    const READ_ONLY: bool = false;

    fn command() -> Command {
        let switch = |id: &'static str, short: char, help: &'static str| Arg::new(id).long(id).short(short).action(ArgAction::SetTrue).help(help);
        Command::new("rustle-run")
            .about("Runs a plan on its hosts and tells what happens")
            .after_help(EXIT_HELP)
            .arg(
                Arg::new("output")
                    .long("output")
                    .value_name("FORMAT")
                    .help(format!("records (the input, then event records; where stdout is no terminal), default (for a person; on a terminal), ndjson (events only), or another of {}", rustle_report::formats::list())),
            )
            .arg(switch("check", 'C', "Change nothing; predict what would change"))
            .arg(switch("diff", 'D', "Show what changes in files"))
            .arg(Arg::new("verbose").long("verbose").short('v').action(ArgAction::Count).help("Say more; up to -vvvvvv"))
            .arg(Arg::new("forks").long("forks").short('f').value_name("COUNT").value_parser(clap::value_parser!(u32)).help("Hosts at once"))
            .args(plan_flags())
            .args(password_flags())
    }

    fn run(args: &ArgMatches, io: &mut StageIo) -> Result<u8, StageError> {
        let plan = plan_options(args).map_err(StageError::usage)?;
        let input = io.read_all()?;
        let adjust = |o: &mut rustle_stream::record::Options| {
            o.check |= args.get_flag("check");
            o.diff |= args.get_flag("diff");
            o.verbosity = o.verbosity.max(args.get_count("verbose"));
            o.forks = args.get_one("forks").copied().or(o.forks);
            o.vault_ids.extend(io.vault_ids().iter().cloned());
        };
        if input.has("decision") && (args.value_source("strategy") == Some(clap::parser::ValueSource::CommandLine) || rustle_plan::short_strategy(args).is_some()) {
            return Err(StageError::usage("the input has a plan, which has its strategy").hint("give --strategy to rustle-plan"));
        }
        let (mut prepared, config) = prepare(&input, adjust, &mut |q| prompt::secret(q))?;
        prepared.known.mode = rustle_plan::mode(args, None).map_err(StageError::usage)?.or(prepared.known.mode);
        let passwords = passwords(args, &config).map_err(|e| StageError::new(exit::UNAVAILABLE, e))?;
        let run = &prepared.read.run;
        let asked = args.get_one::<String>("output").map(String::as_str);
        let asked = if asked.is_none() && !std::io::stdout().is_terminal() { Some(RECORDS) } else { asked };
        let mut complaints = Vec::new();
        let mut out = if asked == Some(RECORDS) {
            Out::Records
        } else {
            let shown = Shown::default();
            let options = report_options(&config, run.options.verbosity, run.options.check, false);
            let found = reporter(&config, asked, options, &|| Box::new(shown.clone()))
                .ok_or_else(|| StageError::usage(format!("no output format is called '{}'", asked.unwrap_or_default())))?;
            complaints = found.warnings;
            Out::Report(found.report, shown)
        };
        // Blocked only now: until here an interrupt ends the program as any other.
        let signals = watch_signals();
        io.live()?;
        if let Out::Records = out {
            input.lines.iter().try_for_each(|line| io.pass(line))?;
        }
        let warnings: Vec<String> = complaints.iter().chain(&prepared.read.warnings).chain(run.warnings.iter().map(|w| &w.text)).cloned().collect();
        if let (Out::Report(report, _), [file]) = (&mut out, &run.options.playbooks[..]) {
            report.playbook(file, run.plays.len());
        }
        let mut lost = None;
        // Tasks go on where nobody hears of them any more: a host is not left half done.
        let mut emit = |event: RunEvent| {
            if let Err(e) = out.event(event, io) {
                lost.get_or_insert(e);
            }
        };
        warnings.into_iter().for_each(|text| emit(RunEvent::Warning { text }));
        let code = execute(prepared, &config, plan, passwords, signals, &mut emit).map_err(|e| StageError::new(exit::ERROR, e))?;
        if let Some(mut e) = lost {
            e.message = format!("the run went on to its end (its exit status: {code}), but its events could not be written: {e}");
            return Err(e);
        }
        out.finish(io)?;
        Ok(code)
    }
}

/// Where events go.
enum Out {
    Records,
    Report(Box<dyn Report>, Shown),
}

impl Out {
    fn event(&mut self, event: RunEvent, io: &mut StageIo) -> Result<(), StageError> {
        match self {
            Out::Records => io.write(&event.into()),
            Out::Report(report, shown) => {
                report.event(&event);
                shown.hand_over(io)
            }
        }
    }
    fn finish(&mut self, io: &mut StageIo) -> Result<(), StageError> {
        if let Out::Report(report, shown) = self {
            report.finish()?;
            shown.hand_over(io)?;
        }
        Ok(())
    }
}

/// Text of a report on its way to the stage's output, which alone touches stdout.
#[derive(Clone, Default)]
struct Shown(Rc<RefCell<Vec<u8>>>);

impl Shown {
    fn hand_over(&self, io: &mut StageIo) -> Result<(), StageError> {
        let bytes = self.0.take();
        if bytes.is_empty() { Ok(()) } else { io.text(&String::from_utf8_lossy(&bytes)) }
    }
}

impl Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
