//! `ansible_system`, `_kernel`, `_hostname`, `_fqdn`, `_architecture`, `_python_version`, `_machine_id`, ….

use crate::{Collector, Context};
use rustle_value::Dict;

pub static COLLECTOR: Collector = Collector {
    subset: "platform",
    aliases: &["architecture", "kernel", "kernel_version", "machine", "machine_id", "python_version", "system"],
    minimal: true,
    requires: &[],
    slow: true,
    gather,
};

fn gather(ctx: &Context, out: &mut Dict) {
    let u = ctx.uname();
    let fqdn = qualified_name(ctx, &u.node);
    let bits = if cfg!(target_pointer_width = "64") { "64" } else { "32" };
    let i386 = u.machine.len() == 4 && u.machine.starts_with('i') && u.machine.ends_with("86");
    let architecture = if i386 || u.machine == "x86" { "i386" } else { &u.machine };
    let userspace = if u.machine == "x86_64" && bits == "32" { "i386" } else { architecture };
    out.insert("system", u.system.as_str());
    out.insert("kernel", u.release.as_str());
    out.insert("kernel_version", u.version.as_str());
    out.insert("machine", u.machine.as_str());
    if let Some(p) = ctx.python() {
        out.insert("python_version", format!("{}.{}.{}", p.major, p.minor, p.micro));
    }
    out.insert("hostname", u.node.split('.').next().unwrap_or_default());
    out.insert("nodename", u.node.as_str());
    out.insert("domain", fqdn.split_once('.').map_or("", |(_, d)| d));
    out.insert("fqdn", fqdn);
    out.insert("architecture", architecture);
    out.insert("userspace_bits", bits);
    out.insert("userspace_architecture", userspace);
    let id = ["/var/lib/dbus/machine-id", "/etc/machine-id"].iter().find_map(|p| ctx.line(p));
    if let Some(id) = id {
        out.insert("machine_id", id.lines().next().unwrap_or_default());
    }
}

/// What the resolver calls this host: name → address → the first of that address's names that has a dot.
fn qualified_name(ctx: &Context, node: &str) -> String {
    let hosts = ctx.read("/etc/hosts").unwrap_or_default();
    let lines: Vec<Vec<&str>> = hosts
        .lines()
        .map(|l| l.split('#').next().unwrap_or_default().split_whitespace().collect())
        .filter(|l: &Vec<&str>| l.len() > 1)
        .collect();
    let by_name = |name: &str| {
        // An IPv4 address first, as gethostbyname does.
        let of = |v6: bool| lines.iter().find(|l| l[0].contains(':') == v6 && l[1..].contains(&name)).map(|l| l[0]);
        of(false).or_else(|| of(true))
    };
    let names: Vec<String> = match by_name(node) {
        Some(address) => {
            let line = lines.iter().find(|l| l[0] == address);
            line.map(|l| l[1..].iter().map(|s| (*s).to_owned()).collect()).unwrap_or_default()
        }
        None => resolved_names(ctx, node),
    };
    let canonical = names.first().cloned().unwrap_or_else(|| node.to_owned());
    names.into_iter().find(|n| n.contains('.')).unwrap_or(canonical)
}

/// Asks the system's resolver through `getent`: a static program cannot load the C library's resolver plug-ins.
fn resolved_names(ctx: &Context, node: &str) -> Vec<String> {
    let words = |text: String| -> Vec<String> {
        text.lines().next().unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    };
    let Some(forward) = ctx.output_of("getent", &["ahostsv4", node]).or_else(|| ctx.output_of("getent", &["hosts", node]))
    else {
        return Vec::new();
    };
    let Some(address) = words(forward).first().cloned() else { return Vec::new() };
    match ctx.output_of("getent", &["hosts", &address]) {
        Some(back) => words(back).into_iter().skip(1).collect(),
        None => Vec::new(),
    }
}
