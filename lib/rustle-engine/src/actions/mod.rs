//! What Ansible's action plugins do: work that needs the engine's variables, files of the controller, or a choice of
//! module. One file each; the list is made from the folder. Whatever is not here is a module.

use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::manner::Manner;
use rustle_stream::event::TaskEvent;
use rustle_stream::freeform::{split_args, unquote};
use rustle_stream::protocol::{Blob, Bytes, Call, ModuleRequest, Reply, SourceFile};
use rustle_value::{Dict, Value, dict, py_str};
use sha2::{Digest, Sha256};
use std::sync::Arc;

include!(concat!(env!("OUT_DIR"), "/actions.rs"));

pub use template::{folders as template_folders, syntax as template_syntax};

/// An action. `run` gets the task's rendered arguments and returns the result.
pub(crate) struct Action {
    /// Full names that mean it.
    pub names: &'static [&'static str],
    /// Leave the arguments unrendered (the action renders what it needs itself).
    pub raw: bool,
    pub run: fn(&mut Engine<'_>, &mut TaskContext, Dict, &Manner) -> Result<Dict, Failure>,
}

// A name of `ansible.legacy` is the user's own.
fn find(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().copied().find(|a| a.names.contains(&name))
}

/// Whether `name` (a full name) is one of the engine's actions.
pub fn is_action(name: &str) -> bool {
    find(name).is_some()
}

/// Full names of all actions.
pub fn action_names() -> Vec<&'static str> {
    ACTIONS.iter().flat_map(|a| a.names.iter().copied()).collect()
}

/// In a failed result: a module said so, not the action itself.
pub(crate) const BY_MODULE: &str = "_ansible_by_module";

/// In a failed result: what the error's chain says beyond `msg`.
pub(crate) const CAUSES: &str = "_causes";

/// Actions that only pass their task on to a module, and so may run in the background.
const ASYNC: &[&str] = &["ansible.builtin.dnf", "ansible.builtin.gather_facts", "ansible.builtin.package", "ansible.builtin.service"];

/// Runs the task's action, or its module.
pub(crate) fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, manner: &Manner) -> Result<Dict, Failure> {
    name_from_template(engine, cx)?;
    let action = find(&cx.task.action);
    if action.is_some_and(|a| !a.names.iter().any(|n| ASYNC.contains(n))) && manner.async_seconds.is_some() {
        return Ok(failed_result(format!("This action ({}) does not support async.", cx.task.written)));
    }
    let args = match action {
        Some(a) if a.raw => cx.task.args.clone(),
        _ => engine.arguments(cx)?,
    };
    match action {
        Some(action) => (action.run)(engine, cx, args, manner),
        None => {
            let module = cx.task.action.clone();
            engine.module(cx, manner, &module, args, Vec::new())
        }
    }
}

/// `action: "{{ ansible_facts.pkg_mgr }}"`: what runs is only known now.
fn name_from_template(engine: &Engine<'_>, cx: &mut TaskContext) -> Result<(), Failure> {
    if cx.task.action.contains("{{") {
        let name = engine.action_name(cx)?;
        Arc::make_mut(&mut cx.task).action = name.as_str().into();
    }
    Ok(())
}

/// How messages name an action's module: as Ansible finds it under the name that the task uses.
pub(crate) fn module_name(task: &rustle_stream::model::Task, name: &str) -> String {
    if task.written.contains('.') { format!("ansible_collections.ansible.builtin.plugins.action.{name}") } else { name.to_owned() }
}

/// A failure of the action itself.
pub(crate) fn failed(message: impl Into<String>) -> Failure {
    Failure::new(message)
}

/// A failed result with the given message, as an action returns it.
pub(crate) fn failed_result(message: impl Into<String>) -> Dict {
    let message: String = message.into();
    dict! { "failed" => true, "changed" => false, "msg" => message }
}

impl Engine<'_> {
    /// What the task's action means now, where its name is a template.
    pub fn action_name(&self, cx: &TaskContext) -> Result<String, Failure> {
        if !cx.task.action.contains("{{") {
            return Ok(cx.task.action.to_string());
        }
        let text = cx.task.action.trim_start_matches("ansible.builtin.").to_owned();
        let name = self.render_str(cx, &Value::trusted(text.as_str(), None)).map_err(Failure::from)?;
        let builtin = rustle_modules::find(&format!("ansible.builtin.{name}")).is_some() || is_action(&format!("ansible.builtin.{name}"));
        if name.is_empty() {
            return Err(failed("no module/action detected in task."));
        }
        Ok(if name.contains('.') || !builtin { name } else { format!("ansible.builtin.{name}") })
    }
    /// Runs a module with final arguments on the task's host (or the one that it is delegated to).
    pub(crate) fn module(&mut self, cx: &TaskContext, manner: &Manner, module: &str, args: Dict, blobs: Vec<Blob>) -> Result<Dict, Failure> {
        if let (Some(why), None) = (&self.unreachable, &manner.delegate) {
            return Err(Failure::unreachable(why.as_str()));
        }
        if let Some(why) = rustle_modules::left_out(module) {
            return Ok(failed_result(why));
        }
        let payload = if crate::foreign::is_foreign(module) { Some(self.payload(cx, module)?) } else { None };
        let mut request = self.request(cx, manner, module, args, blobs);
        match payload {
            Some(payload) => self.carry(cx, &mut request, payload),
            None if manner.delegate.is_none() => self.want_python(&mut request),
            None => {}
        }
        let looks = request.hints.contains_key("discover_python");
        let mut result = self.world.module(request, manner.delegate.as_deref())?;
        if looks {
            self.silent_python = result.get("ansible_facts").and_then(|f| f.get("discovered_interpreter_python")).cloned();
        }
        if result.get("failed").is_some_and(Value::truthy) {
            result.insert(BY_MODULE, true);
        }
        match (manner.async_seconds, manner.poll) {
            (Some(limit), poll) if poll > 0 && result.get("ansible_job_id").is_some() && !result.get("finished").is_some_and(Value::truthy) => {
                self.await_job(cx, manner, &result, limit, poll)
            }
            _ => Ok(result),
        }
    }
    /// Waits for a job in the background that was just started.
    fn await_job(&mut self, cx: &TaskContext, manner: &Manner, begun: &Dict, limit: u64, poll: u64) -> Result<Dict, Failure> {
        let job = begun.get("ansible_job_id").cloned().unwrap_or_default();
        let told = |me: &Self, text: String| {
            let event = TaskEvent::Told { position: cx.place.position.clone(), verbosity: 0, text };
            me.world.event(event);
        };
        let plain = Manner { async_seconds: None, timeout: None, ..manner.clone() };
        let look = |me: &mut Self, mode: &str| -> Result<Dict, Failure> {
            let args = dict! { "jid" => job.clone(), "mode" => mode };
            let request = me.request(cx, &plain, "ansible.builtin.async_status", args, Vec::new());
            Ok(me.world.module(request, manner.delegate.as_deref())?)
        };
        let (host, id) = (self.host.clone(), py_str(&job));
        let mut left = limit as i64;
        let mut result = begun.clone();
        // The first look comes soon: many jobs are short.
        while left > 0 && !result.get("finished").is_some_and(Value::truthy) {
            std::thread::sleep(std::time::Duration::from_secs(poll));
            left -= poll as i64;
            result = look(self, "status")?;
            if !result.get("finished").is_some_and(Value::truthy) && left > 0 {
                told(self, format!("ASYNC POLL on {host}: jid={id} started=True finished=False"));
            }
        }
        result.remove("invocation");
        if !result.get("finished").is_some_and(Value::truthy) {
            told(self, format!("ASYNC FAILED on {host}: jid={id}"));
            return Ok(failed_result(format!("async task did not complete within the requested time - {limit}s"))
                .into_iter()
                .chain([("async_result".into(), Value::dict(result))])
                .collect());
        }
        let bad = result.get("failed").is_some_and(Value::truthy);
        if bad {
            result.insert(BY_MODULE, true);
        }
        told(self, format!("ASYNC {} on {host}: jid={id}", if bad { "FAILED" } else { "OK" }));
        // What is left of the job is of no use to anybody.
        _ = look(self, "cleanup");
        Ok(result)
    }
    fn request(&self, cx: &TaskContext, manner: &Manner, module: &str, args: Dict, blobs: Vec<Blob>) -> ModuleRequest {
        let mut hints = Dict::new();
        for name in ["ansible_pkg_mgr", "ansible_service_mgr", "ansible_python_interpreter", "ansible_remote_tmp", "ansible_async_dir", "ansible_shell_executable"] {
            if let Ok(Some(v)) = self.variable_str(cx, name) {
                hints.insert(name, v);
            }
        }
        if !hints.contains_key("ansible_async_dir")
            && let Some(dir) = self.options.config.get("ASYNC_DIR").filter(|d| d.truthy())
        {
            hints.insert("ansible_async_dir", dir.clone());
        }
        // How messages name the module: as the task does, or as the action that passed its work on does.
        let named = match *cx.task.action == *module {
            true => cx.task.written.to_string(),
            false => module.replacen("ansible.builtin.", "ansible.legacy.", 1),
        };
        if named != module {
            hints.insert("module_name", named);
        }
        let wished = self.variable_str(cx, "ansible_inject_invocation").ok().flatten().map(Value::from);
        if let Some(inject) = wished.or_else(|| self.options.config.get("INJECT_INVOCATION").cloned()) {
            hints.insert("inject_invocation", crate::context::to_bool(&inject).unwrap_or(false));
        }
        ModuleRequest {
            module: module.into(),
            args,
            check: manner.check,
            diff: manner.diff,
            no_log: manner.no_log,
            environment: manner.environment.clone(),
            elevate: manner.elevate.clone(),
            timeout: manner.timeout,
            async_seconds: manner.async_seconds,
            seat: manner.seat.clone(),
            blobs,
            verbosity: self.options.verbosity,
            hints,
            payload: None,
        }
    }
    /// The controller's file (or folder) that argument `field` names.
    pub(crate) fn source_file(&mut self, cx: &TaskContext, field: &str) -> Result<SourceFile, Failure> {
        if cx.place.item.is_none()
            && let Some(file) = self.files.get(&(cx.task.id, field.to_owned()))
        {
            return Ok(file.clone());
        }
        if self.world.holds_files() {
            let raw = cx.task.args.get(field).cloned().unwrap_or_default();
            let name = match self.arguments(cx)?.get(field) {
                Some(v) => py_str(v),
                None => self.render_str(cx, &raw).map_err(Failure::from)?,
            };
            let name = if &*cx.task.action == "ansible.builtin.script" {
                script_name(&name)
            } else {
                name
            };
            return match self.world.file(&cx.task, &name) {
                Some(found) => found.map_err(failed),
                None => Err(failed(format!("Could not find or access '{name}'"))),
            };
        }
        let call = Call::File { task: cx.task.id, scope: cx.place.frames.clone(), item: cx.place.item, field: field.to_owned() };
        match self.ask(&cx.place.position, call)? {
            Reply::File { file } => Ok(*file),
            _ => Err(failed("the controller sent no file")),
        }
    }
}

/// A blob and the argument value that refers to it.
pub(crate) fn blob(data: Arc<[u8]>) -> (Blob, Value) {
    let sha256: String = Sha256::digest(&data).iter().map(|b| format!("{b:02x}")).collect();
    let reference = Value::dict(dict! { "_blob" => sha256.as_str() });
    (Blob { sha256, data: Bytes(data) }, reference)
}

/// An argument as text.
pub(crate) fn text(args: &Dict, key: &str) -> Option<String> {
    args.get(key).filter(|v| !v.is_null()).map(py_str)
}

/// An argument as a boolean.
pub(crate) fn flag(args: &Dict, key: &str, default: bool) -> Result<bool, Failure> {
    match args.get(key) {
        None | Some(Value::Null) => Ok(default),
        Some(v) => crate::context::to_bool(v).ok_or_else(|| {
            failed(format!("argument '{key}' is of type {} and we were unable to convert to bool: The value '{}' is not a valid boolean.", v.type_name(), py_str(v)))
        }),
    }
}

/// The file of a script's command line.
fn script_name(line: &str) -> String {
    let first = split_args(line).ok().and_then(|words| words.into_iter().next()).unwrap_or_else(|| line.to_owned());
    unquote(first.trim()).to_owned()
}
