//! Programs for a host that will have no controller: everything that can be known in advance is put in.
//!
//! Limits: `vars_files` whose names depend on facts are left out; dynamic includes are loaded in advance where their
//! names are literal.

use crate::answers;
use crate::program;
use crate::shared::{PlayState, Shared};
use rustle_plan::PlannedPlay;
use rustle_stream::event::RunEvent;
use rustle_stream::model::{Fragment, Play, Task};
use rustle_stream::payload::{Alone, AlonePlay};
use rustle_stream::protocol::{BarrierRule, Call, Frame, Placement, PlayProgram, Position, Reply};
use rustle_value::{Value, is_template};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

/// No plan nests includes as deep as this, except one that includes itself.
const DEPTH: usize = 16;

/// What `host` runs of these plays, by itself.
///
/// # Errors
/// A play that cannot be planned, or an include that cannot be loaded.
pub fn programs(shared: &Arc<Shared>, plan: &mut dyn FnMut(&Play) -> Result<PlannedPlay, String>, plays: &[Play], fragment: &Fragment, host: &str, warn: &mut dyn FnMut(String)) -> Result<Alone, String> {
    let mut problems = Vec::new();
    let mut emit = |event: RunEvent| {
        if let RunEvent::Warning { text } = event {
            problems.push(text);
        }
    };
    let mut alone = Alone { options: shared.run_options.clone(), plays: Vec::new() };
    for play in plays {
        let planned = plan(play)?;
        if !planned.hosts.iter().any(|h| h == host) {
            continue;
        }
        let prompted = crate::prompt::ask(shared, play, &mut emit);
        let name = program::play_name(shared, play, &prompted);
        let own = program::only_of(play, fragment);
        let mut compiled = rustle_engine::Program::default();
        compiled.add(&own, &planned.placement);
        let state = Arc::new(PlayState {
            play: Arc::new(play.clone()),
            program: Mutex::new(compiled),
            hosts_all: planned.hosts.clone(),
            batch: Mutex::new(planned.hosts.clone()),
            failed: Mutex::new(HashSet::new()),
            includes: Mutex::new(HashMap::new()),
            prompted,
        });
        *shared.current.write().unwrap_or_else(PoisonError::into_inner) = Some(state.clone());
        crate::vars_files::load(shared, &state, host);
        // Files are found by name where the plan runs; nobody is waited for.
        let common = PlayProgram { play: play.clone(), fragment: own.clone(), placement: planned.placement, barriers: BarrierRule::Never, ..PlayProgram::default() };
        let mut program = program::for_host(shared, &state, host, &common, None);
        program.become_password = None;
        program.includes = includes(shared, host, &own, &[])?;
        alone.plays.push(AlonePlay { name, hosts: planned.hosts, program });
    }
    problems.into_iter().for_each(warn);
    Ok(alone)
}

/// The dynamic includes of a fragment whose names are literal, and theirs.
fn includes(shared: &Arc<Shared>, host: &str, fragment: &Fragment, frames: &[Frame]) -> Result<Vec<(rustle_stream::model::TaskId, Fragment, Placement)>, String> {
    let mut out = Vec::new();
    if frames.len() > DEPTH {
        return Err("includes nest too deep for a plan that runs without its controller".into());
    }
    for task in fragment.tasks.iter().filter(|t| literal_include(t)) {
        let call = Call::Include { task: task.id, scope: frames.to_vec(), item: None };
        match answers::answer(shared, host, &Position::new(), call) {
            Reply::Tasks { mut fragment, placement, file, .. } => {
                let mut inner = frames.to_vec();
                inner.push(Frame { task: task.id, item: None });
                out.extend(includes(shared, host, &fragment, &inner)?);
                fragment.file = file;
                out.push((task.id, *fragment, placement));
            }
            // It may never be its turn.
            _ => {}
        }
    }
    Ok(out)
}

fn literal_include(task: &Task) -> bool {
    let literal = |key: &str| task.args.get(key).is_none_or(|v| v.as_str().is_some_and(|s| !is_template(s)));
    match &*task.action {
        "ansible.builtin.include_tasks" => literal("file") && literal("_raw_params"),
        "ansible.builtin.include_role" => {
            ["name", "role", "tasks_from", "vars_from", "defaults_from", "handlers_from"].iter().all(|k| literal(k)) && !matches!(task.args.get("public"), Some(Value::Template(_)))
        }
        _ => false,
    }
}
