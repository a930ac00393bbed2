//! `set_fact`: sets variables of the host; `cacheable` makes them facts, too.

use super::Action;
use crate::context::{TaskContext, to_bool};
use crate::engine::Engine;
use crate::failure::Failure;
use crate::manner::Manner;
use rustle_value::{Dict, Value, dict, py_str};

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.set_fact"], raw: false, run };

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, mut args: Dict, _: &Manner) -> Result<Dict, Failure> {
    let cacheable = args.remove("cacheable").is_some_and(|v| to_bool(&v).unwrap_or(false));
    if args.is_empty() {
        return Err(Failure::raised("No key/value pairs provided, at least one is required for this action to succeed"));
    }
    for key in args.keys() {
        let name = py_str(key);
        if !key.is_string() {
            return Err(Failure::new(format!("Invalid variable name {} of type '{}'.", rustle_value::str_repr(&name), key.type_name())));
        }
        let mut chars = name.chars();
        let valid = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_') && chars.all(|c| c.is_alphanumeric() || c == '_');
        if !valid || !name.is_ascii() || KEYWORDS.contains(&name.as_str()) || ["true", "false", "none"].contains(&name.as_str()) {
            return Err(Failure::new(format!("Invalid variable name '{name}'.")));
        }
    }
    crate::reserved::warn(engine, cx, &args);
    Ok(dict! {
        "changed" => false,
        "ansible_facts" => Value::dict(args),
        "_ansible_facts_cacheable" => cacheable,
    })
}

/// Python's reserved words, which are no variable names.
const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else",
    "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise",
    "return", "try", "while", "with", "yield",
];
