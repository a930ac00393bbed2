//! The course of a play on one host: sections, blocks, handlers, `meta`.

use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use rustle_stream::event::TaskEvent;
use rustle_stream::model::{Block, BlockId, Node, Task, TaskId};
use rustle_stream::protocol::{BarrierRule, Call, Outcome, Position, Reply};
use rustle_value::{Dict, Value, py_str};
use std::sync::Arc;

/// What follows a task or block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Next,
    /// A task failed, and nothing has rescued it yet.
    Failed,
    /// The host is gone: no rescue, no always.
    Unreachable,
    /// `meta: end_host`, `end_play`, `end_batch`.
    EndHost,
    /// `meta: end_role`: up to the role's outermost block.
    EndRole,
    /// The controller wants an end.
    Stopped,
}

/// The number of the implicit fact-gathering task; planners give tasks numbers from 0 upwards.
pub const GATHER_TASK: TaskId = TaskId(u32::MAX);

/// The number of the implicit task that checks a play's arguments.
pub const ARGUMENTS_TASK: TaskId = TaskId(u32::MAX - 1);

/// The implicit task that gathers facts. No file says it, so that its errors have no place. It runs whatever tags are
/// asked for, unless its play has tags of its own.
pub fn gather_task(play: &rustle_stream::model::Play) -> Task {
    let tags = if play.keywords.tags.is_empty() { vec![Value::from("always")] } else { Vec::new() };
    Task {
        name: Some(Value::from("Gathering Facts")),
        written: "gather_facts".into(),
        keywords: rustle_stream::model::Keywords { tags, ..Default::default() },
        implicit: true,
        ..Task::new(GATHER_TASK, "ansible.builtin.gather_facts")
    }
}

/// What `meta` is to do where the host gets a new connection.
const RECONNECT: &str = "reset_connection";

impl Engine<'_> {
    pub(crate) fn run_play(&mut self) -> Outcome {
        let play = self.play.clone();
        let mut at: u32 = 0;
        // A play without the task to start at does nothing at all: not even facts are gathered.
        if self.starts_later(&play) {
            return Outcome::Completed;
        }
        let mut flow = self.gather(&[at].to_vec());
        if flow == Flow::Next {
            flow = self.play_arguments(&[at, 1].to_vec());
        }
        at += 1;
        let sections: [&[&[Node]]; 3] = [&[&play.pre_tasks], &[&play.roles, &play.tasks], &[&play.post_tasks]];
        for section in sections {
            for nodes in section {
                if flow == Flow::Next {
                    flow = self.nodes(nodes, &Vec::new(), &mut { at });
                }
                at += self.program.width(nodes);
            }
            // With force_handlers, handlers run on a host that failed, too.
            let forced = self.options.force_handlers
                || play.other.get("force_handlers").and_then(crate::context::to_bool).unwrap_or(false);
            if flow == Flow::Next || (flow == Flow::Failed && forced) {
                let handlers = self.flush_handlers(&[at].to_vec());
                if flow == Flow::Next {
                    flow = handlers;
                }
            }
            at += 1;
        }
        match flow {
            Flow::Next | Flow::EndRole => Outcome::Completed,
            Flow::Failed => Outcome::Failed,
            Flow::Unreachable => Outcome::Unreachable,
            Flow::EndHost | Flow::Stopped => Outcome::Ended,
        }
    }
    /// Whether `--start-at-task` names none of the play's tasks; those of dynamic includes do not count.
    fn starts_later(&mut self, play: &rustle_stream::model::Play) -> bool {
        let Some(wanted) = self.start_at.clone() else { return false };
        let mut left: Vec<Node> = [&play.pre_tasks, &play.roles, &play.tasks, &play.post_tasks].into_iter().flatten().cloned().collect();
        while let Some(node) = left.pop() {
            match node {
                Node::Block(id) => left.extend(self.program.block(id).into_iter().flat_map(|b| [&b.body, &b.rescue, &b.always].into_iter().flatten().cloned().collect::<Vec<_>>())),
                Node::Task(id) => {
                    if let Some(task) = self.program.task(id) {
                        let cx = self.context(&task, &Position::new());
                        if self.is_called(&cx, &wanted) {
                            return false;
                        }
                    }
                }
            }
        }
        true
    }
    /// Fact gathering before the first task, where the play or the configuration wants it.
    fn gather(&mut self, position: &Position) -> Flow {
        let play = self.play.clone();
        let mode = self.options.config.get("DEFAULT_GATHERING").map_or_else(|| "implicit".to_owned(), py_str);
        let mut args = Dict::new();
        let task = |args: Dict| Arc::new(Task { args, ..gather_task(&play) });
        let probe = self.context(&task(Dict::new()), position);
        let wanted = match play.other.get("gather_facts") {
            Some(v) => match self.render(&probe, v).ok().and_then(|v| crate::context::to_bool(&v)) {
                Some(b) => b,
                None => mode != "explicit",
            },
            None => mode != "explicit",
        };
        let known = self.vars.facts().contains_key("_ansible_facts_gathered") || self.vars.facts().contains_key("module_setup");
        if !wanted || (mode == "smart" && known) {
            return Flow::Next;
        }
        for key in ["gather_subset", "gather_timeout", "fact_path"] {
            if let Some(v) = play.other.get(key)
                && let Ok(v) = self.render(&probe, v)
                && !v.is_null()
            {
                args.insert(key, v);
            }
        }
        let task = task(args);
        self.program.add_task(task.clone());
        self.inherited.remove(&GATHER_TASK);
        self.task(GATHER_TASK, position)
    }
    /// `validate_argspec`: checks the variables of the whole play.
    fn play_arguments(&mut self, position: &Position) -> Flow {
        let play = self.play.clone();
        let Some(raw) = play.other.get("validate_argspec") else { return Flow::Next };
        let task = |args: Dict, name: String| Task {
            id: ARGUMENTS_TASK,
            name: Some(Value::from(name)),
            action: "ansible.builtin.validate_argument_spec".into(),
            written: "ansible.builtin.validate_argument_spec".into(),
            args,
            ..gather_task(&play)
        };
        let probe = self.context(&Arc::new(task(Dict::new(), String::new())), position);
        self.inherited.remove(&ARGUMENTS_TASK);
        let wanted = match self.render(&probe, raw) {
            Ok(v) if v.is_null() || rustle_jinja::is_omit(&v) => return Flow::Next,
            Ok(v) => v,
            Err(e) => return self.fail_whole(&probe, e.into()),
        };
        // `true` means the specification of the play's own name.
        let name = match crate::context::to_bool(&wanted) {
            Some(false) => return Flow::Next,
            Some(true) => play.name.as_ref().map(py_str).unwrap_or_default(),
            None => py_str(&wanted),
        };
        let Some(spec) = play.other.get("_argument_specs").and_then(|s| s.get(&name)) else {
            let failure = Failure::new(format!("No argument spec named '{name}' in the playbook's meta file.")).at(play.origin.as_ref());
            return self.fail_whole(&probe, failure);
        };
        let args = rustle_value::dict! {
            "argument_spec" => spec.get("options").cloned().unwrap_or_else(|| Value::dict(Dict::new())),
            "validate_args_context" => rustle_value::dict! { "type" => "play", "argument_spec_name" => name.as_str() },
        };
        self.program.add_task(Arc::new(task(args, format!("Validating arguments against arg spec {name}"))));
        self.task(ARGUMENTS_TASK, position)
    }
    /// Runs nodes in order; `next` is the position's last number for the first of them.
    pub(crate) fn nodes(&mut self, nodes: &[Node], base: &Position, next: &mut u32) -> Flow {
        for node in nodes {
            match node {
                Node::Task(id) => {
                    let mut position = base.clone();
                    position.push(*next);
                    *next += 1;
                    let flow = self.task(*id, &position);
                    if flow != Flow::Next {
                        return flow;
                    }
                }
                Node::Block(id) => {
                    let flow = self.block(*id, base, next);
                    if flow != Flow::Next {
                        return flow;
                    }
                }
            }
        }
        Flow::Next
    }
    fn block(&mut self, id: BlockId, base: &Position, next: &mut u32) -> Flow {
        let Some(block) = self.program.block(id) else { return Flow::Next };
        let start = *next;
        let (body, rescue) = (self.program.width(&block.body), self.program.width(&block.rescue));
        *next = start + body + rescue + self.program.width(&block.always);
        let mut once = None;
        if block.role_root
            && let Some(role) = block.role.and_then(|id| self.program.role(id))
        {
            // Equal mentions of a role in a play share one number.
            let first = role.same.unwrap_or(role.id);
            if !role.allow_duplicates && self.roles_done.contains(&first) {
                return Flow::Next;
            }
            once = Some((role.id, first));
        }
        let nested = self.depth > 0 || !self.frames.is_empty() || (block.implicit && !block.role_root);
        self.depth += u32::from(nested || !block.role_root);
        let flow = self.block_parts(&block, base, start, body, rescue);
        self.depth -= u32::from(nested || !block.role_root);
        if flow == Flow::Failed && (!block.always.is_empty() || (nested && self.left.is_none())) {
            let mut last = base.clone();
            last.extend([next.saturating_sub(1), u32::MAX]);
            self.left = Some(last);
        }
        if let Some((id, first)) = once
            && matches!(flow, Flow::Next | Flow::EndRole)
            && self.roles_ran.contains(&id)
        {
            self.roles_done.insert(first);
        }
        if flow == Flow::EndRole && block.role_root { Flow::Next } else { flow }
    }
    fn block_parts(&mut self, block: &Block, base: &Position, start: u32, body: u32, rescue: u32) -> Flow {
        let rescues = !block.rescue.is_empty();
        self.rescue_depth += u32::from(rescues);
        let mut flow = self.nodes(&block.body, base, &mut { start });
        self.rescue_depth -= u32::from(rescues);
        if rescues && self.was_lost_in(base, start + body, start + body + rescue) {
            flow = self.nodes(&block.rescue, base, &mut { start + body });
        } else if flow == Flow::Failed && rescues {
            self.left = None;
            self.world.event(TaskEvent::Rescue { position: self.at.clone() });
            flow = self.nodes(&block.rescue, base, &mut { start + body });
        }
        if !block.always.is_empty() && matches!(flow, Flow::Next | Flow::Failed) {
            let before = std::mem::take(&mut self.cleared);
            let always = self.nodes(&block.always, base, &mut { start + body + rescue });
            if always != Flow::Next {
                flow = always;
            } else if self.cleared {
                flow = Flow::Next;
                self.left = None;
            }
            // What cleared an inner block's failure clears the outer one's.
            self.cleared |= before;
        }
        flow
    }
    /// A line about the course of the play.
    fn told(&self, cx: &TaskContext, verbosity: u8, text: String) {
        if !cx.task.implicit {
            self.world.event(TaskEvent::Told { position: cx.place.position.clone(), verbosity, text });
        }
    }
    /// What is said of a `meta` whose condition does not hold.
    fn meta_skipped(&self, cx: &TaskContext, what: &str) {
        let host = &self.host;
        let (msg, rest) = match what {
            "end_host" => (format!("end_host conditional evaluated to false, continuing execution for {host}"), format!("continuing execution for {host}")),
            "end_play" => (what.to_owned(), "continuing play".to_owned()),
            "end_batch" => (what.to_owned(), "continuing current batch".to_owned()),
            "end_role" => {
                let role = cx.roles.first().map_or("", |r| r.name.as_str());
                (what.to_owned(), format!("continuing role {role} for {host}"))
            }
            "clear_facts" => (what.to_owned(), format!("not clearing facts and fact cache for {host}")),
            "flush_handlers" => (what.to_owned(), format!("not running handlers for {host}")),
            "clear_host_errors" => (what.to_owned(), format!("not clearing host error state for {host}")),
            "refresh_inventory" => (what.to_owned(), "not refreshing inventory".to_owned()),
            "reset_connection" => (what.to_owned(), "not resetting connection".to_owned()),
            _ => return self.told(cx, 2, format!("META: {what}")),
        };
        let reason = format!("{what} conditional evaluated to False, {rest}");
        self.told(cx, 2, format!("META: {reason}"));
        let mut line = format!("skipping: [{host}]");
        if self.options.verbosity > 0 {
            let result = rustle_value::dict! { "changed" => false, "msg" => msg, "skip_reason" => reason };
            let style = if self.options.verbosity > 2 { rustle_value::JsonStyle::pretty(4) } else { rustle_value::JsonStyle::default() };
            line = format!("{line} => {}", rustle_value::to_json_string(&Value::dict(result), &style));
        }
        self.told(cx, 0, line);
    }
    /// A failure of a `meta` task, whose start was told already.
    fn meta_failed(&mut self, cx: &TaskContext, failure: Failure) -> Flow {
        let outcome = crate::outcome::Outcome::from_failure(failure, cx);
        self.finish(cx, outcome, false).0
    }
    /// What is done once for all hosts: the controller asks the first of them whether the task's condition holds. `None`
    /// where there is no controller.
    fn meta_once(&mut self, cx: &TaskContext, what: &str) -> Option<Flow> {
        let (task, scope) = (cx.task.id, cx.place.frames.clone());
        let ends = matches!(what, "end_play" | "end_batch");
        // Where hosts do not wait for each other, each does it for itself.
        let each = !ends && self.barriers == BarrierRule::Never;
        let call = if each { Call::RunTask { task, scope } } else { Call::RunOnce { task, scope } };
        match self.world.call(&cx.place.position, call) {
            Ok(Reply::Task { done }) if done.failed => {
                let message = done.result.get("msg").map(py_str).unwrap_or_default();
                Some(self.meta_failed(cx, Failure::new(message)))
            }
            Ok(Reply::Task { done }) => {
                self.take_updates();
                if done.meta.is_none() {
                    return Some(Flow::Next);
                }
                match what {
                    "clear_facts" => self.vars.clear_facts(),
                    "clear_host_errors" => self.cleared = true,
                    _ => {}
                }
                Some(if ends { Flow::EndHost } else { Flow::Next })
            }
            Ok(Reply::Stop { reason }) => {
                self.stop = Some(reason);
                Some(Flow::Stopped)
            }
            Ok(_) => None,
            Err(e) => Some(self.meta_failed(cx, e.into())),
        }
    }
    /// Whether the condition of a `meta` task that is for all hosts holds for this one, asked on the controller. Tells
    /// what it comes to.
    ///
    /// # Errors
    /// A condition that cannot be evaluated.
    pub fn meta_holds(&mut self, id: TaskId, position: &Position) -> Result<bool, Failure> {
        let Some(task) = self.program.task(id) else { return Ok(false) };
        let cx = self.context(&task, position);
        let what = task.args.get("_raw_params").map(py_str).unwrap_or_default();
        let holds = self.meta_condition(&cx, &what)?;
        if holds {
            let text = match what.as_str() {
                "end_play" => "ending play",
                "end_batch" => "ending batch",
                "clear_facts" => "facts cleared",
                "clear_host_errors" => "cleared host errors",
                "refresh_inventory" => "inventory successfully refreshed",
                other => other,
            };
            self.told(&cx, 2, format!("META: {text}"));
        } else {
            self.meta_skipped(&cx, &what);
        }
        Ok(holds)
    }
    /// Whether the task's condition holds. Some have none, whatever the playbook says.
    fn meta_condition(&self, cx: &TaskContext, what: &str) -> Result<bool, Failure> {
        if matches!(what, "noop" | "refresh_inventory" | "reset_connection") {
            if !cx.inherited.when.is_empty() {
                self.world.warning(format!("{what} task does not support when conditional"));
            }
            return Ok(true);
        }
        Ok(self.conditions_hold(cx)?.is_none())
    }
    /// `meta`: changes the course of the play.
    pub(crate) fn meta(&mut self, cx: &TaskContext) -> Flow {
        let raw = cx.task.args.get("_raw_params").cloned().unwrap_or_default();
        let what = match self.render_str(cx, &raw) {
            Ok(w) => w,
            Err(e) => return self.meta_failed(cx, e.into()),
        };
        if matches!(what.as_str(), "end_play" | "end_batch" | "clear_facts" | "clear_host_errors" | "refresh_inventory")
            && !self.world.is_controller()
            && let Some(flow) = self.meta_once(cx, &what)
        {
            return flow;
        }
        match self.meta_condition(cx, &what) {
            Ok(true) => {}
            Ok(false) => {
                self.meta_skipped(cx, &what);
                return Flow::Next;
            }
            Err(e) => return self.meta_failed(cx, e),
        }
        let host = self.host.clone();
        match what.as_str() {
            "noop" | "role_complete" => self.told(cx, 2, format!("META: {what}")),
            "flush_handlers" => self.told(cx, 2, format!("META: triggered running handlers for {host}")),
            "clear_facts" => self.told(cx, 2, "META: facts cleared".into()),
            "end_host" => self.told(cx, 2, format!("META: ending play for {host}")),
            "end_role" => self.told(cx, 2, format!("META: ending role {} for {host}", cx.roles.first().map_or("", |r| r.name.as_str()))),
            "clear_host_errors" => self.told(cx, 2, "META: cleared host errors".into()),
            "refresh_inventory" => self.told(cx, 2, "META: inventory successfully refreshed".into()),
            "reset_connection" => self.told(cx, 2, "META: reset connection".into()),
            _ => {}
        }
        match what.as_str() {
            "noop" | "role_complete" => Flow::Next,
            "flush_handlers" => {
                let at = cx.place.position.clone();
                self.flush_handlers(&at)
            }
            "end_host" | "end_play" | "end_batch" => Flow::EndHost,
            "end_role" => Flow::EndRole,
            "clear_facts" | "clear_host_errors" | "reset_connection" | "refresh_inventory" => {
                match what.as_str() {
                    "clear_facts" => self.vars.clear_facts(),
                    "clear_host_errors" => {
                        self.cleared = true;
                    }
                    _ => {}
                }
                if self.world.is_controller() {
                    return Flow::Next;
                }
                let call = Call::RunTask { task: cx.task.id, scope: cx.place.frames.clone() };
                match self.world.call(&cx.place.position, call) {
                    Ok(Reply::Error { message, undefined, parts, msg }) if what != "clear_facts" => {
                        self.meta_failed(cx, Failure::answered(message, undefined, parts, msg))
                    }
                    Ok(reply) => {
                        if what == RECONNECT && matches!(reply, Reply::Task { done } if done.meta.as_deref() == Some(RECONNECT)) {
                            self.world.reconnected();
                        }
                        self.take_updates();
                        Flow::Next
                    }
                    Err(e) => self.meta_failed(cx, e.into()),
                }
            }
            other => {
                let place = cx.task.origin.as_ref().map_or_else(String::new, |o| format!("\nOrigin: {}:{}:{}\n", o.file, o.line, o.column));
                let message = format!("invalid meta action requested: {other}{place}");
                _ = self.world.call(&cx.place.position, Call::Abort { message: message.clone() });
                self.stop = Some(message);
                Flow::Stopped
            }
        }
    }
}
