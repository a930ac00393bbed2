//! The command line that starts the bootstrap on a host, and the lines that it answers with.

use crate::BootstrapOptions;
use std::sync::OnceLock;

/// The bootstrap, one line, without quotes that need care.
fn body() -> &'static str {
    static BODY: OnceLock<String> = OnceLock::new();
    BODY.get_or_init(|| compact(&[include_str!("place.sh"), include_str!("boot.sh")]))
}

/// The script that looks after deployments, likewise.
fn keep() -> &'static str {
    static BODY: OnceLock<String> = OnceLock::new();
    BODY.get_or_init(|| compact(&[include_str!("place.sh"), include_str!("keep.sh")]))
}

/// Drops comment lines and joins the rest: every line of the source ends where a shell would accept a space.
fn compact(sources: &[&str]) -> String {
    let lines: Vec<&str> = sources.iter().flat_map(|s| s.lines()).map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    lines.join(" ")
}

/// What to do with a cached copy of the wanted runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cached {
    /// Run it.
    Use,
    /// Run it if its digest, computed by the host, is right.
    Check,
    /// Ask the controller.
    Skip,
}

/// The line for the host's login shell, whatever that is. `skip` are folder numbers not to use. The runner's
/// arguments are made of letters, digits and `-_=.,/:` only (others are dropped: nothing here ever needs quoting).
pub(crate) fn command(token: &str, want: Option<&str>, cached: Cached, skip: &str, options: &BootstrapOptions) -> String {
    let mode = match cached {
        Cached::Use if want.is_some() => "use",
        Cached::Check if want.is_some() => "check",
        _ => "skip",
    };
    let mut line = format!("exec sh -c '{}' rustle {token} {} {mode} x{skip} {} {}", body(), want.unwrap_or("-"), options.keep, if options.self_check { "self" } else { "-" });
    for a in &options.arguments {
        line.push(' ');
        line.extend(a.chars().filter(|c| c.is_ascii_alphanumeric() || "-_=.,/:".contains(*c)));
    }
    line
}

/// The line that starts the keeper of deployments.
pub(crate) fn keeper(token: &str) -> String {
    format!("exec sh -c '{}' rustle {token}", keep())
}

/// The words after `RUSTLE <token>` of a line that the bootstrap said; `None` for anything else (what a login script
/// prints).
pub(crate) fn parse<'a>(line: &'a str, token: &str) -> Option<(&'a str, &'a str)> {
    // A login script may leave its last line unfinished.
    let at = line.find("RUSTLE ")?;
    let rest = line[at..].strip_prefix("RUSTLE ")?.strip_prefix(token)?.strip_prefix(' ')?;
    let rest = rest.trim_end_matches(['\r', '\n']);
    Some(rest.split_once(' ').unwrap_or((rest, "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_for_any_shell() {
        for script in [body(), keep()] {
            assert!(!script.contains(['\'', '\\', '!', '\n']), "{script}");
            assert!(script.len() < 12_000);
        }
    }

    #[test]
    fn noise_is_not_an_answer() {
        assert_eq!(parse("Welcome! RUSTLE ab12 run /x y\n", "ab12"), Some(("run", "/x y")));
        assert_eq!(parse("RUSTLE other run /x", "ab12"), None);
        assert_eq!(parse("hello", "ab12"), None);
    }
}
