//! What runners ask, and when they are answered: at once, in turn, or when others have come as far.

use super::Run;
use super::batch::Batch;
use crate::answers;
use crate::session::lock;
use crate::shared::Note;
use rustle_stream::event::TaskEvent;
use rustle_stream::model::TaskId;
use rustle_stream::protocol::{Call, Frame, Position, Reply, TaskDone};

impl Run<'_> {
    pub(super) fn call(&mut self, batch: &mut Batch, host: &str, id: u64, position: Position, call: Call) {
        batch.barriers.reached(host, &position);
        if self.shared.run_options.step && matches!(call, Call::Barrier | Call::Step { .. }) {
            // Whatever came before the task is told before the question.
            let told = self.sequencer.push(host, TaskEvent::Passed { position: position.clone() });
            self.emit_all(told);
        }
        match &call {
            Call::Step { task } if batch.free => self.step(batch, (position, Some(host.to_owned())), host, id, task),
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
    pub(super) fn in_order(&self, batch: &Batch, call: &Call) -> bool {
        let Call::RunTask { task, .. } = call else { return false };
        lock(&batch.play.program).task(*task).is_some_and(|t| rustle_engine::in_order(&t))
    }
    /// Answers in a thread of its own: a lookup or a delegated task may take long. Several questions are answered in
    /// their order, and all at the end.
    pub(super) fn answer(&self, questions: Vec<(String, u64, Position, Call)>) {
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
    pub(super) fn judge(&mut self, batch: &mut Batch, after: &Position) -> Reply {
        if let Some(limit) = batch.max_fail_percentage {
            let bad = batch.order.iter().filter(|h| batch.failing.contains(*h)).count();
            batch.too_many |= bad as f64 / batch.order.len() as f64 * 100.0 > limit;
        }
        if batch.doomed || batch.too_many || batch.fatal.contains(after) { Reply::Fail } else { Reply::Go }
    }
    /// Answers the questions whose time has come.
    pub(super) fn release(&mut self, batch: &mut Batch) {
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
                Call::Step { task } => self.step(batch, (position, None), &host, id, &task),
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
    pub(super) fn once(&mut self, batch: &mut Batch, host: &str, id: u64, position: Position, task: TaskId, scope: Vec<Frame>) {
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
