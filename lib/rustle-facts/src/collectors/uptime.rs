//! `ansible_uptime_seconds`.

#![cfg(target_os = "linux")]

use crate::{Collector, Context};
use rustle_value::Dict;

pub static COLLECTOR: Collector =
    Collector { subset: "hardware", aliases: &[], minimal: false, requires: &["platform"], slow: false, gather };

fn gather(ctx: &Context, out: &mut Dict) {
    let text = ctx.read("/proc/uptime").unwrap_or_default();
    if let Some(seconds) = text.split_whitespace().next().and_then(|s| s.parse::<f64>().ok()) {
        out.insert("uptime_seconds", seconds as i64);
    }
}
