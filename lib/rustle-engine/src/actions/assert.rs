//! `assert`: fails unless every expression in `that` holds.

use super::Action;
use crate::context::{TaskContext, to_bool};
use crate::engine::Engine;
use crate::failure::{Failure, origin_of};
use crate::manner::Manner;
use crate::once::{UNTRUSTED, UNTRUSTED_HELP};
use rustle_jinja::Scope;
use rustle_value::{Dict, Value, dict, py_str};
use std::sync::Arc;

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.assert"], raw: true, run };

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, _: Dict, _: &Manner) -> Result<Dict, Failure> {
    let mut bare = cx.clone();
    let mut task = (*cx.task).clone();
    // `assert: "{{ args }}"`: conditions are looked at as they were written there, too.
    if let Some(whole) = task.args.remove("_variable_params") {
        match engine.jinja.render_shallow(&whole, &engine.scope(cx)).map_err(|e| engine.argument_failure(cx, "args", e, &whole))? {
            Value::Dict(d) => {
                let own = std::mem::replace(&mut task.args, (*d).clone());
                task.args.update(&own);
            }
            other => return Err(Failure::new(format!("Task args must resolve to a 'dict' not '{}'.", other.type_name())).at(origin_of(&whole))),
        }
    }
    let that = task.args.remove("that");
    let messages: Vec<Option<Value>> = ["fail_msg", "msg", "success_msg"].iter().map(|k| task.args.remove(k)).collect();
    bare.task = Arc::new(task);
    let args = engine.arguments(&bare)?;
    for key in args.str_iter().map(|(k, _)| k) {
        if key != "quiet" {
            let name = super::module_name(&cx.task, "assert");
            return Err(Failure::raised(format!(
                "Unsupported parameters for ({name}) module: {key}. Supported parameters include: fail_msg, quiet, success_msg, that (msg)."
            )));
        }
    }
    let Some(that) = that.or_else(|| args.get("that").cloned()) else { return Err(Failure::raised("missing required arguments: that")) };
    let quiet = args.get("quiet").is_some_and(|v| to_bool(v).unwrap_or(false));
    let message = |engine: &Engine<'_>, which: &[usize], default: &str| -> Result<Value, Failure> {
        match which.iter().find_map(|i| messages[*i].as_ref()) {
            Some(v) => {
                let v = engine.render(cx, v).map_err(Failure::from)?;
                Ok(match v {
                    Value::Str(_) | Value::List(_) => v,
                    other => Value::from(py_str(&other)),
                })
            }
            None => Ok(Value::from(default)),
        }
    };
    // `that: "{{ list }}"` names a list of conditions; a single string is an expression.
    let conditions = match &that {
        Value::List(l) => l.to_vec(),
        Value::Template(t) if rustle_value::is_template(&t.source) => match engine.render(cx, &that) {
            Ok(Value::List(l)) => l.to_vec(),
            Ok(v @ Value::Bool(_)) => {
                engine.scope(cx).used(rustle_jinja::DELIMITED, origin_of(&that));
                vec![v]
            }
            _ => vec![that.clone()],
        },
        other => vec![other.clone()],
    };
    for condition in &conditions {
        let verdict = match engine.condition(cx, condition) {
            Ok(v) => v,
            Err(e) => {
                let text = e.to_string();
                let help = if text.starts_with(UNTRUSTED) {
                    UNTRUSTED_HELP
                } else if text.starts_with("Conditional ") || text.starts_with("Empty conditional") {
                    "Broken conditionals can be temporarily allowed with the `ALLOW_BROKEN_CONDITIONALS` configuration option."
                } else {
                    ""
                };
                let failure = Failure::new(text).at(origin_of(condition));
                let failure = if help.is_empty() { failure } else { failure.help(help) };
                return Err(failure.inside("Task failed", cx.task.origin.as_ref()));
            }
        };
        if !verdict {
            return Ok(dict! {
                "failed" => true,
                "changed" => false,
                "_ansible_verbose_always" => !quiet,
                "evaluated_to" => false,
                "assertion" => condition.as_str().map_or_else(|| condition.clone(), Value::from),
                "msg" => message(engine, &[0, 1], "Assertion failed")?,
            });
        }
    }
    let mut result = dict! { "changed" => false, "msg" => message(engine, &[2], "All assertions passed")? };
    if !quiet {
        result.insert("_ansible_verbose_always", true);
    }
    Ok(result)
}
