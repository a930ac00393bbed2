//! Who waits for whom: the rule that keeps what can be observed of `strategy: linear`.
//!
//! A host that is about to do something that others can see (or to look at others) asks; it may go on when every other
//! host of the batch has come as far, or has ended. Pure bookkeeping, no I/O.

use rustle_stream::protocol::Position;
use std::collections::HashMap;

#[derive(Clone, Debug, Default)]
struct HostState {
    position: Position,
    done: bool,
    waiting: Option<(u64, Position)>,
}

/// The hosts of a batch and how far they are.
#[derive(Clone, Debug, Default)]
pub struct Barriers {
    hosts: HashMap<String, HostState>,
    /// Order of the batch, for deterministic answers.
    order: Vec<String>,
    /// One host after the other: a host goes on when those before it have gone past.
    serial: bool,
}

impl Barriers {
    /// All hosts of the batch, at its beginning.
    pub fn new<S: AsRef<str>>(hosts: &[S]) -> Barriers {
        let order: Vec<String> = hosts.iter().map(|h| h.as_ref().to_owned()).collect();
        Barriers { hosts: order.iter().map(|h| (h.clone(), HostState::default())).collect(), order, serial: false }
    }
    /// The same, for one host at a time (`--forks 1`).
    pub fn serial<S: AsRef<str>>(hosts: &[S]) -> Barriers {
        Barriers { serial: true, ..Barriers::new(hosts) }
    }
    /// The host reached this position.
    pub fn reached(&mut self, host: &str, position: &Position) {
        if let Some(h) = self.hosts.get_mut(host)
            && *position > h.position
        {
            h.position.clone_from(position);
        }
    }
    /// The host waits with question `id` to go past `position`.
    pub fn wait(&mut self, host: &str, id: u64, position: &Position) {
        self.reached(host, position);
        if let Some(h) = self.hosts.get_mut(host) {
            h.waiting = Some((id, position.clone()));
        }
    }
    /// The host takes no further part.
    pub fn done(&mut self, host: &str) {
        if let Some(h) = self.hosts.get_mut(host) {
            h.done = true;
            h.waiting = None;
        }
    }
    /// Whether the host is at this very position.
    pub fn stands_at(&self, host: &str, position: &Position) -> bool {
        self.hosts.get(host).is_some_and(|h| !h.done && h.position == *position)
    }
    /// Whether everybody else has come as far as `position`.
    pub fn clear(&self, host: &str, position: &Position) -> bool {
        let here = self.order.iter().position(|n| n == host);
        self.order.iter().enumerate().all(|(i, name)| {
            let Some(h) = self.hosts.get(name) else { return true };
            let before = self.serial && Some(i) < here;
            name == host || h.done || if before { h.position > *position } else { h.position >= *position }
        })
    }
    /// Questions that can be answered now, in the order of the batch; they are taken off the list.
    pub fn release(&mut self) -> Vec<(String, u64, Position)> {
        let mut out = Vec::new();
        for name in &self.order {
            let Some((id, position)) = self.hosts.get(name).and_then(|h| h.waiting.clone()) else { continue };
            if self.clear(name, &position) {
                out.push((name.clone(), id, position));
            }
        }
        for (name, _, _) in &out {
            if let Some(h) = self.hosts.get_mut(name) {
                h.waiting = None;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_passes_before_all_have_arrived() {
        let mut b = Barriers::new(&["a", "b", "c"]);
        b.wait("a", 1, &vec![5]);
        assert!(b.release().is_empty());
        b.wait("b", 2, &vec![7]);
        assert!(b.release().is_empty(), "c has not moved");
        b.reached("c", &vec![5, 0, 1]);
        let free: Vec<u64> = b.release().into_iter().map(|x| x.1).collect();
        assert_eq!(free, [1], "b waits for a and c to come to 7");
        b.done("c");
        b.wait("a", 3, &vec![7]);
        let free: Vec<u64> = b.release().into_iter().map(|x| x.1).collect();
        assert_eq!(free, [3, 2]);
    }
    #[test]
    fn a_failed_host_holds_nobody_up() {
        let mut b = Barriers::new(&["a", "b"]);
        b.wait("a", 1, &vec![2]);
        b.done("b");
        assert_eq!(b.release().len(), 1);
    }
}
