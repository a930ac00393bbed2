//! Programs for a host that will have no controller: everything that can be known in advance is put in.
//!
//! Limits: `vars_files` whose names depend on facts are left out; dynamic includes are loaded in advance where their
//! names are literal.

use crate::answers;
use crate::program;
use crate::shared::{PlayState, Shared};
use rustle_plan::{PlannedPlay, Planner, taken_along};
use rustle_stream::event::RunEvent;
use rustle_stream::model::{Fragment, Play, Task};
use rustle_stream::payload::{Alone, AlonePlay};
use rustle_stream::protocol::{BarrierRule, Call, Frame, Placement, PlayProgram, Position, Reply};
use rustle_value::{Value, is_template};
use std::sync::{Arc, PoisonError};

/// No plan nests includes as deep as this, except one that includes itself.
const DEPTH: usize = 16;

/// What `host` runs of these plays, by itself.
///
/// # Errors
/// A play that cannot be planned, an include that cannot be loaded, a module that is nowhere.
pub fn programs(shared: &Arc<Shared>, planner: &Planner<'_>, plan: &mut dyn FnMut(&Play) -> Result<PlannedPlay, String>, plays: &[Play], fragment: &Fragment, host: &str, warn: &mut dyn FnMut(String)) -> Result<Alone, String> {
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
        let state = Arc::new(PlayState { prompted, ..PlayState::new(play, compiled, &planned.hosts) });
        *shared.current.write().unwrap_or_else(PoisonError::into_inner) = Some(state.clone());
        vars_files(shared, &state, host)?;
        crate::vars_files::load(shared, &state, host);
        // Files are found by name where the plan runs; nobody is waited for.
        let mut planned = planned;
        here(&own, &mut planned.placement);
        let common = PlayProgram { play: play.clone(), fragment: own.clone(), placement: planned.placement, barriers: BarrierRule::Never, ..PlayProgram::default() };
        let mut program = program::for_host(shared, &state, host, &common, None);
        program.become_password = None;
        let mut needs = Vec::new();
        program.includes = includes(shared, host, &own, &[], &mut |f| needs.extend(planner.include_needs_controller(play, f, planned.hosts.len() < 2)))?;
        if let Some(first) = needs.first() {
            let rest: String = needs.iter().skip(1).map(|n| format!("\n  {n}")).collect();
            return Err(format!("the plan needs its controller:\n  {first}{rest}"));
        }
        let mut payloads = Vec::new();
        let included = program.includes.iter().flat_map(|(_, f, _)| &f.tasks);
        for task in own.tasks.iter().chain(included).filter(|t| crate::payloads::needs_program(t)) {
            match crate::payloads::payload(shared, &state, task, &task.action, &task.action) {
                Ok(payload) => payloads.push((task.action.to_string(), task.search_path.clone(), payload)),
                Err(e) => return Err(format!("task '{}': {e}", task.written)),
            }
        }
        program.payloads = payloads;
        alone.plays.push(AlonePlay { name, hosts: planned.hosts, program });
    }
    problems.into_iter().for_each(warn);
    Ok(alone)
}

/// The dynamic includes of a fragment whose names are literal, and theirs.
fn includes(shared: &Arc<Shared>, host: &str, fragment: &Fragment, frames: &[Frame], look: &mut dyn FnMut(&Fragment)) -> Result<Vec<(rustle_stream::model::TaskId, Fragment, Placement)>, String> {
    let mut out = Vec::new();
    if frames.len() > DEPTH {
        return Err("includes nest too deep for a plan that runs without its controller".into());
    }
    for task in fragment.tasks.iter().filter(|t| literal_include(t)) {
        let call = Call::Include { task: task.id, scope: frames.to_vec(), item: None };
        match answers::answer(shared, host, &Position::new(), call) {
            Reply::Tasks { mut fragment, mut placement, file, .. } => {
                look(&fragment);
                here(&fragment, &mut placement);
                let mut inner = frames.to_vec();
                inner.push(Frame { task: task.id, item: None });
                out.extend(includes(shared, host, &fragment, &inner, look)?);
                fragment.file = file;
                out.push((task.id, *fragment, placement));
            }
            // It may never be its turn.
            _ => {}
        }
    }
    Ok(out)
}

/// What the runner does itself where it is alone.
fn here(fragment: &Fragment, placement: &mut Placement) {
    let mine = |id| fragment.tasks.iter().any(|t: &Task| t.id == id && taken_along(t, "works on the controller"));
    placement.controller.retain(|id| !mine(*id));
}

/// Names of `vars_files` have to be known now.
fn vars_files(shared: &Arc<Shared>, state: &Arc<PlayState>, host: &str) -> Result<(), String> {
    let Some(entries) = state.play.other.get("vars_files").filter(|v| !v.is_null()) else { return Ok(()) };
    let world = crate::world::ControllerWorld::new(shared.clone(), host, state.clone());
    let engine = shared.engine(&world, host, state, &[]).map_err(|f| f.joined())?;
    for entry in entries.as_list().map_or_else(|| vec![entries.clone()], <[Value]>::to_vec) {
        for name in entry.as_list().map_or_else(|| vec![entry.clone()], <[Value]>::to_vec) {
            engine.render_plain(&name).map_err(|e| format!("the plan needs its controller:\n  vars_files: {name}: {e}"))?;
        }
    }
    Ok(())
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
