//! One execution of a task: condition, arguments, action, attempts, judgement of the result.

use crate::actions;
use crate::context::{TaskContext, number};
use crate::engine::Engine;
use crate::failure::{Failure, origin_of};
use crate::manner::Manner;
use crate::outcome::{Outcome, task_view};
use crate::vars::merged_into;
use rustle_jinja::is_omit;
use rustle_stream::event::{ErrorPart, TaskEvent};
use rustle_stream::protocol::VarChanges;
use rustle_value::{Dict, Value, dict, py_str};
use std::time::Duration;

impl Engine<'_> {
    /// Runs the task once: with the current item, where it has a loop. `loop_error` is why its loop has no items:
    /// that matters only if its conditions hold.
    pub(crate) fn once(&mut self, cx: &mut TaskContext, loop_error: Option<Failure>) -> Outcome {
        let mut outcome = self.execution(cx, loop_error);
        self.deprecated.tell(&mut outcome.result);
        outcome
    }
    fn execution(&mut self, cx: &mut TaskContext, loop_error: Option<Failure>) -> Outcome {
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
                Outcome::from_failure(failure.of_task(&cx.task), cx)
            }
        };
        outcome.no_log |= manner.no_log || outcome.result.get("_ansible_no_log").is_some_and(Value::truthy);
        // Where it was not reached, its address is not shown.
        outcome.delegated = manner.delegate.as_deref().map(|host| if outcome.unreachable { host.to_owned() } else { self.delegate_shown(cx, host) });
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
    /// A condition of a keyword. What is plain text there was marked as unsafe: it is no condition.
    fn keyword_condition(&self, cx: &TaskContext, condition: &Value) -> Result<bool, rustle_jinja::Error> {
        match condition {
            Value::Str(_) => Err(rustle_jinja::Error::runtime(UNTRUSTED)),
            _ => self.condition(cx, condition),
        }
    }
    /// `Ok(Some(result))` where a condition is false.
    pub(crate) fn conditions_hold(&self, cx: &TaskContext) -> Result<Option<Dict>, Failure> {
        for condition in &cx.inherited.when {
            match self.keyword_condition(cx, condition) {
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
    /// The action, as often as `until` wants.
    fn attempts(&mut self, cx: &mut TaskContext, manner: &Manner) -> Result<Outcome, Failure> {
        let render = |me: &Self, cx: &TaskContext, v: &Option<Value>, name: &str| -> Result<Option<f64>, Failure> {
            match v {
                None => Ok(None),
                Some(v) => {
                    let origin = origin_of(v);
                    let v = me.render(cx, v).map_err(Failure::from)?;
                    if v.is_null() || is_omit(&v) { Ok(None) } else { number(name, &v, origin).map(Some) }
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
                    match self.keyword_condition(&judged, condition) {
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
                let (mut r, e) = failure.of_task(&cx.task).into_result();
                if !r.contains_key("changed") {
                    r.insert("changed", false);
                }
                (r, e)
            }
        };
        let (by_module, more) = (result.remove(actions::BY_MODULE).is_some(), result.remove(actions::CAUSES));
        let skipped = result.get("skipped").is_some_and(Value::truthy);
        let unreachable = result.get("unreachable").is_some_and(Value::truthy);
        let mut failed = match result.get("failed") {
            Some(v) => v.truthy(),
            None => result.get("rc").is_some_and(|rc| !matches!(rc, Value::Null | Value::Int(0)) && rc.as_str() != Some("0")),
        };
        if result.contains_key("timedout") && failed && errors.is_empty() {
            // What was interrupted is the task, not only its module.
            let cause = result.get("msg").map(py_str).unwrap_or_default();
            result.insert("msg", format!("Task failed: {cause}"));
            if &*cx.task.action == "ansible.builtin.pause" {
                // It is interrupted itself, without a process for modules between.
                errors.push(ErrorPart::new("Task failed", cx.task.origin.as_ref()));
                errors.push(ErrorPart { apart: true, ..ErrorPart::new(cause, None) });
            } else {
                errors.push(ErrorPart::new(format!("Task failed: {cause}"), cx.task.origin.as_ref()));
            }
        }
        let (parts, cause) = crate::foreign::causes(&mut result, cx);
        if failed && errors.is_empty() && !unreachable && !parts.is_empty() {
            errors = parts;
        }
        if failed && errors.is_empty() && !unreachable {
            let text = cause.or_else(|| result.get("msg").filter(|m| m.truthy()).map(py_str)).filter(|m| !m.is_empty()).unwrap_or_else(|| "Unknown error.".into());
            // A module that broke off says so in the same words.
            let text = text.strip_prefix("Task failed: Module failed: ").map(str::to_owned).unwrap_or(text);
            // Ansible's `raw` is an action that needs no module.
            let action = !by_module || &*cx.task.action == "ansible.builtin.raw";
            let mut message = format!("Task failed: {}: {text}", if action { "Action failed" } else { "Module failed" });
            for cause in more.iter().flat_map(|c| c.as_list().unwrap_or_default()) {
                message = format!("{}: {}", message.trim_end_matches('.'), py_str(cause));
            }
            // A message that says nothing (`no`, an empty text) is none.
            if !result.get("msg").is_some_and(Value::truthy) {
                result.insert("msg", message.as_str());
            }
            errors.push(ErrorPart::new(message, cx.task.origin.as_ref()));
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
        let facts = result.get("ansible_facts").and_then(Value::as_dict).cloned();
        if let Some(facts) = &facts {
            match &*cx.task.action {
                "ansible.builtin.set_fact" => changes.set.update(facts),
                "ansible.builtin.include_vars" => {
                    changes.included = if self.merge_dicts { merged_into(&self.vars.included, facts) } else { facts.clone() };
                }
                // `debug: var=ansible_facts` shows them.
                "ansible.builtin.debug" => {}
                _ => {
                    let (kept, gone) = crate::foreign::allowed_facts(facts);
                    if !gone.is_empty() {
                        let told = result.get("warnings").and_then(Value::as_list).unwrap_or_default();
                        let gone = gone.iter().map(|name| Value::from(format!("Removed restricted key from module data: {name}")));
                        let all: Vec<Value> = told.iter().cloned().chain(gone).collect();
                        result.insert("warnings", all);
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
                match me.keyword_condition(&judged, condition) {
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
            if outcome.result.get("msg").is_some_and(Value::truthy) && !outcome.result.contains_key("exception") {
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
                outcome.result.insert("changed_when_result", verdict);
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
                    outcome.errors = vec![ErrorPart::new(message, cx.task.origin.as_ref())];
                } else if failed {
                    let message = "Task failed: Action failed: A 'failed_when' expression evaluated to 'True'.";
                    // What the task said itself stays.
                    if !outcome.result.get("msg").is_some_and(Value::truthy) {
                        outcome.result.insert("msg", message);
                    }
                    outcome.errors = vec![ErrorPart::new(message, cx.task.origin.as_ref())];
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

/// What is said of text that the user did not write where an expression is needed.
pub(crate) const UNTRUSTED: &str = "Encountered untrusted template or expression.";
pub(crate) const UNTRUSTED_HELP: &str =
    "Templates and expressions must be defined by trusted sources such as playbooks or roles, not untrusted sources such as module results.";

/// A condition that could not be evaluated.
fn conditional_failure(keyword: &str, e: rustle_jinja::Error, condition: &Value) -> Failure {
    let text = e.to_string();
    let origin = e.detail().and_then(|d| d.origin.clone());
    let broken = text.starts_with("Conditional result") || text.starts_with("Empty conditional");
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
