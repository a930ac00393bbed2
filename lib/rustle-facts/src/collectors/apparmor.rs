//! `ansible_apparmor`.

use crate::{Collector, Context};
use rustle_value::{Dict, dict};

pub static COLLECTOR: Collector =
    Collector { subset: "apparmor", aliases: &[], minimal: true, requires: &[], slow: false, gather };

fn gather(ctx: &Context, out: &mut Dict) {
    let status = if ctx.exists("/sys/kernel/security/apparmor") { "enabled" } else { "disabled" };
    out.insert("apparmor", dict! { "status" => status });
}
