//! One task at its turn: who runs it, its loop, what its result means.

use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::outcome::{Outcome, task_view};
use crate::play::Flow;
use rustle_stream::event::{Status, TaskEvent, TaskHeader};
use rustle_stream::model::TaskId;
use rustle_stream::protocol::{BarrierRule, Call, Frame, Position, Reply, TaskDone};
use rustle_value::{Dict, Value, dict, py_str};

/// What is said of a loop that has nothing to do.
const NO_ITEMS: &str = "No items in the list";

impl Engine<'_> {
    /// Runs a task of the plan, wherever it belongs.
    pub(crate) fn task(&mut self, id: TaskId, position: &Position) -> Flow {
        self.take_updates();
        if self.stop.is_some() {
            return Flow::Stopped;
        }
        let Some(task) = self.program.task(id) else { return Flow::Next };
        if let Some(flow) = self.behind(position, is_include(&task.action)) {
            return flow;
        }
        self.renew_vars_files(position);
        let cx = self.context(&task, position);
        if !self.admitted(&cx) {
            return Flow::Next;
        }
        self.at.clone_from(position);
        if matches!(&*task.action, "ansible.builtin.meta") {
            if !task.implicit {
                let mut header = self.header(&cx);
                let what = task.args.get("_raw_params").map(py_str).unwrap_or_default();
                header.per_host = matches!(what.as_str(), "noop" | "reset_connection" | "end_host" | "role_complete" | "flush_handlers" | "end_role");
                self.world.event(TaskEvent::Start { header });
            }
            return self.meta(&cx);
        }
        let on_controller = self.program.on_controller(id) && !self.world.is_controller();
        // The controller itself waits until all are there, and takes them one after the other.
        let own_turn = on_controller && crate::program::in_order(&task) && !self.keyword_bool(&cx, "run_once", false).unwrap_or(false);
        let waits = match self.barriers {
            BarrierRule::Never => false,
            BarrierRule::Visible => self.program.is_visible(id),
            BarrierRule::Always => true,
        };
        if let Err(stopped) = if waits && !own_turn { self.wait(&cx, Call::Barrier) } else { Ok(Flow::Next) } {
            return stopped;
        }
        if self.options.step
            && !self.world.is_controller()
            && let Err(instead) = self.wait(&cx, Call::Step { task: self.asked_name(&cx) })
        {
            return instead;
        }
        if let Some(limit) = self.throttle(&cx)
            && let Err(stopped) = self.wait(&cx, Call::Turn { limit })
        {
            return stopped;
        }
        let includes = is_include(&task.action);
        let judged = (!includes && self.barriers != BarrierRule::Never && !self.world.is_controller()).then(|| cx.clone());
        let flow = if on_controller { self.on_controller(cx) } else { self.local(cx).0 };
        match judged {
            Some(cx) => self.verdict(&cx, flow),
            None => flow,
        }
    }
    /// Waits for the controller's word; what to do instead of the task, where it says so.
    fn wait(&mut self, cx: &TaskContext, call: Call) -> Result<Flow, Flow> {
        match self.world.call(&cx.place.position, call) {
            Ok(Reply::Stop { reason }) => {
                self.stop = Some(reason);
                Err(Flow::Stopped)
            }
            Ok(Reply::Fail) => Ok(Flow::Failed),
            Ok(Reply::Pass) => Err(Flow::Next),
            Ok(_) => {
                self.take_updates();
                Ok(Flow::Next)
            }
            Err(e) => Err(self.fail_whole(cx, e.into())),
        }
    }
    /// How many hosts at once may run the task.
    fn throttle(&self, cx: &TaskContext) -> Option<u32> {
        if self.world.is_controller() || is_include(&cx.task.action) {
            return None;
        }
        // A value that is no number is the task's own failure.
        let v = self.keyword(cx, "throttle").ok()??;
        let n = v.as_i64().or_else(|| py_str(&v).trim().parse().ok())?;
        u32::try_from(n).ok().filter(|n| *n > 0)
    }
    /// Where one host's failure can be everybody's: waits until all have finished the task.
    fn verdict(&mut self, cx: &TaskContext, flow: Flow) -> Flow {
        if !matches!(flow, Flow::Next | Flow::Failed | Flow::Unreachable) {
            return flow;
        }
        let configured = self.options.config.get("ANY_ERRORS_FATAL").and_then(crate::context::to_bool).unwrap_or(false);
        let fatal = self.keyword_bool(cx, "any_errors_fatal", configured).unwrap_or(configured);
        let limited = self.play.other.get("max_fail_percentage").is_some_and(|v| !v.is_null());
        if !fatal && !limited {
            return flow;
        }
        match self.wait(cx, Call::Verdict { fatal: fatal && flow != Flow::Next }) {
            Ok(Flow::Failed) if flow == Flow::Next => Flow::Failed,
            Ok(_) => flow,
            Err(stopped) => stopped,
        }
    }
    /// Has the controller run the task in this host's place.
    fn on_controller(&mut self, cx: TaskContext) -> Flow {
        // These act once for all hosts, whether or not the task says so.
        let bypass = matches!(&*cx.task.action, "ansible.builtin.add_host" | "ansible.builtin.pause");
        let once = bypass || self.keyword_bool(&cx, "run_once", false).unwrap_or(false);
        let (task, scope) = (cx.task.id, cx.place.frames.clone());
        let call = if once { Call::RunOnce { task, scope } } else { Call::RunTask { task, scope } };
        match self.world.call(&cx.place.position, call) {
            Ok(Reply::Task { done }) => self.take_done(&cx, done),
            Ok(Reply::Stop { reason }) => {
                self.stop = Some(reason);
                Flow::Stopped
            }
            Ok(Reply::RunItYourself) => self.local(cx).0,
            Ok(Reply::Error { message, undefined, parts, msg }) => self.fail_whole(&cx, Failure::answered(message, undefined, parts, msg)),
            Ok(_) => self.fail_whole(&cx, Failure::new("the controller did not run the task")),
            Err(e) => self.fail_whole(&cx, e.into()),
        }
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
        for name in done.notified.iter().map(py_str) {
            if !self.notified.contains(&name) {
                self.notified.push(name);
            }
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
            if self.rescue_depth > 0 {
                let told = self.failure_facts(cx, &done.result);
                self.vars.set.update(&told);
            }
            return Flow::Failed;
        }
        Flow::Next
    }
    fn header(&self, cx: &TaskContext) -> TaskHeader {
        // Whether to hide may depend on the loop's item; what has no value yet hides the arguments only.
        let hide = self.keyword_bool(cx, "no_log", false);
        let no_log = hide.as_ref().map_or(cx.task.repeat.is_none(), |b| *b);
        TaskHeader {
            task: cx.task.id,
            position: cx.place.position.clone(),
            name: self.full_name(cx),
            action: cx.task.action.to_string(),
            written: cx.task.written_otherwise(),
            role: cx.roles.first().map(|r| r.name.clone()),
            handler: cx.task.handler,
            origin: cx.task.origin.clone(),
            args: if hide.unwrap_or(true) { Dict::new() } else { cx.task.args.clone() },
            no_log,
            check: self.keyword_bool(cx, "check_mode", self.options.check).unwrap_or(self.options.check),
            per_host: false,
        }
    }
    /// A failure before the task could begin.
    pub(crate) fn fail_whole(&mut self, cx: &TaskContext, failure: Failure) -> Flow {
        self.world.event(TaskEvent::Start { header: self.header(cx) });
        let outcome = Outcome::from_failure(failure, cx);
        self.finish(cx, outcome, false).0
    }
    /// `ansible_failed_task` and `ansible_failed_result`: variables of the host from now on.
    fn failure_facts(&self, cx: &TaskContext, result: &Dict) -> Dict {
        let task = &cx.task;
        dict! {
            "ansible_failed_task" => dict! {
                "name" => task.name.clone().unwrap_or_else(|| Value::from("")),
                "action" => &*task.written,
                "args" => task.args.clone(),
                "register" => task.register.clone(),
            },
            "ansible_failed_result" => result.clone(),
        }
    }
    /// Runs the task here: all items of its loop, or once.
    pub(crate) fn local(&mut self, mut cx: TaskContext) -> (Flow, TaskDone) {
        if is_include(&cx.task.action) {
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
                let outcome = Outcome::skipped(dict! { "changed" => false, "skipped" => true, "skip_reason" => NO_ITEMS, "skipped_reason" => NO_ITEMS, "results" => Value::list(vec![]) });
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
            view.locals.insert("_task", task_view(Value::dict(registered.clone()), listed));
            self.project(&view, &mut outcome);
        }
        self.vars.apply(&outcome.changes);
        if !looped && outcome.changed {
            outcome.notified = self.notifications(cx);
        }
        if self.keep_notifications(cx, &mut outcome).is_err() {
            return (Flow::Stopped, TaskDone::default());
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
        if status == Status::Rescued {
            let told = self.failure_facts(cx, &registered);
            self.vars.set.update(&told);
            // What must not be seen stays here.
            if !outcome.no_log {
                changes.set.update(&told);
            }
        }
        self.world.event(TaskEvent::Result {
            position: cx.place.position.clone(),
            status,
            result: outcome.public(),
            looped,
            errors: outcome.told_errors(),
            delegated: outcome.delegated.clone(),
            changes,
            notified: outcome.notified.clone(),
        });
        let done = TaskDone {
            failed: outcome.failed,
            unreachable: outcome.unreachable,
            skipped: outcome.skipped,
            changed: outcome.changed,
            ignored: outcome.ignored,
            result: registered.clone(),
            changes: outcome.changes.clone(),
            notified: outcome.notified.iter().map(|n| Value::from(n.as_str())).collect(),
            meta: None,
        };
        let flow = match status {
            Status::Unreachable => Flow::Unreachable,
            Status::Failed | Status::Rescued => {
                Flow::Failed
            }
            _ => Flow::Next,
        };
        (flow, done)
    }
    /// The innermost dynamic include's frames, for the controller's side.
    pub fn set_frames(&mut self, frames: Vec<(Frame, Dict)>) {
        self.frames = frames;
    }
}

/// Whether the action brings further tasks.
fn is_include(action: &str) -> bool {
    matches!(action, "ansible.builtin.include_tasks" | "ansible.builtin.include_role" | "ansible.builtin.include")
}
