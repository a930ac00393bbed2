//! `ansible_lvm`: volume groups, logical and physical volumes, for root where the LVM programs are.

#![cfg(target_os = "linux")]

use crate::{Collector, Context};
use rustle_value::{Dict, dict};

pub static COLLECTOR: Collector =
    Collector { subset: "hardware", aliases: &[], minimal: false, requires: &["platform"], slow: true, gather };

fn gather(ctx: &Context, out: &mut Dict) {
    // SAFETY: geteuid never fails and touches no memory.
    let root = unsafe { libc::geteuid() } == 0;
    if !root || ctx.which("vgs").is_none() {
        out.insert("lvm", "N/A");
        return;
    }
    const OPTIONS: [&str; 5] = ["--noheadings", "--nosuffix", "--units", "g", "--separator"];
    let table = |program: &str, extra: &[&str]| -> Vec<Vec<String>> {
        let args: Vec<&str> = OPTIONS.iter().copied().chain([","]).chain(extra.iter().copied()).collect();
        let text = ctx.output_of(program, &args).unwrap_or_default();
        text.lines().filter(|l| !l.trim().is_empty()).map(|l| l.trim().split(',').map(str::to_owned).collect()).collect()
    };
    let (mut vgs, mut lvs, mut pvs) = (Dict::new(), Dict::new(), Dict::new());
    std::thread::scope(|s| {
        let logical = s.spawn(|| table("lvs", &[]));
        let physical = s.spawn(|| table("pvs", &[]));
        for f in table("vgs", &[]).into_iter().filter(|f| f.len() > 6) {
            vgs.insert(f[0].as_str(), dict! {
                "size_g" => f[5].as_str(), "free_g" => f[6].as_str(), "num_lvs" => f[2].as_str(), "num_pvs" => f[1].as_str(),
            });
        }
        for f in logical.join().unwrap_or_default().into_iter().filter(|f| f.len() > 3) {
            lvs.insert(f[0].as_str(), dict! { "size_g" => f[3].as_str(), "vg" => f[1].as_str() });
        }
        for f in physical.join().unwrap_or_default().into_iter().filter(|f| f.len() > 5) {
            pvs.insert(f[0].as_str(), dict! { "size_g" => f[4].as_str(), "free_g" => f[5].as_str(), "vg" => f[1].as_str() });
        }
    });
    out.insert("lvm", dict! { "lvs" => lvs, "vgs" => vgs, "pvs" => pvs });
}
