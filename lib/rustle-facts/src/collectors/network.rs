//! `ansible_interfaces`, one fact per interface, `ansible_default_ipv4/6`, `ansible_all_ipv4/6_addresses`,
//! `ansible_locally_reachable_ips`: from sysfs and netlink. `ethtool` is asked for features where it is installed.

#![cfg(target_os = "linux")]

use crate::netlink::{self, Address};
use crate::{Collector, Context};
use rustle_value::{Dict, Value, dict};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub static COLLECTOR: Collector = Collector {
    subset: "network",
    aliases: &["all_ipv4_addresses", "all_ipv6_addresses", "default_ipv4", "default_ipv6", "interfaces"],
    minimal: false,
    requires: &["platform", "distribution"],
    slow: true,
    gather,
};

/// Destinations that Ansible asks the routing table for.
const PROBE_V4: Ipv4Addr = Ipv4Addr::new(8, 8, 8, 8);
const PROBE_V6: Ipv6Addr = Ipv6Addr::new(0x2404, 0x6800, 0x400a, 0x800, 0, 0, 0, 0x1012);

fn gather(ctx: &Context, out: &mut Dict) {
    // Ansible reads everything here off `ip`; without it there are no such facts.
    if ctx.which("ip").is_none() {
        return;
    }
    let names = ctx.list("/sys/class/net");
    let index_of = |name: &str| ctx.line(&format!("/sys/class/net/{name}/ifindex")).and_then(|t| t.parse::<u32>().ok());
    let indices: Vec<Option<u32>> = names.iter().map(|n| index_of(n)).collect();
    let name_of = |index: u32| names.iter().zip(&indices).find(|(_, i)| **i == Some(index)).map(|(n, _)| n.as_str());
    let mut v4 = default_route(IpAddr::V4(PROBE_V4), name_of);
    let mut v6 = default_route(IpAddr::V6(PROBE_V6), name_of);
    let addresses = netlink::addresses();
    let mut interfaces: Vec<(String, Dict)> = Vec::new();
    let (mut all_v4, mut all_v6): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let extras = ethtool(ctx, &names);
    for ((name, index), extra) in names.iter().zip(&indices).zip(extras) {
        if !ctx.path(&format!("/sys/class/net/{name}")).is_dir() {
            continue;
        }
        let mut own = (name.clone(), properties(ctx, name));
        let mut labelled: Vec<(String, Dict)> = Vec::new();
        let of_link = |secondary: bool| addresses.iter().filter(move |a| Some(a.index) == *index && a.secondary == secondary);
        for a in of_link(false).chain(of_link(true)) {
            if a.v6 {
                add_v6(&mut own.1, a, &mut v6);
                if a.address != "::1" {
                    all_v6.push(a.address.clone());
                }
            } else {
                add_v4(&mut own, &mut labelled, a, &mut v4);
                if !a.address.starts_with("127.") {
                    all_v4.push(a.address.clone());
                }
            }
        }
        own.1.update(&extra);
        interfaces.push(own);
        interfaces.extend(labelled);
    }
    out.insert("interfaces", interfaces.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>());
    for (name, facts) in interfaces {
        out.insert(name.replace(':', "_"), facts);
    }
    out.insert("default_ipv4", v4);
    out.insert("default_ipv6", v6);
    out.insert("all_ipv4_addresses", all_v4);
    out.insert("all_ipv6_addresses", all_v6);
    out.insert("locally_reachable_ips", dict! { "ipv4" => local(false), "ipv6" => local(true) });
}

/// Destinations of the kernel's table `local`.
fn local(v6: bool) -> Vec<String> {
    let full = if v6 { 128 } else { 32 };
    let routes = netlink::routes(v6).into_iter().filter(|r| r.table == 255 && r.kind == 2);
    routes
        .filter_map(|r| {
            let d = r.destination?;
            Some(if r.prefix == full { d } else { format!("{d}/{}", r.prefix) })
        })
        .collect()
}

fn default_route<'a>(probe: IpAddr, name_of: impl Fn(u32) -> Option<&'a str>) -> Dict {
    let mut d = Dict::new();
    let Some(route) = netlink::route_to(probe).filter(|r| r.kind == 1) else { return d };
    let Some(name) = route.interface.and_then(name_of) else { return d };
    d.insert("interface", name);
    if let Some(source) = route.source {
        d.insert("address", source);
    }
    if let Some(gateway) = route.gateway {
        d.insert("gateway", gateway);
    }
    d
}

fn copy(from: &Dict, to: &mut Dict) {
    for key in ["macaddress", "mtu"] {
        if let Some(v) = from.get(key) {
            to.insert(key, v.clone());
        }
    }
    to.insert("type", from.get("type").cloned().unwrap_or_else(|| "unknown".into()));
}

fn add_v6(own: &mut Dict, a: &Address, default: &mut Dict) {
    let scope = match a.scope {
        0 => "global".to_owned(),
        200 => "site".to_owned(),
        253 => "link".to_owned(),
        254 => "host".to_owned(),
        other => other.to_string(),
    };
    let known = own.get("ipv6").and_then(Value::as_list).unwrap_or_default().to_vec();
    let prefix = a.prefix.to_string();
    let entry = dict! { "address" => a.address.as_str(), "prefix" => prefix.as_str(), "scope" => scope.as_str() };
    own.insert("ipv6", [known, vec![Value::dict(entry)]].concat());
    if default.get("address").and_then(Value::as_str) == Some(a.address.as_str()) {
        default.insert("prefix", prefix);
        default.insert("scope", scope);
        copy(own, default);
    }
}

fn add_v4(own: &mut (String, Dict), labelled: &mut Vec<(String, Dict)>, a: &Address, default: &mut Dict) {
    // A point-to-point address stands without prefix.
    let prefix = if a.peer { 32 } else { a.prefix };
    let bits = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
    let netmask = Ipv4Addr::from(bits).to_string();
    let network = a.address.parse::<Ipv4Addr>().map_or_else(|_| String::new(), |ip| Ipv4Addr::from(u32::from(ip) & bits).to_string());
    let prefix = prefix.to_string();
    let entry = Value::dict(dict! {
        "address" => a.address.as_str(), "broadcast" => a.broadcast.as_str(), "netmask" => netmask.as_str(),
        "network" => network.as_str(), "prefix" => prefix.as_str(),
    });
    let second = |d: &mut Dict| {
        let known = d.get("ipv4_secondaries").and_then(Value::as_list).unwrap_or_default().to_vec();
        d.insert("ipv4_secondaries", [known, vec![entry.clone()]].concat());
    };
    let label = if a.label.is_empty() { own.0.clone() } else { a.label.clone() };
    let other = label != own.0;
    let target = if other {
        if !labelled.iter().any(|(n, _)| *n == label) {
            labelled.push((label.clone(), Dict::new()));
        }
        labelled.iter_mut().find(|(n, _)| *n == label).map_or(&mut own.1, |(_, d)| d)
    } else {
        &mut own.1
    };
    if !a.secondary && !target.contains_key("ipv4") {
        target.insert("ipv4", entry.clone());
    } else {
        second(target);
    }
    // A secondary address under a label of its own also shows on the device.
    if a.secondary && other {
        second(&mut own.1);
    }
    if default.get("address").and_then(Value::as_str) == Some(a.address.as_str()) {
        default.insert("broadcast", a.broadcast.as_str());
        default.insert("netmask", netmask);
        default.insert("network", network);
        default.insert("prefix", prefix);
        copy(&own.1, default);
        default.insert("alias", label);
    }
}

/// What sysfs says of one interface.
fn properties(ctx: &Context, name: &str) -> Dict {
    let dir = format!("/sys/class/net/{name}");
    let get = |file: &str| ctx.line(&format!("{dir}/{file}"));
    let mut d = dict! { "device" => name };
    if let Some(mac) = get("address").filter(|m| m != "00:00:00:00:00:00") {
        d.insert("macaddress", mac);
    }
    if let Some(mtu) = get("mtu").and_then(|m| m.parse::<i64>().ok()) {
        d.insert("mtu", mtu);
    }
    if let Some(state) = get("operstate") {
        d.insert("active", state != "down");
    }
    if let Some(module) = ctx.link_name(&format!("{dir}/device/driver/module")) {
        d.insert("module", module);
    }
    let kind = match get("type").as_deref() {
        Some("1") => "ether",
        Some("32") => "infiniband",
        Some("512") => "ppp",
        Some("772") => "loopback",
        Some("65534") => "tunnel",
        _ => "unknown",
    };
    d.insert("type", kind);
    if ctx.exists(&format!("{dir}/bridge")) {
        d.insert("type", "bridge");
        d.insert("interfaces", ctx.list(&format!("{dir}/brif")));
        if let Some(id) = get("bridge/bridge_id") {
            d.insert("id", id);
        }
        if let Some(stp) = get("bridge/stp_state") {
            d.insert("stp", stp == "1");
        }
    }
    if ctx.exists(&format!("{dir}/bonding")) {
        let slaves = get("bonding/slaves").unwrap_or_default();
        let first = |file: &str| get(file).and_then(|t| t.split_whitespace().next().map(str::to_owned));
        d.insert("type", "bonding");
        d.insert("slaves", slaves.split_whitespace().collect::<Vec<_>>());
        d.insert("mode", first("bonding/mode"));
        d.insert("miimon", first("bonding/miimon"));
        d.insert("lacp_rate", first("bonding/lacp_rate"));
        if let Some(primary) = get("bonding/primary") {
            d.insert("primary", primary);
            if let Some(all) = get("bonding/all_slaves_active") {
                d.insert("all_slaves_active", all == "1");
            }
        }
    }
    if let Some(address) = get("bonding_slave/perm_hwaddr") {
        d.insert("perm_macaddress", address);
    }
    if let Some(id) = ctx.link_name(&format!("{dir}/device")) {
        d.insert("pciid", id);
    }
    // Reading the speed of an interface that is down is an error.
    if let Some(speed) = get("speed").and_then(|s| s.parse::<i64>().ok()) {
        d.insert("speed", speed);
    }
    if let Some(flags) = get("flags").and_then(|f| u32::from_str_radix(f.trim_start_matches("0x"), 16).ok()) {
        d.insert("promisc", flags & 0x100 != 0);
    }
    d
}

/// Features and time stamping, per interface. The programs run side by side.
fn ethtool(ctx: &Context, names: &[String]) -> Vec<Dict> {
    let Some(program) = ctx.which("ethtool") else { return vec![Dict::new(); names.len()] };
    std::thread::scope(|s| {
        let jobs: Vec<_> = names
            .iter()
            .map(|name| {
                let program = &program;
                s.spawn(move || {
                    let mut d = Dict::new();
                    if let Some(o) = ctx.run(program, &["-k", name]).filter(|o| o.status == 0) {
                        d.insert("features", features(&o.stdout));
                    }
                    if let Some(o) = ctx.run(program, &["-T", name]).filter(|o| o.status == 0) {
                        time_stamping(&o.stdout, &mut d);
                    }
                    d
                })
            })
            .collect();
        jobs.into_iter().map(|j| j.join().unwrap_or_default()).collect()
    })
}

fn features(text: &str) -> Dict {
    let mut d = Dict::new();
    for line in text.lines().filter(|l| !l.is_empty() && !l.ends_with(':')) {
        if let Some((k, v)) = line.split_once(": ").filter(|(_, v)| !v.is_empty()) {
            d.insert(k.trim().replace('-', "_"), v.trim());
        }
    }
    d
}

fn time_stamping(text: &str, d: &mut Dict) {
    let words = |prefix: &str| -> Vec<String> {
        let hits = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter_map(|w| w.strip_prefix(prefix));
        hits.map(str::to_lowercase).collect()
    };
    d.insert("timestamping", words("SOF_TIMESTAMPING_"));
    d.insert("hw_timestamp_filters", words("HWTSTAMP_FILTER_"));
    let clock = text.lines().find_map(|l| l.strip_prefix("PTP Hardware Clock: ")?.trim().parse::<i64>().ok());
    if let Some(n) = clock {
        d.insert("phc_index", n);
    }
}
