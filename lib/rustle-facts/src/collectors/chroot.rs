//! `ansible_is_chroot`.

use crate::{Collector, Context};
use rustle_value::Dict;
#[cfg(unix)]
use std::os::unix::fs::MetadataExt;

pub static COLLECTOR: Collector =
    Collector { subset: "chroot", aliases: &["is_chroot"], minimal: false, requires: &[], slow: false, gather };

#[cfg(unix)]
fn gather(ctx: &Context, out: &mut Dict) {
    let chroot = std::env::var_os("debian_chroot").is_some_and(|v| !v.is_empty()) || {
        let own = std::fs::metadata("/");
        match (own, std::fs::metadata("/proc/1/root/.")) {
            (Ok(a), Ok(b)) => (a.ino(), a.dev()) != (b.ino(), b.dev()),
            // Without the right to look at process 1, the inode number tells: a file system's root has a fixed one.
            (Ok(a), Err(_)) => {
                let mounts = ctx.read("/proc/mounts").unwrap_or_default();
                let kind = mounts.lines().filter_map(|l| {
                    let f: Vec<&str> = l.split(' ').collect();
                    (f.len() > 2 && f[1] == "/").then(|| f[2].to_owned())
                });
                let expected = match kind.last().as_deref() {
                    Some("btrfs") => 256,
                    Some("xfs") => 128,
                    _ => 2,
                };
                a.ino() != expected
            }
            _ => false,
        }
    };
    out.insert("is_chroot", chroot);
}

#[cfg(not(unix))]
fn gather(_: &Context, _: &mut Dict) {}
