//! The run: play after play, batch after batch; one loop that hears everything and decides.

mod batch;
mod heard;
mod questions;
mod step;
mod told;

use crate::program;
use crate::session::lock;
use crate::shared::{Note, PlayState, Shared};
use batch::{Batch, Ended};
use rustle_plan::PlannedPlay;
use rustle_report::Sequencer;
use rustle_stream::event::RunEvent;
use rustle_stream::exit;
use rustle_stream::model::{Fragment, Play, TaskId};
use rustle_stream::protocol::{BarrierRule, Down, Position, Seat};
use rustle_value::Dict;
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
    /// Those that could not be reached when a play ended: they stay so.
    lost: HashSet<String>,
    reached: HashSet<String>,
    interrupted: bool,
    /// Ended by an error of the run itself: there is no recap.
    aborted: bool,
    /// The exit code of an error outside of any host.
    error: Option<u8>,
    /// A task of the user's own has begun.
    started: bool,
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
            lost: HashSet::new(),
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
        self.gone.extend(self.lost.iter().cloned());
        self.unreachable.extend(self.lost.iter().cloned());
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
            driver: crate::outlive::driver(self.shared, play, &fragment),
            // The first one has not begun.
            batch: Mutex::default(),
            failed: Mutex::new(hosts.iter().filter(|h| self.gone.contains(*h)).cloned().collect()),
            prompted,
            ..PlayState::new(play, compiled, &hosts)
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
        for all in &planned.batches {
            let batch: Vec<String> = all.iter().filter(|h| !self.gone.contains(*h)).cloned().collect();
            if batch.is_empty() {
                continue;
            }
            *lock(&state.batch) = batch.clone();
            let start = self.sequencer.begin(id, &name, &batch, planned.free);
            self.emit_all(start);
            let ended = self.batch(&state, &batch, all, &common, &registers, planned.free);
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
        self.lost.extend(self.unreachable.iter().cloned());
        Step::Continue
    }
    fn batch(&mut self, state: &Arc<PlayState>, hosts: &[String], all: &[String], common: &Arc<rustle_stream::protocol::PlayProgram>, registers: &HashMap<TaskId, String>, free: bool) -> Ended {
        let mut batch = Batch::new(self.shared, state, hosts, all, common, registers, free);
        let mut hosts = hosts.to_vec();
        loop {
            self.connect(&mut batch, &hosts);
            while !batch.open.is_empty() {
                let Ok(note) = self.notes.recv() else { break };
                self.note(&mut batch, note);
                self.release(&mut batch);
            }
            let rest = self.sequencer.end();
            self.emit_all(rest);
            hosts = std::mem::take(&mut batch.revived);
            if hosts.is_empty() || self.interrupted || self.aborted || batch.ended_all || batch.abort.is_some() {
                break;
            }
            self.sequencer.again(&hosts);
            batch.again(self.shared, &hosts);
        }
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
            match self.shared.still_right(host, &vars, batch.play.driver) {
                true => self.start_play(batch, host),
                false => todo.push((host.clone(), vars)),
            }
        }
        if todo.is_empty() {
            return;
        }
        let width = self.shared.options.forks.map_or(todo.len(), |f| f.max(1) as usize).min(todo.len()).min(64);
        let queue = Arc::new(Mutex::new(todo.into_iter()));
        let driver = batch.play.driver;
        for _ in 0..width {
            let queue = queue.clone();
            let shared = self.shared.clone();
            std::thread::spawn(move || {
                loop {
                    let Some((host, vars)) = lock(&queue).next() else { break };
                    let result = shared.connector.connect(&host, &vars, driver, shared.queue());
                    shared.note(Note::Connected { host, vars, result });
                }
            });
        }
    }
    fn start_play(&mut self, batch: &Batch, host: &str) {
        let user = lock(&self.shared.users).get(host).cloned();
        let mut program = program::for_host(self.shared, &batch.play, host, &batch.common, user.as_ref());
        let session = lock(&self.shared.sessions).get(host).cloned();
        program.after = batch.after.get(host).cloned();
        // The task to start at has been found, maybe on other hosts: this one goes on from the play's beginning.
        if self.started && self.shared.options.start_at_task.is_some() {
            program.after.get_or_insert_default();
        }
        if batch.after.contains_key(host) {
            program.notified = batch.notified.get(host).cloned().unwrap_or_default();
        }
        if let Some(session) = session {
            // A runner that has run a play knows its host's variables itself.
            if !session.used.swap(true, std::sync::atomic::Ordering::SeqCst) {
                program.known = program::known(self.shared, host);
            }
            session.send(&Down::Play { program: Box::new(program) });
        }
    }
}
