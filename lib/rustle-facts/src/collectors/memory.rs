//! `ansible_mem*_mb`, `ansible_swap*_mb`, `ansible_memory_mb`.

#![cfg(target_os = "linux")]

use crate::{Collector, Context};
use rustle_value::{Dict, dict};

pub static COLLECTOR: Collector =
    Collector { subset: "hardware", aliases: &[], minimal: false, requires: &["platform"], slow: false, gather };

fn gather(ctx: &Context, out: &mut Dict) {
    let text = ctx.read("/proc/meminfo").unwrap_or_default();
    let get = |key: &str| -> Option<i64> {
        let line = text.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse::<i64>().ok().map(|kib| kib / 1024)
    };
    for (key, field) in
        [("memtotal_mb", "MemTotal"), ("swaptotal_mb", "SwapTotal"), ("memfree_mb", "MemFree"), ("swapfree_mb", "SwapFree")]
    {
        if let Some(n) = get(field) {
            out.insert(key, n);
        }
    }
    let less = |a: Option<i64>, b: Option<i64>| Some(a? - b?);
    let (total, free) = (get("MemTotal"), get("MemFree"));
    let unused = free.and_then(|f| Some(f + get("Cached")? + get("Buffers")?));
    let (swap, swap_free) = (get("SwapTotal"), get("SwapFree"));
    out.insert("memory_mb", dict! {
        "real" => dict! { "total" => total, "used" => less(total, free), "free" => free },
        "nocache" => dict! { "free" => unused, "used" => less(total, unused) },
        "swap" => dict! { "total" => swap, "free" => swap_free, "used" => less(swap, swap_free), "cached" => get("SwapCached") },
    });
}
