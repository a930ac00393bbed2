//! `ansible_selinux`, from selinuxfs and `/etc/selinux/config`.

use crate::text::assignment;
use crate::{Collector, Context};
use rustle_value::{Dict, dict};

pub static COLLECTOR: Collector =
    Collector { subset: "selinux", aliases: &[], minimal: true, requires: &[], slow: false, gather };

fn gather(ctx: &Context, out: &mut Dict) {
    // Ansible asks libselinux; without the library it cannot say, and so must we.
    let mut folders: Vec<String> =
        ["/lib64", "/usr/lib64", "/lib", "/usr/lib"].iter().map(|s| (*s).to_owned()).collect();
    folders.extend(["x86_64", "aarch64", "arm", "i386", "powerpc64le", "riscv64", "s390x"].iter().map(|a| {
        format!("/usr/lib/{a}-linux-gnu{}", if *a == "arm" { "eabihf" } else { "" })
    }));
    let library = folders.iter().any(|d| ctx.exists(&format!("{d}/libselinux.so.1")));
    out.insert("selinux_python_present", library);
    if !library {
        out.insert("selinux", dict! { "status" => "Missing selinux Python library" });
        return;
    }
    let Some(policy) = ctx.line("/sys/fs/selinux/policyvers") else {
        out.insert("selinux", dict! { "status" => "disabled" });
        return;
    };
    let config = ctx.read("/etc/selinux/config").unwrap_or_default();
    let configured = match assignment(&config, "SELINUX").as_deref() {
        Some("enforcing") => "enforcing",
        Some("permissive") => "permissive",
        Some("disabled") => "disabled",
        _ => "unknown",
    };
    let mode = match ctx.line("/sys/fs/selinux/enforce").as_deref() {
        Some("1") => "enforcing",
        Some("0") => "permissive",
        _ => "unknown",
    };
    out.insert("selinux", dict! {
        "status" => "enabled",
        "policyvers" => policy.parse::<i64>().unwrap_or_default(),
        "config_mode" => configured,
        "mode" => mode,
        "type" => assignment(&config, "SELINUXTYPE").unwrap_or_else(|| "unknown".into()),
    });
}
