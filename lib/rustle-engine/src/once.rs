//! One execution of a task: condition, arguments, action, attempts, judgement of the result.

use crate::actions;
use crate::context::{TaskContext, number, to_bool};
use crate::engine::Engine;
use crate::failure::{Failure, origin_of};
use rustle_jinja::is_omit;
use rustle_stream::event::{ErrorPart, TaskEvent};
use rustle_stream::protocol::{Become, VarChanges};
use rustle_value::{Dict, Value, dict, py_str};
use std::sync::Arc;
use std::time::Duration;

/// How the module runs: what the task's keywords say, rendered.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    pub check: bool,
    pub diff: bool,
    pub no_log: bool,
    /// The host that the task is delegated to.
    pub delegate: Option<String>,
    pub environment: Dict,
    pub elevate: Option<Become>,
    pub timeout: Option<u64>,
    pub async_seconds: Option<u64>,
    pub poll: u64,
}

/// What came of a task, or of one item.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub result: Dict,
    pub errors: Vec<ErrorPart>,
    pub changes: VarChanges,
    pub changed: bool,
    pub failed: bool,
    pub skipped: bool,
    pub unreachable: bool,
    /// Failed or unreachable, and the task says to ignore that.
    pub ignored: bool,
    pub no_log: bool,
    /// Diffs are to be shown.
    pub diff: bool,
    pub delegated: Option<String>,
}

/// The result of a task whose output must not be seen.
fn censored(changed: bool) -> Dict {
    dict! {
        "censored" => "the output has been hidden due to the fact that 'no_log: true' was specified for this result",
        "changed" => changed,
    }
}

impl Outcome {
    /// A result that says `skipped`.
    pub fn skipped(result: Dict) -> Outcome {
        Outcome { result, skipped: true, ..Outcome::default() }
    }
    /// The task did not get as far as its action.
    pub fn from_failure(failure: Failure, cx: &TaskContext) -> Outcome {
        let unreachable = failure.unreachable;
        let (mut result, mut errors) = failure.into_result();
        if !result.contains_key("changed") {
            result.insert("changed", false);
        }
        if let Some(first) = errors.first_mut()
            && first.origin.is_none()
        {
            first.origin = cx.task.origin.clone();
        }
        Outcome { result, errors, failed: !unreachable, unreachable, ..Outcome::default() }
    }
    /// What `register` stores: without internals.
    pub fn registered(&self) -> Dict {
        let mut d = self.result.clone();
        d.retain(|k, _| !k.as_str().is_some_and(|k| k.starts_with("_ansible_")));
        d.insert("changed", self.changed);
        if !self.unreachable {
            d.insert("failed", self.failed);
        }
        if self.failed && !self.errors.is_empty() {
            d.insert("exception", "(traceback unavailable)");
        }
        d
    }
    /// What reports get.
    pub fn public(&self) -> Dict {
        if self.no_log {
            return censored(self.changed);
        }
        let mut d = self.result.clone();
        // A module may tell its diff unasked; it is registered, and not shown.
        if !self.diff {
            d.remove("diff");
        }
        d
    }
    pub fn ignored_or_failed(&self) -> bool {
        self.failed || self.unreachable
    }
}

impl Engine<'_> {
    /// Runs the task once for each item and sums up.
    pub(crate) fn each_item(&mut self, cx: &mut TaskContext, items: Vec<Value>) -> Outcome {
        let control = |me: &Self, cx: &TaskContext, key: &str| -> Option<Value> {
            let v = cx.task.loop_control.get(key)?;
            me.render(cx, v).ok().filter(|v| !v.is_null() && !is_omit(v))
        };
        let loop_var = control(self, cx, "loop_var").map_or_else(|| "item".to_owned(), |v| py_str(&v));
        let index_var = control(self, cx, "index_var").map(|v| py_str(&v));
        let pause = control(self, cx, "pause").and_then(|v| v.as_f64().or_else(|| v.as_str()?.parse().ok())).unwrap_or(0.0);
        let extended = control(self, cx, "extended").is_some_and(|v| to_bool(&v).unwrap_or(false));
        let all_items = control(self, cx, "extended_allitems").is_none_or(|v| to_bool(&v).unwrap_or(true));
        let count = items.len();
        let before = cx.locals.clone();
        let mut outer = before.clone();
        let mut sum = Outcome { skipped: true, ..Outcome::default() };
        let mut results: Vec<Value> = Vec::with_capacity(count);
        outer.insert("_task", dict! { "loop_result" => dict! { "results" => Value::list(Vec::new()) } });
        for (i, item) in items.iter().enumerate() {
            if i > 0 && pause > 0.0 {
                std::thread::sleep(Duration::from_secs_f64(pause));
            }
            cx.locals = outer.clone();
            cx.locals.insert(loop_var.as_str(), item.clone());
            cx.locals.insert("ansible_loop_var", loop_var.as_str());
            cx.place.item = Some(i as u32);
            if let Some(name) = &index_var {
                cx.locals.insert(name.as_str(), i);
                cx.locals.insert("ansible_index_var", name.as_str());
            }
            let info = extended.then(|| extended_info(&items, i, all_items));
            if let Some(info) = &info {
                cx.locals.insert("ansible_loop", info.clone());
            }
            let mut one = self.once(cx, None);
            one.result.insert(loop_var.as_str(), item.clone());
            one.result.insert("ansible_loop_var", loop_var.as_str());
            if let Some(name) = &index_var {
                one.result.insert(name.as_str(), i);
                one.result.insert("ansible_index_var", name.as_str());
            }
            if let Some(mut info) = info {
                info.remove("allitems");
                one.result.insert("ansible_loop", info);
            }
            // Facts that an item sets are seen by the next one, and so is what it registers.
            self.vars.apply(&one.changes);
            if let Some(name) = &cx.task.register {
                let own = Value::dict(one.registered());
                outer.insert(name.as_str(), own.clone());
                cx.locals.insert(name.as_str(), own);
            }
            let own = Value::dict(one.registered());
            let so_far: Vec<Value> = results.iter().cloned().chain([own.clone()]).collect();
            let told = task_view(own, Some(dict! { "results" => so_far }));
            for locals in [&mut outer, &mut cx.locals] {
                locals.insert("_task", told.clone());
                locals.update(&cx.task.projections);
            }
            let label = match cx.task.loop_control.get("label") {
                Some(v) => self.render(cx, v).unwrap_or_else(|e| {
                    let warning = Value::from(format!("Failed to template loop_control.label: {e}"));
                    let mut warnings = one.result.get("warnings").and_then(Value::as_list).map(<[Value]>::to_vec).unwrap_or_default();
                    warnings.push(warning);
                    one.result.insert("warnings", warnings);
                    Value::Null
                }),
                None => item.clone(),
            };
            sum.changes.set.update(&one.changes.set);
            sum.changes.facts.update(&one.changes.facts);
            sum.changes.included.update(&one.changes.included);
            let status = one.status();
            self.world.event(TaskEvent::Item {
                position: cx.place.position.clone(),
                status,
                result: one.public(),
                label: if one.no_log { Value::from("(censored due to no_log)") } else { label },
                errors: one.errors.clone(),
                delegated: one.delegated.clone(),
            });
            sum.changed |= one.changed;
            sum.failed |= one.failed;
            sum.unreachable |= one.unreachable;
            sum.skipped &= one.skipped;
            sum.no_log |= one.no_log;
            if one.failed || one.unreachable {
                sum.ignored = one.ignored;
                if sum.errors.is_empty() {
                    sum.errors = one.errors.clone();
                }
            }
            let unreachable = one.unreachable;
            let registered = one.registered();
            results.push(Value::dict(registered));
            if unreachable {
                break;
            }
            if self.loop_breaks(cx, results.last()) || self.stop.is_some() {
                break;
            }
        }
        let last = std::mem::replace(&mut cx.locals, before);
        cx.place.item = None;
        sum.result = dict! { "results" => results.clone(), "changed" => sum.changed };
        let msg = if sum.failed {
            "One or more items failed"
        } else if sum.skipped {
            "All items skipped"
        } else {
            "All items completed"
        };
        sum.result.insert("msg", msg);
        if sum.failed {
            sum.result.insert("failed", true);
        }
        if sum.skipped {
            sum.result.insert("skipped", true);
        }
        if !cx.task.projections.is_empty() {
            let mut view = cx.clone();
            view.locals = last;
            let all = Value::dict(sum.registered());
            let own = results.last().cloned().unwrap_or_default();
            view.locals.insert("_task", task_view(own, all.as_dict().cloned()));
            self.project(&view, &mut sum);
        }
        // The summary's own chain is not printed: the items' were.
        sum.errors.clear();
        sum
    }
    /// Stores what `register` as a mapping asks for.
    pub(crate) fn project(&self, cx: &TaskContext, outcome: &mut Outcome) {
        let mut view = cx.clone();
        view.locals.update(&cx.task.projections);
        for (name, expression) in cx.task.projections.str_iter() {
            match self.render(&view, expression) {
                Ok(v) => _ = outcome.changes.set.insert(name, v),
                Err(e) => self.world.warning(format!("The registered variable '{name}' has no value: {e}")),
            }
        }
    }
    /// `loop_control.break_when`.
    fn loop_breaks(&self, cx: &TaskContext, last: Option<&Value>) -> bool {
        let Some(conditions) = cx.task.loop_control.get("break_when") else { return false };
        let mut cx = cx.clone();
        if let (Some(name), Some(last)) = (&cx.task.register.clone(), last) {
            cx.locals.insert(name.as_str(), last.clone());
        }
        let list = conditions.as_list().map(<[Value]>::to_vec).unwrap_or_else(|| vec![conditions.clone()]);
        !list.is_empty() && list.iter().all(|c| self.condition(&cx, c).unwrap_or(false))
    }
    /// The keywords that shape the execution.
    pub(crate) fn manner(&self, cx: &TaskContext) -> Result<Manner, Failure> {
        let mut environment = Dict::new();
        for entry in &cx.inherited.environment {
            match self.render(cx, entry).map_err(Failure::from)? {
                Value::Dict(d) => {
                    for (k, v) in d.iter() {
                        if !is_omit(v) {
                            environment.insert(k.clone(), py_str(v));
                        }
                    }
                }
                v if v.is_null() || is_omit(&v) => {}
                v => self.world.warning(format!("could not parse environment value, skipping: {}", py_str(&v))),
            }
        }
        let seconds = |v: Option<Value>, name: &str| -> Result<Option<u64>, Failure> {
            v.map(|v| number(name, &v).map(|n| n.max(0.0) as u64)).transpose()
        };
        let render = |v: &Option<Value>| v.as_ref().map(|v| self.render(cx, v)).transpose().map_err(Failure::from);
        let throttle = cx.inherited.get("throttle").map(|raw| {
            self.render(cx, raw).map_err(|e| {
                Failure::new(format!("Failed to convert the throttle value to an integer: {e}")).at(origin_of(raw))
            })
        });
        if let Some(v) = throttle.transpose()?.filter(|v| !v.is_null() && !is_omit(v)) {
            let given = py_str(&v);
            if v.as_i64().is_none() && given.trim().parse::<i64>().is_err() {
                let text = format!("Failed to convert the throttle value to an integer: invalid literal for int() with base 10: {}", rustle_value::py_repr(&v));
                return Err(Failure::new(text).at(cx.inherited.get("throttle").and_then(origin_of)));
            }
        }
        let timeout = seconds(self.keyword(cx, "timeout")?, "timeout")?.filter(|t| *t > 0);
        let async_seconds = seconds(render(&cx.task.async_seconds)?, "async")?.filter(|t| *t > 0);
        let poll = seconds(render(&cx.task.poll)?, "poll")?.unwrap_or(15);
        Ok(Manner {
            check: self.keyword_bool(cx, "check_mode", self.options.check)?,
            diff: self.keyword_bool(cx, "diff", self.options.diff)?,
            no_log: self.keyword_bool(cx, "no_log", false)?,
            delegate: self.keyword_str(cx, "delegate_to")?.filter(|d| !d.is_empty()),
            environment,
            elevate: self.elevation(cx)?,
            timeout,
            async_seconds,
            poll,
        })
    }
    /// Become: variables over keywords over the command line.
    fn elevation(&self, cx: &TaskContext) -> Result<Option<Become>, Failure> {
        let config = |name: &str| self.options.config.get(name).filter(|v| !v.is_null()).cloned();
        let wanted = match self.variable_str(cx, "ansible_become")? {
            Some(v) => to_bool(&Value::from(v)).unwrap_or(false),
            None => self.keyword_bool(cx, "become", config("DEFAULT_BECOME").is_some_and(|v| to_bool(&v).unwrap_or(false)))?,
        };
        if !wanted {
            return Ok(None);
        }
        let pick = |var: &[&str], keyword: &str, setting: &str| -> Result<Option<String>, Failure> {
            for name in var {
                if let Some(v) = self.variable_str(cx, name)? {
                    return Ok(Some(v));
                }
            }
            Ok(self.keyword_str(cx, keyword)?.or_else(|| config(setting).map(|v| py_str(&v))))
        };
        let method = pick(&["ansible_become_method"], "become_method", "DEFAULT_BECOME_METHOD")?.unwrap_or_else(|| "sudo".into());
        let short = method.rsplit('.').next().unwrap_or(&method).to_owned();
        let own = |suffix: &str| format!("ansible_{short}_{suffix}");
        let user = pick(&["ansible_become_user", &own("user")], "become_user", "DEFAULT_BECOME_USER")?.unwrap_or_else(|| "root".into());
        if self.remote_user.as_deref() == Some(&user) && cx.task.keywords.other.get("delegate_to").is_none() {
            return Ok(None);
        }
        let password = match self.variable_str(cx, "ansible_become_password")? {
            Some(p) => Some(p),
            None => match self.variable_str(cx, "ansible_become_pass")? {
                Some(p) => Some(p),
                None => self.variable_str(cx, &own("pass"))?.or_else(|| self.become_password.clone()),
            },
        };
        Ok(Some(Become {
            method: short.clone(),
            user,
            flags: pick(&["ansible_become_flags", &own("flags")], "become_flags", "DEFAULT_BECOME_FLAGS")?,
            exe: pick(&["ansible_become_exe", &own("exe")], "become_exe", "DEFAULT_BECOME_EXE")?,
            password,
        }))
    }
    /// Runs the task once: with the current item, where it has a loop. `loop_error` is why its loop has no items:
    /// that matters only if its conditions hold.
    pub(crate) fn once(&mut self, cx: &mut TaskContext, loop_error: Option<Failure>) -> Outcome {
        match self.conditions_hold(cx) {
            Ok(None) => {}
            Ok(Some(skip)) => return Outcome { no_log: self.keyword_bool(cx, "no_log", false).unwrap_or(true), ..Outcome::skipped(skip) },
            // Conditions may themselves need what the loop lacks: the loop's error is the better one.
            Err(e) => {
                let no_log = self.keyword_bool(cx, "no_log", false).unwrap_or(true);
                let mut outcome = Outcome { no_log, ..Outcome::from_failure(loop_error.unwrap_or(e), cx) };
                self.ignore(cx, &mut outcome);
                return outcome;
            }
        }
        if let Some(e) = loop_error {
            let no_log = self.keyword_bool(cx, "no_log", false).unwrap_or(true);
            let mut outcome = Outcome { no_log, ..Outcome::from_failure(e, cx) };
            self.ignore(cx, &mut outcome);
            return outcome;
        }
        let manner = match self.manner(cx) {
            Ok(m) => m,
            Err(e) => {
                let no_log = self.keyword_bool(cx, "no_log", false).unwrap_or(true);
                let mut outcome = Outcome { no_log, ..Outcome::from_failure(e.inside("Task failed", cx.task.origin.as_ref()), cx) };
                self.ignore(cx, &mut outcome);
                return outcome;
            }
        };
        let mut outcome = match self.attempts(cx, &manner) {
            Ok(outcome) => outcome,
            Err(failure) => {
                let failure = if failure.unreachable || failure.parts.first().is_some_and(|p| p.message.starts_with("Task failed")) {
                    failure
                } else {
                    failure.inside("Task failed", cx.task.origin.as_ref())
                };
                Outcome::from_failure(failure, cx)
            }
        };
        outcome.no_log |= manner.no_log || outcome.result.get("_ansible_no_log").is_some_and(Value::truthy);
        outcome.delegated = manner.delegate.clone();
        outcome.diff = manner.diff;
        self.ignore(cx, &mut outcome);
        outcome
    }
    fn ignore(&self, cx: &TaskContext, outcome: &mut Outcome) {
        if outcome.failed {
            outcome.ignored = self.keyword_bool(cx, "ignore_errors", false).unwrap_or(false);
        } else if outcome.unreachable {
            outcome.ignored = self.keyword_bool(cx, "ignore_unreachable", false).unwrap_or(false);
        }
    }
    /// `Ok(Some(result))` where a condition is false.
    pub(crate) fn conditions_hold(&self, cx: &TaskContext) -> Result<Option<Dict>, Failure> {
        for condition in &cx.inherited.when {
            match self.condition(cx, condition) {
                Ok(true) => {}
                Ok(false) => {
                    return Ok(Some(dict! {
                        "changed" => false,
                        "skipped" => true,
                        "skip_reason" => "Conditional result was False",
                        "false_condition" => condition.as_str().map_or_else(|| condition.clone(), Value::from),
                    }));
                }
                Err(e) => return Err(conditional_failure("when", e, condition).inside("Task failed", cx.task.origin.as_ref())),
            }
        }
        Ok(None)
    }
    /// Arguments with `module_defaults` below them, rendered, `omit` left out.
    pub fn arguments(&self, cx: &TaskContext) -> Result<Dict, Failure> {
        self.arguments_but(cx, &[])
    }
    /// As [`Engine::arguments`], without some that are never looked at.
    pub(crate) fn arguments_but(&self, cx: &TaskContext, without: &[&str]) -> Result<Dict, Failure> {
        let mut raw = Dict::new();
        for defaults in &cx.inherited.module_defaults {
            let rendered = match defaults {
                Value::Dict(d) => (**d).clone(),
                other => match self.render(cx, other).map_err(Failure::from)? {
                    Value::Dict(d) => (*d).clone(),
                    _ => continue,
                },
            };
            for (name, values) in rendered.str_iter() {
                let short = |n: &str| n.trim_start_matches("ansible.builtin.").trim_start_matches("ansible.legacy.").to_owned();
                if short(name) == short(&cx.task.action)
                    && let Value::Dict(d) = self.render(cx, values).map_err(Failure::from)?
                {
                    raw.update(&d);
                }
            }
        }
        if let Some(whole) = cx.task.args.get("_variable_params") {
            // Only the mapping: its values may never be needed.
            match self.jinja.render_shallow(whole, &self.scope(cx)).map_err(|e| self.argument_failure(cx, "args", e, whole))? {
                Value::Dict(d) => raw.update(&d),
                v if v.is_null() || is_omit(&v) => {}
                v => {
                    let text = format!("Task args must resolve to a 'dict' not '{}'.", v.type_name());
                    let failure = Failure::new(text).at(origin_of(whole));
                    return Err(failure.inside(format!("Task failed: Finalization of task args for '{}' failed", cx.task.action), cx.task.origin.as_ref()));
                }
            }
        }
        for (k, v) in cx.task.args.iter() {
            if k.as_str() != Some("_variable_params") {
                raw.insert(k.clone(), v.clone());
            }
        }
        let mut out = Dict::with_capacity(raw.len());
        for name in without {
            raw.remove(name);
        }
        for (k, v) in raw.iter() {
            let name = py_str(k);
            let rendered = self.render(cx, v).map_err(|e| self.argument_failure(cx, &name, e, v))?;
            if let Value::Dict(d) = &rendered
                && name == "_raw_params"
            {
                // `add_host: "{{ a_dict }}"`
                out.update(d);
            } else if !is_omit(&rendered) {
                let key = self.argument_name(cx, k)?;
                out.insert(key, rendered);
            }
        }
        Ok(out)
    }
    /// An argument's name: names that the task itself gives to facts may be templates.
    fn argument_name(&self, cx: &TaskContext, key: &Value) -> Result<Value, Failure> {
        let source: Arc<str> = match key {
            Value::Template(_) if &*cx.task.action == "ansible.builtin.set_fact" => return self.render(cx, key).map_err(Failure::from),
            Value::Template(_) => return Ok(Value::from(self.render_str(cx, key).map_err(Failure::from)?)),
            Value::Str(s) if &*cx.task.action == "ansible.builtin.set_fact" && cx.task.args.contains_key(s) && rustle_value::is_template(s) => s.to_string().into(),
            _ => return Ok(key.clone()),
        };
        self.render(cx, &Value::Template(Arc::new(rustle_value::Template { source, origin: cx.task.origin.clone() }))).map_err(Failure::from)
    }
    /// How an argument's failure is worded.
    pub(crate) fn argument_failure(&self, cx: &TaskContext, name: &str, e: rustle_jinja::Error, v: &Value) -> Failure {
        let mut failure = Failure::from(e).at(origin_of(v));
        if let Some(part) = failure.parts.first_mut() {
            part.message = format!("Error while resolving value for '{name}': {}", part.message);
            part.origin = part.origin.take().or_else(|| origin_of(v).cloned());
        }
        failure.inside(format!("Task failed: Finalization of task args for '{}' failed", cx.task.action), cx.task.origin.as_ref())
    }
    /// The action, as often as `until` wants.
    fn attempts(&mut self, cx: &mut TaskContext, manner: &Manner) -> Result<Outcome, Failure> {
        let render = |me: &Self, cx: &TaskContext, v: &Option<Value>, name: &str| -> Result<Option<f64>, Failure> {
            match v {
                None => Ok(None),
                Some(v) => {
                    let v = me.render(cx, v).map_err(Failure::from)?;
                    if v.is_null() || is_omit(&v) { Ok(None) } else { number(name, &v).map(Some) }
                }
            }
        };
        let retries = render(self, cx, &cx.task.retries, "retries")?;
        let delay = render(self, cx, &cx.task.delay, "delay")?.unwrap_or(5.0).max(0.0);
        let until = cx.task.until.clone();
        let tries = match (retries, until.is_empty()) {
            (None, true) => 1,
            (None, false) => 4,
            (Some(n), _) => (n.max(0.0) as u32).saturating_add(1),
        };
        let repeats = !until.is_empty() || retries.is_some();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let mut outcome = self.attempt(cx, manner)?;
            if !repeats {
                return Ok(outcome);
            }
            if outcome.unreachable || outcome.skipped {
                return Ok(outcome);
            }
            outcome.result.insert("attempts", attempt);
            let met = if until.is_empty() {
                !outcome.failed
            } else {
                let judged = self.judging(cx, &outcome);
                let mut all = true;
                for condition in &until {
                    match self.condition(&judged, condition) {
                        Ok(true) => {}
                        Ok(false) => all = false,
                        Err(e) => return Err(conditional_failure("until", e, condition).inside("Task failed", cx.task.origin.as_ref())),
                    }
                    if !all {
                        break;
                    }
                }
                all
            };
            if met {
                return Ok(outcome);
            }
            if attempt >= tries {
                // The count that Ansible gives is that of the retries.
                outcome.result.insert("attempts", attempt - u32::from(tries > 1));
                outcome.failed = true;
                outcome.result.insert("failed", true);
                return Ok(outcome);
            }
            self.world.event(TaskEvent::Retry {
                position: cx.place.position.clone(),
                attempts: attempt,
                left: tries - attempt - 1,
                result: outcome.public(),
            });
            std::thread::sleep(Duration::from_secs_f64(delay));
            self.take_updates();
            if self.stop.is_some() {
                return Ok(outcome);
            }
        }
    }
    /// A context in which the task's own result is seen under its `register` name.
    fn judging(&self, cx: &TaskContext, outcome: &Outcome) -> TaskContext {
        let mut cx = cx.clone();
        if let Some(name) = &cx.task.register.clone() {
            cx.locals.insert(name.as_str(), outcome.registered());
        }
        let own = Value::dict(outcome.registered());
        let listed = cx.place.item.and_then(|_| {
            let before = cx.locals.get("_task")?.as_dict()?.get("loop_result")?.as_dict()?.get("results")?.as_list()?.to_vec();
            Some(dict! { "results" => before.into_iter().chain([own.clone()]).collect::<Vec<_>>() })
        });
        cx.locals.insert("_task", task_view(own, listed));
        let projections = cx.task.projections.clone();
        cx.locals.update(&projections);
        // The result's own keys are variables in changed_when and failed_when.
        cx
    }
    /// One attempt: action, facts, `changed_when`, `failed_when`.
    fn attempt(&mut self, cx: &mut TaskContext, manner: &Manner) -> Result<Outcome, Failure> {
        let (mut result, mut errors) = match actions::run(self, cx, manner) {
            Ok(result) => (result, Vec::new()),
            Err(failure) if failure.unreachable => return Err(failure),
            Err(failure) => {
                let failure = if failure.parts.first().is_some_and(|p| p.message.starts_with("Task failed")) {
                    failure
                } else {
                    failure.inside("Task failed", cx.task.origin.as_ref())
                };
                let (mut r, e) = failure.into_result();
                if !r.contains_key("changed") {
                    r.insert("changed", false);
                }
                (r, e)
            }
        };
        let skipped = result.get("skipped").is_some_and(Value::truthy);
        let unreachable = result.get("unreachable").is_some_and(Value::truthy);
        let mut failed = match result.get("failed") {
            Some(v) => v.truthy(),
            None => result.get("rc").is_some_and(|rc| !matches!(rc, Value::Null | Value::Int(0)) && rc.as_str() != Some("0")),
        };
        let (parts, cause) = crate::foreign::causes(&mut result, cx);
        if failed && errors.is_empty() && !unreachable && !parts.is_empty() {
            errors = parts;
        }
        if failed && errors.is_empty() && !unreachable {
            let text = cause.or_else(|| result.get("msg").map(py_str)).filter(|m| !m.is_empty()).unwrap_or_else(|| "Unknown error.".into());
            // Ansible's `raw` is an action that needs no module.
            let kind = if actions::is_action(&cx.task.action) || &*cx.task.action == "ansible.builtin.raw" { "Action failed" } else { "Module failed" };
            errors.push(ErrorPart { message: format!("Task failed: {kind}: {text}"), origin: cx.task.origin.clone(), help: None });
            if !result.contains_key("msg") {
                result.insert("msg", format!("Task failed: {kind}: {text}"));
            }
        }
        let mut changed = result.get("changed").is_some_and(Value::truthy);
        for key in ["stdout", "stderr"] {
            let lines = format!("{key}_lines");
            if let Some(Value::Str(text)) = result.get(key)
                && !result.contains_key(&lines)
            {
                let split: Vec<Value> = python_lines(text).into_iter().map(Value::from).collect();
                result.insert(lines, split);
            }
        }
        let mut changes = VarChanges::default();
        if let Some(Value::Dict(facts)) = result.get("ansible_facts") {
            match &*cx.task.action {
                "ansible.builtin.set_fact" => changes.set.update(facts),
                "ansible.builtin.include_vars" => changes.included.update(facts),
                _ => {
                    let (kept, gone) = crate::foreign::allowed_facts(facts);
                    for name in gone {
                        self.world.warning(format!("Removed restricted key from module data: {name}"));
                    }
                    changes.facts.update(&kept);
                }
            }
            if &*cx.task.action == "ansible.builtin.set_fact" && result.get("_ansible_facts_cacheable").is_some_and(Value::truthy) {
                changes.facts.update(facts);
            }
        }
        // `delegate_facts`: what the task learned is the other host's.
        if let Some(other) = &manner.delegate
            && !changes.is_empty()
            && self.keyword_bool(cx, "delegate_facts", false)?
        {
            self.world.learned(other, std::mem::take(&mut changes));
        }
        if result.get("_ansible_suppress").is_some() {
            result.remove("_ansible_suppress");
        }
        result.insert("changed", changed);
        let mut outcome = Outcome { result, errors, changes, changed, failed, skipped, unreachable, ..Outcome::default() };
        if skipped || unreachable {
            return Ok(outcome);
        }
        if !cx.task.changed_when.is_empty() || !cx.task.failed_when.is_empty() {
            self.vars.apply(&VarChanges { set: Dict::new(), ..outcome.changes.clone() });
        }
        let judge = |me: &Self, cx: &TaskContext, outcome: &Outcome, list: &[Value], what: &str| -> Result<Option<bool>, Failure> {
            if list.is_empty() {
                return Ok(None);
            }
            let judged = me.judging(cx, outcome);
            for condition in list {
                match me.condition(&judged, condition) {
                    Ok(true) => {}
                    Ok(false) => return Ok(Some(false)),
                    Err(e) => {
                        let text = e.to_string();
                        let kind = if outcome.failed { "Module failed" } else { "Action failed" };
                        let mut failure = conditional_failure(what, e, condition).inside(format!("Task failed: {kind}"), cx.task.origin.as_ref());
                        failure.result.insert(format!("{what}_result"), text);
                        return Err(failure);
                    }
                }
            }
            Ok(Some(true))
        };
        let broken = |failure: Failure, mut outcome: Outcome, what: &str| {
            let (mut extra, errors) = failure.into_result();
            // A module's own words stay; those of a crash are the crash's.
            if outcome.result.contains_key("msg") && !outcome.result.contains_key("exception") {
                extra.remove("msg");
            }
            if outcome.failed {
                outcome.result.insert(format!("{what}_suppressed_exception"), "(traceback unavailable)");
            }
            outcome.result.update(&extra);
            outcome.failed = true;
            outcome.errors = errors;
            outcome
        };
        match judge(self, cx, &outcome, &cx.task.changed_when, "changed_when") {
            Ok(Some(verdict)) => {
                changed = verdict;
                outcome.changed = changed;
                outcome.result.insert("changed", changed);
            }
            Ok(None) => {}
            Err(failure) => return Ok(broken(failure, outcome, "changed_when")),
        }
        match judge(self, cx, &outcome, &cx.task.failed_when, "failed_when") {
            Ok(Some(verdict)) => {
                let before = failed;
                failed = verdict;
                outcome.failed = failed;
                outcome.result.insert("failed", failed);
                outcome.result.insert("failed_when_result", verdict);
                if before {
                    outcome.result.insert("failed_when_suppressed_exception", "(traceback unavailable)");
                }
                if failed && before {
                    let message = "Task failed: Module failed: A 'failed_when' expression evaluated to 'True'.";
                    outcome.errors = vec![ErrorPart { message: message.into(), origin: cx.task.origin.clone(), help: None }];
                } else if failed {
                    let message = "Task failed: Action failed: A 'failed_when' expression evaluated to 'True'.";
                    // What the task said itself stays.
                    if !outcome.result.get("msg").is_some_and(Value::truthy) {
                        outcome.result.insert("msg", message);
                    }
                    outcome.errors = vec![ErrorPart { message: message.into(), origin: cx.task.origin.clone(), help: None }];
                } else if !failed {
                    outcome.errors.clear();
                }
            }
            Ok(None) => {}
            Err(failure) => return Ok(broken(failure, outcome, "failed_when")),
        }
        Ok(outcome)
    }
}

impl Outcome {
    /// The status of one item.
    fn status(&self) -> rustle_stream::event::Status {
        use rustle_stream::event::Status;
        if self.unreachable {
            Status::Unreachable
        } else if self.failed {
            if self.ignored { Status::Ignored } else { Status::Failed }
        } else if self.skipped {
            Status::Skipped
        } else if self.changed {
            Status::Changed
        } else {
            Status::Ok
        }
    }
}

/// What is said of text that the user did not write where an expression is needed.
pub(crate) const UNTRUSTED: &str = "Encountered untrusted template or expression.";
pub(crate) const UNTRUSTED_HELP: &str =
    "Templates and expressions must be defined by trusted sources such as playbooks or roles, not untrusted sources such as module results.";

/// A condition that could not be evaluated.
fn conditional_failure(keyword: &str, e: rustle_jinja::Error, condition: &Value) -> Failure {
    let text = e.to_string();
    let origin = e.detail().and_then(|d| d.origin.clone());
    let broken = text.starts_with("Conditional result");
    let at = origin.as_ref().or_else(|| origin_of(condition));
    if broken {
        return Failure::new(text)
            .at(at)
            .help("Broken conditionals can be temporarily allowed with the `ALLOW_BROKEN_CONDITIONALS` configuration option.")
            .inside(format!("A '{keyword}' expression failed"), origin_of(condition));
    }
    let article = if keyword == "until" { "An" } else { "A" };
    let failure = Failure::new(format!("{article} '{keyword}' expression failed: {text}")).at(at);
    if text.starts_with(UNTRUSTED) { failure.help(UNTRUSTED_HELP) } else { failure }
}

/// `ansible_loop` for item `i`.
pub(crate) fn extended_info(items: &[Value], i: usize, all: bool) -> Dict {
    let n = items.len();
    let mut d = dict! {
        "index" => i + 1,
        "index0" => i,
        "first" => i == 0,
        "last" => i + 1 == n,
        "length" => n,
        "revindex" => n - i,
        "revindex0" => n - i - 1,
    };
    if all {
        d.insert("allitems", items.to_vec());
    }
    if i > 0 {
        d.insert("previtem", items[i - 1].clone());
    }
    if i + 1 < n {
        d.insert("nextitem", items[i + 1].clone());
    }
    d
}

/// Python's `str.splitlines()`.
fn python_lines(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(['\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}']);
        let Some(end) = end else {
            out.push(rest);
            break;
        };
        out.push(&rest[..end]);
        let width = if rest[end..].starts_with("\r\n") { 2 } else { rest[end..].chars().next().map_or(1, char::len_utf8) };
        rest = &rest[end + width..];
    }
    out
}

/// `_task`: what expressions of a task see of its result.
pub(crate) fn task_view(own: Value, listed: Option<Dict>) -> Value {
    let mut d = dict! { "result" => own.clone() };
    match listed {
        Some(l) => {
            d.insert("polymorphic_result", Value::dict(l.clone()));
            d.insert("loop_result", Value::dict(l));
        }
        None => _ = d.insert("polymorphic_result", own),
    }
    Value::dict(d)
}
