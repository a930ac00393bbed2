//! The stage `rustle-parse`: starts a stream with everything that a run was told.

use crate::error::ParseError;
use crate::flags::{options, run_flags};
use crate::read::{Request, Settings, read};
use clap::{ArgMatches, Command};
use rustle_cli::stage::{LogFormat, Stage, StageError, StageIo};
use rustle_stream::exit;

/// `rustle-parse`.
pub struct ParseStage;

fn stage_error(e: &ParseError, log: LogFormat) -> StageError {
    let error = StageError::new(e.filter_code(), e.report());
    match e {
        // A person sees the lines; a machine gets the place.
        ParseError::Playbook(p) if log == LogFormat::Json => {
            let error = StageError::new(e.filter_code(), p).at(p.origin().cloned());
            p.hints().iter().fold(error, StageError::hint)
        }
        _ => error,
    }
}

impl Stage for ParseStage {
    const READS: &'static [&'static str] = &[];
    const WRITES: &'static [&'static str] =
        &["stream", "options", "extra_vars", "group", "host", "warning", "play", "role", "block", "task"];

    fn command() -> Command {
        Command::new("rustle-parse").about("Reads playbooks and inventories into records").args(run_flags())
    }

    fn run(args: &ArgMatches, io: &mut StageIo) -> Result<u8, StageError> {
        let cwd = std::env::current_dir()?.to_string_lossy().into_owned();
        let mut settings = Settings::from_env();
        for paths in args.get_many::<String>("module-path").unwrap_or_default() {
            settings.module_path.splice(0..0, paths.split(':').map(Into::into));
        }
        let request = Request {
            options: options(args, &cwd),
            extra_vars: args.get_many::<String>("extra-vars").unwrap_or_default().cloned().collect(),
            settings,
        };
        let mut no_prompt = |_: &str| Err("a filter cannot ask for passwords: use --vault-password-file".to_owned());
        let log = io.log_format();
        let found = read(request, &mut no_prompt).map_err(|e| stage_error(&e, log))?;
        for warning in &found.warnings {
            io.warn(warning);
        }
        io.start_stream()?;
        for record in found.run.to_records() {
            io.write(&record)?;
        }
        Ok(exit::OK)
    }
}
