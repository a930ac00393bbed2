//! `ansible_loadavg`, with the kernel's own precision rather than the two digits of `/proc/loadavg`.

#![cfg(target_os = "linux")]

use crate::{Collector, Context};
use rustle_value::{Dict, dict};

pub static COLLECTOR: Collector =
    Collector { subset: "loadavg", aliases: &[], minimal: false, requires: &[], slow: false, gather };

fn gather(_: &Context, out: &mut Dict) {
    let mut info = std::mem::MaybeUninit::<libc::sysinfo>::zeroed();
    // SAFETY: sysinfo fills the structure that it is given; zeroed bytes are valid for it.
    let info = unsafe {
        if libc::sysinfo(info.as_mut_ptr()) != 0 {
            return;
        }
        info.assume_init()
    };
    let load = |i: usize| info.loads[i] as f64 / 65536.0;
    out.insert("loadavg", dict! { "1m" => load(0), "5m" => load(1), "15m" => load(2) });
}
