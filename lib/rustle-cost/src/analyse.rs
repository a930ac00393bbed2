//! All platforms of a run at once: a record for programs.

use crate::{AnalysedTarget, Analysis, History, Situation, Way, decide};

/// Milliseconds are more than can be known.
pub(crate) fn rounded(x: f64) -> f64 {
    (x * 1000.0).round() / 1000.0
}

/// Decides for every platform, and adds up. Hosts of all platforms are served side by side.
pub fn analyse(situation: &Situation, history: &History) -> Analysis {
    let mut assumed: Vec<String> = Vec::new();
    let (mut expected, mut ssh) = (0.0f64, 0.0f64);
    let mut targets = Vec::new();
    for t in &situation.targets {
        let v = decide(situation, t, &history.seen, history.lost(&t.triple));
        assumed.extend(v.assumed.iter().filter(|a| !assumed.iter().any(|b| b == *a)).map(|a| (*a).to_owned()).collect::<Vec<_>>());
        expected = expected.max(v.expected());
        ssh = ssh.max(v.ssh);
        let native = v.native + v.build_seconds;
        targets.push(AnalysedTarget {
            triple: t.triple.clone(),
            hosts: t.hosts,
            tasks: t.tasks,
            runner: t.runner.word().into(),
            strategy: v.way.word().into(),
            build: v.build,
            native_seconds: rounded(native),
            ssh_seconds: rounded(v.ssh),
            speedup: rounded(v.ssh / native.max(0.001)),
            reason: v.reason,
        });
    }
    let nobody = targets.iter().all(|t| t.strategy == Way::None.word());
    let share = if ssh > 0.0 && !nobody { (1.0 - expected / ssh).clamp(0.0, 1.0) } else { 0.0 };
    Analysis {
        mode: situation.mode.word().into(),
        score: (share * 100.0).round() as u8,
        seconds: rounded(expected),
        ssh_seconds: rounded(ssh),
        speedup: if nobody { 0.0 } else { rounded(ssh / expected.max(0.001)) },
        runs: u32::try_from(history.runs.len()).unwrap_or(u32::MAX),
        targets,
        assumed,
    }
}
