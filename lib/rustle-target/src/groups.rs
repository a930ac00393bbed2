//! Hosts of the same platform, together: they get the same runner.

use rustle_stream::record::Target;
use std::fmt::Write as _;

/// Hosts that one runner serves.
#[derive(Clone, Debug, PartialEq)]
pub struct Group<'a> {
    /// Their platform, as the first of them has it.
    pub target: &'a Target,
    /// All of them, in order.
    pub members: Vec<&'a Target>,
}

/// Groups hosts by what their runner depends on: triple, libc and its version, the user's own specification and flags.
/// Hosts of unknown platform are together where they are unknown for the same reason.
pub fn groups(targets: &[Target]) -> Vec<Group<'_>> {
    let mut list: Vec<Group> = Vec::new();
    for t in targets {
        let same = |g: &&mut Group| {
            let key = |t: &Target| (t.triple.clone(), t.libc.clone(), t.libc_version.clone(), t.spec.clone(), t.rustflags.clone());
            key(g.target) == key(t) && (!t.triple.is_empty() || g.target.reason == t.reason)
        };
        match list.iter_mut().find(same) {
            Some(g) => g.members.push(t),
            None => list.push(Group { target: t, members: vec![t] }),
        }
    }
    list
}

/// The groups as a table for a person: platform, libc, how many hosts, how they are known, their names. What is unusual
/// stands below, a line each. Ends with a newline.
pub fn table(targets: &[Target]) -> String {
    let groups = groups(targets);
    let mut rows = vec![["TARGET".to_owned(), "LIBC".to_owned(), "HOSTS".to_owned(), "KNOWN BY".to_owned(), String::new()]];
    for g in &groups {
        let t = g.target;
        let triple = if t.triple.is_empty() { "unknown" } else { &t.triple };
        let libc = match (&t.libc, &t.libc_version) {
            (Some(l), Some(v)) => format!("{l} {v}"),
            (Some(l), None) => l.clone(),
            _ => "-".into(),
        };
        let mut ways: Vec<&str> = Vec::new();
        for m in &g.members {
            if !ways.contains(&m.known_by.as_str()) {
                ways.push(&m.known_by);
            }
        }
        rows.push([triple.to_owned(), libc, g.members.len().to_string(), ways.join(", "), names(&g.members)]);
    }
    let width = |i: usize| rows.iter().map(|r| r[i].chars().count()).max().unwrap_or(0);
    let (a, b, c, d) = (width(0), width(1), width(2), width(3));
    let mut text = String::new();
    for [triple, libc, count, by, hosts] in &rows {
        let line = format!("{triple:a$}  {libc:b$}  {count:>c$}  {by:d$}  {hosts}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    for g in &groups {
        let who = || names(&g.members);
        if let Some(spec) = &g.target.spec {
            let _ = writeln!(text, "{}: specified by {spec}", who());
        }
        if !g.target.rustflags.is_empty() {
            let _ = writeln!(text, "{}: built with {}", who(), g.target.rustflags.join(" "));
        }
        for m in &g.members {
            if let Some(reason) = &m.reason {
                let _ = writeln!(text, "{}: {reason}", m.host);
            }
        }
    }
    text
}

fn names(members: &[&Target]) -> String {
    const SHOWN: usize = 6;
    let mut text = members.iter().take(SHOWN).map(|m| m.host.as_str()).collect::<Vec<_>>().join(" ");
    if members.len() > SHOWN {
        let _ = write!(text, " … and {} more", members.len() - SHOWN);
    }
    text
}
