//! `ansible_processor*` and `ansible_flags`, from `/proc/cpuinfo`.

#![cfg(target_os = "linux")]

use crate::{Collector, Context};
use rustle_value::Dict;

pub static COLLECTOR: Collector = Collector {
    subset: "hardware",
    aliases: &["processor", "processor_cores", "processor_count", "mounts", "devices"],
    minimal: false,
    requires: &["platform"],
    slow: false,
    gather,
};

fn gather(ctx: &Context, out: &mut Dict) {
    if let Some(text) = ctx.read("/proc/cpuinfo") {
        let xen = ctx.exists("/proc/xen");
        parse(&text, &ctx.uname().machine, xen, allowed_cpus(), out);
    }
}

/// CPUs that this process may run on.
fn allowed_cpus() -> i64 {
    std::thread::available_parallelism().map_or(1, |n| {
        // SAFETY: sched_getaffinity writes at most the size that it is told; zeroed bytes are an empty set.
        let set = unsafe {
            let mut set = std::mem::zeroed::<libc::cpu_set_t>();
            if libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) != 0 {
                return n.get() as i64;
            }
            set
        };
        // SAFETY: the set was filled above.
        i64::from(unsafe { libc::CPU_COUNT(&set) })
    })
}

/// Facts of the text of `/proc/cpuinfo`. `nproc`: how many CPUs may be used.
pub fn parse(text: &str, machine: &str, xen: bool, nproc: i64, out: &mut Dict) {
    let mut names: Vec<String> = Vec::new();
    let (mut vendors, mut models, mut processors, mut listed) = (0i64, 0i64, 0i64, 0i64);
    // Insertion order matters: the first socket and the first core speak for all.
    let mut sockets: Vec<(String, i64)> = Vec::new();
    let mut cores: Vec<(String, i64)> = Vec::new();
    let (mut socket, mut core) = (String::from("0"), String::from("0"));
    let mut flags: Option<Vec<String>> = None;
    let mut paravirtual = false;
    let put = |list: &mut Vec<(String, i64)>, key: &str, n: i64| match list.iter_mut().find(|(k, _)| k == key) {
        Some(entry) => entry.1 = n,
        None => list.push((key.to_owned(), n)),
    };
    for line in text.lines() {
        let (key, value) = line.split_once(':').map_or((line.trim(), ""), |(k, v)| (k.trim(), v.trim()));
        let number = || value.parse::<i64>().unwrap_or(1);
        match key {
            "model name" | "Processor" | "vendor_id" | "cpu" | "Vendor" | "processor" => {
                names.push(value.to_owned());
                listed += 1;
                vendors += i64::from(key == "vendor_id");
                models += i64::from(key == "model name");
                processors += i64::from(key == "processor");
            }
            "flags" | "Features" => {
                let list: Vec<String> = value.split_whitespace().map(str::to_owned).collect();
                paravirtual |= xen && key == "flags" && !list.iter().any(|f| f == "vme");
                flags = Some(list);
            }
            "physical id" => {
                socket = value.to_owned();
                if !sockets.iter().any(|(k, _)| k == value) {
                    sockets.push((socket.clone(), 1));
                }
            }
            "core id" => {
                core = value.to_owned();
                if !cores.iter().any(|(k, _)| k == value) {
                    cores.push((core.clone(), 1));
                }
            }
            "cpu cores" => put(&mut sockets, &socket, number()),
            "siblings" => put(&mut cores, &core, number()),
            _ => {}
        }
    }
    let mut count = listed;
    if vendors > 0 && vendors == models {
        count = vendors;
    }
    if ["armv", "aarch", "ppc"].iter().any(|a| machine.starts_with(a)) {
        count = processors;
    }
    if let Some(flags) = flags {
        out.insert("flags", flags);
    }
    out.insert("processor", names);
    if machine != "s390x" {
        if paravirtual {
            out.insert("processor_count", count);
            out.insert("processor_cores", count);
            out.insert("processor_threads_per_core", 1);
            out.insert("processor_vcpus", count);
        } else {
            let packages = if sockets.is_empty() { count } else { sockets.len() as i64 };
            let per_socket = sockets.first().map_or(1, |s| s.1).max(1);
            let threads = cores.first().map_or(1, |c| c.1 / per_socket).max(1);
            out.insert("processor_count", packages);
            out.insert("processor_cores", per_socket);
            out.insert("processor_threads_per_core", threads);
            out.insert("processor_vcpus", threads * packages * per_socket);
        }
        out.insert("processor_nproc", nproc);
    }
}
