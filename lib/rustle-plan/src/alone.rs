//! Why a play cannot run without its controller: what its tasks would ask it.
//!
//! Limits: looks at the tasks that it is given; those of dynamic includes are for whoever loads them.

use crate::catalog::short;
use crate::decide::Around;
use crate::taint::Foreign;
use rustle_stream::model::{Block, BlockId, Fragment, Play, Task};
use rustle_stream::record::Place;
use rustle_value::{Value, is_template};
use std::collections::HashMap;

/// Options of `include_vars` that a runner without a controller understands.
const INCLUDE_VARS: &[&str] = &["file", "_raw_params", "name"];

/// Whether the runner itself does what the controller would do for this task (`reason`: why that is the controller's).
pub fn taken_along(task: &Task, reason: &str) -> bool {
    short(&task.action) == "include_vars" && reason.ends_with("works on the controller") && task.args.str_iter().all(|(k, _)| INCLUDE_VARS.contains(&k))
}

/// One line for each task of the fragment that needs its controller. `definitions` are those of the run;
/// `single`: no other host takes part.
pub(crate) fn needs(play: &Play, fragment: &Fragment, tasks: &[&Task], foreign: &Foreign, single: bool) -> Vec<String> {
    let blocks: HashMap<BlockId, &Block> = fragment.blocks.iter().map(|b| (b.id, b)).collect();
    let around = Around { play, blocks: &blocks, foreign };
    let mut out = Vec::new();
    for task in tasks {
        let verdict = around.decide(task);
        let why = match verdict.place {
            Place::Controller if !taken_along(task, &verdict.reason) => Some(verdict.reason),
            // The programs of others go in with the plan.
            Place::Bridge if is_template(&task.action) => Some("which module it runs is computed".to_owned()),
            _ => computed(task).or_else(|| around.looks(task).filter(|l| !answered(l, single))),
        };
        if let Some(why) = why {
            out.push(crate::explain::complaint(task, &why).trim_start().to_owned());
        }
    }
    out
}

/// A file of tasks, or a role, whose name is known only when it is its turn.
fn computed(task: &Task) -> Option<String> {
    let keys: &[&str] = match short(&task.action) {
        "include_tasks" => &["file", "_raw_params"],
        "include_role" => &["name", "role", "tasks_from", "vars_from", "defaults_from", "handlers_from", "public"],
        _ => return None,
    };
    let key = keys.iter().find(|k| match task.args.get(*k) {
        Some(Value::Template(_)) => true,
        Some(v) => v.as_str().is_some_and(is_template),
        None => false,
    })?;
    let key = if *key == "_raw_params" { "file" } else { key };
    Some(format!("the {key} of {} is computed", short(&task.action)))
}

/// What looks beyond the host, and is known there all the same.
fn answered(why: &str, single: bool) -> bool {
    let hosts = ["reads ansible_play_hosts", "reads ansible_play_batch", "reads play_hosts"];
    why == "renders a template whose name is computed" || (single && hosts.iter().any(|h| why.ends_with(h)))
}
