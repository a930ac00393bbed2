//! `ansible_iscsi_iqn`.

use crate::{Collector, Context};
use rustle_value::Dict;

pub static COLLECTOR: Collector =
    Collector { subset: "iscsi", aliases: &[], minimal: false, requires: &[], slow: false, gather };

fn gather(ctx: &Context, out: &mut Dict) {
    let text = ctx.read("/etc/iscsi/initiatorname.iscsi").unwrap_or_default();
    let name = text.lines().find_map(|l| l.trim().strip_prefix("InitiatorName="));
    out.insert("iscsi_iqn", name.unwrap_or_default());
}
