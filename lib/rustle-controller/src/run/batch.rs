//! What the main loop knows of the hosts that run a play at the same time.

use super::step::Steps;
use crate::barrier::Barriers;
use crate::shared::{PlayState, Shared};
use crate::turns::Turns;
use rustle_stream::event::{TaskEvent, TaskHeader};
use rustle_stream::model::TaskId;
use rustle_stream::protocol::{Call, PlayProgram, Position, TaskDone};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The state of a batch.
pub(super) struct Batch {
    pub(super) play: Arc<PlayState>,
    pub(super) barriers: Barriers,
    /// Hosts that have not ended.
    pub(super) open: HashSet<String>,
    pub(super) order: Vec<String>,
    pub(super) common: Arc<PlayProgram>,
    /// Questions that wait for others.
    pub(super) questions: HashMap<(String, u64), (Position, Call)>,
    /// `run_once` tasks: who waits for the result.
    pub(super) once: HashMap<TaskId, (Position, Vec<(String, u64)>)>,
    pub(super) once_results: HashMap<(TaskId, Position), TaskDone>,
    /// Stop all hosts at their next step, because of this.
    pub(super) abort: Option<String>,
    pub(super) any_errors_fatal: bool,
    pub(super) max_fail_percentage: Option<f64>,
    /// Hosts whose last task failed, and was not rescued.
    pub(super) failing: HashSet<String>,
    /// Where one host's failure is everybody's.
    pub(super) fatal: HashSet<Position>,
    /// Hosts that failed because others did.
    pub(super) taken: HashSet<String>,
    /// A host was lost, and the play says that this is everybody's failure.
    pub(super) doomed: bool,
    /// `max_fail_percentage` was exceeded.
    pub(super) too_many: bool,
    pub(super) turns: Turns,
    pub(super) free: bool,
    pub(super) registers: HashMap<TaskId, String>,
    /// The task that each host is in.
    pub(super) current: HashMap<String, TaskHeader>,
    pub(super) ended_all: bool,
    /// `--step`.
    pub(super) steps: Steps,
    /// All its hosts, those that are out of the run too.
    pub(super) all: Vec<String>,
    /// Hosts that were lost and are to go on, after the others.
    pub(super) revived: Vec<String>,
    /// Where they were lost.
    pub(super) after: HashMap<String, Position>,
    /// What tasks of each host notified, until its handlers have run.
    pub(super) notified: HashMap<String, Vec<String>>,
}

impl Batch {
    /// A batch that nobody has begun.
    pub(super) fn new(shared: &Shared, state: &Arc<PlayState>, hosts: &[String], all: &[String], common: &Arc<PlayProgram>, registers: &HashMap<TaskId, String>, free: bool) -> Batch {
        let keyword = |name: &str| state.play.keywords.other.get(name).or_else(|| state.play.other.get(name)).cloned();
        Batch {
            play: state.clone(),
            barriers: barriers(shared, hosts),
            open: hosts.iter().cloned().collect(),
            order: hosts.to_vec(),
            common: common.clone(),
            questions: HashMap::new(),
            once: HashMap::new(),
            once_results: HashMap::new(),
            abort: None,
            any_errors_fatal: keyword("any_errors_fatal").and_then(|v| rustle_engine::to_bool(&v)).unwrap_or(false)
                || shared.setting("ANY_ERRORS_FATAL").and_then(|v| rustle_engine::to_bool(&v)).unwrap_or(false),
            max_fail_percentage: keyword("max_fail_percentage").and_then(|v| v.as_f64().or_else(|| v.as_str()?.parse().ok())),
            failing: HashSet::new(),
            fatal: HashSet::new(),
            taken: HashSet::new(),
            doomed: false,
            too_many: false,
            turns: Turns::default(),
            free,
            registers: registers.clone(),
            current: HashMap::new(),
            ended_all: false,
            steps: Steps::default(),
            all: all.to_vec(),
            revived: Vec::new(),
            after: HashMap::new(),
            notified: HashMap::new(),
        }
    }
    /// Begins again, with hosts that were lost.
    pub(super) fn again(&mut self, shared: &Shared, hosts: &[String]) {
        self.barriers = barriers(shared, hosts);
        self.open = hosts.iter().cloned().collect();
        self.order = hosts.to_vec();
        self.once_results.clear();
        self.current.clear();
    }
    /// Keeps what a host has notified, until its handlers have run.
    pub(super) fn keep_notified(&mut self, host: &str, event: &TaskEvent) {
        match event {
            TaskEvent::Start { header } if !header.handler && self.current.get(host).is_some_and(|h| h.handler) => {
                self.notified.remove(host);
            }
            TaskEvent::Result { notified, .. } if !notified.is_empty() => self.notified.entry(host.to_owned()).or_default().extend(notified.iter().cloned()),
            _ => {}
        }
    }
}

fn barriers(shared: &Shared, hosts: &[String]) -> Barriers {
    if shared.options.forks == Some(1) { Barriers::serial(hosts) } else { Barriers::new(hosts) }
}

/// How a batch ended.
pub(super) struct Ended {
    pub(super) stop: bool,
    pub(super) fatal: bool,
}
