//! The run: play after play, batch after batch; one loop that hears everything and decides.

use crate::answers;
use crate::barrier::Barriers;
use crate::turns::Turns;
use crate::program;
use crate::session::{Heard, data, lock};
use crate::shared::{Note, PlayState, Shared};
use rustle_report::Sequencer;
use rustle_plan::PlannedPlay;
use rustle_stream::event::{RunEvent, Status, TaskEvent, TaskHeader};
use rustle_stream::exit;
use rustle_stream::model::{Fragment, Play, TaskId};
use rustle_stream::protocol::{BarrierRule, Call, Down, Frame, Outcome, Position, Reply, Seat, TaskDone, Up, VarChanges};
use rustle_value::{Dict, Value};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, mpsc};

/// What a person chose for the waiting of hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Continue,
    /// No play after this one.
    Stop,
}

/// Why a play cannot be planned.
#[derive(Clone, Debug)]
pub struct Unplanned {
    pub message: String,
    /// The run's exit code.
    pub code: u8,
    /// Found when the play has begun: its banner is shown.
    pub begun: bool,
}

/// Runs all plays; `emit` gets every event in the order in which it is to be printed. Returns Ansible's exit code.
pub fn run(shared: &Arc<Shared>, plan: &mut dyn FnMut(&Play) -> Result<PlannedPlay, Unplanned>, plays: &[Play], fragment: &Fragment, notes: &mpsc::Receiver<Note>, emit: &mut dyn FnMut(RunEvent)) -> u8 {
    crate::payloads::prepare(shared, plays, fragment);
    let mut run = Run::new(shared, notes, emit);
    for play in plays {
        // What a person is asked may decide which hosts the play is for.
        let prompted = crate::prompt::ask(shared, play, run.emit);
        let mut asked = play.clone();
        asked.keywords.vars.update(&prompted);
        crate::prompt::render_keywords(shared, &mut asked);
        match plan(&asked) {
            Ok(planned) => {
                for text in shared.inventory().take_warnings() {
                    (run.emit)(RunEvent::Warning { text });
                }
                let mut rendered = play.clone();
                rendered.other.clone_from(&asked.other);
                if run.play(&rendered, planned, fragment, prompted) == Step::Stop {
                    break;
                }
            }
            Err(why) => {
                if why.begun {
                    let name = program::play_name(shared, play, &prompted);
                    (run.emit)(RunEvent::PlayStart { play: play.id, name, hosts: Vec::new() });
                }
                (run.emit)(RunEvent::Error { text: why.message });
                run.error = Some(why.code);
                run.aborted = true;
                break;
            }
        }
    }
    let code = run.exit_code();
    if !run.aborted
        && let RunEvent::Stats { hosts, .. } = run.sequencer.stats()
    {
        let custom = lock(&shared.stats).clone();
        (run.emit)(RunEvent::Stats { hosts, exit: code, custom });
    }
    // A task that tags leave out may have been the one.
    if let Some(name) = shared.options.start_at_task.as_ref().filter(|_| !run.started && !run.aborted && shared.options.tags.is_empty() && shared.options.skip_tags.is_empty()) {
        let text = format!("No matching task \"{name}\" found. Note: --start-at-task can only follow static includes.");
        (run.emit)(RunEvent::Error { text });
    }
    shared.settle();
    for session in lock(&shared.sessions).values() {
        session.close();
    }
    shared.leave_seats();
    shared.leave_remotes();
    code
}

struct Run<'a> {
    shared: &'a Arc<Shared>,
    notes: &'a mpsc::Receiver<Note>,
    emit: &'a mut dyn FnMut(RunEvent),
    sequencer: Sequencer,
    /// Hosts that later plays leave out.
    gone: HashSet<String>,
    failed: HashSet<String>,
    unreachable: HashSet<String>,
    reached: HashSet<String>,
    interrupted: bool,
    /// Ended by an error of the run itself: there is no recap.
    aborted: bool,
    /// The exit code of an error outside of any host.
    error: Option<u8>,
    /// A task of the user's own has begun.
    started: bool,
}

/// The state of a batch.
struct Batch {
    play: Arc<PlayState>,
    barriers: Barriers,
    /// Hosts that have not ended.
    open: HashSet<String>,
    order: Vec<String>,
    common: Arc<rustle_stream::protocol::PlayProgram>,
    /// Questions that wait for others.
    questions: HashMap<(String, u64), (Position, Call)>,
    /// `run_once` tasks: who waits for the result.
    once: HashMap<TaskId, (Position, Vec<(String, u64)>)>,
    once_results: HashMap<(TaskId, Position), TaskDone>,
    /// Stop all hosts at their next step, because of this.
    abort: Option<String>,
    any_errors_fatal: bool,
    max_fail_percentage: Option<f64>,
    /// Hosts whose last task failed, and was not rescued.
    failing: HashSet<String>,
    /// Where one host's failure is everybody's.
    fatal: HashSet<Position>,
    /// Hosts that failed because others did.
    taken: HashSet<String>,
    /// A host was lost, and the play says that this is everybody's failure.
    doomed: bool,
    /// `max_fail_percentage` was exceeded.
    too_many: bool,
    turns: Turns,
    free: bool,
    registers: HashMap<TaskId, String>,
    /// The task that each host is in.
    current: HashMap<String, TaskHeader>,
    ended_all: bool,
}

impl<'a> Run<'a> {
    fn new(shared: &'a Arc<Shared>, notes: &'a mpsc::Receiver<Note>, emit: &'a mut dyn FnMut(RunEvent)) -> Run<'a> {
        Run {
            shared,
            notes,
            emit,
            sequencer: Sequencer::new(),
            gone: HashSet::new(),
            failed: HashSet::new(),
            unreachable: HashSet::new(),
            reached: HashSet::new(),
            interrupted: false,
            aborted: false,
            error: None,
            started: false,
        }
    }
}

impl Run<'_> {
    fn exit_code(&self) -> u8 {
        if self.interrupted {
            return exit::INTERRUPTED;
        }
        if let Some(code) = self.error {
            return code;
        }
        // A host out of reach tells more than one that failed.
        if !self.unreachable.is_empty() {
            exit::HOST_UNREACHABLE
        } else if !self.failed.is_empty() {
            exit::HOST_FAILED
        } else {
            exit::OK
        }
    }
    fn emit_all(&mut self, events: Vec<RunEvent>) {
        for e in events {
            (self.emit)(e);
        }
    }
    fn play(&mut self, play: &Play, planned: PlannedPlay, all: &Fragment, prompted: Dict) -> Step {
        let name = program::play_name(self.shared, play, &prompted);
        let id = play.id;
        let hosts: Vec<String> = planned.hosts.clone();
        let live: Vec<String> = hosts.iter().filter(|h| !self.gone.contains(*h)).cloned().collect();
        if hosts.is_empty() {
            (self.emit)(RunEvent::PlayStart { play: id, name, hosts: Vec::new() });
            (self.emit)(RunEvent::NoHosts { play: id });
            return Step::Continue;
        }
        if live.is_empty() {
            return Step::Stop;
        }
        let fragment = program::only_of(play, all);
        let mut compiled = rustle_engine::Program::default();
        compiled.add(&fragment, &planned.placement);
        let state = Arc::new(PlayState {
            play: Arc::new(play.clone()),
            program: Mutex::new(compiled),
            hosts_all: hosts.clone(),
            batch: Mutex::new(Vec::new()),
            failed: Mutex::new(HashSet::new()),
            includes: Mutex::new(HashMap::new()),
            prompted,
        });
        *self.shared.current.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(state.clone());
        for host in &live {
            self.shared.recall(host);
            crate::vars_files::load(self.shared, &state, host);
        }
        let barriers = match planned.barriers {
            // One host at a time, task by task: what `--forks 1` means where hosts wait for each other at all.
            BarrierRule::Visible if self.shared.options.forks == Some(1) => BarrierRule::Always,
            rule => rule,
        };
        let common = Arc::new(program::common(self.shared, &state, &fragment, &planned.placement, barriers));
        let registers: HashMap<TaskId, String> = fragment.tasks.iter().filter_map(|t| Some((t.id, t.register.clone()?))).collect();
        for batch in &planned.batches {
            let batch: Vec<String> = batch.iter().filter(|h| !self.gone.contains(*h)).cloned().collect();
            if batch.is_empty() {
                continue;
            }
            *lock(&state.batch) = batch.clone();
            let start = self.sequencer.begin(id, &name, &batch, planned.free);
            self.emit_all(start);
            let ended = self.batch(&state, &batch, &common, &registers, planned.free);
            // A batch that failed as a whole ends the play.
            if self.aborted {
                return Step::Stop;
            }
            if self.interrupted || ended.stop || batch.iter().all(|h| self.gone.contains(h)) {
                if self.interrupted || ended.fatal || live.iter().all(|h| self.gone.contains(h)) || batch.iter().all(|h| self.gone.contains(h)) {
                    return Step::Stop;
                }
                break;
            }
        }
        Step::Continue
    }
    fn batch(&mut self, state: &Arc<PlayState>, hosts: &[String], common: &Arc<rustle_stream::protocol::PlayProgram>, registers: &HashMap<TaskId, String>, free: bool) -> Ended {
        let keyword = |name: &str| state.play.keywords.other.get(name).or_else(|| state.play.other.get(name)).cloned();
        let mut batch = Batch {
            play: state.clone(),
            barriers: if self.shared.options.forks == Some(1) { Barriers::serial(hosts) } else { Barriers::new(hosts) },
            open: hosts.iter().cloned().collect(),
            order: hosts.to_vec(),
            common: common.clone(),
            questions: HashMap::new(),
            once: HashMap::new(),
            once_results: HashMap::new(),
            abort: None,
            any_errors_fatal: keyword("any_errors_fatal").and_then(|v| rustle_engine::to_bool(&v)).unwrap_or(false)
                || self.shared.setting("ANY_ERRORS_FATAL").and_then(|v| rustle_engine::to_bool(&v)).unwrap_or(false),
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
        };
        self.connect(&mut batch, hosts);
        while !batch.open.is_empty() {
            let Ok(note) = self.notes.recv() else { break };
            self.note(&mut batch, note);
            self.release(&mut batch);
        }
        let rest = self.sequencer.end();
        self.emit_all(rest);
        self.gone.extend(batch.taken.iter().cloned());
        self.failed.extend(batch.taken.iter().cloned());
        // Hosts that had nobody to wait for asked nobody.
        self.judge(&mut batch, &Position::new());
        if batch.too_many {
            // Once where the tasks end, once where the play does.
            (self.emit)(RunEvent::NoMoreHosts);
            (self.emit)(RunEvent::NoMoreHosts);
        }
        Ended { stop: batch.abort.is_some() || batch.ended_all || batch.too_many, fatal: batch.abort.is_some() && !batch.ended_all }
    }
    /// Connects to all hosts of the batch at once (within `forks`, where the user limited it).
    fn connect(&mut self, batch: &mut Batch, hosts: &[String]) {
        self.shared.settle();
        let mut todo = Vec::new();
        for host in hosts {
            let vars = self.shared.connection_vars(host, &Seat::default());
            match self.shared.still_right(host, &vars) {
                true => self.start_play(batch, host),
                false => todo.push((host.clone(), vars)),
            }
        }
        if todo.is_empty() {
            return;
        }
        let width = self.shared.options.forks.map_or(todo.len(), |f| f.max(1) as usize).min(todo.len()).min(64);
        let queue = Arc::new(Mutex::new(todo.into_iter()));
        for _ in 0..width {
            let queue = queue.clone();
            let shared = self.shared.clone();
            std::thread::spawn(move || {
                loop {
                    let Some((host, vars)) = lock(&queue).next() else { break };
                    let result = shared.connector.connect(&host, &vars, shared.queue());
                    shared.note(Note::Connected { host, vars, result });
                }
            });
        }
    }
    fn start_play(&mut self, batch: &Batch, host: &str) {
        let user = lock(&self.shared.users).get(host).cloned();
        let mut program = program::for_host(self.shared, &batch.play, host, &batch.common, user.as_ref());
        let session = lock(&self.shared.sessions).get(host).cloned();
        if let Some(session) = session {
            // A runner that has run a play knows its host's variables itself.
            if !session.used.swap(true, std::sync::atomic::Ordering::SeqCst) {
                program.known = program::known(self.shared, host);
            }
            session.send(&Down::Play { program: Box::new(program) });
        }
    }
    fn note(&mut self, batch: &mut Batch, note: Note) {
        match note {
            Note::Connected { host, vars, result: Ok(connected) } => {
                self.shared.greet(&host, &connected, vars);
                let stands_in = lock(&self.shared.unreachable).contains_key(&host);
                if !stands_in && connected.method != "none" && self.reached.insert(host.clone()) {
                    (self.emit)(RunEvent::Reached { host: host.clone(), method: connected.method.clone(), reason: connected.reason.clone() });
                }
                if batch.open.contains(&host) {
                    self.start_play(batch, &host);
                }
            }
            Note::Connected { host, result: Err(e), .. } => self.stand_in(batch, host, e.message),
            Note::Heard { host, heard: Heard::Closed { why } } => {
                let current = lock(&self.shared.sessions).get(&host).is_some_and(|s| !s.closed.load(std::sync::atomic::Ordering::SeqCst));
                if batch.open.contains(&host) && !current {
                    self.lost(batch, &host, &why);
                }
                lock(&self.shared.sessions).retain(|name, s| *name != host || !s.closed.load(std::sync::atomic::Ordering::SeqCst));
            }
            Note::Heard { host, heard: Heard::Message(up) } => self.heard(batch, &host, *up),
            Note::Event { host, event } => self.event(batch, &host, event),
            Note::OnceDone { task, done } => {
                let Some((position, waiting)) = batch.once.remove(&task) else { return };
                // Hosts that come later get the same.
                batch.once_results.insert((task, position), TaskDone { skipped: true, ..(*done).clone() });
                for (i, (host, id)) in waiting.into_iter().enumerate() {
                    let changes = done.changes.clone();
                    lock(&self.shared.vars).entry(host.clone()).or_default().apply(&changes);
                    // All but the first get the result without having run the task.
                    self.reply(&host, id, Reply::Task { done: TaskDone { skipped: done.skipped || i > 0, ..(*done).clone() } });
                }
            }
            Note::ClearErrors => {
                // Later plays have these hosts again.
                for set in [&mut self.gone, &mut self.failed, &mut self.unreachable] {
                    set.clear();
                }
                lock(&self.shared.unreachable).clear();
                lock(&batch.play.failed).clear();
                batch.failing.clear();
            }
            Note::Meta { what } => {
                batch.ended_all = what == "end_play";
                for host in batch.open.clone() {
                    if let Some(s) = lock(&self.shared.sessions).get(&host) {
                        s.send(&Down::Stop { reason: what.clone() });
                    }
                }
            }
            Note::Warning(text) => (self.emit)(RunEvent::Warning { text }),
            Note::Abort { message } => {
                if !std::mem::replace(&mut self.aborted, true) {
                    (self.emit)(RunEvent::Error { text: message });
                }
                self.error = Some(exit::ERROR);
                for host in batch.open.drain() {
                    batch.barriers.done(&host);
                }
            }
            Note::Interrupted => {
                self.interrupted = true;
                for session in lock(&self.shared.sessions).values() {
                    session.close();
                }
                for host in batch.open.drain() {
                    batch.barriers.done(&host);
                }
            }
        }
    }
    fn reply(&self, host: &str, id: u64, reply: Reply) {
        let session = lock(&self.shared.sessions).get(host).cloned();
        if let Some(s) = session {
            s.reply(id, reply);
        }
    }
    /// The host is out of reach. That matters only for tasks that do something on it: until the first of those, a
    /// runner here takes its part.
    fn stand_in(&mut self, batch: &mut Batch, host: String, why: String) {
        if let Some(first) = lock(&self.shared.unreachable).get(&host).cloned() {
            return self.lost(batch, &host, &first);
        }
        lock(&self.shared.unreachable).insert(host.clone(), why);
        let shared = self.shared.clone();
        std::thread::spawn(move || {
            let vars = rustle_value::dict! { "ansible_connection" => "local" };
            let result = shared.connector.connect(&host, &vars, shared.queue());
            shared.note(Note::Connected { host, vars, result });
        });
    }
    fn lost(&mut self, batch: &mut Batch, host: &str, why: &str) {
        if !batch.open.remove(host) {
            return;
        }
        batch.doomed |= batch.any_errors_fatal;
        batch.turns.leave(host);
        let header = batch.current.get(host).cloned().unwrap_or_else(|| first_header(&batch.play));
        let events = self.sequencer.unreachable(host, header, why);
        self.emit_all(events);
        self.unreachable.insert(host.to_owned());
        self.out(batch, host);
    }
    /// The host takes no further part in the run.
    fn out(&mut self, batch: &mut Batch, host: &str) {
        batch.open.remove(host);
        batch.barriers.done(host);
        self.gone.insert(host.to_owned());
        lock(&batch.play.failed).insert(host.to_owned());
        batch.failing.insert(host.to_owned());
    }
    fn heard(&mut self, batch: &mut Batch, host: &str, up: Up) {
        match up {
            Up::Ready { v, .. } if v != rustle_stream::protocol::VERSION => {
                self.lost(batch, host, &format!("the runner there speaks protocol {v}, this controller {}", rustle_stream::protocol::VERSION));
            }
            Up::Ready { .. } | Up::Executed { .. } => {}
            Up::Event { event } => self.event(batch, host, *event),
            Up::Call { id, position, call } => self.call(batch, host, id, position, call),
            Up::PlayDone { outcome } => {
                if !batch.open.remove(host) {
                    return;
                }
                batch.barriers.done(host);
                batch.turns.leave(host);
                let events = self.sequencer.host_done(host);
                self.emit_all(events);
                match outcome {
                    Outcome::Completed => {}
                    Outcome::Ended => {}
                    Outcome::Failed => {
                        self.failed.insert(host.to_owned());
                        self.out(batch, host);
                    }
                    Outcome::Unreachable => {
                        self.unreachable.insert(host.to_owned());
                        self.out(batch, host);
                    }
                }
            }
            Up::Warning { text } => (self.emit)(RunEvent::Warning { text }),
            Up::Fatal { message } => self.lost(batch, host, &message),
        }
    }
    fn event(&mut self, batch: &mut Batch, host: &str, event: TaskEvent) {
        let event = clean(event);
        match &event {
            TaskEvent::Start { header } => {
                self.started |= header.task != rustle_engine::GATHER_TASK;
                batch.barriers.reached(host, &header.position);
                batch.current.insert(host.to_owned(), header.clone());
            }
            TaskEvent::Result { result, changes, status, .. } => {
                let task = batch.current.get(host).map(|h| h.task);
                let mut changes = changes.clone();
                let register = task.and_then(|t| batch.registers.get(&t).cloned().or_else(|| lock(&batch.play.program).task(t)?.register.clone()));
                if let Some(name) = register
                    && !changes.set.contains_key(&name)
                {
                    changes.set.insert(name, registered(result, *status));
                }
                if !changes.is_empty() {
                    self.shared.as_written(host, &mut changes.included);
                    lock(&self.shared.vars).entry(host.to_owned()).or_default().apply(&changes);
                }
                if !changes.facts.is_empty() {
                    self.shared.remember(host);
                }
                if matches!(status, Status::Failed | Status::Unreachable) {
                    batch.failing.insert(host.to_owned());
                } else {
                    batch.failing.remove(host);
                }
                batch.turns.leave(host);
            }
            _ => {}
        }
        let events = self.sequencer.push(host, event);
        self.emit_all(events);
    }
    fn call(&mut self, batch: &mut Batch, host: &str, id: u64, position: Position, call: Call) {
        batch.barriers.reached(host, &position);
        match &call {
            Call::Turn { limit } => return batch.turns.ask(host, id, &position, *limit),
            Call::Verdict { fatal } => {
                // After the task: beyond everything that may still happen in it.
                let mut after = position.clone();
                after.push(u32::MAX);
                if *fatal {
                    batch.fatal.insert(after.clone());
                }
                batch.barriers.wait(host, id, &after);
                batch.questions.insert((host.to_owned(), id), (position, call));
            }
            call_in_turn if answers::must_wait(call_in_turn) || (!batch.free && self.in_order(batch, call_in_turn)) => {
                batch.barriers.wait(host, id, &position);
                batch.questions.insert((host.to_owned(), id), (position, call));
            }
            _ => self.answer(vec![(host.to_owned(), id, position, call)]),
        }
    }
    /// Whether the hosts run this task one after the other, in their order: what it does depends on it.
    fn in_order(&self, batch: &Batch, call: &Call) -> bool {
        let Call::RunTask { task, .. } = call else { return false };
        lock(&batch.play.program).task(*task).is_some_and(|t| rustle_engine::in_order(&t))
    }
    /// Answers in a thread of its own: a lookup or a delegated task may take long. Several questions are answered in
    /// their order, and all at the end.
    fn answer(&self, questions: Vec<(String, u64, Position, Call)>) {
        let shared = self.shared.clone();
        std::thread::spawn(move || {
            let replies: Vec<_> = questions
                .into_iter()
                .map(|(host, id, position, call)| {
                    let reply = answers::answer(&shared, &host, &position, call);
                    (host, id, reply)
                })
                .collect();
            for (host, id, reply) in replies {
                let session = lock(&shared.sessions).get(&host).cloned();
                if let Some(s) = session {
                    s.reply(id, reply);
                }
            }
        });
    }
    /// What a host that has finished a task gets to hear.
    fn judge(&mut self, batch: &mut Batch, after: &Position) -> Reply {
        if let Some(limit) = batch.max_fail_percentage {
            let bad = batch.order.iter().filter(|h| batch.failing.contains(*h)).count();
            batch.too_many |= bad as f64 / batch.order.len() as f64 * 100.0 > limit;
        }
        if batch.doomed || batch.too_many || batch.fatal.contains(after) { Reply::Fail } else { Reply::Go }
    }
    /// Answers the questions whose time has come.
    fn release(&mut self, batch: &mut Batch) {
        for (host, id) in batch.turns.release(&batch.order) {
            self.reply(&host, id, Reply::Go);
        }
        let mut in_order = Vec::new();
        for (host, id, at) in batch.barriers.release() {
            let Some((position, call)) = batch.questions.remove(&(host.clone(), id)) else { continue };
            if let Some(reason) = &batch.abort {
                self.reply(&host, id, Reply::Stop { reason: reason.clone() });
                continue;
            }
            match call {
                Call::Barrier => self.reply(&host, id, Reply::Go),
                Call::Verdict { fatal } => {
                    let reply = self.judge(batch, &at);
                    // Who fails with others takes no part in later plays, rescued or not.
                    if matches!(reply, Reply::Fail) && !fatal {
                        batch.taken.insert(host.clone());
                    }
                    self.reply(&host, id, reply);
                }
                Call::RunOnce { task, scope } => self.once(batch, &host, id, position, task, scope),
                call @ Call::RunTask { .. } => in_order.push((host, id, position, call)),
                other => self.answer(vec![(host, id, position, other)]),
            }
        }
        if !in_order.is_empty() {
            self.answer(in_order);
        }
    }
    /// The first host that comes runs the task; the others get what it got.
    fn once(&mut self, batch: &mut Batch, host: &str, id: u64, position: Position, task: TaskId, scope: Vec<Frame>) {
        if let Some((_, waiting)) = batch.once.get_mut(&task) {
            waiting.push((host.to_owned(), id));
            return;
        }
        if let Some(done) = batch.once_results.get(&(task, position.clone())).cloned() {
            lock(&self.shared.vars).entry(host.to_owned()).or_default().apply(&done.changes);
            return self.reply(host, id, Reply::Task { done });
        }
        batch.once.insert(task, (position.clone(), vec![(host.to_owned(), id)]));
        let shared = self.shared.clone();
        // Whoever asks first: it is the first host of the batch that the task runs for.
        let host = batch.order.iter().find(|h| batch.open.contains(*h) && batch.barriers.stands_at(h, &position)).cloned().unwrap_or_else(|| host.to_owned());
        std::thread::spawn(move || {
            let done = match answers::answer(&shared, &host, &position, Call::RunTask { task, scope }) {
                Reply::Task { done } => done,
                Reply::Error { message, .. } => TaskDone { failed: true, result: rustle_value::dict! { "failed" => true, "msg" => message }, ..TaskDone::default() },
                _ => TaskDone::default(),
            };
            shared.note(Note::OnceDone { task, done: Box::new(done) });
        });
    }
}

/// The task that a host would have begun with.
fn first_header(play: &PlayState) -> TaskHeader {
    let gathers = play.play.other.get("gather_facts").and_then(rustle_engine::to_bool).unwrap_or(true);
    let mut tasks = Vec::new();
    if !gathers {
        let p = &play.play;
        let nodes: Vec<_> = [&p.pre_tasks, &p.roles, &p.tasks, &p.post_tasks].into_iter().flatten().copied().collect();
        lock(&play.program).tasks_below(&nodes, &mut tasks);
    }
    let (task, at) = match tasks.first() {
        // The engine counts the ends of sections, too: handlers run there.
        Some(t) => {
            let p = &play.play;
            let section = if !p.pre_tasks.is_empty() { 1 } else if !(p.roles.is_empty() && p.tasks.is_empty()) { 2 } else { 3 };
            (t.clone(), section)
        }
        None => (Arc::new(rustle_engine::gather_task(&play.play)), 0),
    };
    let name = task.name.as_ref().and_then(Value::as_str).unwrap_or(&task.written).to_owned();
    let role = task.role.and_then(|id| lock(&play.program).role(id));
    TaskHeader {
        task: task.id,
        position: vec![at],
        name: role.map_or_else(|| name.clone(), |r| format!("{} : {name}", r.name)),
        action: task.action.to_string(),
        origin: task.origin.clone(),
        ..TaskHeader::default()
    }
}

struct Ended {
    stop: bool,
    fatal: bool,
}

/// What `register` stores, from what the report was told.
fn registered(result: &Dict, status: Status) -> Dict {
    let mut d = result.clone();
    d.retain(|k, _| !k.as_str().is_some_and(|k| k.starts_with("_ansible_")));
    rustle_engine::without_places(&mut d);
    if !d.contains_key("changed") {
        d.insert("changed", matches!(status, Status::Changed));
    }
    if status != Status::Unreachable {
        d.insert("failed", matches!(status, Status::Failed | Status::Ignored | Status::Rescued));
    }
    d
}

/// An event as data: nothing that a host sent is ever rendered.
fn clean(event: TaskEvent) -> TaskEvent {
    let changes = |c: VarChanges| VarChanges { set: data(c.set), facts: data(c.facts), included: data(c.included) };
    match event {
        TaskEvent::Item { position, status, result, label, errors, delegated } => {
            TaskEvent::Item { position, status, result: data(result), label: label.into_data(), errors, delegated }
        }
        TaskEvent::Retry { position, attempts, left, result } => TaskEvent::Retry { position, attempts, left, result: data(result) },
        TaskEvent::Result { position, status, result, looped, errors, delegated, changes: c, notified } => {
            TaskEvent::Result { position, status, result: data(result), looped, errors, delegated, changes: changes(c), notified }
        }
        TaskEvent::Included { position, file, label } => TaskEvent::Included { position, file, label: label.map(Value::into_data) },
        TaskEvent::Start { mut header } => {
            header.args = data(header.args);
            TaskEvent::Start { header }
        }
        other => other,
    }
}
