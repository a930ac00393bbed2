//! `ansible_systemd`: version and features of a running systemd.

use super::service_mgr::systemd_runs;
use crate::{Collector, Context};
use rustle_value::{Dict, dict};

pub static COLLECTOR: Collector =
    Collector { subset: "systemd", aliases: &[], minimal: false, requires: &[], slow: true, gather };

fn gather(ctx: &Context, out: &mut Dict) {
    if !systemd_runs(ctx) {
        return;
    }
    let Some(text) = ctx.output_of("systemctl", &["--version"]) else { return };
    let mut lines = text.lines();
    let version = lines.next().and_then(|l| l.split_whitespace().nth(1)?.parse::<i64>().ok());
    if let Some(version) = version {
        out.insert("systemd", dict! { "version" => version, "features" => lines.next().unwrap_or_default() });
    }
}
