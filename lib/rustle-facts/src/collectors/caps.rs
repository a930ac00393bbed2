//! `ansible_system_capabilities*`: what `capsh` says. Its text form of capability sets is libcap's business.

use crate::{Collector, Context};
use rustle_value::Dict;

pub static COLLECTOR: Collector = Collector {
    subset: "caps",
    aliases: &["system_capabilities", "system_capabilities_enforced"],
    minimal: true,
    requires: &[],
    slow: true,
    gather,
};

fn gather(ctx: &Context, out: &mut Dict) {
    let (enforced, caps) = ctx.output_of("capsh", &["--print"]).map_or(("NA", Vec::new()), |t| parse(&t));
    out.insert("system_capabilities_enforced", enforced);
    out.insert("system_capabilities", caps);
}

/// Whether capabilities are enforced, and the current ones.
fn parse(text: &str) -> (&'static str, Vec<String>) {
    let Some(current) = text.lines().find_map(|l| l.strip_prefix("Current:")) else { return ("NA", Vec::new()) };
    let current = current.trim();
    if current == "=ep" {
        return ("False", Vec::new());
    }
    let list = current.split_once('=').map_or("", |(_, l)| l);
    ("True", list.split(',').map(|c| c.trim().to_owned()).collect())
}
