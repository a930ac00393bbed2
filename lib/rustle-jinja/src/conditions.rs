//! Conditions (`when`, `until`, `failed_when`, …): the result must be boolean.

use crate::env::Environment;
use crate::error::{Error, Result};
use crate::host::Scope;
use crate::interp::Interp;
use rustle_value::{Origin, Value};
use std::sync::Arc;

pub(crate) fn evaluate(env: &Environment, condition: &Value, origin: Option<&Origin>, scope: &dyn Scope, broken: bool) -> Result<bool> {
    let mut cx = Interp::new(env, scope);
    let value = match condition {
        Value::Bool(b) => return Ok(*b),
        Value::Str(s) => expression(env, s, origin, scope)?,
        Value::Template(t) => {
            let origin = t.origin.as_ref().or(origin);
            let s = t.source.trim();
            if s.starts_with("{{") || s.starts_with("{%") {
                // Delimiters around the whole: what the template yields is, where it is text, the expression.
                match cx.finalize(condition.clone()).map_err(wrap)? {
                    Value::Str(s) => expression(env, &s, origin, scope)?,
                    other => other,
                }
            } else {
                expression(env, &t.source, origin, scope)?
            }
        }
        other => cx.finalize(other.clone())?,
    };
    match value {
        Value::Bool(b) => Ok(b),
        v if crate::objects::is_omit(&v) => Err(Error::runtime("A template was resolved to an Omit scalar.").named(String::new)),
        v if broken => Ok(v.truthy()),
        v => {
            let truth = if v.truthy() { "True" } else { "False" };
            let place = origin.map_or_else(|| "'<unknown>'".to_owned(), |o| format!("'{o}'"));
            Err(Error::runtime(format!(
                "Conditional result ({truth}) was derived from value of type '{}' at {place}. Conditionals must have a boolean result.",
                v.type_name()
            ))
            .named(String::new)
            .at_origin(origin))
        }
    }
}

fn wrap(mut e: Error) -> Error {
    if let Error::Undefined(d) = &mut e {
        d.msg.insert_str(0, "Error while evaluating conditional: ");
    }
    e
}

fn expression(env: &Environment, s: &Arc<str>, origin: Option<&Origin>, scope: &dyn Scope) -> Result<Value> {
    env.eval_embedded(s, origin, scope).map_err(wrap)
}
