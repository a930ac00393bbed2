//! Kills the commands that are running when the controller goes away.
//!
//! Only descendants of this process: what detached itself on purpose stays, as it does under Ansible.

use std::collections::HashMap;
use std::fs;

/// Ends all descendants: first asked, then forced.
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

fn descendants() -> Vec<i32> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<i32>().ok()) else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name in parentheses may contain anything; fields go on after the last one.
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
        if let Some(parent) = parent {
            children.entry(parent).or_default().push(pid);
        }
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
