//! The analysis, and what came of it, for a person.

use crate::{AnalysedTarget, Analysis, Run};
use std::fmt::Write;

/// A duration for a person, no more exact than it is known: `0.31 s`, `4.2 s`, `180 s`, `12 min`.
pub fn seconds(s: f64) -> String {
    match s {
        s if s < 0.995 => format!("{s:.2} s"),
        s if s < 9.95 => format!("{s:.1} s"),
        s if s < 600.0 => format!("{s:.0} s"),
        s => format!("{:.0} min", s / 60.0),
    }
}

pub(crate) fn count(n: u32, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// A platform's name for a person.
pub(crate) fn platform(triple: &str) -> &str {
    if triple.is_empty() { "unknown platform" } else { triple }
}

fn way(t: &AnalysedTarget) -> &'static str {
    match t.strategy.as_str() {
        "ssh" => "SSH fallback",
        "none" => "not served",
        _ if t.build => "runner, to be built",
        _ => "runner",
    }
}

fn times(speedup: f64) -> String {
    match speedup {
        0.0 => "no host is served".into(),
        x if x >= 9.95 => format!("{x:.0} times as fast"),
        x if x >= 1.05 => format!("{x:.1} times as fast"),
        x if x > 0.95 => "as fast".into(),
        x => format!("{:.0} % of the speed", (x * 100.0).max(1.0)),
    }
}

/// The analysis as lines of text.
pub fn text(a: &Analysis) -> String {
    let mut out = format!("OPTIMISATION ({})", a.mode);
    if a.targets.is_empty() {
        return out + ": nothing to choose: no host but this machine\n";
    }
    let all = format!("about {} expected, {} with SSH alone", seconds(a.seconds), seconds(a.ssh_seconds));
    _ = writeln!(out, ": {all} ({}); score {} of 100", times(a.speedup), a.score);
    let rows: Vec<[String; 4]> = a
        .targets
        .iter()
        .map(|t| {
            let costs = format!("runner {}, SSH {}", seconds(t.native_seconds), seconds(t.ssh_seconds));
            [platform(&t.triple).to_owned(), format!("{}, {}", count(t.hosts, "host"), count(t.tasks, "task")), way(t).to_owned(), costs]
        })
        .collect();
    let width = |i: usize| rows.iter().map(|r| r[i].chars().count()).max().unwrap_or(0);
    let (a0, a1, a2, a3) = (width(0), width(1), width(2), width(3));
    for ([triple, what, way, costs], t) in rows.iter().zip(&a.targets) {
        _ = writeln!(out, "    {triple:<a0$}  {what:<a1$}  {way:<a2$}  {costs:<a3$}  {}", t.reason);
    }
    let known = match a.runs {
        0 => "no run was seen yet".to_owned(),
        n => format!("{} seen", count(n, "run")),
    };
    let assumed = match a.assumed.len() {
        0 => String::new(),
        n if n > 5 => ": all costs are assumed".into(),
        _ => format!("; assumed: {}", a.assumed.join(", ")),
    };
    _ = writeln!(out, "    {known}{assumed}");
    out
}

/// What was expected of a run, and what came: a line for the whole, and one for each platform where there are several.
pub fn comparison(run: &Run) -> String {
    let mut out = format!("OPTIMISATION: {} expected, {} needed\n", seconds(run.expected), seconds(run.took));
    if run.targets.len() > 1 {
        for t in &run.targets {
            _ = writeln!(out, "    {}: {} expected, {} needed ({})", platform(&t.triple), seconds(t.expected), seconds(t.took), t.way.word());
        }
    }
    out
}
