//! `throttle`: how many hosts at once are in a task.
//!
//! Pure bookkeeping, no I/O.

use rustle_stream::protocol::Position;
use std::collections::HashMap;

/// Who is in a throttled task, and who waits for that.
#[derive(Debug, Default)]
pub struct Turns {
    inside: HashMap<String, Position>,
    waiting: Vec<(String, u64, Position, u32)>,
}

impl Turns {
    /// The host asks, with question `id`, to begin the task at `position`, in which `limit` hosts may be.
    pub fn ask(&mut self, host: &str, id: u64, position: &Position, limit: u32) {
        self.waiting.push((host.to_owned(), id, position.clone(), limit));
    }
    /// The host has finished what it was in, or is gone.
    pub fn leave(&mut self, host: &str) {
        self.inside.remove(host);
        self.waiting.retain(|w| w.0 != host);
    }
    /// Who may begin now, in the order of `hosts`.
    pub fn release(&mut self, hosts: &[String]) -> Vec<(String, u64)> {
        let mut out = Vec::new();
        self.waiting.sort_by_key(|w| hosts.iter().position(|h| *h == w.0));
        let mut rest = Vec::new();
        for (host, id, position, limit) in std::mem::take(&mut self.waiting) {
            if self.inside.values().filter(|p| **p == position).count() < limit as usize {
                self.inside.insert(host.clone(), position);
                out.push((host, id));
            } else {
                rest.push((host, id, position, limit));
            }
        }
        self.waiting = rest;
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_limit_are_inside() {
        let hosts = ["a", "b", "c"].map(String::from);
        let mut turns = Turns::default();
        for (id, host) in [(1, "c"), (2, "a"), (3, "b")] {
            turns.ask(host, id, &vec![2], 2);
        }
        assert_eq!(turns.release(&hosts), [("a".to_owned(), 2), ("b".to_owned(), 3)]);
        assert!(turns.release(&hosts).is_empty());
        turns.leave("a");
        assert_eq!(turns.release(&hosts), [("c".to_owned(), 1)]);
    }
}
