//! The stage `rustle-parse`: starts a stream with everything that a run was told.

use crate::error::ParseError;
use crate::flags::{options, run_flags};
use crate::read::{Request, read};
use crate::seal;
use crate::settings::configured;
use rustle_cli::config::Config;
use clap::{ArgMatches, Command};
use rustle_cli::stage::{LogFormat, Stage, StageError, StageIo};
use rustle_stream::exit;

/// `rustle-parse`.
pub struct ParseStage;

fn stage_error(e: &ParseError, log: LogFormat) -> StageError {
    let error = StageError::new(e.filter_code(), e.report());
    match e {
        // A person sees the lines; a machine gets the place.
        ParseError::Playbook(p) | ParseError::AfterInventory { error: p, .. } if log == LogFormat::Json => {
            let error = StageError::new(e.filter_code(), p).at(p.origin().cloned());
            p.hints().iter().fold(error, StageError::hint)
        }
        _ => error,
    }
}

impl Stage for ParseStage {
    const READS: &'static [&'static str] = &[];
    const WRITES: &'static [&'static str] =
        &["stream", "options", "extra_vars", "group", "host", "warning", "play", "role", "block", "task", "sealed"];

    fn command() -> Command {
        Command::new("rustle-parse").about("Reads playbooks and inventories into records").args(run_flags())
    }

    fn run(args: &ArgMatches, io: &mut StageIo) -> Result<u8, StageError> {
        let cwd = std::env::current_dir()?;
        let config = Config::load(&cwd).map_err(|e| StageError::new(exit::CONFIG, e))?;
        for warning in &config.warnings {
            io.warn(warning);
        }
        let mut options = options(args, &cwd.to_string_lossy());
        options.config = config.changed();
        let settings = configured(&config, args.get_many::<String>("module-path").unwrap_or_default(), &mut options);
        let request = Request {
            options,
            extra_vars: args.get_many::<String>("extra-vars").unwrap_or_default().cloned().collect(),
            settings,
            given: None,
        };
        let mut no_prompt = |_: &str| Err("a filter cannot ask for passwords: use --vault-password-file".to_owned());
        let log = io.log_format();
        let mut found = read(request, &mut no_prompt).map_err(|e| stage_error(&e, log))?;
        for warning in &found.warnings {
            io.warn(warning);
        }
        io.start_stream()?;
        // Later stages may run elsewhere.
        for id in &mut found.run.options.vault_ids {
            let (label, source) = id.split_once('@').map_or((None, id.as_str()), |(l, s)| (Some(l), s));
            if !matches!(source, "prompt" | "prompt_ask_vault_pass") {
                let source = rustle_playbook::paths::absolute(&rustle_playbook::paths::expand(source), &found.run.options.cwd);
                *id = label.map_or_else(|| source.clone(), |l| format!("{l}@{source}"));
            }
        }
        for record in seal::records(&found.run, &found.decrypted, &found.vault).map_err(|e| StageError::data(e))? {
            io.write(&record)?;
        }
        Ok(exit::OK)
    }
}
