//! The two writers of a report, and their colours. Errors of writing are kept for the end.

use crate::banner;
use crate::color::{Palette, paint};
use crate::options::Options;
use std::collections::HashSet;
use std::io::{self, Write};

pub(crate) struct Screen<'w> {
    out: Box<dyn Write + 'w>,
    err: Box<dyn Write + 'w>,
    pub(crate) options: Options,
    error: Option<io::Error>,
    /// What was already said, and is said only once (errors, warnings).
    said: HashSet<String>,
}

/// Which of the palette's colours.
pub(crate) type Role = fn(&Palette) -> &String;

impl<'w> Screen<'w> {
    pub(crate) fn new(options: Options, out: Box<dyn Write + 'w>, err: Box<dyn Write + 'w>) -> Self {
        Screen { out, err, options, error: None, said: HashSet::new() }
    }
    /// `text` in a colour, where there are colours.
    pub(crate) fn paint(&self, text: &str, role: Role) -> String {
        self.options.palette.as_ref().map_or_else(|| text.to_owned(), |p| paint(text, role(p)))
    }
    /// A line on stdout.
    pub(crate) fn line(&mut self, text: &str) {
        let r = writeln!(self.out, "{text}").and_then(|()| self.out.flush());
        self.note(r);
    }
    /// A coloured line on stdout.
    pub(crate) fn colored(&mut self, text: &str, role: Role) {
        let text = self.paint(text, role);
        self.line(&text);
    }
    /// A coloured line on stderr.
    pub(crate) fn colored_err(&mut self, text: &str, role: Role) {
        let text = self.paint(text, role);
        let r = writeln!(self.err, "{text}").and_then(|()| self.err.flush());
        self.note(r);
    }
    /// Which program this is, and the file of its settings, where that many `-v` ask for it.
    pub(crate) fn settings(&mut self, version: &str, file: Option<&str>) {
        if self.verbose(2) {
            self.colored(version.trim_end(), |p| &p.verbose);
        }
        if self.verbose(1) {
            let text = file.map_or_else(|| "No config file found; using defaults".to_owned(), |f| format!("Using {f} as config file"));
            self.colored(&text, |p| &p.verbose);
        }
    }
    /// Where failures go.
    pub(crate) fn failure(&mut self, text: &str, role: Role) {
        if self.options.failed_to_stderr { self.colored_err(text, role) } else { self.colored(text, role) }
    }
    pub(crate) fn banner(&mut self, title: &str) {
        let text = banner::banner(title, self.options.terminal_width);
        self.line(&text);
    }
    /// True the first time that it is asked about a text.
    pub(crate) fn first_time(&mut self, text: &str) -> bool {
        self.said.insert(text.to_owned())
    }
    pub(crate) fn verbose(&self, level: u8) -> bool {
        self.options.verbosity >= level
    }
    fn note(&mut self, r: io::Result<()>) {
        if let Err(e) = r {
            self.error.get_or_insert(e);
        }
    }
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }
}
