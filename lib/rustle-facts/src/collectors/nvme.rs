//! `ansible_hostnqn`.

use crate::{Collector, Context};
use rustle_value::Dict;

pub static COLLECTOR: Collector =
    Collector { subset: "nvme", aliases: &[], minimal: false, requires: &[], slow: false, gather };

fn gather(ctx: &Context, out: &mut Dict) {
    let text = ctx.read("/etc/nvme/hostnqn").unwrap_or_default();
    let name = text.lines().find(|l| l.starts_with("nqn.")).map(str::trim);
    out.insert("hostnqn", name.unwrap_or_default());
}
