//! Kills the commands that are running when the controller goes away.
//!
//! Only descendants of this process: what detached itself on purpose stays, as it does under Ansible.
//!
//! Limits: nothing is killed where there is neither `/proc` nor `ps`, and on systems that are no Unix.

#[cfg(unix)]
use std::collections::HashMap;
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::fs;

/// Nothing here kills processes of such a system.
#[cfg(not(unix))]
pub(crate) fn kill_descendants() {}

/// Ends all descendants: first asked, then forced.
#[cfg(unix)]
pub(crate) fn kill_descendants() {
    for signal in [libc::SIGTERM, libc::SIGKILL] {
        let all = descendants();
        if all.is_empty() {
            return;
        }
        for pid in all {
            // SAFETY: kill(2) has no memory effects; a stale number at worst gives ESRCH.
            unsafe { libc::kill(pid, signal) };
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// Every process and its parent, as `/proc` has them.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn processes() -> Vec<(i32, i32)> {
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<i32>().ok()) else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name in parentheses may contain anything; fields go on after the last one.
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
        if let Some(parent) = parent {
            all.push((pid, parent));
        }
    }
    all
}

/// Every process and its parent, as `ps` tells them: other systems have no `/proc` like Linux's.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn processes() -> Vec<(i32, i32)> {
    let Ok(told) = std::process::Command::new("ps").args(["-axo", "pid=,ppid="]).output() else { return Vec::new() };
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    let pair = |line: &str| {
        let mut numbers = line.split_whitespace().map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    };
    text.lines().filter_map(pair).collect()
}

#[cfg(unix)]
fn descendants() -> Vec<i32> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for (pid, parent) in processes() {
        children.entry(parent).or_default().push(pid);
    }
    let mut out = Vec::new();
    let mut todo = vec![std::process::id() as i32];
    while let Some(pid) = todo.pop() {
        for child in children.get(&pid).into_iter().flatten() {
            out.push(*child);
            todo.push(*child);
        }
    }
    out
}
