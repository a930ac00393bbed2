//! Passwords of connections and of `become`: flags, files, prompts. None of them is ever in a record.

use crate::execute::Passwords;
use crate::prompt;
use clap::{Arg, ArgAction, ArgMatches};
use rustle_cli::config::Config;

/// `-k`, `-K` and the files instead of them.
pub fn password_flags() -> Vec<Arg> {
    let switch = |id: &'static str, help: &'static str| Arg::new(id).long(id).action(ArgAction::SetTrue).help(help);
    let file = |id: &'static str, alias: &'static str, help: &'static str| Arg::new(id).long(id).visible_alias(alias).value_name("FILE").help(help);
    vec![
        switch("ask-pass", "Ask for the connection password").short('k'),
        switch("ask-become-pass", "Ask for the become password").short('K'),
        file("connection-password-file", "conn-pass-file", "A file with the connection password"),
        file("become-password-file", "become-pass-file", "A file with the become password"),
    ]
}

/// Asks for, or reads, the passwords that the flags and settings name.
///
/// # Errors
/// A file that is missing, a program that fails, nobody to ask.
pub fn passwords(args: &ArgMatches, config: &Config) -> Result<Passwords, String> {
    let file = |flag: &str, setting: &str| {
        args.get_one::<String>(flag).cloned().or_else(|| config.text(setting)).filter(|f| !f.is_empty())
    };
    let asked = |flag: &str, setting: &str| args.get_flag(flag) || config.flag(setting);
    let mut out = Passwords::default();
    if let Some(f) = file("connection-password-file", "CONNECTION_PASSWORD_FILE") {
        out.connection = Some(prompt::from_file(&f)?);
    } else if asked("ask-pass", "DEFAULT_ASK_PASS") {
        out.connection = Some(prompt::secret("SSH password: ")?);
    }
    if let Some(f) = file("become-password-file", "BECOME_PASSWORD_FILE") {
        out.become_password = Some(prompt::from_file(&f)?);
    } else if asked("ask-become-pass", "DEFAULT_BECOME_ASK_PASS") {
        let question = if out.connection.is_some() { "BECOME password[defaults to SSH password]: " } else { "BECOME password: " };
        let answer = prompt::secret(question)?;
        out.become_password = if answer.is_empty() { out.connection.clone() } else { Some(answer) };
    }
    Ok(out)
}
