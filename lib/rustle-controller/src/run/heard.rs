//! What the main loop does with what it hears: sessions that come and go, events, the end of a host's play.

use super::Run;
use super::batch::Batch;
use super::told::{clean, first_header, registered};
use crate::session::{Heard, lock};
use crate::shared::{Driver, Note};
use rustle_stream::event::{RunEvent, Status, TaskEvent};
use rustle_stream::exit;
use rustle_stream::protocol::{Down, Outcome, Reply, TaskDone, Up};

impl Run<'_> {
    pub(super) fn note(&mut self, batch: &mut Batch, note: Note) {
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
            Note::Reached { host, method } => {
                if self.reached.insert(host.clone()) {
                    (self.emit)(RunEvent::Reached { host, method, reason: None });
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
            Note::ClearErrors => self.clear_errors(batch),
            Note::Meta { what } => {
                batch.ended_all = what == "end_play";
                for host in batch.open.clone() {
                    if let Some(s) = lock(&self.shared.sessions).get(&host) {
                        s.send(&Down::Stop { reason: what.clone() });
                    }
                }
            }
            Note::Warning(text) => (self.emit)(RunEvent::Warning { text }),
            Note::Stepped { answer } => self.stepped(batch, answer),
            Note::Abort { message } => self.abort(batch, message, exit::ERROR),
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
    /// `meta: clear_host_errors`: what happened to the batch's hosts is forgotten. Those that could not be reached, or
    /// failed where something is left for them, go on when the others are through; the rest is there in the next play.
    fn clear_errors(&mut self, batch: &mut Batch) {
        for host in &batch.all {
            self.gone.remove(host);
            self.failed.remove(host);
            batch.taken.remove(host);
            batch.failing.remove(host);
            let lost = self.unreachable.remove(host);
            if lost {
                lock(&self.shared.unreachable).remove(host);
            }
            if (lost || batch.after.contains_key(host)) && !batch.open.contains(host) {
                batch.revived.push(host.clone());
            }
        }
    }
    /// The run ends here, with this exit code.
    pub(super) fn abort(&mut self, batch: &mut Batch, message: String, code: u8) {
        if !std::mem::replace(&mut self.aborted, true) {
            (self.emit)(RunEvent::Error { text: message });
        }
        self.error = Some(code);
        for host in batch.open.drain() {
            batch.barriers.done(&host);
        }
    }
    pub(super) fn reply(&self, host: &str, id: u64, reply: Reply) {
        let session = lock(&self.shared.sessions).get(host).cloned();
        if let Some(s) = session {
            s.reply(id, reply);
        }
    }
    /// The host is out of reach. That matters only for tasks that do something on it: until the first of those, a
    /// runner here takes its part.
    pub(super) fn stand_in(&mut self, batch: &mut Batch, host: String, why: String) {
        if let Some(first) = lock(&self.shared.unreachable).get(&host).cloned() {
            return self.lost(batch, &host, &first);
        }
        lock(&self.shared.unreachable).insert(host.clone(), why);
        let shared = self.shared.clone();
        std::thread::spawn(move || {
            let vars = rustle_value::dict! { "ansible_connection" => "local" };
            let result = shared.connector.connect(&host, &vars, Driver::Host, shared.queue());
            shared.note(Note::Connected { host, vars, result });
        });
    }
    pub(super) fn lost(&mut self, batch: &mut Batch, host: &str, why: &str) {
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
    pub(super) fn out(&mut self, batch: &mut Batch, host: &str) {
        batch.open.remove(host);
        batch.barriers.done(host);
        if self.unreachable.contains(host) {
            let header = batch.current.get(host).cloned().unwrap_or_else(|| first_header(&batch.play));
            batch.after.insert(host.to_owned(), header.position);
        }
        self.gone.insert(host.to_owned());
        lock(&batch.play.failed).insert(host.to_owned());
        batch.failing.insert(host.to_owned());
    }
    pub(super) fn heard(&mut self, batch: &mut Batch, host: &str, up: Up) {
        match up {
            Up::Ready { v, .. } if v != rustle_stream::protocol::VERSION => {
                self.lost(batch, host, &format!("the runner there speaks protocol {v}, this controller {}", rustle_stream::protocol::VERSION));
            }
            Up::Ready { .. } | Up::Executed { .. } => {}
            Up::Event { event } => self.event(batch, host, *event),
            Up::Call { id, position, call } => self.call(batch, host, id, position, call),
            Up::PlayDone { outcome, after } => {
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
                        batch.after.remove(host);
                        batch.after.extend(after.map(|at| (host.to_owned(), at)));
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
    pub(super) fn event(&mut self, batch: &mut Batch, host: &str, event: TaskEvent) {
        let event = clean(event);
        batch.keep_notified(host, &event);
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
}
