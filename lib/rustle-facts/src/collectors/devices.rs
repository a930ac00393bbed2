//! `ansible_devices` and `ansible_device_links`: block devices, from `/sys/block` and `/dev/disk`.

#![cfg(target_os = "linux")]

use crate::text::bytes_to_human;
use crate::{Collector, Context};
use rustle_value::{Dict, Value, dict};
use std::collections::BTreeMap;

pub static COLLECTOR: Collector =
    Collector { subset: "hardware", aliases: &[], minimal: false, requires: &["platform"], slow: true, gather };

/// Kind of link → device's name → links' names.
type Links = Vec<(&'static str, BTreeMap<String, Vec<String>>)>;

fn gather(ctx: &Context, out: &mut Dict) {
    let links: Links = vec![
        ("ids", disk_links(ctx, "by-id")),
        ("uuids", disk_links(ctx, "by-uuid")),
        ("labels", disk_links(ctx, "by-label")),
        ("masters", masters(ctx)),
    ];
    let mut all = Dict::new();
    for (kind, map) in &links {
        let mut d = Dict::new();
        for (device, names) in map {
            d.insert(device.as_str(), names.clone());
        }
        all.insert(*kind, d);
    }
    out.insert("device_links", all);
    let mut wwn: BTreeMap<&str, &str> = BTreeMap::new();
    for (device, names) in &links[0].1 {
        if let Some(name) = names.iter().find_map(|n| n.strip_prefix("wwn-")) {
            wwn.insert(device, name);
        }
    }
    let mut pci: Option<String> = None;
    let mut devices = Dict::new();
    for block in ctx.list("/sys/block") {
        devices.insert(block.as_str(), device(ctx, &block, &links, &wwn, &mut pci));
    }
    out.insert("devices", devices);
}

fn device(ctx: &Context, block: &str, links: &Links, wwn: &BTreeMap<&str, &str>, pci: &mut Option<String>) -> Dict {
    let dir = format!("/sys/block/{block}");
    let get = |file: &str| ctx.line(&format!("{dir}/{file}"));
    let mut d = Dict::new();
    d.insert("virtual", 1);
    d.insert("links", links_of(links, block));
    for key in ["vendor", "model", "sas_address", "sas_device_handle"] {
        d.insert(key, get(&format!("device/{key}")));
    }
    if let Some(serial) = get("device/serial") {
        d.insert("serial", serial);
    }
    d.insert("removable", get("removable"));
    d.insert("support_discard", get("queue/discard_granularity"));
    if let Some(name) = wwn.get(block) {
        d.insert("wwn", *name);
    }
    let sector_size = get("queue/logical_block_size").or_else(|| get("queue/hw_sector_size"));
    let mut partitions = Dict::new();
    for name in ctx.list(&dir).into_iter().filter(|n| is_partition(n, block)) {
        let sub = format!("{dir}/{name}");
        let size = ctx.line(&format!("{sub}/size"));
        let sectors = size.as_deref().and_then(|s| s.parse::<f64>().ok()).unwrap_or(0.0);
        partitions.insert(name.as_str(), dict! {
            "links" => links_of(links, &name),
            "start" => ctx.line(&format!("{sub}/start")).map_or(Value::Int(0), Value::from),
            "sectors" => sectors as i64,
            "sectorsize" => ctx.line(&format!("{sub}/queue/logical_block_size"))
                .or_else(|| ctx.line(&format!("{sub}/queue/hw_sector_size")))
                .map_or(Value::Int(512), Value::from),
            "size" => bytes_to_human(sectors * 512.0),
            "uuid" => links[1].1.get(&name).and_then(|n| n.first()).cloned(),
            "holders" => holders(ctx, &sub),
        });
    }
    d.insert("partitions", partitions);
    d.insert("rotational", get("queue/rotational"));
    let scheduler = get("queue/scheduler").unwrap_or_default();
    let mode = scheduler.split_once('[').and_then(|(_, r)| r.split_once(']')).map_or("", |(m, _)| m);
    d.insert("scheduler_mode", mode);
    let sectors = get("size").and_then(|s| s.parse::<i64>().ok()).unwrap_or(0);
    d.insert("sectors", sectors);
    d.insert("sectorsize", sector_size.map_or(Value::from("512"), Value::from));
    d.insert("size", bytes_to_human(sectors as f64 * 512.0));
    d.insert("host", pci_name(ctx, &dir, pci).unwrap_or_default());
    d.insert("holders", holders(ctx, &dir));
    d
}

/// `sda1` of `sda`, `nvme0n1p2` of `nvme0n1`.
fn is_partition(name: &str, block: &str) -> bool {
    let Some(rest) = name.strip_prefix(block) else { return false };
    let digits = rest.strip_prefix('p').unwrap_or(rest);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

fn links_of(links: &Links, name: &str) -> Dict {
    let mut d = Dict::new();
    for (kind, map) in links {
        d.insert(*kind, map.get(name).cloned().unwrap_or_default());
    }
    d
}

fn disk_links(ctx: &Context, folder: &str) -> BTreeMap<String, Vec<String>> {
    let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let dir = format!("/dev/disk/{folder}");
    let mut names = ctx.list(&dir);
    names.sort();
    for name in names {
        if let Some(target) = ctx.link_name(&format!("{dir}/{name}")) {
            out.entry(target).or_default().push(name);
        }
    }
    out
}

fn masters(ctx: &Context) -> BTreeMap<String, Vec<String>> {
    let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut blocks = ctx.list("/sys/block");
    blocks.sort();
    for block in blocks {
        for slave in ctx.list(&format!("/sys/block/{block}/slaves")) {
            out.entry(slave).or_default().push(block.clone());
        }
    }
    out
}

/// Device-mapper devices on top of this one, by their names.
fn holders(ctx: &Context, dir: &str) -> Vec<String> {
    let names = ctx.list(&format!("{dir}/holders")).into_iter().filter(|n| n.starts_with("dm-"));
    names.map(|n| ctx.line(&format!("{dir}/holders/{n}/dm/name")).unwrap_or(n)).collect()
}

/// What `lspci` calls the controller that a device hangs on. It is started once, and only where there is such a device.
fn pci_name(ctx: &Context, dir: &str, cache: &mut Option<String>) -> Option<String> {
    let real = std::fs::canonicalize(ctx.path(dir)).ok()?;
    let is_slot = |s: &str| {
        let b = s.as_bytes();
        b.len() == 12 && b[4] == b':' && b[7] == b':' && b[10] == b'.' && s.split([':', '.']).all(|p| p.bytes().all(|c| c.is_ascii_hexdigit()))
    };
    let slot = real.iter().filter_map(|c| c.to_str()).filter(|c| is_slot(c)).next_back()?.to_owned();
    let text = cache.get_or_insert_with(|| ctx.output_of("lspci", &["-D"]).unwrap_or_default());
    text.lines().find_map(|l| l.strip_prefix(slot.as_str())?.strip_prefix(' ')).map(str::to_owned)
}
