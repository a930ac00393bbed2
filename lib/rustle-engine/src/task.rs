//! One task at its turn: who runs it, its loop, what its result means.

use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::{Failure, origin_of};
use crate::keywords::Inherited;
use crate::once::Outcome;
use crate::play::Flow;
use crate::scope::Place;
use rustle_stream::event::{Status, TaskEvent, TaskHeader};
use rustle_stream::model::{Node, Role, Task, TaskId};
use rustle_stream::protocol::{BarrierRule, Call, Frame, Position, Reply, TaskDone};
use rustle_value::{Dict, Value, dict, py_str};
use std::sync::Arc;

impl Engine<'_> {
    /// What a task is evaluated with, before its loop.
    pub fn context(&mut self, task: &Arc<Task>, position: &Position) -> TaskContext {
        let inherited = match self.inherited.get(&task.id) {
            Some(i) => i.clone(),
            None => {
                let i = Arc::new(Inherited::of(task, &self.program, &self.play));
                self.inherited.insert(task.id, i.clone());
                i
            }
        };
        let mut roles = Vec::new();
        if let Some(role) = task.role.and_then(|id| self.program.role(id)) {
            roles.extend(role.parents.iter().filter_map(|id| self.program.role(*id)));
            roles.insert(0, role);
        }
        let place = Place {
            task: task.id,
            position: position.clone(),
            frames: self.frames.iter().map(|(f, _)| *f).collect(),
            item: None,
        };
        TaskContext {
            task: task.clone(),
            inherited,
            task_magic: self.task_magic(task, &roles),
            roles,
            frames: self.frames.iter().map(|(_, d)| d.clone()).collect(),
            locals: Dict::new(),
            place,
        }
    }
    fn task_magic(&self, task: &Task, roles: &[Arc<Role>]) -> Dict {
        let mut d = Dict::new();
        if let Some(role) = roles.first() {
            let full = match &role.collection {
                Some(c) if !role.name.starts_with(c.as_str()) => format!("{c}.{}", role.name),
                _ => role.name.clone(),
            };
            d.insert("role_name", role.name.as_str());
            d.insert("role_path", role.path.as_str());
            d.insert("role_uuid", format!("{:08}", role.id.0));
            d.insert("ansible_role_name", full);
            d.insert("ansible_collection_name", role.collection.clone());
            let names = |ids: &[rustle_stream::model::RoleId]| -> Vec<String> {
                ids.iter().filter_map(|id| self.program.role(*id)).map(|r| r.name.clone()).collect()
            };
            if !role.parents.is_empty() {
                d.insert("ansible_parent_role_names", names(&role.parents));
                d.insert("ansible_parent_role_paths", role.parents.iter().filter_map(|id| self.program.role(*id)).map(|r| r.path.clone()).collect::<Vec<_>>());
            }
        }
        let mut below: Vec<rustle_stream::model::RoleId> = Vec::new();
        for role in self.program.public_roles() {
            below.extend(role.dependencies.iter().filter(|id| !below.contains(id)).copied().collect::<Vec<_>>());
        }
        let add = |list: &mut Vec<String>, name: &str| {
            if !list.iter().any(|n| n == name) {
                list.push(name.to_owned());
            }
        };
        let (mut of_play, mut dependent) = (Vec::new(), Vec::new());
        for role in self.program.public_roles() {
            add(if below.contains(&role.id) { &mut dependent } else { &mut of_play }, &role.name);
        }
        let mut all = of_play.clone();
        dependent.iter().for_each(|n| add(&mut all, n));
        d.insert("role_names", of_play.clone());
        d.insert("ansible_play_role_names", of_play);
        d.insert("ansible_dependent_role_names", dependent);
        d.insert("ansible_role_names", all);
        d.insert("ansible_search_path", task.search_path.clone());
        if let Some((id, result, _)) = &self.last_failure
            && let Some(failed) = self.program.task(*id)
        {
            d.insert("ansible_failed_result", result.clone());
            let name = failed.name.clone().unwrap_or_else(|| Value::from(""));
            d.insert("ansible_failed_task", dict! { "name" => name, "action" => &*failed.written, "args" => failed.args.clone(), "register" => failed.register.clone() });
        }
        d
    }
    /// Tags with inheritance, templates rendered, comma lists split.
    fn tags_of(&self, cx: &TaskContext) -> Vec<String> {
        let mut out = Vec::new();
        for tag in &cx.inherited.tags {
            let rendered = self.render(cx, tag).unwrap_or_else(|_| tag.clone());
            for v in rendered.as_list().map(<[Value]>::to_vec).unwrap_or_else(|| vec![rendered]) {
                out.extend(py_str(&v).split(',').map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()));
            }
        }
        out
    }
    /// The task's name as banners show it, without the role.
    pub fn task_name(&self, cx: &TaskContext) -> String {
        match &cx.task.name {
            // An include_role without a name is called after its role.
            None if &*cx.task.action == "ansible.builtin.include_role" => {
                let role = cx.task.args.get("name").or_else(|| cx.task.args.get("role")).and_then(|v| self.render_str(cx, v).ok());
                role.map_or_else(|| cx.task.written.to_string(), |r| format!("{} : {r}", cx.task.written))
            }
            None => cx.task.written.to_string(),
            Some(v) => self.render(cx, v).map_or_else(|_| v.as_str().unwrap_or_default().to_owned(), |v| py_str(&v)).trim().to_owned(),
        }
    }
    /// Whether `--tags` and `--start-at-task` let the task through.
    pub(crate) fn admitted(&mut self, cx: &TaskContext) -> bool {
        if let Some(wanted) = self.start_at.clone()
            && !cx.task.implicit
        {
            let name = self.task_name(cx);
            let full = cx.roles.first().map_or_else(|| name.clone(), |r| format!("{} : {name}", r.name));
            if ![&name, &full].iter().any(|n| wildcard(&wanted, n)) {
                return false;
            }
            self.start_at = None;
        }
        self.tags.admits(&self.tags_of(cx))
    }
    /// Runs a task of the plan, wherever it belongs.
    pub(crate) fn task(&mut self, id: TaskId, position: &Position) -> Flow {
        self.take_updates();
        if self.stop.is_some() {
            return Flow::Stopped;
        }
        let Some(task) = self.program.task(id) else { return Flow::Next };
        let cx = self.context(&task, position);
        if !self.admitted(&cx) {
            return Flow::Next;
        }
        self.at.clone_from(position);
        if matches!(&*task.action, "ansible.builtin.meta") {
            if !task.implicit {
                self.world.event(TaskEvent::Start { header: self.header(&cx) });
            }
            return self.meta(&cx);
        }
        let on_controller = self.program.on_controller(id) && !self.world.is_controller();
        let waits = match self.barriers {
            BarrierRule::Never => false,
            BarrierRule::Visible => self.program.is_visible(id),
            BarrierRule::Always => true,
        };
        if waits {
            match self.world.call(position, Call::Barrier) {
                Ok(Reply::Stop { reason }) => {
                    self.stop = Some(reason);
                    return Flow::Stopped;
                }
                Ok(_) => self.take_updates(),
                Err(e) => return self.fail_whole(&cx, e.into()),
            }
        }
        if on_controller {
            // These act once for all hosts, whether or not the task says so.
            let bypass = matches!(&*cx.task.action, "ansible.builtin.add_host" | "ansible.builtin.pause");
            let once = bypass || self.keyword_bool(&cx, "run_once", false).unwrap_or(false);
            let scope = cx.place.frames.clone();
            let call = if once { Call::RunOnce { task: id, scope } } else { Call::RunTask { task: id, scope } };
            return match self.world.call(position, call) {
                Ok(Reply::Task { done }) => self.take_done(&cx, done),
                Ok(Reply::Stop { reason }) => {
                    self.stop = Some(reason);
                    Flow::Stopped
                }
                Ok(Reply::RunItYourself) => self.local(cx).0,
                Ok(Reply::Error { message, .. }) => self.fail_whole(&cx, Failure::new(message)),
                Ok(_) => self.fail_whole(&cx, Failure::new("the controller did not run the task")),
                Err(e) => self.fail_whole(&cx, e.into()),
            };
        }
        self.local(cx).0
    }
    /// Runs one task on behalf of a host, on the controller.
    pub fn run_for_host(&mut self, id: TaskId, position: &Position) -> Option<TaskDone> {
        let task = self.program.task(id)?;
        let cx = self.context(&task, position);
        Some(self.local(cx).1)
    }
    /// Takes over what the controller did in this host's place.
    fn take_done(&mut self, cx: &TaskContext, done: TaskDone) -> Flow {
        self.take_updates();
        self.vars.apply(&done.changes);
        for name in &done.notified {
            self.notify(cx, &py_str(name));
        }
        if let Some(role) = cx.task.role
            && !done.skipped
            && !done.unreachable
        {
            self.roles_ran.insert(role);
        }
        if done.unreachable && !done.ignored {
            return Flow::Unreachable;
        }
        if done.failed && !done.ignored {
            self.last_failure = Some((cx.task.id, done.result, Vec::new()));
            return Flow::Failed;
        }
        Flow::Next
    }
    fn header(&self, cx: &TaskContext) -> TaskHeader {
        let name = self.task_name(cx);
        let no_log = self.keyword_bool(cx, "no_log", false).unwrap_or(true);
        TaskHeader {
            task: cx.task.id,
            position: cx.place.position.clone(),
            name: cx.roles.first().map_or_else(|| name.clone(), |r| format!("{} : {name}", r.name)),
            action: cx.task.action.to_string(),
            handler: cx.task.handler,
            origin: cx.task.origin.clone(),
            args: if no_log { Dict::new() } else { cx.task.args.clone() },
            no_log,
            check: self.keyword_bool(cx, "check_mode", self.options.check).unwrap_or(self.options.check),
        }
    }
    /// A failure before the task could begin.
    pub(crate) fn fail_whole(&mut self, cx: &TaskContext, failure: Failure) -> Flow {
        self.world.event(TaskEvent::Start { header: self.header(cx) });
        let outcome = Outcome::from_failure(failure, cx);
        self.finish(cx, outcome, false).0
    }
    /// The list to loop over, if any.
    pub fn loop_items(&mut self, cx: &TaskContext) -> Result<Option<Vec<Value>>, Failure> {
        let Some(repeat) = &cx.task.repeat else { return Ok(None) };
        let at = origin_of(&repeat.value).or(cx.task.origin.as_ref()).cloned();
        let lost = |e: rustle_jinja::Error| matches!(e, rustle_jinja::Error::NeedsController { .. });
        let evaluated = match &repeat.with {
            None => self.render(cx, &repeat.value),
            Some(name) => self.with_lookup(cx, name, &repeat.value),
        };
        let value = match evaluated {
            Ok(v) => v,
            Err(e) if lost(e.clone()) => {
                let call = Call::Items { task: cx.task.id, scope: cx.place.frames.clone() };
                match self.ask(&cx.place.position, call)? {
                    Reply::Value { value } => value.into_data(),
                    _ => return Err(Failure::new("the controller sent no items").at(at.as_ref())),
                }
            }
            Err(e) => return Err(Failure::from(e).at(at.as_ref()).inside("Task failed", cx.task.origin.as_ref())),
        };
        match value {
            Value::List(l) | Value::Tuple(l) => Ok(Some(l.to_vec())),
            other => Err(Failure::new(format!("The `loop` value must resolve to a 'list', not '{}'.", other.type_name()))
                .at(at.as_ref())
                .help("Provide a list of items/templates, or a template resolving to a list.")),
        }
    }
    /// `with_<name>`: the lookup's answer for the terms.
    fn with_lookup(&self, cx: &TaskContext, name: &str, terms: &Value) -> Result<Value, rustle_jinja::Error> {
        let terms = match self.render(cx, terms)? {
            Value::List(l) | Value::Tuple(l) => l.to_vec(),
            other => vec![other],
        };
        let scope = self.scope(cx);
        let mut interp = rustle_jinja::Interp::new(&self.jinja, &scope);
        rustle_jinja::lookups::execute(&mut interp, name, rustle_jinja::Args::positional(terms))
    }
    /// Runs the task here: all items of its loop, or once.
    pub(crate) fn local(&mut self, mut cx: TaskContext) -> (Flow, TaskDone) {
        if matches!(&*cx.task.action, "ansible.builtin.include_tasks" | "ansible.builtin.include_role" | "ansible.builtin.include") {
            return (self.include(cx), TaskDone::default());
        }
        self.world.event(TaskEvent::Start { header: self.header(&cx) });
        match self.loop_items(&cx) {
            Ok(None) => {
                let outcome = self.once(&mut cx, None);
                self.finish(&cx, outcome, false)
            }
            Err(e) => {
                let outcome = self.once(&mut cx, Some(e));
                self.finish(&cx, outcome, false)
            }
            Ok(Some(items)) if items.is_empty() => {
                let outcome = Outcome::skipped(dict! { "changed" => false, "skipped" => true, "skipped_reason" => "No items in the list", "results" => Value::list(vec![]) });
                self.finish(&cx, outcome, false)
            }
            Ok(Some(items)) => {
                let outcome = self.each_item(&mut cx, items);
                self.finish(&cx, outcome, true)
            }
        }
    }
    /// Registers, tells and judges the end of a task.
    pub(crate) fn finish(&mut self, cx: &TaskContext, mut outcome: Outcome, looped: bool) -> (Flow, TaskDone) {
        let registered = outcome.registered();
        if let Some(name) = &cx.task.register {
            outcome.changes.set.insert(name.as_str(), registered.clone());
        }
        if !looped && !cx.task.projections.is_empty() {
            let mut view = cx.clone();
            let listed = cx.task.repeat.is_some().then(|| registered.clone());
            view.locals.insert("_task", crate::once::task_view(Value::dict(registered.clone()), listed));
            self.project(&view, &mut outcome);
        }
        self.vars.apply(&outcome.changes);
        let mut notified = Vec::new();
        let mut notified_names = Vec::new();
        if outcome.changed && !outcome.failed && !outcome.unreachable {
            for v in cx.task.notify.iter().chain(&cx.inherited.notify) {
                let rendered = self.render(cx, v).unwrap_or_else(|_| v.clone());
                for name in rendered.as_list().map(<[Value]>::to_vec).unwrap_or_else(|| vec![rendered]) {
                    notified_names.extend(self.notify(cx, &py_str(&name)));
                    notified.push(name);
                }
            }
        }
        if let Some(name) = self.missing_handler.take() {
            let message = format!("The requested handler '{name}' was not found in either the main handlers list nor in the listening handlers list");
            let strict = self.options.config.get("ERROR_ON_MISSING_HANDLER").and_then(crate::context::to_bool).unwrap_or(true);
            if strict {
                _ = self.world.call(&cx.place.position, Call::Abort { message: message.clone() });
                self.stop = Some(message);
                return (Flow::Stopped, TaskDone::default());
            }
            self.world.warning(message);
        }
        if let Some(role) = cx.task.role
            && !outcome.skipped
            && !outcome.unreachable
        {
            self.roles_ran.insert(role);
        }
        let status = if outcome.unreachable {
            if outcome.ignored { Status::Ignored } else { Status::Unreachable }
        } else if outcome.failed {
            if outcome.ignored {
                Status::Ignored
            } else if self.rescue_depth > 0 {
                Status::Rescued
            } else {
                Status::Failed
            }
        } else if outcome.skipped {
            Status::Skipped
        } else if outcome.changed {
            Status::Changed
        } else {
            Status::Ok
        };
        let mut changes = outcome.changes.clone();
        // The result says it already; the receiver knows the task's `register`.
        if !outcome.no_log && let Some(name) = &cx.task.register {
            changes.set.remove(name);
        }
        self.world.event(TaskEvent::Result {
            position: cx.place.position.clone(),
            status,
            result: outcome.public(),
            looped,
            errors: if outcome.ignored_or_failed() { outcome.errors.clone() } else { Vec::new() },
            delegated: outcome.delegated.clone(),
            changes,
            notified: notified_names,
        });
        let done = TaskDone {
            failed: outcome.failed,
            unreachable: outcome.unreachable,
            skipped: outcome.skipped,
            changed: outcome.changed,
            ignored: outcome.ignored,
            result: registered.clone(),
            changes: outcome.changes.clone(),
            notified,
            meta: None,
        };
        let flow = match status {
            Status::Unreachable => Flow::Unreachable,
            Status::Failed | Status::Rescued => {
                self.last_failure = Some((cx.task.id, registered, outcome.errors));
                Flow::Failed
            }
            _ => Flow::Next,
        };
        (flow, done)
    }
    /// Marks handlers that `name` (a name or a topic) stands for; returns the names of those.
    pub(crate) fn notify(&mut self, cx: &TaskContext, name: &str) -> Vec<String> {
        let mut all = Vec::new();
        self.program.tasks_below(&self.handlers.clone(), &mut all);
        let mut found = Vec::new();
        // Of several handlers with one name, the last one counts.
        for handler in all.iter().rev() {
            let hcx = self.context(handler, &cx.place.position);
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
        for handler in &all {
            let hcx = self.context(handler, &cx.place.position);
            let topics = handler.listen.iter().flat_map(|v| {
                let v = self.render(&hcx, v).unwrap_or_else(|_| v.clone());
                v.as_list().map(<[Value]>::to_vec).unwrap_or_else(|| vec![v])
            });
            if topics.into_iter().any(|t| py_str(&t) == name) && !found.iter().any(|h| h.id == handler.id) {
                found.push(handler.clone());
            }
        }
        if found.is_empty() {
            self.missing_handler = Some(name.to_owned());
        }
        let mut names = Vec::new();
        for handler in found {
            if !self.notified.contains(&handler.id) {
                self.notified.push(handler.id);
            }
            let hcx = self.context(&handler, &cx.place.position);
            names.push(self.task_name(&hcx));
        }
        names
    }
    /// The nodes of the play's handlers, those of dynamically included roles too.
    pub(crate) fn add_handlers(&mut self, nodes: &[Node]) {
        self.handlers.extend_from_slice(nodes);
    }
    /// The innermost dynamic include's frames, for the controller's side.
    pub fn set_frames(&mut self, frames: Vec<(Frame, Dict)>) {
        self.frames = frames;
    }
}

/// Shell-style match of `*` and `?`.
pub(crate) fn wildcard(pattern: &str, text: &str) -> bool {
    fn go(p: &[char], t: &[char]) -> bool {
        match (p.first(), t.first()) {
            (None, None) => true,
            (Some('*'), _) => go(&p[1..], t) || (!t.is_empty() && go(p, &t[1..])),
            (Some('?'), Some(_)) => go(&p[1..], &t[1..]),
            (Some(a), Some(b)) if a == b => go(&p[1..], &t[1..]),
            _ => false,
        }
    }
    go(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
}
