//! What a play's tasks need on the hosts: native modules, Python for others, and whether more may be wanted during the run.
//!
//! Limits: what a dynamic include brings is not read here; that it comes is said.

use crate::catalog::{self, short};
use crate::decide::{Verdict, maybe};
use rustle_stream::model::{Play, Task};
use rustle_stream::record::{Place, Requirement};
use rustle_value::{Value, is_template};
use std::collections::BTreeSet;

/// The requirement of a play with these tasks, each with what was decided for it.
pub(crate) fn requirement(play: &Play, verdicts: &[(&Task, Verdict)]) -> Requirement {
    let (mut native, mut python, mut runner) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut open = Vec::new();
    if !play.other.get("gather_facts").is_some_and(|v| !maybe(Some(v))) {
        native.insert("ansible.builtin.setup".to_owned());
        runner.extend(catalog::runs("ansible.builtin.gather_facts"));
    }
    for (task, v) in verdicts {
        let delegated = v.place == Place::Controller && matches!(catalog::facts(&task.action).home, catalog::Home::Controller);
        match v.place {
            Place::Bridge => _ = python.insert(task.action.to_string()),
            Place::Host => _ = native.insert(task.action.to_string()),
            // Delegated to another host of the run, or run by one for all: a module all the same.
            Place::Controller if !delegated && short(&task.action) != "meta" => {
                let set = if catalog::facts(&task.action).native { &mut native } else { &mut python };
                set.insert(task.action.to_string());
            }
            Place::Controller | Place::Engine => {}
        }
        runner.extend(catalog::runs(&task.action));
        if let ("package" | "service", Some(word)) = (short(&task.action), task.args.get("use").and_then(Value::as_str)) {
            runner.extend(catalog::runs(word));
        }
        if task.async_seconds.as_ref().is_some_and(Value::truthy) {
            runner.extend(catalog::runs("ansible.builtin.async_status"));
        }
        if let Some(why) = unforeseen(task) {
            let why = task.origin.as_ref().map_or_else(|| why.clone(), |o| format!("{o}: {why}"));
            if !open.contains(&why) {
                open.push(why);
            }
        }
    }
    let names = |set: BTreeSet<&str>| set.into_iter().map(str::to_owned).collect();
    Requirement {
        play: play.id,
        modules: native.into_iter().collect(),
        python_modules: python.into_iter().collect(),
        runner_modules: names(runner),
        open,
    }
}

/// Why a task may run modules that nobody sees before its turn.
fn unforeseen(task: &Task) -> Option<String> {
    let name = short(&task.action);
    if is_template(&task.action) {
        return Some("which module it runs is computed".into());
    }
    match name {
        "include_tasks" | "include" => Some(format!("{name} brings tasks during the run")),
        "include_role" => Some("include_role brings a role during the run".into()),
        // Both pick a module by the host's facts; those are counted.
        "package" | "service" if task.args.get("use").is_some_and(|u| matches!(u, Value::Template(_))) => {
            Some(format!("which module {name} uses is computed"))
        }
        _ => None,
    }
}
