//! `ansible_fips`.

use crate::{Collector, Context};
use rustle_value::Dict;

pub static COLLECTOR: Collector =
    Collector { subset: "fips", aliases: &[], minimal: true, requires: &[], slow: false, gather };

fn gather(ctx: &Context, out: &mut Dict) {
    out.insert("fips", ctx.line("/proc/sys/crypto/fips_enabled").is_some_and(|t| t == "1"));
}
