//! `ansible_virtualization_*`: containers, hypervisors and hosts of either, from files alone.

#![cfg(target_os = "linux")]

use crate::{Collector, Context};
use rustle_value::Dict;

pub static COLLECTOR: Collector = Collector {
    subset: "virtual",
    aliases: &[
        "virtualization_role", "virtualization_tech_guest", "virtualization_tech_host", "virtualization_type",
    ],
    minimal: false,
    requires: &[],
    slow: false,
    gather,
};

#[derive(Default)]
struct Found {
    kind: Option<(String, &'static str)>,
    guest: Vec<String>,
    host: Vec<String>,
}

impl Found {
    fn add(list: &mut Vec<String>, name: &str) {
        if !list.iter().any(|n| n == name) {
            list.push(name.to_owned());
        }
    }
    /// This machine is a guest of `name`; the first find names the type.
    fn guest(&mut self, name: &str) {
        Self::add(&mut self.guest, name);
        self.kind.get_or_insert_with(|| (name.to_owned(), "guest"));
    }
    fn container(&mut self, name: &str) {
        self.guest(name);
        Self::add(&mut self.guest, "container");
    }
    fn host(&mut self, name: &str) {
        Self::add(&mut self.host, name);
        self.kind.get_or_insert_with(|| (name.to_owned(), "host"));
    }
}

fn gather(ctx: &Context, out: &mut Dict) {
    let mut f = Found::default();
    containers(ctx, &mut f);
    machines(ctx, &mut f);
    hosts(ctx, &mut f);
    let (kind, role) = f.kind.unwrap_or_else(|| ("NA".into(), "NA"));
    out.insert("virtualization_type", kind);
    out.insert("virtualization_role", role);
    out.insert("virtualization_tech_guest", f.guest);
    out.insert("virtualization_tech_host", f.host);
}

fn containers(ctx: &Context, f: &mut Found) {
    for line in ctx.read("/proc/1/cgroup").unwrap_or_default().lines() {
        let docker_scope = line.split("/docker-").nth(1).is_some_and(|r| r.contains(".scope"));
        if line.contains("/docker/") || docker_scope {
            f.container("docker");
        }
        if line.contains("/lxc/") || line.contains("/machine.slice/machine-lxc") {
            f.container("lxc");
        }
        if line.contains("/system.slice/containerd.service") {
            f.container("containerd");
        }
    }
    for variable in ctx.read("/proc/1/environ").unwrap_or_default().split('\0') {
        match variable.strip_prefix("container=") {
            Some("lxc") => f.container("lxc"),
            Some("podman") => f.container("podman"),
            Some(x) if !x.is_empty() => f.container("container"),
            _ => {}
        }
    }
    if ctx.exists("/proc/vz") && !ctx.exists("/proc/lve") {
        if ctx.exists("/proc/bc") { f.host("openvz") } else { f.guest("openvz") }
    }
    if let Some(name) = ctx.line("/run/systemd/container") {
        // Less than process 1's environment, as in Ansible: there the type is then `container`.
        f.container(&name);
    }
    if ctx.exists("/.dockerenv") || ctx.exists("/.dockerinit") {
        f.container("docker");
    }
    if ctx.exists("/proc/xen") {
        let dom0 = ctx.read("/proc/xen/capabilities").is_some_and(|t| t.contains("control_d"));
        if dom0 { f.host("xen") } else { f.guest("xen") }
    }
}

/// Guests that the firmware's tables or the CPU give away.
fn machines(ctx: &Context, f: &mut Found) {
    let dmi = |file: &str| ctx.line(&format!("/sys/devices/virtual/dmi/id/{file}")).unwrap_or_default();
    let (product, vendor) = (dmi("product_name"), dmi("sys_vendor"));
    let (bios, family) = (dmi("bios_vendor"), dmi("product_family"));
    let by_product = match product.as_str() {
        "KVM" | "KVM Server" | "Bochs" | "AHV" | "CloudStack KVM Hypervisor" => Some("kvm"),
        "RHEV Hypervisor" => Some("RHEV"),
        "VMware Virtual Platform" | "VMware7,1" | "VMware20,1" => Some("VMware"),
        "OpenStack Compute" | "OpenStack Nova" => Some("openstack"),
        "OpenShift Virtualization" | "KubeVirt" => Some("KubeVirt"),
        _ => None,
    };
    let by_vendor = match (bios.as_str(), vendor.as_str()) {
        ("Xen", _) => Some("xen"),
        ("innotek GmbH", _) => Some("virtualbox"),
        ("Amazon EC2" | "DigitalOcean" | "Hetzner", _) => Some("kvm"),
        (_, "KubeVirt") => Some("KubeVirt"),
        (_, "oVirt") => Some("oVirt"),
        (_, "Red Hat") if family == "RHV" => Some("RHV"),
        (_, "Microsoft Corporation") if product == "Virtual Machine" => Some("VirtualPC"),
        (_, "Parallels Software International Inc." | "Parallels International GmbH.") => Some("parallels"),
        (_, "OpenStack Foundation") => Some("openstack"),
        (_, "QEMU" | "Amazon EC2" | "DigitalOcean" | "Google" | "Scaleway" | "Nutanix" | "Hetzner") => Some("kvm"),
        (_, "bhyve" | "BHYVE") => Some("bhyve"),
        _ => None,
    };
    for name in [by_product, by_vendor].into_iter().flatten() {
        f.guest(name);
    }
    if let Some(id) = ctx.read("/proc/self/status").and_then(|t| {
        t.lines().find_map(|l| l.strip_prefix("VxID:").map(|v| v.trim().to_owned()))
    }) {
        if id == "0" { f.host("linux_vserver") } else { f.guest("linux_vserver") }
    }
    for line in ctx.read("/proc/cpuinfo").unwrap_or_default().lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        match (key.trim(), value.trim()) {
            ("model name" | "Processor", v) if v.contains("QEMU Virtual CPU") => f.guest("kvm"),
            ("vendor_id", v) if v.contains("User Mode Linux") => f.guest("uml"),
            ("model name", v) if v.starts_with("UML") => f.guest("uml"),
            ("machine", v) if v.contains("CHRP IBM pSeries (emulated by qemu)") => f.guest("kvm"),
            ("vendor_id", v) if v.contains("PowerVM Lx86") => f.guest("powervm_lx86"),
            ("vendor_id", v) if v.contains("IBM/S390") => f.guest("PR/SM"),
            _ => {}
        }
    }
}

fn hosts(ctx: &Context, f: &mut Found) {
    let modules = ctx.read("/proc/modules").unwrap_or_default();
    let loaded = |name: &str| modules.lines().any(|l| l.split(' ').next() == Some(name));
    if loaded("kvm") {
        f.host("kvm");
    }
    if ctx.exists("/dev/kvm") {
        f.host("kvm");
    }
    if loaded("vboxdrv") {
        f.host("virtualbox");
    }
    if loaded("virtio") {
        f.guest("kvm");
    }
    if ctx.exists("/sys/firmware/uv/prot_virt_guest") {
        f.guest("kvm");
    }
}
