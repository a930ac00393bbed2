//! `ansible_service_mgr`: what process 1 is.

use crate::{Collector, Context};
use rustle_value::Dict;

pub static COLLECTOR: Collector = Collector {
    subset: "service_mgr",
    aliases: &[],
    minimal: true,
    requires: &["platform", "distribution"],
    slow: false,
    gather,
};

/// Whether systemd runs this machine.
pub fn systemd_runs(ctx: &Context) -> bool {
    ctx.which("systemctl").is_some()
        && ["/run/systemd/system/", "/dev/.run/systemd/", "/dev/.systemd/"].iter().any(|p| ctx.exists(p))
}

fn gather(ctx: &Context, out: &mut Dict) {
    let first = ctx.line("/proc/1/comm").map(|c| c.rsplit('/').next().unwrap_or_default().to_owned());
    // `init` says nothing, and a shell is what a container was started with.
    let known = first.filter(|c| c != "init" && !c.ends_with("sh"));
    let name = match known.as_deref() {
        Some("procd") => "openwrt_init".to_owned(),
        Some("runit-init") => "runit".to_owned(),
        Some("svscan") => "svc".to_owned(),
        Some("openrc-init") => "openrc".to_owned(),
        Some(other) => other.to_owned(),
        None => guess(ctx).to_owned(),
    };
    out.insert("service_mgr", name);
}

fn guess(ctx: &Context) -> &'static str {
    match ctx.uname().system.as_str() {
        "Darwin" => return "launchd",
        "FreeBSD" | "OpenBSD" | "NetBSD" | "DragonFly" => return "bsdinit",
        "SunOS" => return "smf",
        "AIX" => return "src",
        _ => {}
    }
    if ctx.distribution().name == "OpenWrt" {
        return "openwrt_init";
    }
    let init = ctx.link_name("/sbin/init");
    if systemd_runs(ctx) {
        "systemd"
    } else if ctx.which("initctl").is_some() && ctx.exists("/etc/init/") {
        "upstart"
    } else if ctx.exists("/sbin/openrc") {
        "openrc"
    } else if ctx.which("systemctl").is_some() && init.as_deref() == Some("systemd") {
        "systemd"
    } else if ctx.exists("/etc/init.d/") {
        "sysvinit"
    } else if ctx.exists("/etc/dinit.d/") {
        "dinit"
    } else {
        "service"
    }
}
