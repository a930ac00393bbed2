//! A history of runs moves the prediction; the report tells how far it was off.

use rustle_cost::{History, Mode, Observed, ObservedBuild, ObservedTarget, Runner, Situation, TargetSituation, Way, analyse, comparison, report};

const ARM: &str = "aarch64-unknown-linux-gnu";

fn target(way: Way, per_task: f64) -> ObservedTarget {
    ObservedTarget {
        triple: ARM.into(),
        profile: "release".into(),
        way,
        hosts: 2,
        tasks: 10,
        provided: 0,
        took: 0.5 + 10.0 * per_task,
        done: 20,
        in_tasks: 20.0 * per_task,
        connects: vec![0.3, 0.4],
        starts: vec![0.1, 0.1],
        round_trips: vec![0.01, 0.03],
        uploaded: 0.0,
        packed: 0.0,
        upload_seconds: 0.0,
    }
}

fn run(targets: Vec<ObservedTarget>) -> Observed {
    Observed { at: 1_795_896_900, processors: 2, targets, ..Observed::default() }
}

fn situation(mode: Mode, tasks: u32) -> Situation {
    let target = TargetSituation { triple: ARM.into(), profile: "release".into(), hosts: 2, tasks, runner: Runner::ToBuild, provided: 0 };
    Situation { mode, fallback: true, processors: 2, targets: vec![target], ..Situation::default() }
}

#[test]
fn predictions_come_near_what_happens() {
    let mut history = History::default();
    let errors: Vec<f64> = (0..5)
        .map(|_| {
            let r = history.learn(&run(vec![target(Way::Ssh, 2.0)]));
            (r.expected - r.took).abs() / r.took
        })
        .collect();
    assert!(errors[0] > 0.5, "Python is assumed to be faster: {errors:?}");
    assert!(errors[1..].iter().all(|e| *e < 0.05), "{errors:?}");
    assert_eq!(history.seen.ssh_task().value, 2.0);
    // One odd run is heard, and does not count.
    history.learn(&run(vec![target(Way::Ssh, 300.0)]));
    assert_eq!(history.seen.ssh_task().value, 2.0);
    // When things have changed for good, so does the prediction.
    for _ in 0..20 {
        history.learn(&run(vec![target(Way::Ssh, 0.5)]));
    }
    assert_eq!(history.seen.ssh_task().value, 0.5);
}

#[test]
fn losses_add_up_until_a_build_pays() {
    let mut history = History::default();
    history.seen.built(ARM, "release", 100.0);
    let mut decided = Vec::new();
    for _ in 0..8 {
        let built = analyse(&situation(Mode::Auto, 10), &history).targets[0].build;
        decided.push(built);
        let way = if built { Way::Native } else { Way::Ssh };
        history.learn(&run(vec![target(way, if built { 0.01 } else { 2.0 })]));
    }
    let first = decided.iter().position(|b| *b).expect("it is built at last");
    assert!((4..7).contains(&first), "{decided:?}");
    assert_eq!(decided[first + 1..].iter().filter(|b| **b).count(), 0, "a runner that went missing right after has to pay anew: {decided:?}");
}

#[test]
fn conservative_builds_after_it_has_seen_both_ways() {
    let mut history = History::default();
    let decide = |h: &History| analyse(&situation(Mode::Conservative, 1000), h).targets[0].build;
    assert!(!decide(&history));
    history.learn(&run(vec![target(Way::Ssh, 2.0), target(Way::Native, 0.01)]));
    assert!(!decide(&history), "no build was seen");
    let builds = vec![ObservedBuild { triple: ARM.into(), profile: "release".into(), seconds: 90.0 }];
    let entry = history.learn(&Observed { builds, ..run(vec![ObservedTarget { took: 90.5, ..target(Way::Native, 0.01) }]) });
    assert!(entry.targets[0].built && (entry.expected - 180.0).abs() < 5.0, "it was predicted from what was known before: {entry:?}");
    assert!(decide(&history));
}

#[test]
fn uploads_tell_the_bandwidth() {
    let mut history = History::default();
    let sent = ObservedTarget { uploaded: 6e6, packed: 3e6, upload_seconds: 2.0, ..target(Way::Native, 0.01) };
    history.learn(&run(vec![sent.clone(), ObservedTarget { upload_seconds: 1.5, ..sent }]));
    assert_eq!((history.seen.bandwidth().value, history.seen.packed().value), (6e6, 3e6));
}

#[test]
fn hosts_of_the_last_run_have_the_runner() {
    let mut history = History::default();
    assert_eq!(history.provided(ARM), 0);
    history.learn(&run(vec![target(Way::Native, 0.01), ObservedTarget { triple: "x86_64-unknown-linux-gnu".into(), hosts: 5, ..target(Way::Native, 0.01) }]));
    history.learn(&run(vec![target(Way::Ssh, 2.0)]));
    assert_eq!([ARM, "aarch64-unknown-linux-musl", "x86_64-unknown-freebsd", ""].map(|t| history.provided(t)), [2, 2, 0, 7]);
}

#[test]
fn what_is_kept_is_bounded() {
    let mut history = History::default();
    for n in 0..150 {
        let builds = vec![ObservedBuild { triple: format!("triple-{n}"), profile: "release".into(), seconds: 9.0 }];
        history.learn(&Observed { builds, ..run(vec![target(Way::Native, 0.01); 20]) });
    }
    assert!(history.runs.len() == 100 && history.seen.builds.len() == 40 && history.runs[0].targets.len() == 16);
    assert!(serde_json::to_string(&history).unwrap().len() < 500_000);
}

#[test]
fn reports() {
    let mut history = History::default();
    assert_eq!(report(&history), "no runs are recorded yet: the first one with hosts that are not this machine will be\n");
    for per_task in [3.0, 3.0, 3.0, 3.0, 3.0, 3.0] {
        let entry = history.learn(&run(vec![target(Way::Ssh, per_task), ObservedTarget { triple: String::new(), ..target(Way::Native, 0.01) }]));
        assert!(comparison(&entry).starts_with("OPTIMISATION: "));
    }
    history.seen.built(ARM, "release", 100.0);
    let text = report(&history);
    let expected = [
        "6 runs: predictions are off by a factor of 1.0 (median)",
        "trend: 1.0 in the older half, 1.0 in the newer: the same",
        "    aarch64-unknown-linux-gnu  ssh       6 runs     30 s expected     30 s needed  off by 1.0",
        "    unknown platform           native    6 runs",
        "2026-11-28 20:15    5.0 s expected     30 s needed  off by 6.1  2 hosts over SSH (aarch64-unknown-linux-gnu), 2 hosts by a runner (unknown platform)",
        "a task over SSH     3.0 s",
        "a build for aarch64-unknown-linux-gnu release: 100 s",
    ];
    for line in expected {
        assert!(text.contains(line), "no '{line}' in:\n{text}");
    }
}
