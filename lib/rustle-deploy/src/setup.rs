//! `--check-capabilities` and `--setup`: what `rustle-caps` does, for who knows this program only.

use clap::{Arg, ArgAction, ArgMatches};
use rustle_cli::stage::{StageIo, run_with};
use rustle_setup::{COMPONENTS, CapsStage};
use std::ffi::OsString;
use std::io::IsTerminal;

/// The flags.
pub fn flags() -> Vec<Arg> {
    vec![
        Arg::new("check-capabilities")
            .long("check-capabilities")
            .action(ArgAction::SetTrue)
            .help("Say what this machine can build runners with, and run nothing; exit status 69 where it can deploy to no host"),
        Arg::new("setup")
            .long("setup")
            .value_name("COMPONENT")
            .num_args(0..=1)
            .require_equals(true)
            .value_delimiter(',')
            .value_parser(COMPONENTS.iter().map(|c| c.name).collect::<Vec<_>>())
            .conflicts_with("check-capabilities")
            .help("Say what is missing for building runners, ask, and install it; run nothing (as rustle-caps --install)"),
        Arg::new("yes").long("yes").action(ArgAction::SetTrue).requires("setup").help("With --setup: install without asking"),
    ]
}

/// The exit code, where one of the flags was given. `signals` are those that the process keeps for a run.
pub fn run(args: &ArgMatches, signals: Option<&libc::sigset_t>) -> Option<u8> {
    let mut words: Vec<OsString> = vec!["rustle-deploy".into()];
    if args.get_flag("check-capabilities") {
        words.extend(["--check", "--output=table"].map(OsString::from));
    } else if args.value_source("setup").is_some() {
        if args.get_flag("yes") {
            words.push("--yes".into());
        }
        words.push("--install".into());
        words.extend(args.get_many::<String>("setup").into_iter().flatten().map(OsString::from));
    } else {
        return None;
    }
    if args.get_one::<String>("log-format").is_some_and(|f| f == "json") {
        words.insert(1, "--log-format=json".into());
    }
    if let Some(set) = signals {
        // No run waits for them here: an interrupt ends the program, and what it started.
        // SAFETY: the set was made by sigemptyset; this thread is the only one.
        unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, set, std::ptr::null_mut()) };
    }
    let stdin = std::io::stdin();
    let terminal = stdin.is_terminal();
    let io = StageIo::new("rustle-deploy", Box::new(stdin), terminal, Box::new(std::io::stdout()), Box::new(std::io::stderr()));
    Some(run_with::<CapsStage>(words, io))
}
