//! Programs of modules that are not native, for hosts that ask.
//!
//! A host names a task. It gets that task's module, or, where the task's action chooses among modules by the host's
//! facts (`package`, `service`, `gather_facts`), one that such an action may choose.

use crate::session::lock;
use crate::shared::{PlayState, Shared};
use rustle_bridge::{BridgeError, Want};
use rustle_stream::foreign::ModulePayload;
use rustle_stream::model::{Fragment, Play, Task};
use rustle_value::py_str;
use std::collections::HashSet;
use std::sync::Arc;

/// Actions that run a module of another name.
const CHOOSE: &[&str] = &["package", "service", "gather_facts", "dnf", "yum"];

/// The program of `module` for a host that runs `task`; `action` is what the task's action means now.
pub(crate) fn payload(shared: &Shared, play: &PlayState, task: &Task, action: &str, module: &str) -> Result<Arc<ModulePayload>, String> {
    let short = action.strip_prefix("ansible.builtin.").unwrap_or(action);
    if action != module && !(CHOOSE.contains(&short) && may_choose(shared, short, module)) {
        return Err(format!("the host asked for the module {module}, which is not this task's"));
    }
    let want = Want {
        name: module.to_owned(),
        playbook: shared.playbook_dir(&play.play),
        folders: folders(play, &task.search_path),
        collections: task.keywords.collections.clone(),
    };
    shared.bridge.payload(&want).map_err(|e| match e {
        // A name that was a template could not be looked at before.
        BridgeError::Unknown(name) if task.action.contains("{{") => format!("Cannot resolve '{name}' to an action or module."),
        e => e.to_string(),
    })
}

/// Has the programs made that tasks name, while hosts are being connected to: what goes wrong is the task's to say.
pub(crate) fn prepare(shared: &Arc<Shared>, plays: &[Play], fragment: &Fragment) {
    let Some(first) = plays.first() else { return };
    let playbook = shared.playbook_dir(first);
    let roles: Vec<String> = fragment.roles.iter().map(|r| r.path.clone()).collect();
    let mut seen = HashSet::new();
    let wanted: Vec<Want> = fragment
        .tasks
        .iter()
        .filter(|t| needs_program(t) && seen.insert(t.action.clone()))
        .map(|t| Want { name: t.action.to_string(), playbook: playbook.clone(), folders: roles.clone(), collections: Vec::new() })
        .collect();
    if !wanted.is_empty() {
        let bridge = shared.bridge.clone();
        std::thread::spawn(move || wanted.iter().for_each(|w| _ = bridge.payload(w)));
    }
}

/// Whether a task's module is known to come from elsewhere.
pub(crate) fn needs_program(task: &Task) -> bool {
    !task.action.contains("{{") && rustle_plan::catalog::is_module(&task.action) && rustle_engine::is_foreign(&task.action)
}

/// Ansible's own modules, and for facts what the configuration names.
fn may_choose(shared: &Shared, action: &str, module: &str) -> bool {
    let own = module.strip_prefix("ansible.builtin.").is_some_and(|m| !m.contains('.'));
    let named = || {
        let modules = shared.setting("FACTS_MODULES");
        modules.as_ref().and_then(|v| v.as_list()).unwrap_or_default().iter().map(py_str).any(|m| m == module)
    };
    own || (action == "gather_facts" && named()) || (action == "package" && module.starts_with("community.general."))
}

/// Those of all roles of the play, in the order in which they were loaded (what one role brings all can use, and the
/// first one wins), then the given ones.
pub(crate) fn folders(play: &PlayState, first: &[String]) -> Vec<String> {
    let mut all: Vec<(u32, String)> = lock(&play.program).roles().map(|r| (r.id.0, r.path.clone())).collect();
    all.sort();
    let mut out: Vec<String> = all.into_iter().map(|(_, path)| path).collect();
    out.extend(first.iter().cloned());
    let mut seen = std::collections::HashSet::new();
    out.retain(|f| seen.insert(f.clone()));
    out
}
