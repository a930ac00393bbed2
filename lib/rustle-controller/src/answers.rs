//! Answers to a runner's questions, from the controller's own copy of everything.
//!
//! A runner names tasks; what file, template or command that means is worked out here, from variables that the
//! controller keeps itself. What a host sent is in them as data only.

use crate::known::{Text, find};
use crate::session::lock;
use crate::shared::{PlayState, Shared};
use crate::world::ControllerWorld;
use rustle_engine::{Failure, SHARED_NAMES, TaskContext, to_bool};
use rustle_playbook::{Finder, IncludeContext, RoleInclude};
use rustle_stream::model::{Fragment, Task, TaskId};
use rustle_stream::protocol::{Call, Frame, Placement, Position, Reply, TaskDone};
use rustle_value::{Dict, Value, py_str};
use std::sync::Arc;

/// Dynamic includes in each other; no playbook has as many, except one that includes itself.
const DEEPEST: usize = 250;

/// Whether the question must wait until all others have come as far.
pub fn must_wait(call: &Call) -> bool {
    match call {
        Call::Barrier | Call::Step { .. } | Call::RunOnce { .. } => true,
        Call::Eval { source, .. } => SHARED_NAMES.iter().any(|n| source.contains(n)),
        _ => false,
    }
}

fn error(message: impl Into<String>) -> Reply {
    Reply::error(message)
}

/// Answers everything but barriers and `run_once`, which the main loop keeps.
pub fn answer(shared: &Arc<Shared>, host: &str, position: &Position, call: Call) -> Reply {
    let Some(play) = shared.play() else { return error("no play is running") };
    let world = ControllerWorld::new(shared.clone(), host, play.clone());
    match call {
        Call::Barrier | Call::Step { .. } | Call::Turn { .. } | Call::Verdict { .. } => Reply::Go,
        Call::Content { sha256 } => match shared.files.content(&sha256) {
            Ok(blob) => Reply::Content { blob },
            Err(e) => error(e),
        },
        Call::Decrypt { task, ciphertext } => {
            let clear = with_item(shared, &world, host, &play, task, &[], None, position, |engine, cx| {
                if find(engine, cx, Text::Vaulted(&ciphertext)).is_none() {
                    return Err(Failure::new("the host asked for a secret that no variable of it has"));
                }
                shared.decrypt(&ciphertext, "").map_err(Failure::new)
            });
            match clear {
                Ok(text) => Reply::value(text),
                Err(f) => f.into_reply(),
            }
        }
        Call::Render { task, scope, item } => {
            match with_item(shared, &world, host, &play, task, &scope, item, position, |engine, cx| Ok((engine.render_template(cx)?, engine.deprecations()))) {
                Ok((text, deprecations)) => Reply::Value { value: Value::from(text), deprecations },
                Err(f) => f.into_reply(),
            }
        }
        Call::RunTask { task, scope } | Call::RunOnce { task, scope } => run_task(shared, &world, host, &play, task, &scope, position),
        Call::Eval { task, scope, item, source, expression } => {
            let evaluated = with_item(shared, &world, host, &play, task, &scope, item, position, |engine, cx| {
                let text = if expression { Text::Expression(&source) } else { Text::Template(&source) };
                let Some(origin) = find(engine, cx, text) else {
                    return Err(Failure::new("the host asked for a template that no source of this run has"));
                };
                Ok((engine.evaluate_known(cx, &source, origin.as_ref(), expression)?, engine.deprecations()))
            });
            match evaluated {
                Ok((value, deprecations)) => Reply::Value { value, deprecations },
                Err(f) => f.into_reply(),
            }
        }
        Call::Items { task, scope } => {
            let items = with_item(shared, &world, host, &play, task, &scope, None, position, |engine, cx| Ok((engine.loop_items(cx)?, engine.deprecations())));
            match items {
                Ok((items, deprecations)) => Reply::Value { value: Value::list(items.unwrap_or_default()), deprecations },
                Err(f) => f.into_reply(),
            }
        }
        Call::File { task, scope, item, field } => {
            let found = with_item(shared, &world, host, &play, task, &scope, item, position, |engine, cx| {
                let raw = cx.task.args.get(&field).cloned().unwrap_or_default();
                let name = match engine.arguments(cx)?.get(&field) {
                    Some(v) => py_str(v),
                    None => engine.render_str(cx, &raw).map_err(Failure::from)?,
                };
                let args = if &*cx.task.action == "ansible.builtin.template" || cx.task.args.contains_key("decrypt") { engine.arguments(cx)? } else { Dict::new() };
                Ok((find_file(shared, &play, &cx.task, &name)?, cx.task.clone(), args))
            });
            match found {
                Ok((path, task, args)) => {
                    let sealed = args.get("decrypt").and_then(rustle_engine::to_bool) == Some(false);
                    let decrypt = |text: &str, path: &str| if sealed { Ok(text.as_bytes().to_vec()) } else { shared.decrypt(text, path).map(String::into_bytes) };
                    match shared.files.describe(&path, &decrypt) {
                        Ok(mut file) => {
                            crate::parts::add(shared, &play, &task, &args, &mut file);
                            Reply::File { file: Box::new(file) }
                        }
                        Err(e) => error(e),
                    }
                }
                Err(f) => f.into_reply(),
            }
        }
        // A file that includes itself would go on for ever.
        Call::Include { scope, .. } if scope.len() > DEEPEST => error(format!("includes nest deeper than {DEEPEST}: does a file include itself?")),
        Call::Include { task, scope, item } => {
            let loaded = with_item(shared, &world, host, &play, task, &scope, item, position, |engine, cx| include(shared, &play, engine, cx));
            match loaded {
                Ok((fragment, placement, file)) => Reply::Tasks { fragment: Box::new(fragment), placement, file, role: None },
                Err(f) => f.into_reply(),
            }
        }
        Call::Abort { message } => {
            shared.note(crate::shared::Note::Abort { message: message.clone() });
            Reply::Stop { reason: message }
        }
        Call::VarsFiles => Reply::Vars { vars: crate::vars_files::load(shared, &play, host) },
        Call::Payload { task, scope, item, module } => {
            let mut named = None;
            let action = with_item(shared, &world, host, &play, task, &scope, item, position, |engine, cx| {
                named = Some(cx.task.clone());
                engine.action_name(cx)
            });
            let payload = action.map_err(|f| f.joined()).and_then(|action| {
                let task = named.ok_or("no such task in this play")?;
                crate::payloads::payload(shared, &play, &task, &action, &module)
            });
            match payload {
                Ok(payload) => Reply::Payload { payload },
                Err(e) => error(e),
            }
        }
        Call::Module { request } => match rustle_engine::World::module(&world, *request, None) {
            Ok(result) => Reply::Module { result },
            Err(rustle_engine::WorldError::Unreachable { message }) => {
                Reply::Module { result: rustle_value::dict! { "unreachable" => true, "changed" => false, "msg" => message } }
            }
            Err(e) => error(e.to_string()),
        },
    }
}

/// Runs a whole task for a host.
fn run_task(shared: &Arc<Shared>, world: &ControllerWorld, host: &str, play: &Arc<PlayState>, task: TaskId, scope: &[Frame], position: &Position) -> Reply {
    let found = lock(&play.program).task(task);
    if let Some(t) = found
        && &*t.action == "ansible.builtin.meta"
    {
        let what = t.args.get("_raw_params").map(py_str).unwrap_or_default();
        return run_meta(shared, world, host, play, task, &what, scope, position);
    }
    match shared.engine(world, host, play, scope) {
        Ok(mut engine) => match engine.run_for_host(task, position) {
            Some(done) => Reply::Task { done },
            None => error("no such task in this play"),
        },
        Err(f) => f.into_reply(),
    }
}

/// The controller's part of a `meta` task.
#[allow(clippy::too_many_arguments, reason = "they are the question's own parts")]
fn run_meta(shared: &Arc<Shared>, world: &ControllerWorld, host: &str, play: &Arc<PlayState>, task: TaskId, what: &str, scope: &[Frame], position: &Position) -> Reply {
    let holds = || shared.engine(world, host, play, scope).and_then(|mut engine| engine.meta_holds(task, position));
    let done = || Reply::Task { done: TaskDone { meta: Some(what.to_owned()), ..TaskDone::default() } };
    match what {
        "end_play" | "end_batch" | "clear_facts" | "clear_host_errors" | "refresh_inventory" => match holds() {
            Ok(true) => {
                match what {
                    "refresh_inventory" => {
                        if let Err(e) = shared.refresh_inventory() {
                            return error(e);
                        }
                    }
                    "clear_facts" => lock(&play.batch).iter().for_each(|host| shared.forget_facts(host)),
                    "clear_host_errors" => shared.note(crate::shared::Note::ClearErrors),
                    _ => shared.note(crate::shared::Note::Meta { what: what.to_owned() }),
                }
                return done();
            }
            Ok(false) => {}
            Err(f) => return f.into_reply(),
        },
        "reset_connection" => match shared.reconnect(host) {
            Ok(true) => return done(),
            Ok(false) => {}
            Err(e) => return error(e.message),
        },
        _ => {}
    }
    Reply::Task { done: TaskDone::default() }
}

/// Evaluates something in the scope of a task and, where it has a loop, of one of its items.
#[allow(clippy::too_many_arguments, reason = "they are the question's own parts")]
fn with_item<T>(
    shared: &Arc<Shared>,
    world: &ControllerWorld,
    host: &str,
    play: &Arc<PlayState>,
    task: TaskId,
    scope: &[Frame],
    item: Option<u32>,
    position: &Position,
    work: impl FnOnce(&mut rustle_engine::Engine<'_>, &mut TaskContext) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut engine = shared.engine(world, host, play, scope)?;
    let task = engine.program.task(task).or_else(|| (task == rustle_engine::GATHER_TASK).then(|| Arc::new(rustle_engine::gather_task(&play.play)))).ok_or_else(|| Failure::new("no such task in this play"))?;
    let mut cx = engine.context(&task, position);
    if let Some(index) = item {
        engine.enter_item(&mut cx, index)?;
    }
    work(&mut engine, &mut cx)
}

/// The controller's file that a task names.
pub fn find_file(shared: &Shared, play: &PlayState, task: &Task, name: &str) -> Result<String, Failure> {
    let folder = if &*task.action == "ansible.builtin.template" { "templates" } else { "files" };
    let name = if &*task.action == "ansible.builtin.script" {
        rustle_playbook::split_args(name).ok().and_then(|w| w.into_iter().next()).unwrap_or_else(|| name.to_owned()).trim_matches(['"', '\'']).to_owned()
    } else {
        name.to_owned()
    };
    let finder = Finder::new(&task.search_path, &shared.playbook_dir(&play.play));
    finder.find_needle(folder, &name).map_err(|e| {
        let text = format!("{e} on the Ansible Controller.");
        let remote = "If you are using a module and expect the file to exist on the remote, see the remote_src option.";
        match &*task.action {
            "ansible.builtin.copy" => Failure::new(text.clone())
                .help(remote)
                .inside("Task failed: Unexpected AnsibleActionFail error", task.origin.as_ref())
                .saying(format!("Unexpected AnsibleActionFail error: {text}")),
            "ansible.builtin.unarchive" => Failure::new(text).help(remote),
            _ => Failure::raised(text).apart(),
        }
    })
}

/// The tasks that a dynamic include brings; loaded once for all hosts that name the same.
fn include(shared: &Shared, play: &Arc<PlayState>, engine: &mut rustle_engine::Engine<'_>, cx: &mut TaskContext) -> Result<(Fragment, Placement, String), Failure> {
    let args = engine.arguments(cx)?;
    let text = |key: &str| args.get(key).filter(|v| !v.is_null()).map(py_str);
    let apply = match cx.task.args.get("apply") {
        Some(Value::Dict(d)) => (**d).clone(),
        _ => Dict::new(),
    };
    let is_role = &*cx.task.action == "ansible.builtin.include_role";
    let key = if is_role {
        format!("role {:?} {:?} {:?} {:?} {:?}", text("name").or_else(|| text("role")), text("tasks_from"), text("vars_from"), text("defaults_from"), text("handlers_from"))
    } else {
        text("file").or_else(|| text("_raw_params")).unwrap_or_default()
    };
    if let Some((f, p)) = lock(&play.includes).get(&(cx.task.id, key.clone())) {
        return Ok((f.clone(), p.clone(), shown(f, &key, is_role, &text("name").or_else(|| text("role")))));
    }
    let here = IncludeContext { play: &play.play, task: &cx.task, collections: &cx.task.keywords.collections };
    let mut loader = lock(&shared.loader);
    let loaded = if is_role {
        let Some(name) = text("name").or_else(|| text("role")) else {
            return Err(Failure::new("'name' is a required field for include_role."));
        };
        let flag = |key: &str| args.get(key).and_then(to_bool);
        loader.load_include_role(
            &RoleInclude {
                name,
                tasks_from: text("tasks_from"),
                vars_from: text("vars_from"),
                defaults_from: text("defaults_from"),
                handlers_from: text("handlers_from"),
                apply,
                public: flag("public").unwrap_or_else(|| shared.run_options.config.get("DEFAULT_PRIVATE_ROLE_VARS").and_then(to_bool) == Some(false)),
                allow_duplicates: flag("allow_duplicates"),
                validate: flag("rolespec_validate"),
            },
            &here,
        )
    } else {
        loader.load_include_tasks(&key, &apply, &here)
    };
    let warnings = loader.take_warnings();
    drop(loader);
    for w in warnings {
        shared.note(crate::shared::Note::Warning(w.text));
    }
    let mut fragment = loaded.map_err(|e| {
        let text = e.to_string();
        if text.starts_with("Unable to retrieve file contents") {
            let remote = "If you are using a module and expect the file to exist on the remote, see the remote_src option.";
            return Failure::new(format!("{text} {remote}")).saying(text).apart();
        }
        if text.starts_with("Could not find specified file in role") {
            return Failure::new(text).apart();
        }
        Failure::new(text).at(e.origin())
    })?;
    if !is_role {
        fragment.file = lock(&shared.loader).include_tasks_path(&key, &here);
    }
    let mut outer = Vec::new();
    let mut parent = cx.task.parent;
    while let Some(block) = parent.and_then(|id| engine.program.block(id)) {
        parent = block.parent;
        outer.push(block);
    }
    let placement = shared.places.place(&play.play, &fragment, outer.iter().map(|b| &**b));
    lock(&play.program).add(&fragment, &placement);
    let file = shown(&fragment, &key, is_role, &text("name").or_else(|| text("role")));
    lock(&play.includes).insert((cx.task.id, key), (fragment.clone(), placement.clone()));
    Ok((fragment, placement, file))
}

/// What the report names: the file, or the role.
fn shown(fragment: &Fragment, key: &str, is_role: bool, role: &Option<String>) -> String {
    if is_role {
        return role.clone().unwrap_or_default();
    }
    if fragment.file.is_empty() { key.to_owned() } else { fragment.file.clone() }
}
