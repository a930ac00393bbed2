//! Events as the report and the variables take them: cleaned, with what `register` stores.

use crate::session::{data, lock};
use crate::shared::PlayState;
use rustle_stream::event::{Status, TaskEvent, TaskHeader};
use rustle_stream::protocol::VarChanges;
use rustle_value::{Dict, Value};
use std::sync::Arc;

/// The task that a host would have begun with.
pub(super) fn first_header(play: &PlayState) -> TaskHeader {
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
        name: role.as_ref().map_or_else(|| name.clone(), |r| format!("{} : {name}", r.name)),
        action: task.action.to_string(),
        written: task.written_otherwise(),
        role: role.map(|r| r.name.clone()),
        origin: task.origin.clone(),
        ..TaskHeader::default()
    }
}

/// What `register` stores, from what the report was told.
pub(super) fn registered(result: &Dict, status: Status) -> Dict {
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
pub(super) fn clean(event: TaskEvent) -> TaskEvent {
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
