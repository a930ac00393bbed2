//! The command line of `ansible-playbook`, and rustle's own long flags: one table for parsing, help and man page.
//!
//! Parsing follows Python's `argparse`, whose rules and complaints users of Ansible know: long names may be shortened
//! while they are unique, flags and playbooks may be mixed, `--` ends flags. Limits: nothing is looked up in
//! `ansible.cfg` here; what was not given is absent.

mod extra_vars;
mod parse;
mod table;
mod usage;

pub use extra_vars::{BadExtraVars, ReadFile, extra_vars};
pub use parse::{BadArguments, Parsed};
pub use table::{FLAGS, Flag, Takes};

use clap::{Arg, ArgAction, Command};
use std::ffi::OsString;

/// Under which name the program was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// `rustle-deploy`: all flags.
    Rustle,
    /// `ansible-playbook`: its flags only.
    Ansible,
}

impl Face {
    /// The face that belongs to the first argument.
    pub fn of(program: &OsString) -> Face {
        let name = std::path::Path::new(program).file_name().map(|n| n.to_string_lossy().into_owned());
        if name.as_deref() == Some("ansible-playbook") { Face::Ansible } else { Face::Rustle }
    }
    /// The program's name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Face::Rustle => "rustle-deploy",
            Face::Ansible => "ansible-playbook",
        }
    }
    fn flags(self) -> impl Iterator<Item = &'static Flag> {
        FLAGS.iter().filter(move |f| self == Face::Rustle || !f.own)
    }
}

/// Reads arguments (without the program's name).
///
/// # Errors
/// What `argparse` would complain about; exit with 2.
pub fn parse(face: Face, args: impl IntoIterator<Item = String>) -> Result<Parsed, BadArguments> {
    parse::parse(face, args.into_iter().collect())
}

/// The usage line and, below it, a complaint: what goes to stderr.
pub fn complaint(face: Face, e: &BadArguments) -> String {
    format!("{}{}: error: {e}\n", usage::usage(face), face.name())
}

/// The help text.
pub fn help(face: Face) -> String {
    format!("{}\n{}", usage::usage(face), usage::options(face))
}

/// What `--version` prints: the version of Ansible that is followed, and where things are looked for.
pub fn version(face: Face, config: Option<&str>, modules: &[String], collections: &[String]) -> String {
    let quoted: Vec<String> = modules.iter().map(|m| rustle_value::str_repr(m)).collect();
    let program = std::env::current_exe().map(|p| p.display().to_string()).unwrap_or_default();
    format!(
        "{} [core {}]\n  config file = {}\n  configured module search path = [{}]\n  ansible collection location = {}\n  \
         executable location = {program}\n  rustle version = {}\n",
        face.name(),
        FOLLOWS,
        config.unwrap_or("None"),
        quoted.join(", "),
        collections.join(":"),
        env!("CARGO_PKG_VERSION"),
    )
}

/// The version of ansible-core whose behaviour is followed.
pub const FOLLOWS: &str = "2.21.5";

/// One flag as clap knows it, for a stage that has it, too (`rustle-parse`, `rustle-plan`).
pub fn arg(id: &str) -> Option<Arg> {
    let f = FLAGS.iter().find(|f| f.id == id)?;
    let mut arg = Arg::new(f.id).long(f.long[0]).visible_aliases(f.long[1..].to_vec()).help(f.help);
    if let Some(c) = f.short {
        arg = arg.short(c);
    }
    if !f.choices.is_empty() {
        arg = arg.value_parser(f.choices.to_vec());
    }
    Some(match f.takes {
        Takes::Nothing => arg.action(ArgAction::SetTrue),
        Takes::Count => arg.action(ArgAction::Count),
        Takes::One => arg.value_name(f.value),
        Takes::Number => arg.value_name(f.value).value_parser(clap::value_parser!(i64)),
        Takes::Many => arg.value_name(f.value).action(ArgAction::Append),
    })
}

/// `rustle-deploy` as clap knows it: for its man page and completions.
pub fn command() -> Command {
    let own = FLAGS.iter().filter(|f| f.id != "help" && f.id != "version").filter_map(|f| arg(f.id));
    Command::new("rustle-deploy")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Runs playbooks on hosts, as ansible-playbook does")
        .args(own)
        .arg(Arg::new("playbook").required(true).num_args(1..).help("Playbooks, in order"))
        .after_help(
            "Exit status: 0 success, 1 error, 2 a host failed or the command line was wrong, 4 a host was unreachable or a \
             playbook could not be read, 5 wrong configuration, 99 interrupted, 250 internal error.",
        )
}

#[cfg(test)]
mod tests;
