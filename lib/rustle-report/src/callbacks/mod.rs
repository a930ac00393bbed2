//! What Ansible's aggregate callbacks print beside a format, one file each. `build.rs` makes the list from this folder.
//!
//! A callback sees the events in print order, after the format has shown them, and writes to stdout.
//!
//! Limits: events have no times. The time of one is when it is printed, as with Ansible; hosts that are ahead of others
//! have then done the work already, so that a task's time is what the run waited for it. The sum is the run's time.

use crate::Report;
use crate::formats::names;
use crate::options::Options;
use crate::screen::Screen;
use rustle_stream::event::RunEvent;
use std::collections::HashMap;
use std::io::{self, Write};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A callback: what enables it, what can be set, and its constructor.
pub struct Callback {
    /// As `callbacks_enabled` names it, without its collection.
    pub name: &'static str,
    /// Where Ansible has it.
    pub collection: &'static str,
    pub settings: &'static [Setting],
    create: fn(&Given, Duration) -> Box<dyn Watcher>,
}

/// Something of a callback that users set.
pub struct Setting {
    pub key: &'static str,
    pub env: &'static str,
    /// Where `ansible.cfg` has it.
    pub section: &'static str,
    pub ini: &'static str,
    pub default: &'static str,
    /// Says what is wrong with a value.
    check: fn(&str) -> Result<(), String>,
}

/// What users set, by key; the rest has its default.
#[derive(Clone, Debug, Default)]
pub struct Given(pub HashMap<&'static str, String>);

/// When something happens, since 1970. It never goes back.
pub type Clock = Box<dyn FnMut() -> Duration>;

include!(concat!(env!("OUT_DIR"), "/callbacks.rs"));

/// A callback at work.
trait Watcher {
    /// A playbook begins.
    fn playbook(&mut self, _file: &str) {}
    /// The next event, which the format has shown, and when it came.
    fn event(&mut self, event: &RunEvent, now: Duration, screen: &mut Screen<'_>);
}

/// The callback of this name, with or without its collection.
pub fn find(name: &str) -> Option<&'static Callback> {
    ALL.iter().copied().find(|c| names(name, c.collection, c.name))
}

impl Callback {
    /// What is wrong with what users set: Ansible leaves such a callback out.
    ///
    /// # Errors
    /// A sentence for a person.
    pub fn check(&self, given: &Given) -> Result<(), String> {
        let mut set = self.settings.iter().filter_map(|s| Some((s, given.0.get(s.key)?)));
        set.try_for_each(|(s, value)| (s.check)(value).map_err(|e| format!("invalid value '{value}' for '{}'. {e}", s.key)))
    }
}

/// A value that nothing is wrong with.
fn any(_: &str) -> Result<(), String> {
    Ok(())
}

/// The machine's clock.
pub fn clock() -> Clock {
    let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let since = Instant::now();
    Box::new(move || began + since.elapsed())
}

/// `report` with callbacks beside it, which write to `out`; they are called in the order given.
pub fn accompany<'w>(
    report: Box<dyn Report + 'w>,
    callbacks: Vec<(&'static Callback, Given)>,
    options: Options,
    out: Box<dyn Write + 'w>,
    mut clock: Clock,
) -> Box<dyn Report + 'w> {
    let now = clock();
    let watchers = callbacks.into_iter().map(|(c, given)| (c.create)(&given.with_defaults(c), now)).collect();
    Box::new(Accompanied { report, watchers, screen: Screen::new(options, out, Box::new(io::sink())), clock })
}

impl Given {
    fn with_defaults(mut self, callback: &Callback) -> Given {
        for s in callback.settings {
            self.0.entry(s.key).or_insert_with(|| s.default.to_owned());
        }
        self
    }
    fn text(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }
    fn flag(&self, key: &str) -> bool {
        matches!(self.text(key).to_lowercase().as_str(), "y" | "yes" | "on" | "1" | "true" | "t")
    }
}

struct Accompanied<'w> {
    report: Box<dyn Report + 'w>,
    watchers: Vec<Box<dyn Watcher>>,
    screen: Screen<'w>,
    clock: Clock,
}

impl Report for Accompanied<'_> {
    fn settings(&mut self, version: &str, file: Option<&str>) {
        self.report.settings(version, file);
    }
    fn playbook(&mut self, file: &str, plays: usize) {
        self.report.playbook(file, plays);
        self.watchers.iter_mut().for_each(|w| w.playbook(file));
    }
    fn event(&mut self, event: &RunEvent) {
        self.report.event(event);
        let now = (self.clock)();
        for w in &mut self.watchers {
            w.event(event, now, &mut self.screen);
        }
    }
    fn finish(&mut self) -> io::Result<()> {
        self.report.finish().and(self.screen.finish())
    }
}
