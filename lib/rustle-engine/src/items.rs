//! A task's loop: one execution per item, and their sum.

use crate::context::{TaskContext, to_bool};
use crate::engine::Engine;
use crate::failure::{Failure, origin_of};
use crate::outcome::{Outcome, task_view};
use rustle_jinja::is_omit;
use rustle_stream::event::TaskEvent;
use rustle_stream::protocol::{Call, Reply};
use rustle_value::{Dict, Origin, Value, dict, py_str};
use std::time::Duration;

impl Engine<'_> {
    /// The list to loop over, if any.
    pub fn loop_items(&mut self, cx: &TaskContext) -> Result<Option<Vec<Value>>, Failure> {
        let Some(repeat) = &cx.task.repeat else { return Ok(None) };
        let at = origin_of(&repeat.value).or(repeat.origin.as_ref()).or(cx.task.origin.as_ref()).cloned();
        let lost = |e: rustle_jinja::Error| matches!(e, rustle_jinja::Error::NeedsController { .. });
        let evaluated = match &repeat.with {
            None => self.render(cx, &repeat.value),
            Some(name) => match self.terms(cx, name, &repeat.value) {
                Ok(terms) if is_omit(&terms) => Ok(terms),
                Ok(terms) => match self.with_lookup(cx, name, terms) {
                    Err(e) if !lost(e.clone()) && !e.to_string().ends_with("was not found.") => {
                        let nowhere = Origin::new("<unknown>", 0, 0);
                        return Err(Failure::new(e.to_string()).at(Some(&nowhere)).help("invoke_lookup()"));
                    }
                    done => done,
                },
                Err(e) => Err(e),
            },
        };
        if let Some(call) = self.range_called(cx, &repeat.value) {
            return Err(Failure::new("Type 'range' is unsupported for variable storage.")
                .at(Some(&Origin::new("<unknown>", 0, 0)))
                .help(&call)
                .inside("Error rendering template", at.as_ref()));
        }
        let value = match evaluated {
            Ok(v) if is_omit(&v) => {
                return Err(Failure::new("A template was resolved to an Omit scalar.")
                    .at(at.as_ref())
                    .help("Callers must be prepared to handle this value. This is most likely a bug in the code requesting templating."));
            }
            Ok(v) => v,
            Err(e) if lost(e.clone()) => {
                let call = Call::Items { task: cx.task.id, scope: cx.place.frames.clone() };
                match self.ask(&cx.place.position, call)? {
                    Reply::Value { value, deprecations } => self.heard(value, deprecations),
                    _ => return Err(Failure::new("the controller sent no items").at(at.as_ref())),
                }
            }
            Err(e) => return Err(Failure::from(e).at(at.as_ref()).inside("Task failed", cx.task.origin.as_ref())),
        };
        match value {
            Value::List(l) | Value::Tuple(l) => Ok(Some(l.iter().map(untuple).collect())),
            other => Err(Failure::new(format!("The `loop` value must resolve to a 'list', not '{}'.", other.type_name()))
                .at(at.as_ref())
                .help("Provide a list of items/templates, or a template resolving to a list.")),
        }
    }
    /// Where the loop's list is what `range` returned, and nothing made a list of it: the call as Python shows it.
    fn range_called(&self, cx: &TaskContext, v: &Value) -> Option<String> {
        let Value::Template(t) = v else { return None };
        let inner = t.source.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim_matches(|c: char| c.is_whitespace() || c == '-');
        if rustle_jinja::bare_name(t.source.trim()).is_some() {
            return self.scope(cx).layers.get(inner).filter(|inner| inner != v).and_then(|inner| self.range_called(cx, &inner));
        }
        let arguments = inner.strip_prefix("range(")?.strip_suffix(')')?;
        let mut depth = 0;
        for c in arguments.chars() {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            if depth < 0 {
                return None;
            }
        }
        let list = self.render(cx, &Value::trusted(format!("{{{{ [{arguments}] }}}}"), None)).ok()?;
        let list: Vec<String> = list.as_list()?.iter().map(py_str).collect();
        Some(if list.len() == 1 { format!("range(0, {})", list[0]) } else { format!("range({})", list.join(", ")) })
    }
    /// The terms of a `with_<name>`.
    fn terms(&self, cx: &TaskContext, name: &str, value: &Value) -> Result<Value, rustle_jinja::Error> {
        if !rustle_jinja::lookups::takes_what_is_known(name) {
            return self.render(cx, value);
        }
        let scope = self.scope(cx);
        let known = rustle_jinja::Interp::new(&self.jinja, &scope).settle_known(value.clone())?;
        Ok(known.unwrap_or_else(|| Value::list(Vec::new())))
    }
    /// `with_<name>`: the lookup's answer for the terms.
    fn with_lookup(&self, cx: &TaskContext, name: &str, terms: Value) -> Result<Value, rustle_jinja::Error> {
        let terms = match terms {
            Value::List(l) | Value::Tuple(l) => l.to_vec(),
            other => vec![other],
        };
        let scope = self.scope(cx);
        let mut interp = rustle_jinja::Interp::new(&self.jinja, &scope);
        rustle_jinja::lookups::execute(&mut interp, name, rustle_jinja::Args::positional(terms))
    }
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
        self.warn_of_taken(cx, &loop_var);
        let before = cx.locals.clone();
        let mut outer = before.clone();
        let mut sum = Outcome { skipped: true, ..Outcome::default() };
        let mut results: Vec<Value> = Vec::with_capacity(count);
        let mut deprecations = Vec::new();
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
            if !one.skipped {
                let names = self.notifications(cx);
                sum.notified.extend(names.into_iter().filter(|n| !sum.notified.contains(n)).collect::<Vec<_>>());
            }
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
                    item.clone()
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
                errors: one.told_errors(),
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
            deprecations.extend(crate::deprecated::of(&one.result));
            results.push(Value::dict(one.registered()));
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
        crate::deprecated::add(&mut sum.result, deprecations);
        if sum.failed {
            sum.result.insert("failed", true);
        }
        if sum.unreachable {
            sum.result.insert("unreachable", true);
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
        // The summary names the other host as the task does.
        sum.delegated = cx.inherited.get("delegate_to").filter(|_| sum.unreachable).and_then(Value::as_str).map(str::to_owned);
        // The summary's own chain is not printed: the items' were.
        sum.errors.clear();
        sum
    }
    /// A loop variable that hides another variable is most often a mistake.
    fn warn_of_taken(&self, cx: &TaskContext, name: &str) {
        if self.scope(cx).layers.get(name).is_none() {
            return;
        }
        let raw = cx.task.loop_control.get("loop_var").and_then(origin_of).cloned();
        let place = raw.map_or_else(|| format!("\nOrigin: <unknown>\n\n{name}\n"), |o| format!("\nOrigin: {}:{}:{}\n", o.file, o.line, o.column));
        self.world.warning(format!(
            "The variable '{name}' is already in use.{place}\nYou should set the `loop_var` value in the `loop_control` option for the task to \
             something else to avoid variable collisions and unexpected behavior.\n"
        ));
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
}

/// An item as variables hold it: with lists where Python had tuples.
fn untuple(v: &Value) -> Value {
    match v {
        Value::Tuple(l) => Value::list(l.iter().map(untuple).collect()),
        Value::List(l) if l.iter().any(|v| matches!(v, Value::Tuple(_) | Value::List(_))) => Value::list(l.iter().map(untuple).collect()),
        _ => v.clone(),
    }
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
