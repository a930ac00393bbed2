//! A process and all that descends from it, also what made itself a group or session of its own.
//!
//! Limits: one whose parents have ended already (a daemon) is found in the group only; where there is no `/proc`, the
//! group is all that is known.

use std::collections::BTreeSet;

/// Kills the group of this process and everything below it. All of it is stopped first, so that nothing is born
/// meanwhile.
pub(crate) fn kill(root: i32) {
    if root <= 1 {
        return;
    }
    let mut known = BTreeSet::from([root]);
    signal(-root, libc::SIGSTOP);
    // Each round finds what the round before did not stop in time.
    for _ in 0..10 {
        let fresh: Vec<i32> = below(&known).into_iter().filter(|p| !known.contains(p)).collect();
        if fresh.is_empty() {
            break;
        }
        for pid in fresh {
            signal(pid, libc::SIGSTOP);
            known.insert(pid);
        }
    }
    known.iter().for_each(|pid| signal(*pid, libc::SIGKILL));
    signal(-root, libc::SIGKILL);
}

fn signal(pid: i32, signal: i32) {
    // SAFETY: kill has no memory effects. The process is a child that has not been waited for, or below one that is
    // stopped, so its number belongs to nobody else.
    unsafe { libc::kill(pid, signal) };
}

/// Processes whose parent is among these, or whose parent is among those, and so on.
fn below(roots: &BTreeSet<i32>) -> BTreeSet<i32> {
    let mut parents: Vec<(i32, i32)> = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse().ok()) else { continue };
        let Ok(text) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name, in brackets, may have anything in it; after it come the state and the parent.
        let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
        if let Some(parent) = rest.split_whitespace().nth(1).and_then(|p| p.parse().ok()) {
            parents.push((pid, parent));
        }
    }
    let mut found = roots.clone();
    loop {
        let more: Vec<i32> = parents.iter().filter(|(pid, parent)| found.contains(parent) && !found.contains(pid)).map(|p| p.0).collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}
