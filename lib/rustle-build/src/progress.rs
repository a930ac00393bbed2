//! What a build tells while it runs, and how a person sees it: lines that stay, and on a terminal one that moves.

use std::collections::BTreeMap;
use std::time::Duration;

/// Something that happened to the build for a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// A back end begins.
    Begun { triple: &'a str, backend: &'a str },
    /// `done` of `total` steps (about one per crate) are over; `what` is being compiled.
    Step { triple: &'a str, done: usize, total: usize, what: &'a str },
    /// The runner is there.
    Built { triple: &'a str, profile: &'a str, backend: &'a str, took: Duration },
    /// A back end failed because of what lies in its folder, and begins anew in an empty one.
    Again { triple: &'a str, backend: &'a str, why: &'a str, damage: &'a str },
    /// The runner is taken from another machine's cache.
    Fetched { triple: &'a str, from: &'a str },
    /// A back end gave up.
    Failed { triple: &'a str, backend: &'a str, why: &'a str },
}

/// Lines for a person, of several builds at once.
#[derive(Debug, Default)]
pub struct Meter {
    /// Platforms that are being built: steps done, of how many, and the crate.
    running: BTreeMap<String, (usize, usize, String)>,
    /// Whether the moving line is wanted; else each quarter of a build is a line.
    moving: bool,
}

/// What to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// A line that stays.
    pub line: Option<String>,
    /// The moving line's new text; empty: it goes.
    pub moving: Option<String>,
}

impl Meter {
    /// `terminal`: lines can be overwritten.
    pub fn new(terminal: bool) -> Meter {
        Meter { running: BTreeMap::new(), moving: terminal }
    }

    /// What the news look like.
    pub fn hear(&mut self, news: &Progress) -> Shown {
        let line = match news {
            Progress::Begun { triple, backend } => {
                self.running.insert((*triple).to_owned(), (0, 0, String::new()));
                Some(format!("building the runner for {triple} with {backend}"))
            }
            Progress::Step { triple, done, total, what } => {
                let quarter = |n: usize| if *total == 0 { 0 } else { n * 4 / total };
                let before = self.running.insert((*triple).to_owned(), (*done, *total, (*what).to_owned())).map_or(0, |b| b.0);
                (!self.moving && quarter(*done) > quarter(before)).then(|| format!("{triple}: {done} of {total} crates"))
            }
            Progress::Built { triple, backend, took, .. } => {
                self.running.remove(*triple);
                Some(format!("{triple}: built with {backend} in {:.0} s", took.as_secs_f64()))
            }
            Progress::Again { triple, backend, why, damage } => {
                self.running.insert((*triple).to_owned(), (0, 0, String::new()));
                Some(format!("{triple}: {backend} failed: {why}; {damage}, so it begins anew in an empty folder"))
            }
            Progress::Fetched { triple, from } => Some(format!("{triple}: taken from {from}")),
            Progress::Failed { triple, backend, why } => {
                self.running.remove(*triple);
                Some(format!("{triple}: {backend} failed: {why}"))
            }
        };
        Shown { line, moving: self.moving.then(|| self.status()) }
    }

    fn status(&self) -> String {
        let one = |(triple, (done, total, what)): (&String, &(usize, usize, String))| match (total, what.as_str()) {
            (0, _) => format!("{triple}: begins"),
            (_, "") => format!("{triple}: {done} of {total}"),
            // With several at once there is no room for names of crates.
            _ if self.running.len() > 1 => format!("{triple}: {done} of {total}"),
            _ => format!("{triple}: crate {done} of {total}, {what}"),
        };
        self.running.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}

/// Reads cargo's progress bar: `    Building [==>   ] 53/140: serde, …`.
pub(crate) fn cargo_bar(line: &str) -> Option<(usize, usize, &str)> {
    let rest = line.trim_start().strip_prefix("Building [")?.split_once("] ")?.1;
    let (numbers, what) = rest.split_once(':').unwrap_or((rest, ""));
    let (done, total) = numbers.trim().split_once('/')?;
    let first = what.split(',').next().unwrap_or("").trim().trim_end_matches("...");
    Some((done.parse().ok()?, total.parse().ok()?, first.split('(').next().unwrap_or(first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_understood() {
        assert_eq!(cargo_bar("    Building [====>          ] 1/5: libc(build.rs), x      "), Some((1, 5, "libc")));
        assert_eq!(cargo_bar("    Building [==========>    ] 12/130              "), Some((12, 130, "")));
        assert_eq!(cargo_bar("   Compiling libc v0.2.191"), None);
    }

    #[test]
    fn a_terminal_has_a_moving_line_and_a_log_has_quarters() {
        let step = |done| Progress::Step { triple: "t", done, total: 8, what: "serde" };
        let mut log = Meter::new(false);
        assert_eq!(log.hear(&Progress::Begun { triple: "t", backend: "zigbuild" }).line.as_deref(), Some("building the runner for t with zigbuild"));
        let lines: Vec<_> = (1..8).filter_map(|n| log.hear(&step(n)).line).collect();
        assert_eq!(lines, ["t: 2 of 8 crates", "t: 4 of 8 crates", "t: 6 of 8 crates"]);
        let mut terminal = Meter::new(true);
        let shown = terminal.hear(&step(3));
        assert_eq!((shown.line, shown.moving.as_deref()), (None, Some("t: crate 3 of 8, serde")));
        let shown = terminal.hear(&Progress::Built { triple: "t", profile: "release", backend: "cargo", took: Duration::from_secs(90) });
        assert_eq!((shown.line.as_deref(), shown.moving.as_deref()), (Some("t: built with cargo in 90 s"), Some("")));
    }
}
