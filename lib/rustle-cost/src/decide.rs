//! The costs of both ways for the hosts of one platform, and the rule that chooses.
//!
//! Hosts are served side by side, so a platform takes as long as one of its hosts, with two exceptions: uploads share
//! this machine's line, and over SSH this machine works a little for each task of each host.
//!
//! `auto` builds a runner when its build and uploads, which are paid once, cost no more than what hosts of the platform
//! lose without it in this run and have lost in earlier ones: whatever the future brings, no more than twice the least is
//! spent.

use crate::{Estimate, Mode, Runner, Seen, Serve, Situation, TargetSituation, Way, seconds};

/// Seconds of this machine's processors for one task of one host over SSH.
const OWN_SHARE: f64 = 0.02;
/// A runner that exists is not uploaded where that takes longer than so many seconds, to a single host …
const LONG_UPLOAD: f64 = 60.0;
/// … the whole longer than so many times the way over SSH, and nothing like it was lost over SSH before.
const FAR_LONGER: f64 = 5.0;
/// `conservative` wants the run to be so many times as fast, the build included.
const CLEARLY: f64 = 2.0;

/// What is done for a platform, and what it is expected to cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub way: Way,
    /// Whether a runner is built for it.
    pub build: bool,
    /// Words for a person.
    pub reason: String,
    /// By a runner, seconds, without its build.
    pub native: f64,
    /// The build, where one would be needed.
    pub build_seconds: f64,
    /// The part of `native` that goes into uploads, and is not paid again by later runs.
    pub upload: f64,
    /// Over SSH, seconds.
    pub ssh: f64,
    /// What these numbers assume, never having seen it.
    pub assumed: Vec<&'static str>,
}

impl Verdict {
    /// Seconds in the way that was chosen.
    pub fn expected(&self) -> f64 {
        match self.way {
            Way::Native => self.native + if self.build { self.build_seconds } else { 0.0 },
            Way::Ssh => self.ssh,
            Way::None => 0.0,
        }
    }
}

/// What went before: seconds that hosts of the platform lost for want of a runner, and in how many runs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lost {
    pub seconds: f64,
    pub runs: u32,
}

/// Decides for one platform of the situation.
pub fn decide(situation: &Situation, target: &TargetSituation, seen: &Seen, lost: Lost) -> Verdict {
    let mut assumed = Vec::new();
    let mut take = |e: Estimate, what: &'static str| {
        if !e.seen {
            assumed.push(what);
        }
        e.value
    };
    let (tasks, hosts) = (f64::from(target.tasks), f64::from(target.hosts));
    let connect = take(seen.connect(), "a connection");
    let lacking = target.hosts.saturating_sub(target.provided);
    let line = if lacking == 0 { 0.0 } else { take(seen.packed(), "a runner's size") / take(seen.bandwidth(), "the bandwidth") };
    let upload = f64::from(lacking) * line;
    let native = connect + take(seen.native_start(), "a runner's start") + upload + tasks * take(seen.native_task(), "a task by a runner");
    let ours = hosts * OWN_SHARE / f64::from(situation.processors.max(1));
    let ssh = connect + take(seen.ssh_start(), "the way over SSH") + tasks * take(seen.ssh_task(), "a task over SSH").max(ours);
    let build = seen.build(&target.triple, &target.profile);
    let missing = target.runner == Runner::ToBuild;
    let build_seconds = if missing { take(build, "a build") } else { 0.0 };
    let costs = Costs { native, ssh, build, upload, line, tasks: target.tasks };
    let (way, build, reason) = choose(situation, target, seen, &costs, lost);
    Verdict { way, build, reason, native, build_seconds, upload, ssh, assumed }
}

struct Costs {
    native: f64,
    ssh: f64,
    build: Estimate,
    upload: f64,
    /// The upload to one host.
    line: f64,
    tasks: u32,
}

impl Costs {
    /// What each run gains by a runner that is there.
    fn gain(&self) -> f64 {
        self.ssh - (self.native - self.upload)
    }
    fn build_words(&self) -> String {
        format!("a build would take about {}{}", seconds(self.build.value), if self.build.seen { "" } else { " (assumed)" })
    }
    fn ssh_words(&self) -> String {
        let (s, verb) = if self.tasks == 1 { ("", "takes") } else { ("s", "take") };
        format!("{} task{s} over SSH {verb} about {}", self.tasks, seconds(self.ssh))
    }
}

/// The way without a runner, if there is one.
fn without(situation: &Situation) -> Way {
    if situation.fallback && situation.serve != Serve::RunnersOnly { Way::Ssh } else { Way::None }
}

fn choose(situation: &Situation, target: &TargetSituation, seen: &Seen, costs: &Costs, lost: Lost) -> (Way, bool, String) {
    if situation.serve == Serve::SshOnly {
        return (Way::Ssh, false, "runners are not wanted (--ssh-only)".into());
    }
    match &target.runner {
        Runner::Impossible(why) => (without(situation), false, format!("no runner: {why}")),
        Runner::Unknown => (Way::Native, false, "if a runner is found: nobody has looked yet".into()),
        Runner::Installed | Runner::Cached => {
            let may = without(situation) == Way::Ssh;
            match slow(situation.mode, seen, costs, lost).filter(|_| may) {
                Some(why) => (Way::Ssh, false, why),
                None if target.runner == Runner::Installed => (Way::Native, false, "the runner is installed".into()),
                None => (Way::Native, false, "the runner was built before".into()),
            }
        }
        Runner::ToBuild => missing(situation, seen, costs, lost),
    }
}

/// Why a runner that exists is not uploaded.
fn slow(mode: Mode, seen: &Seen, costs: &Costs, lost: Lost) -> Option<String> {
    let known = seen.bandwidth().seen && seen.ssh_task().seen;
    let too_long = costs.line > LONG_UPLOAD && costs.native > costs.ssh * FAR_LONGER && costs.upload > costs.gain() + lost.seconds;
    let words = || format!("the upload of the runner would take about {}, over SSH all takes about {}", seconds(costs.upload), seconds(costs.ssh));
    (mode != Mode::Aggressive && known && too_long).then(words)
}

/// Why the runner that exists is not sent to a host which asks for it; for [`decide`]'s cases alike.
pub fn slow_upload(situation: &Situation, target: &TargetSituation, seen: &Seen, lost: Lost) -> Option<String> {
    let v = decide(situation, target, seen, lost);
    (v.way == Way::Ssh && matches!(target.runner, Runner::Installed | Runner::Cached)).then_some(v.reason)
}

/// No runner is there, and one could be built.
fn missing(situation: &Situation, seen: &Seen, costs: &Costs, lost: Lost) -> (Way, bool, String) {
    let other = without(situation);
    let build = |why: String| (Way::Native, true, why);
    let no_build = |why: String| (other, false, why);
    let words = || format!("{}, {}", costs.build_words(), costs.ssh_words());
    if situation.mode == Mode::Off {
        return no_build("no runner is there, and nothing is built (--optimization off)".into());
    }
    if situation.mode == Mode::Aggressive {
        return build(format!("{}, which is wanted (--optimization aggressive)", costs.build_words()));
    }
    if other == Way::None {
        let why = if situation.serve == Serve::RunnersOnly { "--binary-only" } else { "ansible-core, which the way over SSH needs, is not here" };
        return build(format!("{}; there is no other way ({why})", costs.build_words()));
    }
    // What is paid once, and what each run gains by it.
    let price = costs.build.value + costs.upload;
    let gain = costs.gain();
    if situation.mode == Mode::Conservative {
        let unknown: Vec<&str> = [(costs.build, "a build"), (seen.native_task(), "a task by a runner"), (seen.ssh_task(), "a task over SSH")]
            .into_iter()
            .filter_map(|(e, what)| (!e.seen).then_some(what))
            .collect();
        if !unknown.is_empty() {
            return no_build(format!("what a runner gains is not known here (never seen: {})", unknown.join(", ")));
        }
        let total = costs.native + costs.build.value;
        return match total * CLEARLY <= costs.ssh {
            true => build(format!("{}: the gain is clear", words())),
            false => no_build(format!("the gain is not clear: {}", words())),
        };
    }
    if gain >= price {
        return build(format!("a build pays at once: {}", words()));
    }
    if gain > 0.0 && gain + lost.seconds >= price {
        let runs = if lost.runs == 1 { "an earlier run".to_owned() } else { format!("{} earlier runs", lost.runs) };
        return build(format!("{}, and {runs} lost about {} over SSH: a build pays by now", words(), seconds(lost.seconds)));
    }
    let after = (price / gain).ceil();
    let later = if gain > 0.0 && after < 1000.0 { format!(" and pay after about {after} such runs") } else { String::new() };
    no_build(format!("{}{later}, {}", costs.build_words(), costs.ssh_words()))
}
