//! The capabilities for people.

use crate::Capabilities;
use std::fmt::Write;

/// A table of the tools, the targets, and what to do next. Ends with a newline.
pub fn table(caps: &Capabilities) -> String {
    let mut text = format!("Level: {}\n\n", caps.level);
    let rows: Vec<[String; 4]> = caps
        .tools
        .iter()
        .map(|t| {
            let state = if t.works { "ok" } else if t.command.is_empty() { "-" } else { "broken" };
            let mut note = t.problem.clone().unwrap_or_else(|| t.command.join(" "));
            if let Some(from) = &t.from {
                note = format!("{note} ({from})");
            }
            // Of the standard library's source it is known where it is.
            if t.version.as_ref().is_some_and(|v| v.contains('/')) {
                return [t.name.clone(), state.into(), "-".into(), t.version.clone().unwrap_or_default()];
            }
            [t.name.clone(), state.into(), t.version.clone().unwrap_or_else(|| "-".into()), note]
        })
        .collect();
    let head = ["TOOL", "STATE", "VERSION", "COMMAND OR PROBLEM"].map(str::to_owned);
    let width = |i: usize| rows.iter().chain([&head]).map(|r| r[i].chars().count()).max().unwrap_or(0);
    let (a, b, c) = (width(0), width(1), width(2));
    for [name, state, version, note] in std::iter::once(&head).chain(&rows) {
        let _ = writeln!(text, "{name:a$}  {state:b$}  {version:c$}  {note}");
    }
    if !caps.readiness.is_empty() {
        let width = caps.readiness.iter().map(|r| r.what.len()).max().unwrap_or(0);
        let _ = writeln!(text, "\n{:width$}  READY  WHY", "WORK");
        for r in &caps.readiness {
            let _ = writeln!(text, "{:width$}  {:5}  {}", r.what, if r.ready { "yes" } else { "no" }, r.reason);
        }
    }
    let targets = if caps.installed_targets.is_empty() { "none".to_owned() } else { caps.installed_targets.join(", ") };
    let _ = writeln!(text, "\nStandard libraries: {targets}");
    if !caps.routes.is_empty() {
        let width = caps.routes.iter().map(|r| r.triple.len()).max().unwrap_or(0);
        let _ = writeln!(text, "\n{:width$}  {:9}  {:8}  WHY NOT BETTER", "TARGET", "ROUTE", "CHECKED");
        for r in &caps.routes {
            let checked = if r.checked.is_empty() { "-" } else { &r.checked };
            let line = format!("{:width$}  {:9}  {checked:8}  {}", r.triple, r.by, r.reasons.join("; "));
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    if !caps.recommendations.is_empty() {
        text.push_str("\nRecommendations:\n");
        for r in &caps.recommendations {
            let _ = writeln!(text, "  [{}] {}", r.impact, r.text);
            if let Some(c) = &r.command {
                let _ = writeln!(text, "      $ {c}");
            }
        }
    }
    text
}
