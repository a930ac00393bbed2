//! Conditions (`when`, `until`, `failed_when`, …): the result must be boolean.

use crate::env::Environment;
use crate::error::{Error, Result};
use crate::host::Scope;
use crate::interp::Interp;
use rustle_value::{Origin, Value};
use std::sync::Arc;

/// What a scope is told to have been used where a condition has delimiters around it.
pub const DELIMITED: &str = "{{ }}";

const EMPTY: &str = "Empty conditional expressions are not allowed.";

pub(crate) fn evaluate(env: &Environment, condition: &Value, origin: Option<&Origin>, scope: &dyn Scope, broken: bool) -> Result<bool> {
    let mut cx = Interp::new(env, scope);
    let value = match condition {
        Value::Bool(b) => return Ok(*b),
        Value::Str(s) => expression(env, s, origin, scope)?,
        Value::Template(t) => {
            let origin = t.origin.as_ref().or(origin);
            let s = t.source.trim();
            if s.is_empty() {
                return if broken { Ok(true) } else { Err(Error::runtime(EMPTY).named(String::new).at_origin(origin)) };
            }
            if (s.starts_with("{{") || s.starts_with("{%")) && (s.ends_with("}}") || s.ends_with("%}")) {
                // Delimiters around the whole: what the template yields is, where it is text, the expression.
                match cx.finalize(condition.clone()).map_err(wrap)? {
                    // Only what the user wrote is evaluated: what a template computed, or a host said, is data.
                    Value::Str(s) if bare_name(t.source.trim()).is_some_and(|n| scope.trusts(n)) => expression(env, &s, origin, scope)?,
                    Value::Str(s) if matches!(&*s, "True" | "False" | "true" | "false") => Value::Bool(s.eq_ignore_ascii_case("true")),
                    Value::Str(_) => return Err(untrusted(origin)),
                    other => {
                        scope.used(DELIMITED, origin);
                        other
                    }
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

/// The variable that `{{ name }}` stands for; `None` for anything else.
pub fn bare_name(source: &str) -> Option<&str> {
    let name = source.strip_prefix("{{")?.strip_suffix("}}")?.trim();
    let word = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    word.then_some(name)
}

fn untrusted(origin: Option<&Origin>) -> Error {
    Error::runtime("Encountered untrusted template or expression.").named(String::new).at_origin(origin)
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
