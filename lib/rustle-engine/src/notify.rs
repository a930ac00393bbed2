//! Notifications: which handlers a name or a topic stands for.
//!
//! A notification is kept by its name until the next flush, and means what the name means then: a role that is included
//! in between may bring a handler of the same name.

use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::play::Flow;
use rustle_stream::event::TaskEvent;
use rustle_stream::model::{Node, Task};
use rustle_stream::protocol::{Call, Position};
use rustle_value::{Value, py_str};
use std::sync::Arc;

impl Engine<'_> {
    /// What the task (or an item of its loop) notifies, rendered.
    pub(crate) fn notifications(&self, cx: &TaskContext) -> Vec<String> {
        let mut out = Vec::new();
        for v in cx.task.notify.iter().chain(&cx.inherited.notify) {
            let rendered = self.render(cx, v).unwrap_or_else(|_| v.clone());
            match rendered.as_list() {
                Some(list) => out.extend(list.iter().map(py_str)),
                None => out.push(py_str(&rendered)),
            }
        }
        out
    }
    /// Keeps a changed task's notifications.
    ///
    /// # Errors
    /// A name that no handler has: the run ends.
    pub(crate) fn keep_notifications(&mut self, cx: &TaskContext, outcome: &mut Outcome) -> Result<(), Failure> {
        if !outcome.changed || outcome.failed || outcome.unreachable {
            outcome.notified.clear();
        }
        for name in outcome.notified.clone() {
            if self.handlers_for(&name, &cx.place.position).is_empty() {
                let message =
                    format!("The requested handler '{name}' was not found in either the main handlers list nor in the listening handlers list");
                let strict = self.options.config.get("ERROR_ON_MISSING_HANDLER").and_then(crate::context::to_bool).unwrap_or(true);
                if strict {
                    _ = self.world.call(&cx.place.position, Call::Abort { message: message.clone() });
                    self.stop = Some(message.clone());
                    return Err(Failure::new(message));
                }
                self.world.warning(message);
            } else if !self.notified.contains(&name) {
                self.notified.push(name);
            }
        }
        Ok(())
    }
    /// The handlers that `name` stands for: one by its name, all that listen to it.
    fn handlers_for(&mut self, name: &str, position: &Position) -> Vec<Arc<Task>> {
        let lists = self.handler_lists(&self.handlers.clone());
        let mut found: Vec<Arc<Task>> = Vec::new();
        // Of several handlers with one name, the first of the last list counts: a list is what stands in a row.
        for handler in lists.iter().rev().flatten() {
            let hcx = self.context(handler, position);
            let own = self.task_name(&hcx);
            if handler.name.is_none() {
                continue;
            }
            let role = hcx.roles.first().map(|r| r.name.clone());
            let full = hcx.roles.first().and_then(|r| r.collection.as_ref().map(|c| format!("{c}.{}", r.name.trim_start_matches(&format!("{c}.")))));
            let matches = own == name
                || role.is_some_and(|r| format!("{r} : {own}") == name)
                || full.is_some_and(|r| format!("{r} : {own}") == name);
            if matches {
                found.push(handler.clone());
                break;
            }
        }
        // Of several with one name that listen, the one that came last counts.
        let mut seen: Vec<String> = Vec::new();
        for handler in lists.iter().rev().flatten() {
            let hcx = self.context(handler, position);
            let topics = handler.listen.iter().flat_map(|v| {
                let v = self.render(&hcx, v).unwrap_or_else(|_| v.clone());
                v.as_list().map(<[Value]>::to_vec).unwrap_or_else(|| vec![v])
            });
            if !topics.into_iter().any(|t| py_str(&t) == name) {
                continue;
            }
            let own = handler.name.as_ref().map(|_| self.task_name(&hcx)).unwrap_or_default();
            if !own.is_empty() && seen.contains(&own) {
                continue;
            }
            seen.push(own);
            if !found.iter().any(|h| h.id == handler.id) {
                found.push(handler.clone());
            }
        }
        found
    }
    /// Handlers in lists: those that stand in a row, those of a block.
    fn handler_lists(&self, nodes: &[Node]) -> Vec<Vec<Arc<Task>>> {
        let mut out = Vec::new();
        let mut row = Vec::new();
        for node in nodes {
            match node {
                Node::Task(id) => row.extend(self.program.task(*id)),
                Node::Block(id) => {
                    out.push(std::mem::take(&mut row));
                    if let Some(b) = self.program.block(*id) {
                        out.extend(self.handler_lists(&b.body));
                    }
                }
            }
        }
        out.push(row);
        out
    }
    /// The nodes of the play's handlers, those of dynamically included roles too.
    pub(crate) fn add_handlers(&mut self, nodes: &[Node]) {
        self.handlers.extend_from_slice(nodes);
    }
    /// Runs the handlers that were notified, in the order in which they are defined. What a handler notifies runs, too,
    /// if it stands further down; else at the next flush.
    pub(crate) fn flush_handlers(&mut self, at: &Position) -> Flow {
        if self.after.as_ref().is_some_and(|after| after >= at && !(after.len() > at.len() && after.starts_with(at))) {
            return Flow::Next;
        }
        self.resolve_notifications(at);
        let mut all = Vec::new();
        self.program.tasks_below(&self.handlers.clone(), &mut all);
        let mut i = 0;
        while let Some(handler) = all.get(i).cloned() {
            if let Some(k) = self.due.iter().position(|id| *id == handler.id) {
                self.due.remove(k);
                let mut position = at.clone();
                position.extend([0, i as u32]);
                self.handling = true;
                let flow = self.task(handler.id, &position);
                self.handling = false;
                if flow != Flow::Next {
                    return flow;
                }
                self.resolve_notifications(at);
            }
            i += 1;
        }
        Flow::Next
    }
    /// From names to handlers.
    fn resolve_notifications(&mut self, at: &Position) {
        for name in std::mem::take(&mut self.notified) {
            for handler in self.handlers_for(&name, at) {
                if !self.due.contains(&handler.id) {
                    let hcx = self.context(&handler, at);
                    let text = format!("NOTIFIED HANDLER {} for {}", self.full_name(&hcx), self.host);
                    self.world.event(TaskEvent::Told { position: self.at.clone(), verbosity: 2, text });
                    self.due.push(handler.id);
                }
            }
        }
    }
}
