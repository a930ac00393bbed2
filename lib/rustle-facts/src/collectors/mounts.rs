//! `ansible_mounts`: what is mounted from devices and from the network, with sizes.

#![cfg(target_os = "linux")]

use crate::text::unescape_octal;
use crate::{Collector, Context};
use rustle_value::{Dict, Value};
use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::sync::mpsc;
use std::time::Duration;

pub static COLLECTOR: Collector =
    Collector { subset: "hardware", aliases: &[], minimal: false, requires: &["platform"], slow: true, gather };

/// Numbers of one file system, by fact name.
type Sizes = Vec<(&'static str, u64)>;

fn gather(ctx: &Context, out: &mut Dict) {
    let table = ctx.read("/etc/mtab").or_else(|| ctx.read("/proc/mounts")).unwrap_or_default();
    let binds = bind_mounts(&ctx.read("/proc/self/mountinfo").unwrap_or_default());
    let mut uuids = HashMap::new();
    let mut entries: Vec<(Dict, mpsc::Receiver<Sizes>)> = Vec::new();
    for line in table.lines() {
        let f: Vec<String> = line.split_whitespace().map(unescape_octal).collect();
        let [device, mount, kind, options, ..] = &f[..] else { continue };
        if kind == "none" || !(device.starts_with(['/', '\\']) || device.contains(":/")) {
            continue;
        }
        let mut d = Dict::new();
        d.insert("mount", mount.as_str());
        d.insert("device", device.as_str());
        d.insert("fstype", kind.as_str());
        let bind = binds.contains(mount) && !options.split(',').any(|o| o == "bind");
        d.insert("options", if bind { format!("{options},bind") } else { options.clone() });
        d.insert("dump", f.get(4).and_then(|n| n.parse::<i64>().ok()).unwrap_or(0));
        d.insert("passno", f.get(5).and_then(|n| n.parse::<i64>().ok()).unwrap_or(0));
        d.insert("uuid", uuids.entry(device.clone()).or_insert_with(|| uuid(ctx, device)).clone());
        let (send, receive) = mpsc::channel();
        let path = mount.clone();
        let local = device.starts_with("/dev/") && !kind.starts_with("fuse");
        let work = move || {
            if let Some(s) = sizes(&path) {
                let _ = send.send(s);
            }
        };
        // Only what a dead server or a daemon may hang gets a thread, which is left behind when it does.
        if local {
            work();
        } else {
            std::thread::spawn(work);
        }
        entries.push((d, receive));
    }
    let deadline = std::time::Instant::now() + Duration::from_secs(ctx.options.gather_timeout);
    let mut list: Vec<Value> = Vec::new();
    for (mut d, receive) in entries {
        match receive.recv_timeout(deadline.saturating_duration_since(std::time::Instant::now())) {
            Ok(sizes) => {
                for (key, n) in sizes {
                    d.insert(key, n);
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                d.insert("note", "Could not get extra information due to timeout");
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {}
        }
        list.push(Value::dict(d));
    }
    out.insert("mounts", list);
}

/// Mount points that show only a part of their file system.
fn bind_mounts(mountinfo: &str) -> Vec<String> {
    let fields = mountinfo.lines().map(|l| l.split(' ').collect::<Vec<_>>());
    fields.filter(|f| f.len() > 4 && f[3] != "/").map(|f| unescape_octal(f[4])).collect()
}

fn sizes(path: &str) -> Option<Sizes> {
    let path = std::ffi::CString::new(std::ffi::OsStr::new(path).as_bytes()).ok()?;
    let mut raw = std::mem::MaybeUninit::<libc::statvfs>::zeroed();
    // SAFETY: the path is NUL-terminated; statvfs fills the structure, for which zeroed bytes are valid.
    let s = unsafe {
        if libc::statvfs(path.as_ptr(), raw.as_mut_ptr()) != 0 {
            return None;
        }
        raw.assume_init()
    };
    // The types differ between C libraries and targets.
    #[allow(clippy::unnecessary_cast)]
    let (fragment, block, blocks, free) = (s.f_frsize as u64, s.f_bsize as u64, s.f_blocks as u64, s.f_bavail as u64);
    #[allow(clippy::unnecessary_cast)]
    let (files, files_free) = (s.f_files as u64, s.f_favail as u64);
    Some(vec![
        ("size_total", fragment * blocks),
        ("size_available", fragment * free),
        ("block_size", block),
        ("block_total", blocks),
        ("block_available", free),
        ("block_used", blocks.saturating_sub(free)),
        ("inode_total", files),
        ("inode_available", files_free),
        ("inode_used", files.saturating_sub(files_free)),
    ])
}

/// A block device's file system id, from udev's data base or its links.
fn uuid(ctx: &Context, device: &str) -> Value {
    let Ok(meta) = std::fs::metadata(device) else { return Value::from("N/A") };
    let number = meta.rdev();
    let (major, minor) = (libc::major(number), libc::minor(number));
    let data = ctx.read(&format!("/run/udev/data/b{major}:{minor}")).unwrap_or_default();
    if let Some(id) = data.lines().find_map(|l| l.strip_prefix("E:ID_FS_UUID=")) {
        return Value::from(id);
    }
    let real = std::fs::canonicalize(device).ok();
    let link = ctx.list("/dev/disk/by-uuid").into_iter().find(|name| {
        std::fs::canonicalize(format!("/dev/disk/by-uuid/{name}")).ok() == real
    });
    Value::from(link.unwrap_or_else(|| "N/A".into()))
}
