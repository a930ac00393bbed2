//! Dynamic includes: `include_tasks` and `include_role`.

use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::play::Flow;
use rustle_stream::event::{Status, TaskEvent, TaskHeader};
use rustle_stream::model::Fragment;
use rustle_stream::protocol::{Call, Frame, Placement, Reply, VarChanges};
use rustle_value::{Dict, Value, dict};

/// Tasks to be executed for one item of an include.
struct Loaded {
    fragment: Fragment,
    placement: Placement,
    file: String,
    frame: Frame,
    vars: Dict,
    label: Option<Value>,
}

impl Engine<'_> {
    /// Runs an include: first all items are resolved, then their tasks run, item after item.
    pub(crate) fn include(&mut self, mut cx: TaskContext) -> Flow {
        let items = match self.loop_items(&cx) {
            Ok(items) => items,
            Err(e) => match self.conditions_hold(&cx) {
                Ok(Some(skip)) => return self.include_skipped(&cx, skip),
                _ => return self.fail_whole(&cx, e),
            },
        };
        let loop_var = cx
            .task
            .loop_control
            .get("loop_var")
            .and_then(|v| self.render_str(&cx, v).ok())
            .unwrap_or_else(|| "item".to_owned());
        let index_var = cx.task.loop_control.get("index_var").and_then(|v| self.render_str(&cx, v).ok());
        let looped = items.is_some();
        self.tell(TaskEvent::Start { header: self.include_header(&cx) });
        let rounds: Vec<Option<Value>> = items.map_or_else(|| vec![None], |l| l.into_iter().map(Some).collect());
        let mut loaded = Vec::new();
        let mut skipped = None;
        let control = |me: &Self, key: &str| cx.task.loop_control.get(key).and_then(|v| me.render(&cx, v).ok()).and_then(|v| crate::context::to_bool(&v));
        let (extended, all_items) = (looped && control(self, "extended").unwrap_or(false), control(self, "extended_allitems").unwrap_or(true));
        let listed: Vec<Value> = if extended { rounds.iter().flatten().cloned().collect() } else { Vec::new() };
        for (i, item) in rounds.into_iter().enumerate() {
            let mut own = Dict::new();
            if extended {
                own.insert("ansible_loop", crate::items::extended_info(&listed, i, all_items));
            }
            if let Some(item) = &item {
                own.insert(loop_var.as_str(), item.clone());
                own.insert("ansible_loop_var", loop_var.as_str());
                if let Some(name) = &index_var {
                    own.insert(name.as_str(), i);
                    own.insert("ansible_index_var", name.as_str());
                }
                cx.place.item = Some(i as u32);
            }
            cx.locals = own.clone();
            match self.conditions_hold(&cx) {
                Ok(None) => {}
                Ok(Some(mut skip)) => {
                    if let Some(item) = &item {
                        skip.insert(loop_var.as_str(), item.clone());
                        skip.insert("ansible_loop_var", loop_var.as_str());
                        self.tell(TaskEvent::Item {
                            position: cx.place.position.clone(),
                            status: Status::Skipped,
                            result: skip.clone(),
                            label: self.label(&cx, item),
                            errors: Vec::new(),
                            delegated: None,
                        });
                        skip = dict! { "changed" => false, "skipped" => true, "msg" => "All items skipped" };
                    }
                    skipped = Some(skip);
                    continue;
                }
                Err(e) => return self.include_failed(&cx, e),
            }
            let label = item.as_ref().map(|item| self.label(&cx, item));
            match self.load_include(&cx, own, label) {
                Ok(one) => loaded.push(one),
                Err(e) => return self.include_failed(&cx, e),
            }
        }
        if loaded.is_empty() {
            let nothing = || dict! { "changed" => false, "skipped" => true, "skipped_reason" => "No items in the list" };
            let outcome = Outcome::skipped(skipped.unwrap_or_else(nothing));
            return self.finish(&cx, outcome, looped).0;
        }
        if let (Some(name), false) = (&cx.task.register, looped) {
            // An include has nothing to say but that it was done.
            let told = Value::dict(dict! { "changed" => false, "failed" => false });
            self.vars.apply(&VarChanges { set: dict! { name.as_str() => told }, ..VarChanges::default() });
        }
        for one in &loaded {
            self.tell(TaskEvent::Included {
                position: cx.place.position.clone(),
                file: one.file.clone(),
                label: one.label.clone(),
            });
        }
        let mut flow = Flow::Next;
        for (i, one) in loaded.into_iter().enumerate() {
            self.program.add(&one.fragment, &one.placement);
            self.add_handlers(&one.fragment.handlers);
            let mut base = cx.place.position.clone();
            base.push(if looped { i as u32 } else { 0 });
            self.frames.push((one.frame, one.vars));
            flow = self.nodes(&one.fragment.nodes, &base, &mut 0);
            self.frames.pop();
            if flow == Flow::EndRole && &*cx.task.action == "ansible.builtin.include_role" {
                flow = Flow::Next;
            }
            if flow != Flow::Next {
                break;
            }
        }
        flow
    }
    /// How a loop's item is shown.
    fn label(&self, cx: &TaskContext, item: &Value) -> Value {
        match cx.task.loop_control.get("label") {
            Some(v) => self.render(cx, v).unwrap_or_else(|_| item.clone()),
            None => item.clone(),
        }
    }
    /// An include that cannot be resolved. What is wrong with the task itself may be ignored; what is wrong with the
    /// file that it names, not.
    fn include_failed(&mut self, cx: &TaskContext, failure: Failure) -> Flow {
        let own = failure.is_whole();
        let mut outcome = Outcome::from_failure(failure, cx);
        if own {
            outcome.ignored = self.keyword_bool(cx, "ignore_errors", false).unwrap_or(false);
            return self.finish(cx, outcome, false).0;
        }
        // It counts as a failure even where a rescue section follows.
        let depth = std::mem::take(&mut self.rescue_depth);
        let flow = self.finish(cx, outcome, false).0;
        self.rescue_depth = depth;
        flow
    }
    fn include_header(&self, cx: &TaskContext) -> TaskHeader {
        TaskHeader {
            task: cx.task.id,
            position: cx.place.position.clone(),
            name: self.full_name(cx),
            action: cx.task.action.to_string(),
            written: cx.task.written_otherwise(),
            role: cx.roles.first().map(|r| r.name.clone()),
            handler: cx.task.handler,
            origin: cx.task.origin.clone(),
            args: cx.task.args.clone(),
            no_log: false,
            check: self.options.check,
            per_host: false,
        }
    }
    fn include_skipped(&mut self, cx: &TaskContext, result: Dict) -> Flow {
        self.world.event(TaskEvent::Start { header: self.include_header(cx) });
        self.finish(cx, Outcome::skipped(result), false).0
    }
    /// The tasks of one item: loaded in advance, or asked for.
    fn load_include(&mut self, cx: &TaskContext, own: Dict, label: Option<Value>) -> Result<Loaded, Failure> {
        let frame = Frame { task: cx.task.id, item: cx.place.item };
        // The include's own variables are seen by what it includes.
        let mut vars = cx.task.keywords.vars.clone();
        vars.update(&own);
        if let Some((fragment, placement)) = self.prefetched.get(&cx.task.id) {
            let file = fragment_file(fragment);
            return Ok(Loaded { fragment: fragment.clone(), placement: placement.clone(), file, frame, vars, label });
        }
        let call = Call::Include { task: cx.task.id, scope: cx.place.frames.clone(), item: cx.place.item };
        match self.ask(&cx.place.position, call)? {
            Reply::Tasks { fragment, placement, file, .. } => Ok(Loaded { fragment: *fragment, placement, file, frame, vars, label }),
            _ => Err(Failure::new("the controller sent no tasks")),
        }
    }
}

/// The file that prefetched tasks came from.
fn fragment_file(fragment: &Fragment) -> String {
    fragment.file.clone()
}
