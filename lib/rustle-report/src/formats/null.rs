//! No results at all, as the community's `null` callback: the exit status says how it went. Warnings and errors that are
//! about no host are still told.

use super::Format;
use crate::options::Options;
use crate::screen::Screen;
use crate::{Report, warnings};
use rustle_stream::event::RunEvent;
use std::io::{self, Write};

pub(super) static FORMAT: Format =
    Format { name: "null", collection: "community.general", about: "Nothing but warnings", for_programs: false, create };

fn create<'w>(options: Options, out: Box<dyn Write + 'w>, err: Box<dyn Write + 'w>) -> Box<dyn Report + 'w> {
    Box::new(Null { screen: Screen::new(options, out, err) })
}

struct Null<'w> {
    screen: Screen<'w>,
}

impl Report for Null<'_> {
    fn settings(&mut self, version: &str, file: Option<&str>) {
        self.screen.settings(version, file);
    }
    fn event(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Warning { text } => warnings::warn(&mut self.screen, text),
            RunEvent::Error { text } => self.screen.colored_err(&format!("[ERROR]: {text}"), |p| &p.error),
            RunEvent::Asked { text, answered: true } => self.screen.banner(text),
            _ => {}
        }
    }
    fn finish(&mut self) -> io::Result<()> {
        self.screen.finish()
    }
}
