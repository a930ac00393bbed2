//! `ansible_python`: the host's interpreter, without starting it.

use crate::{Collector, Context};
use rustle_value::{Dict, Value, dict};

pub static COLLECTOR: Collector =
    Collector { subset: "python", aliases: &[], minimal: true, requires: &[], slow: true, gather };

fn gather(ctx: &Context, out: &mut Dict) {
    let Some(p) = ctx.python() else { return };
    let version = dict! {
        "major" => p.major, "minor" => p.minor, "micro" => p.micro, "releaselevel" => p.level.as_str(), "serial" => p.serial,
    };
    let info: Vec<Value> = version.values().cloned().collect();
    out.insert("python", dict! {
        "version" => version,
        "version_info" => info,
        "executable" => p.executable.as_str(),
        "has_sslcontext" => p.ssl,
        "type" => p.implementation.as_str(),
    });
}
