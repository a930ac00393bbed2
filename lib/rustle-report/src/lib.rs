//! What a person sees of a run.
//!
//! - [`Sequencer`]: many hosts' events, each at its own pace, into one sequence in Ansible's order;
//! - [`Report`] and [`create`]: that sequence into one of the formats of `formats/` (a file each);
//! - [`callbacks`]: what is printed beside a format (a file each);
//! - [`lists`]: `--list-hosts`, `--list-tasks`, `--list-tags`.
//!
//! Limits: nothing here runs a task, reads a setting or knows where output goes: it gets [`Options`] and two writers.

mod banner;
pub mod callbacks;
mod color;
mod diff;
mod errors;
pub mod formats;
pub mod lists;
mod options;
mod pace;
mod recap;
mod result;
mod screen;
mod warnings;

pub use color::Palette;
pub use formats::{Format, create};
pub use options::Options;
pub use rustle_stream::sequencer::Sequencer;

use rustle_stream::event::RunEvent;
use std::io;

/// A format's state while a run goes on.
pub trait Report {
    /// Before everything: which program this is (shown at -vv), and the file of its settings (at -v).
    fn settings(&mut self, _version: &str, _file: Option<&str>) {}
    /// A playbook begins (`PLAYBOOK: site.yml` at -vv).
    fn playbook(&mut self, _file: &str, _plays: usize) {}
    /// The next event, in print order.
    fn event(&mut self, event: &RunEvent);
    /// The end.
    ///
    /// # Errors
    /// The first error that writing met.
    fn finish(&mut self) -> io::Result<()>;
}
