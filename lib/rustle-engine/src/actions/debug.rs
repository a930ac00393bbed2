//! `debug`: prints a message or a variable. `var` is an expression, `verbosity` the level from which on it is shown.

use super::{Action, failed_result};
use crate::context::{TaskContext, number};
use crate::engine::Engine;
use crate::failure::{Failure, origin_of};
use crate::once::Manner;
use rustle_value::{Dict, Value, dict, py_str};
use std::sync::Arc;

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.debug"], raw: true, run };

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, raw: Dict, _: &Manner) -> Result<Dict, Failure> {
    for key in raw.str_iter().map(|(k, _)| k) {
        if !["msg", "var", "verbosity", "_variable_params"].contains(&key) {
            return Ok(failed_result(format!("Unsupported parameters for (debug) module: {key}. Supported parameters include: msg, var, verbosity.")));
        }
    }
    // `var` names a variable: it is not rendered as text first.
    let mut bare = cx.clone();
    let mut task = (*cx.task).clone();
    let var = task.args.remove("var");
    bare.task = Arc::new(task);
    let args = engine.arguments(&bare)?;
    if args.contains_key("msg") && var.is_some() {
        return Ok(failed_result("parameters are mutually exclusive: msg|var"));
    }
    let level = args.get("verbosity").map(|v| number("verbosity", v)).transpose()?.unwrap_or(0.0);
    if f64::from(engine.options.verbosity) < level {
        return Ok(dict! { "changed" => false, "skipped" => true, "skipped_reason" => "Verbosity threshold not met." });
    }
    let mut result = dict! { "changed" => false };
    if let Some(var @ (Value::Dict(_) | Value::List(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_))) = &var {
        let kind = var.type_name();
        let text = rustle_value::str_repr(&py_str(&engine.render(cx, var).map_err(Failure::from)?));
        return Ok(failed_result(format!(
            "argument 'var' is of type {kind} and we were unable to convert to _check_type_str_no_conversion: {text} is not a string and conversion is not allowed"
        )));
    }
    match var.or_else(|| args.get("var").cloned()) {
        None => {
            result.insert("msg", args.get("msg").cloned().unwrap_or_else(|| Value::from("Hello world!")));
        }
        Some(var) => {
            let undefined = |why: String| Value::from(format!("<< error 1 - {why} >>"));
            let (name, value) = match &var {
                Value::Str(s) => (s.to_string(), engine.jinja.eval_expression(s, None, &engine.scope(cx))),
                Value::Template(t) if !rustle_value::is_template(&t.source) => {
                    (t.source.to_string(), engine.jinja.eval_expression(&t.source, t.origin.as_ref(), &engine.scope(cx)))
                }
                Value::Template(t) => (t.source.to_string(), engine.render(cx, &var)),
                other => (format!("<class '{}'>", other.type_name()), engine.render(cx, other)),
            };
            let value = match value {
                Ok(Value::Undefined(u)) => undefined(u.hint.to_string()),
                Err(e @ rustle_jinja::Error::Undefined(_)) => undefined(e.to_string()),
                Ok(v) => v,
                Err(e) => {
                    let mut failure = Failure::from(e).at(origin_of(&var));
                    if let Some(part) = failure.parts.first_mut() {
                        part.message = format!("Error while resolving `var` expression: {}", part.message);
                    }
                    return Err(failure.inside("Task failed", cx.task.origin.as_ref()));
                }
            };
            // A template that yields a name stands for that name's value, as ever.
            let (name, value) = match (&var, &value) {
                (Value::Template(t), _) if rustle_value::is_template(&t.source) => {
                    (py_str(&value), value)
                }
                _ => (name, value),
            };
            result.insert(name, value);
        }
    }
    result.insert("_ansible_verbose_always", true);
    Ok(result)
}
