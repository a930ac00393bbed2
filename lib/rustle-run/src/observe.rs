//! What a run costs, seen from its sessions while it goes on: clocks only, nothing is sent to find out.
//!
//! A host's tasks are timed from their start's event to their result's, so that waiting for other hosts does not count.
//! Limits: tasks that the controller runs for a host are not the host's; hosts that are this machine are left out.

use rustle_cost::{ObservedBuild, ObservedTarget, Way};
use rustle_plan::catalog::{Home, facts};
use rustle_stream::event::{Status, TaskEvent};
use rustle_stream::protocol::Up;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a host was reached. Seconds, unless said otherwise.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reach {
    /// Its platform; the runner's, where that was on the host already; empty where nobody asked.
    pub triple: String,
    /// Served without a runner.
    pub ssh: bool,
    /// It had the runner.
    pub provided: bool,
    /// Until the connection stood.
    pub connect: f64,
    /// From there until the runner spoke, or the first module could run; without the search for a runner.
    pub start: f64,
    /// All of it, with the search, and a build.
    pub ready: f64,
    pub round_trip: Option<Duration>,
    /// Bytes.
    pub uploaded: u64,
}

/// One host's clock.
#[derive(Debug)]
pub(crate) struct Watched {
    reach: Reach,
    times: Mutex<Times>,
}

#[derive(Debug, Default)]
struct Times {
    /// Since when a task runs, where it is one that does something on its host.
    running: Option<Instant>,
    done: u32,
    seconds: f64,
}

impl Watched {
    /// Takes in what the host's runner says.
    pub(crate) fn hear(&self, message: &Up) {
        let Up::Event { event } = message else { return };
        match &**event {
            TaskEvent::Start { header } => {
                let counts = matches!(facts(&header.action).home, Home::Action | Home::Module);
                lock(&self.times).running = counts.then(Instant::now);
            }
            TaskEvent::Result { status, .. } => {
                let mut times = lock(&self.times);
                if let Some(from) = times.running.take().filter(|_| !matches!(status, Status::Skipped | Status::Unreachable)) {
                    times.done = times.done.saturating_add(1);
                    times.seconds += from.elapsed().as_secs_f64();
                }
            }
            _ => {}
        }
    }
}

/// All hosts of a run.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    hosts: Mutex<HashMap<String, Arc<Watched>>>,
    builds: Mutex<Vec<ObservedBuild>>,
}

impl Observer {
    /// A host is reached. Only its first session counts: others are for single tasks, or after the host was lost.
    pub(crate) fn reached(&self, host: &str, reach: Reach) -> Option<Arc<Watched>> {
        let mut hosts = lock(&self.hosts);
        if hosts.contains_key(host) {
            return None;
        }
        let watched = Arc::new(Watched { reach, times: Mutex::default() });
        hosts.insert(host.to_owned(), watched.clone());
        Some(watched)
    }
    /// A runner was built.
    pub(crate) fn built(&self, triple: &str, profile: &str, seconds: f64) {
        lock(&self.builds).push(ObservedBuild { triple: triple.to_owned(), profile: profile.to_owned(), seconds });
    }
    /// Hosts that are known to be of another platform.
    pub(crate) fn others(&self, triple: &str) -> Vec<String> {
        let other = |w: &Watched| !w.reach.triple.is_empty() && w.reach.triple != triple;
        lock(&self.hosts).iter().filter(|(_, w)| other(w)).map(|(h, _)| h.clone()).collect()
    }
    /// What was seen, by platform and way; `tasks` has those that the plan had for each host.
    pub(crate) fn seen(&self, profile: &str, tasks: &dyn Fn(&str) -> u32) -> (Vec<ObservedTarget>, Vec<ObservedBuild>) {
        let mut targets: Vec<ObservedTarget> = Vec::new();
        let mut hosts: Vec<(String, Arc<Watched>)> = lock(&self.hosts).iter().map(|(h, w)| (h.clone(), w.clone())).collect();
        hosts.sort_by(|a, b| a.0.cmp(&b.0));
        for (host, w) in &hosts {
            let times = lock(&w.times);
            // A host where nothing was done teaches nothing.
            if times.done == 0 {
                continue;
            }
            let (r, way) = (&w.reach, if w.reach.ssh { Way::Ssh } else { Way::Native });
            let at = targets.iter().position(|t| t.triple == r.triple && t.way == way).unwrap_or_else(|| {
                targets.push(empty(&r.triple, profile, way));
                targets.len() - 1
            });
            let t = &mut targets[at];
            t.hosts += 1;
            t.tasks = t.tasks.max(tasks(host));
            t.took = t.took.max(r.ready + times.seconds);
            t.done = t.done.saturating_add(times.done);
            t.in_tasks += times.seconds;
            t.connects.push(r.connect);
            t.round_trips.extend(r.round_trip.map(|d| d.as_secs_f64()));
            if r.uploaded > 0 {
                t.uploaded += r.uploaded as f64;
                t.packed = t.packed.max(r.uploaded as f64);
                t.upload_seconds = t.upload_seconds.max(r.start);
            } else {
                t.starts.push(r.start);
            }
            t.provided += u32::from(r.provided);
        }
        (targets, lock(&self.builds).clone())
    }
}

fn empty(triple: &str, profile: &str, way: Way) -> ObservedTarget {
    ObservedTarget {
        triple: triple.to_owned(),
        profile: profile.to_owned(),
        way,
        hosts: 0,
        tasks: 0,
        provided: 0,
        took: 0.0,
        done: 0,
        in_tasks: 0.0,
        connects: Vec::new(),
        starts: Vec::new(),
        round_trips: Vec::new(),
        uploaded: 0.0,
        packed: 0.0,
        upload_seconds: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustle_stream::event::TaskHeader;

    fn say(w: &Watched, event: TaskEvent) {
        w.hear(&Up::Event { event: Box::new(event) });
    }

    fn task(w: &Watched, action: &str, status: Status) {
        say(w, TaskEvent::Start { header: TaskHeader { action: action.into(), ..TaskHeader::default() } });
        let result = TaskEvent::Result {
            position: Default::default(),
            status,
            result: Default::default(),
            looped: false,
            errors: Vec::new(),
            delegated: None,
            changes: Default::default(),
            notified: Vec::new(),
        };
        say(w, result);
    }

    #[test]
    fn what_hosts_do_is_counted_by_platform_and_way() {
        let observer = Observer::default();
        let reach = |ssh, uploaded| Reach { triple: "t".into(), ssh, uploaded, connect: 0.25, start: 2.0, ready: 3.0, ..Reach::default() };
        let a = observer.reached("a", reach(false, 1000)).unwrap();
        let b = observer.reached("b", reach(false, 0)).unwrap();
        let c = observer.reached("c", reach(true, 0)).unwrap();
        assert!(observer.reached("d", reach(true, 0)).is_some(), "it does nothing");
        assert!(observer.reached("a", reach(true, 0)).is_none(), "only the first session counts");
        for w in [&a, &b, &c] {
            task(w, "ansible.builtin.ping", Status::Ok);
            task(w, "ansible.builtin.set_fact", Status::Ok);
            task(w, "ansible.builtin.command", Status::Skipped);
        }
        task(&c, "ns.coll.unknown", Status::Failed);
        observer.built("t", "fast", 9.0);
        let (targets, builds) = observer.seen("fast", &|host| if host == "b" { 7 } else { 1 });
        assert_eq!((targets.len(), builds.len()), (2, 1));
        let (native, ssh) = (&targets[0], &targets[1]);
        assert_eq!((native.way, native.hosts, native.done, native.tasks), (Way::Native, 2, 2, 7));
        assert_eq!((native.uploaded, native.upload_seconds, native.starts.len(), native.connects.len()), (1000.0, 2.0, 1, 2));
        assert_eq!((ssh.way, ssh.hosts, ssh.done), (Way::Ssh, 1, 2));
        assert!(native.took >= 3.0 && observer.others("t").is_empty() && observer.others("u").len() == 4);
    }
}
