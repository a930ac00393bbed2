//! The harness that runs a stage as a process: common flags, streams, diagnostics, exit codes.
//!
//! A stage is a library crate with a type that implements [`Stage`]; its executable is
//! `fn main() -> ExitCode { rustle_cli::stage::main::<MyStage>() }`. Nothing else touches stdin, stdout or the exit
//! code.

mod captured;
mod error;
mod io;
mod sealed;

pub use captured::{Captured, run_captured};
pub use error::StageError;
pub use io::{Input, Line, LogFormat, StageIo};
pub use sealed::Prompt;

use clap::{Arg, ArgAction, ArgMatches, Command};
use rustle_stream::{exit, record};
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// One filter of the pipeline.
pub trait Stage {
    /// Record types that it looks at; empty for a stage that starts a stream. With some, the harness adds the
    /// arguments `[FILE]...` and the stage reads them, or stdin, through [`StageIo::read_all`].
    const READS: &'static [&'static str];
    /// Record types that it writes.
    const WRITES: &'static [&'static str];
    /// A stage without effects dies quietly when the reader of its output goes away; `ship` and `run` report it.
    const READ_ONLY: bool = true;
    /// Whether the harness adds `[FILE]...`. Stages whose arguments mean something else say `false`.
    const FILES: bool = !Self::READS.is_empty();

    /// Name, description and own flags.
    fn command() -> Command;
    /// Does the work.
    ///
    /// # Errors
    /// Whatever ends the stage; held output is then dropped.
    fn run(args: &ArgMatches, io: &mut StageIo) -> Result<u8, StageError>;
}

/// The whole command line of a stage: its own flags and those of the harness. Help, man page and completions come
/// from it.
pub fn command<S: Stage>() -> Command {
    let own = S::command();
    let list = |tags: &[&str]| if tags.is_empty() { "nothing".to_owned() } else { tags.join(", ") };
    let mut after = format!("Reads records: {}\nWrites records: {}\n\n{EXIT_HELP}", list(S::READS), list(S::WRITES));
    if let Some(more) = own.get_after_help() {
        after = format!("{more}\n\n{after}");
    }
    let mut c = own
        .version(env!("CARGO_PKG_VERSION"))
        .after_help(after)
        .arg(
            Arg::new("schema")
                .long("schema")
                .action(ArgAction::SetTrue)
                .help("Print the JSON Schemas of the records it reads and writes, one a line, and exit"),
        )
        .arg(
            Arg::new("log-format")
                .long("log-format")
                .value_name("FORMAT")
                .value_parser(["human", "json"])
                .default_value("human")
                .help("How errors and warnings are written to stderr"),
        );
    if opens::<S>() {
        let many = |id: &'static str, value: &'static str, help: &'static str| Arg::new(id).long(id).value_name(value).action(ArgAction::Append).help(help);
        c = c
            .arg(many("vault-id", "ID@SOURCE", "A vault identity and the file with its password, besides those that the input names"))
            .arg(many("vault-password-file", "FILE", "A file with a vault password, or a program that prints one").visible_alias("vault-pass-file"));
    }
    if S::FILES {
        c = c.arg(
            Arg::new("FILE")
                .num_args(0..)
                .value_parser(clap::value_parser!(PathBuf))
                .help("Files with records; stdin where none is given, or for '-'"),
        );
    }
    c
}

/// Whether the stage reads what may be sealed.
fn opens<S: Stage>() -> bool {
    S::READS.iter().any(|r| sealed::SEALABLE.contains(r))
}

const EXIT_HELP: &str = "Exit status: 0 success, 64 wrong command line, 65 wrong input, 66 missing input, \
69 something needed is not available, 70 internal error, 74 input/output error, 78 wrong configuration.";

/// Runs a stage with the process's arguments and streams.
pub fn main<S: Stage>() -> ExitCode {
    let name = S::command().get_name().to_owned();
    let stdin = std::io::stdin();
    let terminal = stdin.is_terminal();
    let io = StageIo::new(&name, Box::new(stdin), terminal, Box::new(std::io::stdout()), Box::new(std::io::stderr()));
    ExitCode::from(run_with::<S>(std::env::args_os(), io))
}

/// Runs a stage with these arguments (the program's name first) and streams. Returns the exit code.
pub fn run_with<S: Stage>(args: impl IntoIterator<Item = OsString>, mut io: StageIo) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    if log_format_of(&args) == LogFormat::Json {
        io.set_log_format(LogFormat::Json);
    }
    // Whatever else the command line lacks.
    if args.iter().skip(1).take_while(|a| *a != "--").any(|a| a == "--schema") {
        let result = schema_lines::<S>().and_then(|text| io.text(&text)).map(|()| exit::OK);
        return io.finish(result, true);
    }
    let matches = match command::<S>().try_get_matches_from(&args) {
        Ok(m) => m,
        Err(e) => return bad_arguments(&e, io),
    };
    if S::FILES {
        io.read_from(matches.get_many::<PathBuf>("FILE").unwrap_or_default().cloned().collect());
    }
    if opens::<S>() {
        let words = |id: &str| matches.get_many::<String>(id).unwrap_or_default().cloned().collect::<Vec<_>>();
        let mut ids = words("vault-id");
        ids.extend(words("vault-password-file").into_iter().map(|f| format!("default@{f}")));
        io.open_sealed(S::READS, ids, None);
    }
    let result = guarded(|| S::run(&matches, &mut io));
    io.finish(result, S::READ_ONLY)
}

/// Runs `work`; a panic becomes an internal error, with the place where it happened.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, StageError>) -> Result<T, StageError> {
    let previous = std::panic::take_hook();
    let place = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let seen = place.clone();
    std::panic::set_hook(Box::new(move |info| {
        if let (Ok(mut p), Some(l)) = (seen.lock(), info.location()) {
            *p = format!(" ({}:{})", l.file(), l.line());
        }
    }));
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    std::panic::set_hook(previous);
    result.unwrap_or_else(|payload| {
        let text = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("unknown");
        let place = place.lock().map(|p| p.clone()).unwrap_or_default();
        Err(StageError::internal(format!("internal error: {text}{place}")).hint("this is a bug in rustle; please report it"))
    })
}

/// The log format must be known before the arguments are: wrong arguments are diagnostics, too.
fn log_format_of(args: &[OsString]) -> LogFormat {
    let json = args.windows(2).any(|w| w[0] == "--log-format" && w[1] == "json");
    if json || args.iter().any(|a| a == "--log-format=json") { LogFormat::Json } else { LogFormat::Human }
}

/// Help and version go to stdout; the rest is a usage error.
fn bad_arguments(e: &clap::Error, mut io: StageIo) -> u8 {
    let text = e.render();
    if !e.use_stderr() {
        let styled = std::io::stdout().is_terminal();
        let text = if styled { text.ansi().to_string() } else { text.to_string() };
        let result = io.text(&text).map(|()| exit::OK);
        return io.finish(result, true);
    }
    let text = text.to_string();
    let mut lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let first = lines.next().unwrap_or("wrong arguments");
    let mut error = StageError::usage(first.strip_prefix("error: ").unwrap_or(first));
    for line in lines {
        error = error.hint(line.strip_prefix("tip: ").unwrap_or(line));
    }
    io.finish(Err(error), true)
}

/// The lines of `--schema` for a program that reads and writes these records.
///
/// # Errors
/// None in practice: schemas are JSON.
pub fn schemas(reads: &[&str], writes: &[&str]) -> Result<String, StageError> {
    let mut text = Vec::new();
    for (tag, schema) in record::schemas() {
        let (read, written) = (reads.contains(&tag), writes.contains(&tag));
        if read || written {
            let line = serde_json::json!({"record": tag, "read": read, "written": written, "schema": schema});
            writeln!(text, "{line}")?;
        }
    }
    String::from_utf8(text).map_err(StageError::internal)
}

/// `--schema`: `{"record":…,"read":…,"written":…,"schema":{…}}`, one a line.
fn schema_lines<S: Stage>() -> Result<String, StageError> {
    let mut reads = S::READS.to_vec();
    if opens::<S>() {
        reads.push("sealed");
    }
    schemas(&reads, S::WRITES)
}

#[cfg(test)]
mod tests;
