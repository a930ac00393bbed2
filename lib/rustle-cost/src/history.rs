//! What is kept between runs: coefficients, and the last runs with what had been expected of them.

use crate::decide::Lost;
use crate::series::sane;
use crate::{Mode, Seen, Way};
use serde::{Deserialize, Serialize};

/// Runs kept.
pub(crate) const RUNS: usize = 100;
/// Platforms kept of one run.
pub(crate) const TARGETS: usize = 16;
/// The form of the file that this program writes.
pub(crate) const VERSION: u32 = 1;

/// The whole file. No name of a host, user, file or task is ever in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    pub version: u32,
    pub seen: Seen,
    /// The oldest first.
    pub runs: Vec<Run>,
}

impl Default for History {
    fn default() -> Self {
        History { version: VERSION, seen: Seen::default(), runs: Vec::new() }
    }
}

/// One run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Seconds since 1970.
    pub at: u64,
    pub mode: Mode,
    /// Seconds, of the platform that takes longest.
    pub expected: f64,
    pub took: f64,
    pub targets: Vec<PastTarget>,
}

/// One platform's part in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PastTarget {
    pub triple: String,
    pub way: Way,
    /// Whether its runner was built in this run.
    pub built: bool,
    pub hosts: u32,
    /// Tasks of the host that had most.
    pub tasks: u32,
    /// Seconds, before the run.
    pub expected: f64,
    /// Seconds that the other way was expected to take, without a build (and without uploads, where it is a runner).
    pub other: f64,
    /// Seconds, in the end.
    pub took: f64,
}

/// A platform without its libc: one runner serves hosts of several.
fn machine(triple: &str) -> &str {
    if triple.contains("-linux-") { triple.rsplit_once('-').map_or(triple, |(m, _)| m) } else { triple }
}

impl History {
    /// What hosts of a platform lost over SSH since its runner was last there.
    pub fn lost(&self, triple: &str) -> Lost {
        let mut lost = Lost::default();
        for t in self.runs.iter().flat_map(|r| &r.targets).filter(|t| machine(&t.triple) == machine(triple)) {
            match t.way {
                // With a runner nothing is lost, and a new one is a new start.
                Way::Native => lost = Lost::default(),
                Way::Ssh => lost = Lost { seconds: lost.seconds + (t.took - t.other).max(0.0), runs: lost.runs + 1 },
                Way::None => {}
            }
        }
        lost
    }
    /// How many hosts of a platform most probably have the runner: those that the last run with any served by one. Of all
    /// platforms where none is named. Which hosts these were is not kept, so other hosts count for the same.
    pub fn provided(&self, triple: &str) -> u32 {
        let native = |t: &&PastTarget| t.way == Way::Native && (triple.is_empty() || machine(&t.triple) == machine(triple));
        self.runs.iter().rev().map(|r| r.targets.iter().filter(native).map(|t| t.hosts).sum()).find(|n| *n > 0).unwrap_or(0)
    }
    /// Whether it could have been written by this program.
    pub(crate) fn sound(&self) -> bool {
        let target = |t: &PastTarget| [t.expected, t.other, t.took].into_iter().all(sane);
        let run = |r: &Run| sane(r.expected) && sane(r.took) && r.targets.len() <= TARGETS && r.targets.iter().all(target);
        self.runs.len() <= RUNS && self.seen.sound() && self.runs.iter().all(run)
    }
}
