//! Many hosts' events, each at its own pace, into one sequence in Ansible's order.
//!
//! **Linear.** The sequence stands at one position. Events of that position go out as they come; a host that is ahead
//! is held back. The sequence moves on to the smallest position that any host has reached as soon as no other host can
//! still say something before it: it has itself gone that far, it is done, or what it finished last is the immediate
//! predecessor. **Free.** Everything goes out as it comes, with a banner whenever the task is another one.
//!
//! Dynamic includes: hosts that include *different* files at one position get separate banners, one file after the
//! other, as Ansible orders them. For this, the number of a loop's item in a position is replaced by the rank of the
//! included file among all files of that include.
//!
//! It is a pure state machine: no clock, no input, no output.

use crate::event::{Counts, RunEvent, Status, TaskEvent, TaskHeader};
use crate::exit;
use crate::model::PlayId;
use crate::protocol::Position;
use rustle_value::{Value, py_str};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// How far a host is.
#[derive(Default)]
struct Host {
    /// Events held back, with their place in the common order, and includes with the rank of their file.
    queue: VecDeque<(Position, TaskEvent, u32)>,
    /// The last position that it spoke of, and whether it is still in it.
    last: Option<Position>,
    busy: bool,
    /// Whether its last task brought tasks with it.
    included: bool,
    done: bool,
    /// Headers of its current and later tasks.
    headers: BTreeMap<Position, TaskHeader>,
    /// Ranks of the files that it included, by the include's position, in the order in which it named them; and the
    /// item numbers that were seen below.
    ranks: HashMap<Position, Vec<u32>>,
    items: HashMap<Position, Vec<u32>>,
}

/// See the file's page.
#[derive(Default)]
pub struct Sequencer {
    play: PlayId,
    free: bool,
    /// Whether each host's start is an event of its own (`show_per_host_start`).
    pub host_starts: bool,
    order: Vec<String>,
    hosts: HashMap<String, Host>,
    current: Option<Position>,
    /// The task of the last banner, where events go out as they come.
    free_task: Option<(Position, u32)>,
    /// Files included at each position: rank by (file, item).
    files: HashMap<Position, Vec<(String, Option<String>)>>,
    /// Includes of the current position, to be told when all hosts are through: (rank, host, event).
    included: Vec<(u32, usize, TaskEvent)>,
    /// The same for a `meta` task, which has no results: (host, event).
    metas: Vec<(usize, TaskEvent)>,
    counts: BTreeMap<String, Counts>,
    /// Where a dynamic include was already counted.
    counted: HashMap<String, Position>,
}

impl Sequencer {
    pub fn new() -> Self {
        Self::default()
    }

    /// A play (or a batch of its hosts) begins; the counters of earlier ones stay. `free`: `strategy: free`.
    pub fn begin(&mut self, play: PlayId, name: &str, hosts: &[String], free: bool) -> Vec<RunEvent> {
        self.start(play, hosts, free);
        vec![RunEvent::PlayStart { play, name: name.into(), hosts: hosts.to_vec() }]
    }

    /// Some hosts of the play go on when all are through.
    pub fn again(&mut self, hosts: &[String]) {
        self.start(self.play, hosts, self.free);
    }

    fn start(&mut self, play: PlayId, hosts: &[String], free: bool) {
        let counts = std::mem::take(&mut self.counts);
        *self = Sequencer {
            play,
            free,
            host_starts: self.host_starts,
            order: hosts.to_vec(),
            hosts: hosts.iter().map(|h| (h.clone(), Host::default())).collect(),
            counts,
            ..Self::default()
        };
    }

    /// An event of a host. Returns what can be printed now.
    pub fn push(&mut self, host: &str, event: TaskEvent) -> Vec<RunEvent> {
        if !self.hosts.contains_key(host) {
            self.order.push(host.to_owned());
        }
        let raw = position(&event).clone();
        let place = self.place(host, &raw);
        let rank = match &event {
            TaskEvent::Included { file, label, .. } => self.rank(host, &raw, &place, file, label.as_ref()),
            _ => 0,
        };
        self.count(host, &event);
        let h = self.hosts.entry(host.to_owned()).or_default();
        match &event {
            TaskEvent::Start { header } => {
                h.headers.insert(place.clone(), header.clone());
                (h.busy, h.included) = (true, false);
            }
            TaskEvent::Result { .. } | TaskEvent::Passed { .. } => h.busy = false,
            TaskEvent::Included { .. } => (h.busy, h.included) = (false, true),
            _ => {}
        }
        if matches!(event, TaskEvent::Passed { .. }) && h.last.as_ref() != Some(&place) {
            h.included = false;
        }
        h.last = Some(place.clone());
        if self.free {
            return self.free_event(host, place, event);
        }
        if !matches!(event, TaskEvent::Passed { .. }) {
            h.queue.push_back((place, event, rank));
        }
        self.pump(false)
    }

    /// The host will not say anything more in this play: nobody waits for it any longer.
    pub fn host_done(&mut self, host: &str) -> Vec<RunEvent> {
        if let Some(h) = self.hosts.get_mut(host) {
            (h.done, h.busy) = (true, false);
        }
        self.pump(false)
    }

    /// The host could not be reached; `header` is the task that would have run. It is done.
    pub fn unreachable(&mut self, host: &str, header: TaskHeader, message: &str) -> Vec<RunEvent> {
        let position = header.position.clone();
        let mut result = rustle_value::Dict::new();
        result.insert("changed", false);
        result.insert("msg", message);
        result.insert("unreachable", true);
        let mut out = self.push(host, TaskEvent::Start { header });
        out.extend(self.push(
            host,
            TaskEvent::Result {
                position,
                status: Status::Unreachable,
                result,
                looped: false,
                errors: Vec::new(),
                delegated: None,
                changes: Default::default(),
                notified: Vec::new(),
            },
        ));
        out.extend(self.host_done(host));
        out
    }

    /// The play is over: everything that is still held back, in order.
    pub fn end(&mut self) -> Vec<RunEvent> {
        self.pump(true)
    }

    /// Counters per host, and the exit code that they amount to.
    pub fn stats(&self) -> RunEvent {
        let hosts: Vec<_> = self.counts.iter().map(|(h, c)| (h.clone(), *c)).collect();
        let any = |f: fn(&Counts) -> u32| hosts.iter().any(|(_, c)| f(c) > 0);
        let exit = if any(|c| c.unreachable) {
            exit::HOST_UNREACHABLE
        } else if any(|c| c.failed) {
            exit::HOST_FAILED
        } else {
            exit::OK
        };
        RunEvent::Stats { hosts, exit, custom: rustle_value::Dict::new() }
    }

    /// A host's counters so far.
    pub fn counts(&self, host: &str) -> Counts {
        self.counts.get(host).copied().unwrap_or_default()
    }

    /// A position in the common order: item numbers of includes replaced by the ranks of their files.
    fn place(&mut self, host: &str, raw: &Position) -> Position {
        let Some(h) = self.hosts.get_mut(host) else { return raw.clone() };
        let mut place: Position = Vec::with_capacity(raw.len());
        let mut prefix: Position = Vec::with_capacity(raw.len());
        for (i, n) in raw.iter().enumerate() {
            // Even places are tasks of a list, odd ones the include's item.
            let mut n_out = *n;
            if i % 2 == 1 && let Some(ranks) = h.ranks.get(&prefix) {
                let seen = h.items.entry(prefix.clone()).or_default();
                let nth = seen.iter().position(|x| x == n).unwrap_or_else(|| {
                    seen.push(*n);
                    seen.len() - 1
                });
                n_out = ranks.get(nth).copied().unwrap_or(*n);
            }
            place.push(n_out);
            prefix.push(*n);
        }
        place
    }

    /// The rank of a file that the host includes; one that it includes twice has two.
    fn rank(&mut self, host: &str, raw: &Position, place: &Position, file: &str, label: Option<&Value>) -> u32 {
        let files = self.files.entry(place.clone()).or_default();
        let key = (file.to_owned(), label.map(py_str));
        let Some(h) = self.hosts.get_mut(host) else { return 0 };
        let own = h.ranks.entry(raw.clone()).or_default();
        let rank = files.iter().enumerate().position(|(i, f)| *f == key && !own.contains(&(i as u32))).unwrap_or_else(|| {
            files.push(key);
            files.len() - 1
        }) as u32;
        own.push(rank);
        rank
    }

    fn count(&mut self, host: &str, event: &TaskEvent) {
        let already = self.counted.get(host) == Some(position(event));
        let c = self.counts.entry(host.to_owned()).or_default();
        match event {
            TaskEvent::Included { position, .. } => {
                c.ok += 1;
                self.counted.insert(host.to_owned(), position.clone());
            }
            TaskEvent::Result { status, result, .. } => match status {
                Status::Ok if already => {}
                Status::Ok => c.ok += 1,
                Status::Changed => (c.ok, c.changed) = (c.ok + 1, c.changed + 1),
                Status::Skipped => c.skipped += 1,
                Status::Failed => c.failed += 1,
                Status::Ignored => {
                    (c.ok, c.ignored) = (c.ok + 1, c.ignored + 1);
                    c.changed += u32::from(result.get("changed").is_some_and(Value::truthy));
                }
                Status::Unreachable => c.unreachable += 1,
                Status::Rescued => c.rescued += 1,
            },
            _ => {}
        }
    }

    fn run_event(&self, host: &str, event: TaskEvent) -> RunEvent {
        RunEvent::Host { play: self.play, host: host.to_owned(), event: Box::new(event) }
    }

    fn free_event(&mut self, host: &str, place: Position, event: TaskEvent) -> Vec<RunEvent> {
        let mut out = Vec::new();
        match &event {
            TaskEvent::Start { .. } if !self.host_starts => return out,
            TaskEvent::Passed { .. } | TaskEvent::Rescue { .. } => return out,
            _ => {}
        }
        let header = self.hosts.get(host).and_then(|h| h.headers.get(&place)).cloned().unwrap_or_default();
        let key = Some((place, header.task.0));
        if self.free_task != key {
            self.free_task = key;
            out.push(RunEvent::TaskStart { play: self.play, header });
        }
        out.push(self.run_event(host, event));
        out
    }

    /// Lets out what may go out. `all`: wait for nobody.
    fn pump(&mut self, all: bool) -> Vec<RunEvent> {
        let mut out = Vec::new();
        loop {
            self.drain(&mut out);
            let next = self.hosts.values().filter_map(|h| h.queue.front()).map(|(p, ..)| p).min().cloned();
            let Some(next) = next else { break };
            if !all && self.hosts.values().any(|h| h.may_come_before(&next)) {
                break;
            }
            self.tell_late(&mut out);
            let header = self.order.iter().filter_map(|n| self.hosts.get(n)).find_map(|h| {
                h.queue.front().filter(|(p, ..)| *p == next)?;
                h.headers.get(&next).cloned()
            });
            self.current = Some(next);
            let header = header.filter(|h| !is_meta(h));
            out.extend(header.map(|header| RunEvent::TaskStart { play: self.play, header }));
        }
        if all || self.hosts.values().all(|h| h.done) || self.all_beyond() {
            self.tell_late(&mut out);
        }
        out
    }

    /// Whether every host that is not done has left the current position.
    fn all_beyond(&self) -> bool {
        self.hosts.values().all(|h| h.done || (!h.busy && h.last >= self.current))
    }

    /// Lets out the events of the current position (and stragglers before it).
    fn drain(&mut self, out: &mut Vec<RunEvent>) {
        let Some(current) = self.current.clone() else { return };
        for (index, name) in self.order.clone().iter().enumerate() {
            while let Some((p, event, rank)) = self.hosts.get_mut(name).and_then(|h| {
                h.queue.front().filter(|(p, ..)| *p <= current)?;
                h.queue.pop_front()
            }) {
                let meta = self.hosts.get(name).and_then(|h| h.headers.get(&p)).is_some_and(is_meta);
                match event {
                    event if meta => self.metas.push((index, event)),
                    TaskEvent::Start { .. } if !self.host_starts => {}
                    TaskEvent::Included { .. } => self.included.push((rank, index, event)),
                    event => out.push(self.run_event(name, event)),
                }
            }
        }
    }

    /// What is told of a position when all hosts are through it.
    fn tell_late(&mut self, out: &mut Vec<RunEvent>) {
        let mut metas = std::mem::take(&mut self.metas);
        metas.sort_by_key(|(index, _)| *index);
        let first = metas.first().map(|(index, _)| *index);
        for (index, event) in metas {
            match event {
                TaskEvent::Start { header } if header.per_host || Some(index) == first => out.push(RunEvent::TaskStart { play: self.play, header }),
                TaskEvent::Start { .. } => {}
                // Those that act once for all hosts are the first host's.
                ref told => {
                    let position = position(told);
                    let each = self.hosts.get(&self.order[index]).and_then(|h| h.headers.get(position)).is_some_and(|h| h.per_host);
                    if each || Some(index) == first {
                        out.push(self.run_event(&self.order[index], event));
                    }
                }
            }
        }
        let mut includes = std::mem::take(&mut self.included);
        includes.sort_by_key(|(rank, index, _)| (*rank, *index));
        for (_, index, event) in includes {
            out.push(self.run_event(&self.order[index], event));
        }
    }
}

impl Host {
    /// Whether the host can still say something about a position before `next`.
    fn may_come_before(&self, next: &Position) -> bool {
        if self.done || !self.queue.is_empty() {
            return false;
        }
        match &self.last {
            // The first position of a play has nothing before it.
            None => next[..] != [0],
            Some(last) if last >= next => false,
            Some(_) if self.busy || self.included => true,
            Some(last) => successor(last).as_ref() != Some(next),
        }
    }
}

/// A `meta` task: it has no result, and is told when all hosts are through.
fn is_meta(header: &TaskHeader) -> bool {
    header.action == "ansible.builtin.meta"
}

/// The position right after `p` in the same list.
fn successor(p: &Position) -> Option<Position> {
    let mut next = p.clone();
    *next.last_mut()? += 1;
    Some(next)
}

fn position(event: &TaskEvent) -> &Position {
    match event {
        TaskEvent::Start { header } => &header.position,
        TaskEvent::Item { position, .. }
        | TaskEvent::Retry { position, .. }
        | TaskEvent::Result { position, .. }
        | TaskEvent::Included { position, .. }
        | TaskEvent::Told { position, .. }
        | TaskEvent::Rescue { position }
        | TaskEvent::Passed { position } => position,
    }
}

#[cfg(test)]
mod tests;
