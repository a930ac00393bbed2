//! The PLAY RECAP and the line on how hosts were reached.

use crate::color::paint;
use crate::screen::{Role, Screen};
use rustle_stream::event::Counts;
use rustle_value::{Dict, JsonStyle, Value, to_json_string};
use std::collections::BTreeMap;

/// The recap, hosts by name.
pub(crate) fn recap(screen: &mut Screen<'_>, hosts: &[(String, Counts)]) {
    screen.banner("PLAY RECAP");
    let mut sorted: Vec<_> = hosts.iter().filter(|(_, c)| *c != Counts::default()).collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    for (host, c) in sorted {
        let fields = [
            field(screen, "ok", c.ok, |p| &p.ok),
            field(screen, "changed", c.changed, |p| &p.changed),
            field(screen, "unreachable", c.unreachable, |p| &p.unreachable),
            field(screen, "failed", c.failed, |p| &p.error),
            field(screen, "skipped", c.skipped, |p| &p.skip),
            field(screen, "rescued", c.rescued, |p| &p.ok),
            field(screen, "ignored", c.ignored, |p| &p.warn),
        ];
        let line = format!("{} : {}", name(screen, host, c), fields.join(" "));
        screen.line(&line);
    }
    screen.line("");
}

fn field(screen: &Screen<'_>, word: &str, n: u32, role: Role) -> String {
    let text = format!("{word}={n:<4}");
    if n == 0 { text } else { screen.paint(&text, role) }
}

fn name(screen: &Screen<'_>, host: &str, c: &Counts) -> String {
    let Some(p) = &screen.options.palette else { return format!("{host:<26}") };
    let color = if c.failed > 0 || c.unreachable > 0 {
        &p.error
    } else if c.changed > 0 {
        &p.changed
    } else {
        &p.ok
    };
    format!("{:<37}", paint(host, color))
}

/// What `set_stats` collected: by host, then of the run.
pub(crate) fn custom(screen: &mut Screen<'_>, stats: &Dict) {
    screen.banner("CUSTOM STATS: ");
    let style = JsonStyle { sort_keys: true, ..JsonStyle::pretty(1) };
    let text = |v: &Value| to_json_string(v, &style).replace('\n', "");
    let mut hosts: Vec<(&str, &Value)> = stats.str_iter().filter(|(k, _)| *k != "_run").collect();
    hosts.sort_by_key(|(k, _)| *k);
    for (host, own) in hosts {
        screen.line(&format!("\t{host}: {}", text(own)));
    }
    if let Some(run) = stats.get("_run") {
        screen.line("");
        screen.line(&format!("\tRUN: {}", text(run)));
    }
    screen.line("");
}

/// `hosts reached by: local (2), ssh fallback (1: no exec)`; nothing where nothing is known.
pub(crate) fn methods(screen: &mut Screen<'_>, reached: &BTreeMap<String, (String, Option<String>)>) {
    let mut groups: BTreeMap<(String, Option<String>), Vec<&str>> = BTreeMap::new();
    for (host, how) in reached {
        groups.entry(how.clone()).or_default().push(host);
    }
    if groups.is_empty() {
        return;
    }
    let parts: Vec<String> = groups
        .iter()
        .map(|((method, reason), hosts)| {
            let why = reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default();
            // Where there is a reason, it is these hosts' reason.
            let few = if reason.is_some() { 20 } else { 5 };
            let count = (groups.len() == 1 && reason.is_none()) || hosts.len() > few;
            let who = if count { hosts.len().to_string() } else { hosts.join(", ") };
            format!("{method} ({who}{why})")
        })
        .collect();
    screen.line(&format!("hosts reached by: {}", parts.join("; ")));
}
