//! The run: play after play, batch after batch; one loop that hears everything and decides.

use crate::answers;
use crate::barrier::Barriers;
use crate::program;
use crate::session::{Heard, data, lock};
use crate::shared::{Note, PlayState, Shared};
use rustle_report::Sequencer;
use rustle_plan::PlannedPlay;
use rustle_stream::event::{RunEvent, Status, TaskEvent, TaskHeader};
use rustle_stream::exit;
use rustle_stream::model::{Fragment, Play, TaskId};
use rustle_stream::protocol::{BarrierRule, Call, Down, Frame, Outcome, Position, Reply, TaskDone, Up, VarChanges};
use rustle_value::{Dict, Value, py_str};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, mpsc};

/// What a person chose for the waiting of hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Continue,
    /// No play after this one.
    Stop,
}

/// Runs all plays; `emit` gets every event in the order in which it is to be printed. Returns Ansible's exit code.
pub fn run(shared: &Arc<Shared>, plan: &mut dyn FnMut(&Play) -> Result<PlannedPlay, String>, plays: &[Play], fragment: &Fragment, notes: &mpsc::Receiver<Note>, emit: &mut dyn FnMut(RunEvent)) -> u8 {
    let mut run = Run::new(shared, notes, emit);
    for play in plays {
        // What a person is asked may decide which hosts the play is for.
        let prompted = run.prompt(play);
        let mut asked = play.clone();
        asked.keywords.vars.update(&prompted);
        match plan(&asked) {
            Ok(planned) => {
                for text in shared.inventory().take_warnings() {
                    (run.emit)(RunEvent::Warning { text });
                }
                if run.play(play, planned, fragment, prompted) == Step::Stop {
                    break;
                }
            }
            Err(message) => {
                (run.emit)(RunEvent::Warning { text: message });
                run.error = true;
                break;
            }
        }
    }
    let code = run.exit_code();
    if !run.aborted
        && let RunEvent::Stats { hosts, .. } = run.sequencer.stats()
    {
        (run.emit)(RunEvent::Stats { hosts, exit: code });
    }
    for session in lock(&shared.sessions).values() {
        session.close();
    }
    shared.leave_remotes();
    code
}

pub(crate) struct Run<'a> {
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
    error: bool,
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
    registers: HashMap<TaskId, String>,
    /// The task that each host is in.
    current: HashMap<String, TaskHeader>,
    ended_all: bool,
}

impl<'a> Run<'a> {
    pub(crate) fn new(shared: &'a Arc<Shared>, notes: &'a mpsc::Receiver<Note>, emit: &'a mut dyn FnMut(RunEvent)) -> Run<'a> {
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
            error: false,
        }
    }
}

impl Run<'_> {
    fn exit_code(&self) -> u8 {
        if self.interrupted {
            return exit::INTERRUPTED;
        }
        if self.error {
            return exit::ERROR;
        }
        // Ansible's codes are bits: failed hosts 2, unreachable ones 4.
        let mut code = 0;
        if !self.failed.is_empty() {
            code |= exit::HOST_FAILED;
        }
        if !self.unreachable.is_empty() {
            code |= exit::HOST_UNREACHABLE;
        }
        code
    }
    fn emit_all(&mut self, events: Vec<RunEvent>) {
        for e in events {
            (self.emit)(e);
        }
    }
    fn play(&mut self, play: &Play, planned: PlannedPlay, all: &Fragment, prompted: Dict) -> Step {
        let name = self.play_name(play, &prompted);
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
        });
        *self.shared.current.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(state.clone());
        self.load_vars_files(&state, &live, prompted);
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
            let ended = self.batch(&state, &batch, &common, &registers);
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
    pub(crate) fn play_name(&self, play: &Play, prompted: &Dict) -> String {
        let raw = play.name.clone().filter(|v| !v.is_null()).unwrap_or_else(|| play.hosts.clone());
        match raw.as_list() {
            Some(l) => l.iter().map(py_str).collect::<Vec<_>>().join(","),
            None => {
                let jinja = rustle_jinja::Environment::new();
                let mut vars = play.keywords.vars.clone();
                vars.update(prompted);
                vars.update(&self.shared.extra_vars);
                jinja.render_value(&raw, &vars).map_or_else(|_| raw.as_str().unwrap_or_default().to_owned(), |v| py_str(&v))
            }
        }
    }
    /// `vars_files`: the first file of each entry that is there, rendered for each host.
    pub(crate) fn load_vars_files(&mut self, state: &Arc<PlayState>, hosts: &[String], prompted: Dict) {
        let Some(entries) = state.play.other.get("vars_files").filter(|v| !v.is_null()) else {
            for host in hosts {
                lock(&self.shared.vars).entry(host.clone()).or_default().vars_files = prompted.clone();
            }
            return;
        };
        let entries = entries.as_list().map(<[Value]>::to_vec).unwrap_or_else(|| vec![entries.clone()]);
        let dir = self.shared.playbook_dir(&state.play);
        for host in hosts {
            let world = crate::world::ControllerWorld::new(self.shared.clone(), host, state.clone());
            let mut vars = prompted.clone();
            for entry in &entries {
                let choices = entry.as_list().map(<[Value]>::to_vec).unwrap_or_else(|| vec![entry.clone()]);
                let mut missing = Vec::new();
                let mut found = false;
                for choice in &choices {
                    let Ok(engine) = self.shared.engine(&world, host, state, &[]) else { continue };
                    let Ok(name) = engine.render_plain(choice) else { continue };
                    let name = py_str(&name);
                    let path = rustle_playbook::paths::absolute(&name, &dir);
                    if !std::path::Path::new(&path).exists() {
                        let in_vars = rustle_playbook::paths::join(&rustle_playbook::paths::join(&dir, "vars"), &name);
                        if !std::path::Path::new(&in_vars).exists() {
                            missing.push(path);
                            continue;
                        }
                        if let Ok(Some(d)) = lock(&self.shared.loader).load_vars_file(&in_vars) {
                            vars.update(&d);
                        }
                        found = true;
                        break;
                    }
                    match lock(&self.shared.loader).load_vars_file(&path) {
                        Ok(Some(d)) => vars.update(&d),
                        Ok(None) => {}
                        Err(e) => (self.emit)(RunEvent::Warning { text: e.to_string() }),
                    }
                    found = true;
                    break;
                }
                if !found && !missing.is_empty() {
                    (self.emit)(RunEvent::Warning { text: format!("vars file {} was not found", missing.join(", ")) });
                    self.error = true;
                }
            }
            lock(&self.shared.vars).entry(host.clone()).or_default().vars_files = vars;
        }
    }
    /// `vars_prompt`: asked once per play, unless `-e` gives the value.
    pub(crate) fn prompt(&mut self, play: &Play) -> Dict {
        let mut out = Dict::new();
        let Some(list) = play.other.get("vars_prompt").and_then(|v| v.as_list().map(<[Value]>::to_vec)) else { return out };
        let mut vars = play.keywords.vars.clone();
        vars.update(&self.shared.extra_vars);
        let jinja = rustle_jinja::Environment::new();
        for entry in list {
            let entry = jinja.render_value(&entry, &vars).unwrap_or(entry);
            let text = |key: &str| entry.get(key).filter(|v| !v.is_null()).map(py_str);
            let Some(name) = text("name") else { continue };
            if self.shared.extra_vars.contains_key(&name) {
                continue;
            }
            let default = text("default");
            let mut question = text("prompt").unwrap_or_else(|| name.clone());
            if question.is_empty() {
                question = format!("input for {name}");
            }
            if let Some(d) = &default {
                question.push_str(&format!(" [{d}]"));
            }
            let hidden = entry.get("private").is_none_or(|v| rustle_engine::to_bool(v).unwrap_or(true));
            let confirm = entry.get("confirm").is_some_and(|v| rustle_engine::to_bool(v).unwrap_or(false));
            let answer = loop {
                let Some(first) = (self.shared.ask)(&format!("{question}: "), hidden) else {
                    (self.emit)(RunEvent::Warning { text: "Not prompting as we are not in interactive mode".into() });
                    break None;
                };
                if !confirm || (self.shared.ask)(&format!("confirm {question}: "), hidden).as_ref() == Some(&first) {
                    break Some(first);
                }
                (self.emit)(RunEvent::Warning { text: "***** VALUES ENTERED DO NOT MATCH ****".into() });
            };
            let answer = answer.filter(|a| !a.is_empty()).or(default).unwrap_or_default();
            let value = match text("encrypt") {
                None if entry.get("unsafe").is_some_and(|v| rustle_engine::to_bool(v).unwrap_or(false)) => Value::from(answer),
                None => Value::trusted(answer, None),
                Some(kind) => {
                    let salt = text("salt").map(|s| format!(", {}", rustle_value::str_repr(&s))).unwrap_or_default();
                    let source = format!("{} | password_hash({}{salt})", rustle_value::str_repr(&answer), rustle_value::str_repr(&kind));
                    match rustle_jinja::Environment::new().eval_local(&source.into(), None, &Dict::new()) {
                        Ok(v) => v,
                        Err(e) => {
                            (self.emit)(RunEvent::Warning { text: e.to_string() });
                            Value::from("")
                        }
                    }
                }
            };
            out.insert(name, value);
        }
        out
    }
    fn batch(&mut self, state: &Arc<PlayState>, hosts: &[String], common: &Arc<rustle_stream::protocol::PlayProgram>, registers: &HashMap<TaskId, String>) -> Ended {
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
        Ended { stop: batch.abort.is_some() || batch.ended_all, fatal: batch.abort.is_some() && !batch.ended_all }
    }
    /// Connects to all hosts of the batch at once (within `forks`, where the user limited it).
    fn connect(&mut self, batch: &mut Batch, hosts: &[String]) {
        let mut todo = Vec::new();
        for host in hosts {
            let existing = lock(&self.shared.sessions).get(host).cloned().filter(|s| !s.closed.load(std::sync::atomic::Ordering::SeqCst));
            match existing {
                Some(_) => self.start_play(batch, host),
                None => todo.push(host.clone()),
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
                    let Some(host) = lock(&queue).next() else { break };
                    let vars = shared.connection_vars(&host);
                    let result = shared.connector.connect(&host, &vars, shared.queue());
                    shared.note(Note::Connected { host, result });
                }
            });
        }
    }
    fn start_play(&mut self, batch: &Batch, host: &str) {
        let user = lock(&self.shared.users).get(host).cloned();
        let program = program::for_host(self.shared, &batch.play, host, &batch.common, user.as_ref());
        let session = lock(&self.shared.sessions).get(host).cloned();
        if let Some(session) = session {
            session.send(&Down::Play { program: Box::new(program) });
        }
    }
    fn note(&mut self, batch: &mut Batch, note: Note) {
        match note {
            Note::Connected { host, result: Ok(connected) } => {
                self.shared.greet(&host, &connected);
                let stands_in = lock(&self.shared.unreachable).contains_key(&host);
                if !stands_in && connected.method != "none" && self.reached.insert(host.clone()) {
                    (self.emit)(RunEvent::Reached { host: host.clone(), method: connected.method.clone(), reason: connected.reason.clone() });
                }
                if batch.open.contains(&host) {
                    self.start_play(batch, &host);
                }
            }
            Note::Connected { host, result: Err(e) } => self.stand_in(batch, host, e.message),
            Note::Heard { host, heard: Heard::Closed { why } } => {
                if batch.open.contains(&host) {
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
            Note::Meta { what } => {
                batch.ended_all = what == "end_play";
                let text = if batch.ended_all { "META: ending play" } else { "META: ending batch" };
                let told = TaskEvent::Told { position: Position::new(), verbosity: 2, text: text.into() };
                (self.emit)(RunEvent::Host { play: batch.play.play.id, host: String::new(), event: Box::new(told) });
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
                self.error = true;
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
            s.send(&Down::Reply { id, reply });
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
            shared.note(Note::Connected { host, result });
        });
    }
    fn lost(&mut self, batch: &mut Batch, host: &str, why: &str) {
        if !batch.open.remove(host) {
            return;
        }
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
        if batch.any_errors_fatal && batch.abort.is_none() {
            batch.abort = Some("any_errors_fatal".into());
        }
        if let Some(limit) = batch.max_fail_percentage {
            let bad = batch.order.iter().filter(|h| self.gone.contains(*h)).count();
            if bad as f64 / batch.order.len() as f64 * 100.0 > limit {
                batch.abort = Some("max_fail_percentage".into());
            }
        }
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
                    lock(&self.shared.vars).entry(host.to_owned()).or_default().apply(&changes);
                }
                if matches!(status, Status::Failed | Status::Unreachable) && batch.any_errors_fatal {
                    batch.abort = Some("any_errors_fatal".into());
                }
            }
            _ => {}
        }
        let events = self.sequencer.push(host, event);
        self.emit_all(events);
    }
    fn call(&mut self, batch: &mut Batch, host: &str, id: u64, position: Position, call: Call) {
        batch.barriers.reached(host, &position);
        if let Call::Eval { .. } | Call::Barrier | Call::RunOnce { .. } = &call
            && answers::must_wait(&call)
        {
            batch.barriers.wait(host, id, &position);
            batch.questions.insert((host.to_owned(), id), (position, call));
            return;
        }
        self.answer(host, id, position, call);
    }
    /// Answers in a thread of its own: a lookup or a delegated task may take long.
    fn answer(&self, host: &str, id: u64, position: Position, call: Call) {
        let shared = self.shared.clone();
        let host = host.to_owned();
        std::thread::spawn(move || {
            let reply = answers::answer(&shared, &host, &position, call);
            let session = lock(&shared.sessions).get(&host).cloned();
            if let Some(s) = session {
                s.send(&Down::Reply { id, reply });
            }
        });
    }
    /// Answers the questions whose time has come.
    fn release(&mut self, batch: &mut Batch) {
        for (host, id, _) in batch.barriers.release() {
            let Some((position, call)) = batch.questions.remove(&(host.clone(), id)) else { continue };
            if let Some(reason) = &batch.abort {
                self.reply(&host, id, Reply::Stop { reason: reason.clone() });
                continue;
            }
            match call {
                Call::Barrier => self.reply(&host, id, Reply::Go),
                Call::RunOnce { task, scope } => self.once(batch, &host, id, position, task, scope),
                other => self.answer(&host, id, position, other),
            }
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
