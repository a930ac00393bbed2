//! What is wrong with a playbook, in Ansible's words, with the place, a nearest right name and the exit code.

use rustle_stream::exit;
use rustle_value::Origin;
use rustle_yaml::{YamlError, excerpt_from_file};
use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, Default)]
pub struct Problem {
    /// The message as Ansible words it.
    pub message: String,
    pub origin: Option<Origin>,
    /// A text that Ansible prints after the excerpt.
    pub help: Option<String>,
    /// What rustle adds: the nearest right name.
    pub hints: Vec<String>,
    /// Why, where that is a problem of its own.
    pub cause: Option<Box<Problem>>,
}

/// Why a playbook can't be loaded.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PlaybookError {
    /// The text is YAML but no playbook.
    Parser(Box<Problem>),
    /// A missing file or role, a bad value.
    General(Box<Problem>),
    /// Files that import each other without end, which Ansible takes for a fault of its own.
    Endless(Box<Problem>),
    /// The text isn't YAML.
    Yaml(Box<YamlError>),
}

/// What the loader returns.
pub type Result<T> = std::result::Result<T, PlaybookError>;

impl PlaybookError {
    /// A syntax error at `origin`.
    pub fn parser(message: impl Into<String>, origin: Option<&Origin>) -> Self {
        PlaybookError::Parser(Box::new(Problem { message: message.into(), origin: origin.cloned(), ..Problem::default() }))
    }
    /// Imports without end, seen at `origin`.
    pub fn endless(message: impl Into<String>, origin: Option<&Origin>) -> Self {
        PlaybookError::Endless(Box::new(Problem { message: message.into(), origin: origin.cloned(), ..Problem::default() }))
    }
    /// Another error at `origin`.
    pub fn general(message: impl Into<String>, origin: Option<&Origin>) -> Self {
        PlaybookError::General(Box::new(Problem { message: message.into(), origin: origin.cloned(), ..Problem::default() }))
    }
    fn edit(mut self, change: impl FnOnce(&mut Problem)) -> Self {
        if let PlaybookError::Parser(p) | PlaybookError::General(p) = &mut self {
            change(p);
        }
        self
    }
    pub(crate) fn help(self, text: impl Into<String>) -> Self {
        self.edit(|p| p.help = Some(text.into()))
    }
    pub(crate) fn hint(self, text: Option<String>) -> Self {
        self.edit(|p| p.hints.extend(text))
    }
    pub(crate) fn caused_by(self, message: String, origin: Option<Origin>, help: Option<&str>) -> Self {
        let cause = Problem { message, origin, help: help.map(Into::into), ..Problem::default() };
        self.edit(|p| p.cause = Some(Box::new(cause)))
    }

    /// `ansible-playbook`'s exit code for it.
    pub fn code(&self) -> u8 {
        match self {
            PlaybookError::Parser(_) | PlaybookError::Yaml(_) => exit::PARSER_ERROR,
            PlaybookError::General(_) => exit::ERROR,
            PlaybookError::Endless(_) => exit::UNEXPECTED,
        }
    }

    /// The place, where there is one.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            PlaybookError::Parser(p) | PlaybookError::General(p) | PlaybookError::Endless(p) => p.origin.as_ref(),
            PlaybookError::Yaml(e) => Some(&e.origin),
        }
    }

    /// Nearest right names, as sentences.
    pub fn hints(&self) -> &[String] {
        match self {
            PlaybookError::Parser(p) | PlaybookError::General(p) | PlaybookError::Endless(p) => &p.hints,
            PlaybookError::Yaml(_) => &[],
        }
    }

    /// The whole text that Ansible prints after `[ERROR]: `, without its trailing empty line; with hints, where there
    /// are any, at the end.
    pub fn report(&self) -> String {
        let mut out = match self {
            PlaybookError::Endless(p) => p.report(),
            other => other.plain_report(),
        };
        for hint in self.hints() {
            out.push_str("\n\n");
            out.push_str(hint);
        }
        out
    }
}

impl PlaybookError {
    /// The same without hints.
    pub fn plain_report(&self) -> String {
        match self {
            PlaybookError::Parser(p) | PlaybookError::General(p) => p.report(),
            PlaybookError::Endless(_) => "Unexpected Exception, this is probably a bug: maximum recursion depth exceeded".into(),
            PlaybookError::Yaml(e) => e.report(),
        }
    }
}

impl fmt::Display for PlaybookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlaybookError::Parser(p) | PlaybookError::General(p) | PlaybookError::Endless(p) => f.write_str(&p.line()),
            PlaybookError::Yaml(e) => f.write_str(&e.message),
        }
    }
}

impl From<YamlError> for PlaybookError {
    fn from(e: YamlError) -> Self {
        PlaybookError::Yaml(Box::new(e))
    }
}

impl Problem {
    /// The messages of the chain in one line.
    fn line(&self) -> String {
        match &self.cause {
            Some(c) => format!("{}: {}", self.message.trim_end_matches('.'), c.line()),
            None => self.message.clone(),
        }
    }

    fn block(&self) -> String {
        let mut out = self.message.clone();
        if let Some(o) = &self.origin {
            out.push('\n');
            out.push_str(&excerpt_from_file(o));
        }
        if let Some(h) = &self.help {
            // Help that names a setting stands right below the message; all else below the excerpt.
            out.push_str("\n\n");
            out.push_str(h);
        }
        out
    }

    fn report(&self) -> String {
        let Some(mut cause) = self.cause.as_deref() else { return self.block() };
        let mut out = format!("{}\n\n{}", self.line(), self.block());
        loop {
            out.push_str("\n\n<<< caused by >>>\n\n");
            out.push_str(&cause.block());
            match cause.cause.as_deref() {
                Some(next) => cause = next,
                None => return out,
            }
        }
    }
}
