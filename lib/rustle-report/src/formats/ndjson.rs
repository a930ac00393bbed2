//! Events as records, one a line: for programs.

use super::Format;
use crate::Report;
use crate::options::Options;
use rustle_stream::Record;
use rustle_stream::event::RunEvent;
use std::io::{self, Write};

pub(super) static FORMAT: Format = Format {
    name: "ndjson",
    collection: "ansible.builtin",
    about: "Every event as a record, one a line",
    for_programs: true,
    create,
};

fn create<'w>(_: Options, out: Box<dyn Write + 'w>, _: Box<dyn Write + 'w>) -> Box<dyn Report + 'w> {
    Box::new(Ndjson { out, error: None })
}

struct Ndjson<'w> {
    out: Box<dyn Write + 'w>,
    error: Option<io::Error>,
}

impl Report for Ndjson<'_> {
    fn event(&mut self, event: &RunEvent) {
        let written = Record::Event(event.clone())
            .to_line()
            .map_err(io::Error::from)
            .and_then(|line| writeln!(self.out, "{line}"))
            .and_then(|()| self.out.flush());
        if let Err(e) = written {
            self.error.get_or_insert(e);
        }
    }
    fn finish(&mut self) -> io::Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }
}
