//! A task's arguments: `module_defaults` below them, rendered, `omit` left out.

use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::{Failure, origin_of};
use rustle_jinja::is_omit;
use rustle_value::{Dict, Value, py_str};
use std::sync::Arc;

impl Engine<'_> {
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
                // The nearest level that names the module counts alone.
                if short(name) == short(&cx.task.action)
                    && let Value::Dict(d) = self.render(cx, values).map_err(Failure::from)?
                {
                    raw = (*d).clone();
                }
            }
        }
        if let Some(whole) = cx.task.args.get("_variable_params") {
            // Text around a template cannot come to a mapping.
            if whole.as_str().map(str::trim).is_some_and(|t| !(t.starts_with("{{") && t.ends_with("}}"))) {
                return Err(Failure::new(format!("Action '{}' does not support raw params.", cx.task.action)).of_task(&cx.task));
            }
            // Only the mapping: its values may never be needed.
            match self.jinja.render_shallow(whole, &self.scope(cx)).map_err(|e| self.argument_failure(cx, "args", e, whole))? {
                Value::Dict(d) => raw.update(&d),
                v if v.is_null() || is_omit(&v) => {}
                v => {
                    let text = format!("Task args must resolve to a 'dict' not '{}'.", v.type_name());
                    let failure = Failure::new(text).at(origin_of(whole));
                    return Err(failure.of_arguments(&cx.task));
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
        let failure = Failure::from(e).at(origin_of(v));
        // The argument's own place; where that is not known, the place of what went wrong.
        let inner = failure.parts.first().and_then(|p| p.origin.clone());
        let at = origin_of(v).cloned().or(inner);
        failure.inside(format!("Error while resolving value for '{name}'"), at.as_ref()).of_arguments(&cx.task)
    }
}
