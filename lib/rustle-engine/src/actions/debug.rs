//! `debug`: prints a message or a variable. `var` is an expression, `verbosity` the level from which on it is shown.

use super::Action;
use crate::context::{TaskContext, number};
use crate::engine::Engine;
use crate::failure::{Failure, origin_of};
use crate::manner::Manner;
use crate::once::{UNTRUSTED, UNTRUSTED_HELP};
use rustle_value::{Dict, Value, dict};
use std::sync::Arc;

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.debug"], raw: true, run };

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, raw: Dict, _: &Manner) -> Result<Dict, Failure> {
    for key in raw.str_iter().map(|(k, _)| k) {
        if !["msg", "var", "verbosity", "_variable_params"].contains(&key) {
            let name = super::module_name(&cx.task, "debug");
            return Err(Failure::raised(format!("Unsupported parameters for ({name}) module: {key}. Supported parameters include: msg, var, verbosity.")));
        }
    }
    // `var` names a variable: it is not rendered as text first.
    // What the task says itself goes before what its `args` template says.
    let mut bare = cx.clone();
    let mut task = (*cx.task).clone();
    let var = task.args.remove("var");
    bare.task = Arc::new(task);
    let mut args = engine.arguments_but(&bare, if var.is_some() { &["var"] } else { &[] })?;
    if var.is_some() {
        args.remove("var");
    }
    if args.contains_key("msg") && (args.contains_key("var") || var.as_ref().is_some_and(|v| !is_omitted(engine, cx, v))) {
        return Err(Failure::raised("parameters are mutually exclusive: msg|var"));
    }
    let level = args.get("verbosity").map(|v| number("verbosity", v, None)).transpose()?.unwrap_or(0.0);
    if f64::from(engine.options.verbosity) < level {
        return Ok(dict! { "changed" => false, "skipped" => true, "skipped_reason" => "Verbosity threshold not met." });
    }
    let mut result = dict! { "changed" => false };
    let Some(raw) = var.or_else(|| args.get("var").cloned()) else {
        let msg = args.get("msg").cloned().unwrap_or_else(|| Value::from("Hello world!"));
        if !msg.is_null() {
            result.insert("msg", msg);
        }
        result.insert("_ansible_verbose_always", true);
        return Ok(result);
    };
    let inside = |failure: Failure| failure.inside("Task failed", cx.task.origin.as_ref());
    // The expression: as written, or what a template yields, provided that the user wrote that, too.
    let (source, trusted): (Arc<str>, bool) = match &raw {
        Value::Template(t) if !rustle_value::is_template(&t.source) => (t.source.clone(), true),
        Value::Template(t) => match engine.render(cx, &raw).map_err(|e| engine.argument_failure(cx, "var", e, &raw))? {
            v if rustle_jinja::is_omit(&v) => {
                result.insert("msg", args.get("msg").cloned().unwrap_or_else(|| Value::from("Hello world!")));
                result.insert("_ansible_verbose_always", true);
                return Ok(result);
            }
            Value::Str(s) => (s, rustle_jinja::bare_name(t.source.trim()).is_some_and(|n| engine.written(cx, n))),
            other => return Err(no_text(&other)),
        },
        Value::Str(s) => (s.clone(), false),
        other => return Err(no_text(&engine.render(cx, other).map_err(Failure::from)?)),
    };
    if !trusted {
        let failure = Failure::new(UNTRUSTED).at(origin_of(&raw)).help(UNTRUSTED_HELP);
        return Err(inside(failure.inside("Error while resolving `var` expression", origin_of(&raw))));
    }
    let value = match engine.jinja.eval_expression(&source, origin_of(&raw), &engine.scope(cx)) {
        Ok(Value::Undefined(u)) => missing(&mut result, &u.hint),
        Err(rustle_jinja::Error::Undefined(d)) => missing(&mut result, &d.msg),
        Ok(v) if rustle_jinja::is_omit(&v) => {
            result.insert("warnings", vec!["The result of the `var` expression could not be omitted; a placeholder was used instead."]);
            Value::from("<<Omit>>")
        }
        Ok(v) => v,
        Err(e) => {
            let mut failure = Failure::from(e).at(origin_of(&raw));
            if let Some(part) = failure.parts.first_mut() {
                part.message = format!("Error while resolving `var` expression: {}", part.message);
            }
            return Err(inside(failure));
        }
    };
    result.insert(&*source, value);
    result.insert("_ansible_verbose_always", true);
    Ok(result)
}

/// What stands for a value that is not there, with a warning.
fn missing(result: &mut Dict, hint: &str) -> Value {
    let text = format!("error 1 - {hint}");
    result.insert("warnings", vec![format!("Encountered 1 template error.\n{text}")]);
    Value::from(format!("<< {text} >>"))
}

fn is_omitted(engine: &Engine<'_>, cx: &TaskContext, v: &Value) -> bool {
    matches!(v, Value::Template(t) if rustle_value::is_template(&t.source)) && engine.render(cx, v).is_ok_and(|v| rustle_jinja::is_omit(&v))
}

/// `var` must be text.
fn no_text(v: &Value) -> Failure {
    Failure::raised(format!(
        "argument 'var' is of type {} and we were unable to convert to _check_type_str_no_conversion: '{}' is not a string and conversion is not allowed",
        v.type_name(),
        rustle_value::py_str(v)
    ))
}
