//! Versions that are known not to do the work, each with its reason: `data/unfit.tsv`, and the oldest compiler that the
//! runner's sources build with.
//!
//! A row counts where the tool's version is in `from..below` and, where another tool is named, that one's is, too. A
//! row's reason is for a person; where a version was only observed to fail, it says so.

use crate::version::{below, within};
use crate::Tool;

/// The oldest compiler that builds runners: this workspace's `rust-version`.
pub const MINIMUM_RUST: &str = env!("CARGO_PKG_RUST_VERSION");

const TABLE: &str = include_str!("../data/unfit.tsv");

/// Takes what cannot do the work from the tools that work.
pub(crate) fn judge(tools: &mut [Tool]) {
    let known: Vec<Tool> = tools.iter().filter(|t| t.works).cloned().collect();
    for tool in tools.iter_mut().filter(|t| t.works) {
        let Some(version) = tool.version.clone() else { continue };
        let why = why_not(&tool.name, &version, &known);
        if let Some(why) = why {
            tool.works = false;
            tool.problem = Some(why);
        }
    }
}

fn why_not(name: &str, version: &str, known: &[Tool]) -> Option<String> {
    if matches!(name, "rustc" | "cargo") && below(version, MINIMUM_RUST) {
        return Some(format!("version {version} is too old: runners need {MINIMUM_RUST} or newer"));
    }
    for line in TABLE.lines().skip(1) {
        let mut f = line.split('\t');
        let mut next = || f.next().unwrap_or("");
        let (tool, from, limit, other, other_from, other_limit, reason) = (next(), next(), next(), next(), next(), next(), next());
        let with = other.is_empty()
            || known.iter().any(|t| t.name == other && t.version.as_deref().is_some_and(|v| within(v, other_from, other_limit)));
        if tool == name && with && within(version, from, limit) {
            return Some(format!("version {version} is known not to work: {reason}"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_whole() {
        for line in TABLE.lines().skip(1) {
            let fields: Vec<&str> = line.split('\t').collect();
            assert_eq!(fields.len(), 7, "{line}");
            assert!(crate::TOOLS.iter().any(|t| t.name == fields[0]), "{line}");
            assert!(fields[3].is_empty() || crate::TOOLS.iter().any(|t| t.name == fields[3]), "{line}");
            assert!(!(fields[1].is_empty() && fields[2].is_empty()) && !fields[6].is_empty(), "{line}");
        }
    }
}
