//! After a run: what it was expected to cost, what it did cost, and what that teaches.

use crate::analyse::rounded;
use crate::history::{RUNS, TARGETS};
use crate::{History, Mode, PastTarget, Run, Runner, Serve, Situation, TargetSituation, Way, decide};
use serde::{Deserialize, Serialize};

/// What was seen of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Observed {
    /// Seconds since 1970.
    pub at: u64,
    pub mode: Mode,
    pub serve: Serve,
    pub processors: u32,
    pub targets: Vec<ObservedTarget>,
    pub builds: Vec<ObservedBuild>,
}

/// A build that succeeded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedBuild {
    pub triple: String,
    pub profile: String,
    pub seconds: f64,
}

/// Hosts of one platform that were served in one way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedTarget {
    pub triple: String,
    pub profile: String,
    pub way: Way,
    pub hosts: u32,
    /// Tasks that the plan had, for the host that had most.
    pub tasks: u32,
    /// Hosts that had the runner already.
    #[serde(default)]
    pub provided: u32,
    /// Seconds of the host that took longest: until its session stood, and in its tasks.
    pub took: f64,
    /// Tasks that were done, of all hosts, and seconds in them.
    #[serde(default)]
    pub done: u32,
    #[serde(default)]
    pub in_tasks: f64,
    /// Per host: seconds until the connection stood, until the session did (uploads and builds left out), of a round
    /// trip.
    #[serde(default)]
    pub connects: Vec<f64>,
    #[serde(default)]
    pub starts: Vec<f64>,
    #[serde(default)]
    pub round_trips: Vec<f64>,
    /// Bytes that were uploaded to all hosts, of one runner, and seconds until the last was there.
    #[serde(default)]
    pub uploaded: f64,
    #[serde(default)]
    pub packed: f64,
    #[serde(default)]
    pub upload_seconds: f64,
}

/// The middle of a few numbers.
fn middle(values: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

impl History {
    /// Takes a run in and gives back its entry: what had been expected, from what was known *before* it, beside what
    /// came. Each kind of cost gets one new value of the run, so that runs with many hosts count no more than others.
    pub fn learn(&mut self, observed: &Observed) -> Run {
        let run = self.entry(observed);
        for b in &observed.builds {
            self.seen.built(&b.triple, &b.profile, b.seconds);
        }
        let seen = &mut self.seen;
        for way in [Way::Native, Way::Ssh] {
            let of: Vec<&ObservedTarget> = observed.targets.iter().filter(|t| t.way == way).collect();
            let (done, in_tasks) = of.iter().fold((0u32, 0.0), |(n, s), t| (n.saturating_add(t.done), s + t.in_tasks));
            let starts: Vec<f64> = of.iter().flat_map(|t| t.starts.iter().copied()).collect();
            let (task, start) = if way == Way::Native { (&mut seen.native_task, &mut seen.native_start) } else { (&mut seen.ssh_task, &mut seen.ssh_start) };
            if done > 0 {
                task.push(in_tasks / f64::from(done));
            }
            middle(&starts).into_iter().for_each(|s| start.push(s));
        }
        let all = |pick: fn(&ObservedTarget) -> &Vec<f64>| middle(&observed.targets.iter().flat_map(|t| pick(t).iter().copied()).collect::<Vec<_>>());
        all(|t| &t.connects).into_iter().for_each(|s| seen.connect.push(s));
        all(|t| &t.round_trips).into_iter().for_each(|s| seen.round_trip.push(s));
        let sent: Vec<&ObservedTarget> = observed.targets.iter().filter(|t| t.uploaded > 0.0 && t.upload_seconds > 0.0).collect();
        if let Some(slowest) = sent.iter().map(|t| t.upload_seconds).max_by(f64::total_cmp) {
            // Uploads go on at the same time and share the line.
            seen.bandwidth.push(sent.iter().map(|t| t.uploaded).sum::<f64>() / slowest.max(0.001));
            middle(&sent.iter().map(|t| t.packed).collect::<Vec<_>>()).into_iter().for_each(|b| seen.packed.push(b));
        }
        self.runs.push(run.clone());
        let over = self.runs.len().saturating_sub(RUNS);
        self.runs.drain(..over);
        run
    }

    fn entry(&self, o: &Observed) -> Run {
        let situation = Situation { mode: o.mode, serve: o.serve, fallback: true, processors: o.processors, targets: Vec::new() };
        let mut run = Run { at: o.at, mode: o.mode, ..Run::default() };
        for t in o.targets.iter().take(TARGETS) {
            let built = t.way == Way::Native && o.builds.iter().any(|b| b.triple == t.triple);
            let runner = if built { Runner::ToBuild } else { Runner::Installed };
            let before = TargetSituation { triple: t.triple.clone(), profile: t.profile.clone(), hosts: t.hosts, tasks: t.tasks, runner, provided: t.provided };
            let v = decide(&situation, &before, &self.seen, self.lost(&t.triple));
            let (expected, other) = match t.way {
                Way::Ssh => (v.ssh, v.native - v.upload),
                _ => (v.native + v.build_seconds, v.ssh),
            };
            let (expected, other, took) = (rounded(expected), rounded(other), rounded(t.took));
            run.expected = run.expected.max(expected);
            run.took = run.took.max(took);
            run.targets.push(PastTarget { triple: t.triple.clone(), way: t.way, built, hosts: t.hosts, tasks: t.tasks, expected, other, took });
        }
        run
    }
}
