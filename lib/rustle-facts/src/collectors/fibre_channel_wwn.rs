//! `ansible_fibre_channel_wwn`.

use crate::{Collector, Context};
use rustle_value::Dict;

pub static COLLECTOR: Collector =
    Collector { subset: "fibre_channel_wwn", aliases: &[], minimal: false, requires: &[], slow: false, gather };

fn gather(ctx: &Context, out: &mut Dict) {
    let mut hosts = ctx.list("/sys/class/fc_host");
    hosts.sort();
    let names = hosts.iter().filter_map(|h| ctx.line(&format!("/sys/class/fc_host/{h}/port_name")));
    out.insert("fibre_channel_wwn", names.map(|n| n.trim_start_matches("0x").to_owned()).collect::<Vec<_>>());
}
