//! `rustle-deploy --report`: how good the predictions were, and whether they get better.

use crate::show::{count, platform};
use crate::{History, PastTarget, Run, seconds};
use std::fmt::Write;

/// Runs that are listed one by one.
const LISTED: usize = 10;

/// By which factor a prediction was off, whichever way: 1 is perfect.
fn ratio(expected: f64, took: f64) -> f64 {
    // Below a hundredth of a second everything is noise.
    let (a, b) = (expected.max(0.01), took.max(0.01));
    (a / b).max(b / a)
}

fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}

/// The trend of the predictions in the history: of all runs, of each platform, and the last runs one by one.
pub fn report(history: &History) -> String {
    let runs = &history.runs;
    if runs.is_empty() {
        return "no runs are recorded yet: the first one with hosts that are not this machine will be\n".into();
    }
    let off = |runs: &[Run]| middle(runs.iter().map(|r| ratio(r.expected, r.took)).collect());
    let mut out = format!("{}: predictions are off by a factor of {:.1} (median)\n", count(runs.len() as u32, "run"), off(runs).unwrap_or(1.0));
    if runs.len() >= 4 {
        let (older, newer) = runs.split_at(runs.len() / 2);
        let (before, now) = (off(older).unwrap_or(1.0), off(newer).unwrap_or(1.0));
        let word = match now / before {
            r if r < 0.95 => "better",
            r if r > 1.05 => "worse",
            _ => "the same",
        };
        _ = writeln!(out, "trend: {before:.1} in the older half, {now:.1} in the newer: {word}");
    }
    out.push_str("\nby platform:\n");
    platforms(history, &mut out);
    _ = writeln!(out, "\nlast runs:");
    for run in runs.iter().rev().take(LISTED) {
        let ways: Vec<String> = run.targets.iter().map(|t| format!("{} {} ({})", count(t.hosts, "host"), way(t), platform(&t.triple))).collect();
        let off = ratio(run.expected, run.took);
        _ = writeln!(out, "    {}  {:>7} expected  {:>7} needed  off by {off:.1}  {}", day(run.at), seconds(run.expected), seconds(run.took), ways.join(", "));
    }
    out.push_str("\nseen so far:\n");
    coefficients(history, &mut out);
    out
}

fn way(t: &PastTarget) -> &'static str {
    match t.way {
        crate::Way::Native if t.built => "by a runner built for it",
        crate::Way::Native => "by a runner",
        crate::Way::Ssh => "over SSH",
        crate::Way::None => "not served",
    }
}

fn platforms(history: &History, out: &mut String) {
    let mut keys: Vec<(&str, &'static str)> = Vec::new();
    let all = || history.runs.iter().flat_map(|r| &r.targets);
    for t in all() {
        if !keys.contains(&(t.triple.as_str(), t.way.word())) {
            keys.push((t.triple.as_str(), t.way.word()));
        }
    }
    keys.sort_unstable();
    let width = keys.iter().map(|(t, _)| platform(t).len()).max().unwrap_or(0);
    for (triple, way) in keys {
        let of: Vec<&PastTarget> = all().filter(|t| t.triple == triple && t.way.word() == way).collect();
        let number = |f: fn(&PastTarget) -> f64| middle(of.iter().map(|t| f(t)).collect()).unwrap_or(0.0);
        let line = format!(
            "{:>8}  {:>7} expected  {:>7} needed  off by {:.1}",
            count(of.len() as u32, "run"),
            seconds(number(|t| t.expected)),
            seconds(number(|t| t.took)),
            number(|t| ratio(t.expected, t.took))
        );
        _ = writeln!(out, "    {:<width$}  {way:<6}  {line}", platform(triple));
    }
}

fn coefficients(history: &History, out: &mut String) {
    let s = &history.seen;
    let rows = [
        ("a task by a runner", s.native_task.median()),
        ("a task over SSH", s.ssh_task.median()),
        ("a connection", s.connect.median()),
        ("a runner's start", s.native_start.median()),
        ("the way over SSH", s.ssh_start.median()),
        ("a round trip", s.round_trip.median()),
    ];
    for (what, value) in rows {
        // Shorter than what a person is told elsewhere.
        let value = value.map_or_else(|| "never seen".to_owned(), |v| if v < 0.1 { format!("{:.1} ms", v * 1000.0) } else { seconds(v) });
        _ = writeln!(out, "    {what:<18}  {value}");
    }
    let upload = s.bandwidth.median().map_or_else(|| "never seen".to_owned(), |b| format!("{:.1} MB/s", b / 1e6));
    _ = writeln!(out, "    {:<18}  {upload}", "uploads");
    for (what, series) in &s.builds {
        let took = series.median().map(seconds).unwrap_or_default();
        _ = writeln!(out, "    a build for {what}: {took}");
    }
}

/// `2026-11-28 20:15`, in UTC.
fn day(at: u64) -> String {
    let (days, rest) = (at / 86400, at % 86400);
    // Days since 1 March 0000 of the proleptic Gregorian calendar, in eras of 400 years.
    let z = days + 719_468;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1460 + doe / 36524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (d, m) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let y = yoe + era * 400 + u64::from(m <= 2);
    format!("{y:04}-{m:02}-{d:02} {:02}:{:02}", rest / 3600, rest % 3600 / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days() {
        assert_eq!(day(0), "1970-01-01 00:00");
        assert_eq!(day(1_709_208_000), "2024-02-29 12:00");
        assert_eq!(day(1_795_896_900), "2026-11-28 20:15");
    }
}
