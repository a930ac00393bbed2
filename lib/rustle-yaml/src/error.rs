//! What went wrong in a file, in Ansible's words: message, origin, the offending lines, and a hint where one is known.

use crate::excerpt::{Excerpt, excerpt_parts};
use crate::scan::Problem;
use rustle_value::Origin;
use std::fmt;

/// A YAML file that cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
pub struct YamlError {
    /// One line, with the `YAML parsing failed: ` prefix.
    pub message: String,
    /// The place that the message is about.
    pub origin: Origin,
    /// The `Origin: …` block with the source lines.
    pub context: String,
    /// How to mend it.
    pub help: Option<&'static str>,
    /// What the parser said, before any guess at a usual mistake, and where (line and column from 1).
    pub problem: String,
    pub position: (u32, u32),
}

/// Something odd that does not stop the reading, such as a repeated key.
#[derive(Clone, Debug)]
pub struct YamlWarning {
    pub message: String,
    pub origin: Origin,
    pub context: String,
    pub help: &'static str,
}

impl YamlError {
    /// The whole text that Ansible prints after `[ERROR]: `, without its trailing empty line.
    pub fn report(&self) -> String {
        let mut out = format!("{}\n{}", self.message, self.context);
        if let Some(help) = self.help {
            out.push_str("\n\n\n");
            out.push_str(help);
        }
        out
    }
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report())
    }
}

impl YamlWarning {
    /// The whole text that Ansible prints after `[WARNING]: `, without its trailing empty line.
    pub fn report(&self) -> String {
        format!("{}\n{}\n\n{}", self.message, self.context, self.help)
    }
}

const TEMPLATE_HELP: &str = "For example:\n\n    raw: {{ some_var }}\n\nShould be:\n\n    raw: \"{{ some_var }}\"";
const COLON_HELP: &str = "For example:\n\n    raw: echo 'name: ansible'\n\nShould be:\n\n    raw: \"echo 'name: ansible'\"";
const QUOTE_HELP: &str = "For example:\n\n    raw: \"foo\" in bar\n\nShould be:\n\n    raw: '\"foo\" in bar'";
const QUOTES_HELP: &str = "For example:\n\n    raw: \"foo\" in \"bar\"\n\nShould be:\n\n    raw: '\"foo\" in \"bar\"'";

/// A guess at the usual mistakes from the offending line: message, column (from 0) and help.
fn guess(line: &[char]) -> Option<(&'static str, usize, Option<&'static str>)> {
    if let Some(i) = line.iter().position(|&c| c == '\t') {
        return Some(("Tabs are usually invalid in YAML.", i, None));
    }
    let (start, key) = (after_dashes(line), |c: char| c.is_alphanumeric() || c == '_' || c.is_whitespace());
    let value = after_key(line, start, key);
    let places = [value.unwrap_or(start), start];
    for at in places {
        if line[at..].starts_with(&['{', '{']) && line[at + 2..].windows(2).any(|w| w == ['}', '}']) {
            return Some(("This may be an issue with missing quotes around a template block.", at, Some(TEMPLATE_HELP)));
        }
    }
    if line.iter().find(|c| !c.is_whitespace()) != Some(&':') {
        let wide = |c: char| key(c) || matches!(c, '[' | ']' | '{' | '}');
        let at = after_key(line, start, wide).unwrap_or(start);
        let rest = &line[at..];
        let colon = (0..rest.len()).find(|&i| rest[i] == ':' && rest.get(i + 1).is_none_or(|&c| c == ' '));
        if let Some(i) = colon.filter(|_| !is_quoted(rest)) {
            let message = "Colons in unquoted values must be followed by a non-space character.";
            return Some((message, at + i, Some(COLON_HELP)));
        }
    }
    let at = places.into_iter().find(|&i| matches!(line.get(i), Some('"' | '\'')))?;
    let (first, last) = (line[at], *line.last()?);
    if first != last {
        return Some(("Values starting with a quote must end with the same quote.", at, Some(QUOTE_HELP)));
    }
    (line.iter().filter(|&&c| c == first).count() > 2).then_some((
        "Values starting with a quote must end with the same quote, and not contain that quote.",
        at,
        Some(QUOTES_HELP),
    ))
}

/// The index behind the indentation and any `- `.
fn after_dashes(line: &[char]) -> usize {
    let blank = |i: usize| line.get(i).is_some_and(|c| c.is_whitespace());
    let skip = |mut i: usize| {
        while blank(i) {
            i += 1;
        }
        i
    };
    let mut i = skip(0);
    while line.get(i) == Some(&'-') && blank(i + 1) {
        i = skip(i + 1);
    }
    i
}

/// The index of the value behind `key: `, where the line has one.
fn after_key(line: &[char], start: usize, key: impl Fn(char) -> bool) -> Option<usize> {
    let colon = start + line[start..].iter().position(|&c| !key(c))?;
    let value = colon + 1 + line[colon + 1..].iter().position(|c| !c.is_whitespace()).unwrap_or(line.len() - colon - 1);
    (colon > start && line[colon] == ':' && value > colon + 1).then_some(value)
}

/// Whether the text is one quoted string and nothing else.
fn is_quoted(text: &[char]) -> bool {
    let text: String = text.iter().collect();
    let text = text.trim();
    ['\'', '"'].iter().any(|&q| {
        text.len() >= 2 && text.starts_with(q) && text.ends_with(q) && !text[1..text.len() - 1].contains(q)
    })
}

fn sentence(problem: &Problem) -> String {
    let text = [problem.context, &problem.text].join(" ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    let mut chars = text.chars();
    let mut out: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    out.push_str(chars.as_str());
    if !out.ends_with('.') {
        out.push('.');
    }
    out
}

impl YamlError {
    /// Words a parser's problem. `shown` is the source that may be shown, `analyse` whether to look for usual mistakes.
    pub(crate) fn new(problem: &Problem, file: &std::sync::Arc<str>, shown: Excerpt<'_>, analyse: bool) -> YamlError {
        let mut origin = Origin { file: file.clone(), line: problem.mark.line + 1, column: problem.mark.col + 1 };
        let target: Vec<char> = excerpt_parts(&origin, &shown).1.unwrap_or_default().chars().collect();
        let guessed = if analyse { guess(&target) } else { None };
        let (text, help) = match guessed {
            Some((text, column, help)) => {
                origin.column = column as u32 + 1;
                (text.to_string(), help)
            }
            None => (sentence(problem), None),
        };
        let context = excerpt_parts(&origin, &shown).0;
        let position = (problem.mark.line + 1, problem.mark.col + 1);
        YamlError { message: format!("YAML parsing failed: {text}"), origin, context, help, problem: sentence(problem), position }
    }

    /// A file with a character that YAML does not allow; there is no line to point at.
    pub(crate) fn unreadable(file: &std::sync::Arc<str>, text: String) -> YamlError {
        let origin = Origin { file: file.clone(), line: 0, column: 0 };
        YamlError {
            message: format!("YAML parsing failed: {text}"),
            context: format!("Origin: {file}"),
            origin,
            help: None,
            problem: text,
            position: (0, 0),
        }
    }
}
