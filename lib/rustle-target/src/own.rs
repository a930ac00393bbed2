//! This machine's platform, without starting a process: the same answer that its `sh` would give to the probe, made
//! from the kernel's name, the first bytes of `/bin/sh`, and libc's own file.
//!
//! Limits: Linux with its files in the usual places; elsewhere `sh` is asked.

use crate::probe::{self, PROBE, Platform};
use rustle_toolchain::Env;
use std::fmt::Write as _;
use std::io::Read;

/// This machine's platform; `None` where not even its `sh` tells.
pub(crate) fn platform(env: &Env) -> Option<Platform> {
    let known = native().and_then(|answer| probe::parse(&answer).ok()).filter(|p| p.libc.is_some());
    known.or_else(|| probe::parse(&env.ask(&["sh", "-c", PROBE]).ok()?.stdout_text()).ok())
}

fn native() -> Option<String> {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/sys/kernel/{name}")).ok();
    let system = read("ostype")?;
    let machine = read("arch").unwrap_or_else(machine);
    let mut answer = format!("rustle.uname={} {}\n", system.trim(), machine.trim());
    let mut header = Vec::new();
    std::fs::File::open("/bin/sh").ok()?.take(40).read_to_end(&mut header).ok()?;
    answer.push_str("rustle.elf=");
    for byte in header {
        let _ = write!(answer, "{byte:02x}");
    }
    answer.push('\n');
    let loader = |e: &std::fs::DirEntry| e.file_name().to_str().is_some_and(|n| n.starts_with("ld-musl-"));
    let musl = std::fs::read_dir("/lib").into_iter().flatten().flatten().any(|e| loader(&e));
    match glibc(machine.trim()) {
        Some(version) => {
            let _ = writeln!(answer, "rustle.libc=glibc {version}");
        }
        None if musl => answer.push_str("rustle.musl=/lib/ld-musl\n"),
        None => {}
    }
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let features = |l: &&str| ["flags", "Features", "isa"].iter().any(|k| l.starts_with(k));
    if let Some((_, list)) = cpu.lines().find(features).and_then(|l| l.split_once(':')) {
        let _ = writeln!(answer, "rustle.cpu={}", list.trim());
    }
    Some(answer)
}

/// What `uname -m` says. (`/proc/sys/kernel/arch` is there since Linux 6.1.)
fn machine() -> String {
    // SAFETY: uname fills the struct, which is plain bytes; every field ends with a zero.
    let name = unsafe {
        let mut u: libc::utsname = std::mem::zeroed();
        if libc::uname(&raw mut u) != 0 {
            return String::new();
        }
        std::ffi::CStr::from_ptr(u.machine.as_ptr()).to_string_lossy().into_owned()
    };
    name
}

/// The version that glibc's own file names: `… stable release version 2.36.`
fn glibc(machine: &str) -> Option<String> {
    let places = [format!("/lib/{machine}-linux-gnu"), "/lib64".into(), "/usr/lib64".into(), "/lib".into(), "/usr/lib".into()];
    let file = places.iter().find_map(|dir| std::fs::read(format!("{dir}/libc.so.6")).ok())?;
    let mark = b"release version ";
    let at = file.windows(mark.len()).position(|w| w == mark)? + mark.len();
    let digits: Vec<u8> = file[at..].iter().copied().take_while(|b| b.is_ascii_digit() || *b == b'.').collect();
    let version = String::from_utf8(digits).ok()?;
    Some(version.trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_native_answer_is_the_shells() {
        let env = Env::load().unwrap();
        let asked = probe::parse(&env.ask(&["sh", "-c", PROBE]).unwrap().stdout_text()).unwrap();
        if asked.libc.as_deref() == Some("glibc") {
            assert_eq!(native().map(|a| probe::parse(&a)), Some(Ok(asked.clone())));
        }
        assert_eq!(platform(&env), Some(asked));
    }
}
