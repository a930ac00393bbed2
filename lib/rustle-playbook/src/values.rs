//! Nodes to values: trusted values, expressions, lists of strings, names of Python's types.

use crate::error::{PlaybookError, Result};
use rustle_value::{Dict, Origin, Template, Value};
use rustle_yaml::{Node, Trust};
use std::sync::Arc;

/// The node with its templates.
pub(crate) fn value(node: &Node) -> Value {
    node.to_value(Trust::Trusted)
}

/// A condition: text is the source of an expression, with or without braces.
pub(crate) fn expression(v: Value, origin: &Origin) -> Value {
    match v {
        Value::Str(source) => Value::Template(Arc::new(Template { source, origin: Some(origin.clone()) })),
        other => other,
    }
}

/// `when: x`, `when: [x, y]`: a list of conditions.
pub(crate) fn expressions(node: &Node) -> Vec<Value> {
    // What is marked as unsafe stays text: nothing evaluates it.
    let one = |n: &Node| if n.is_unsafe { value(n) } else { expression(value(n), &n.origin) };
    match node.as_seq() {
        Some(items) => items.iter().map(one).collect(),
        None if node.is_null() => Vec::new(),
        None => vec![one(node)],
    }
}

/// A list, or the one thing that stands for it; null is nothing.
pub(crate) fn listed(node: &Node) -> Vec<Value> {
    match node.as_seq() {
        Some(items) => items.iter().map(value).collect(),
        None if node.is_null() => Vec::new(),
        None => vec![value(node)],
    }
}

/// The type's name as Ansible's messages show it: values of a file carry tags.
pub(crate) fn class(node: &Node) -> String {
    const TAGGED: &str = "ansible.module_utils._internal._datatag._AnsibleTagged";
    let name = match node.type_name() {
        "str" => "Str",
        "int" => "Int",
        "float" => "Float",
        "list" => "List",
        "dict" => "Dict",
        "datetime.date" | "date" => "Date",
        "datetime.datetime" | "datetime" => "DateTime",
        other => return format!("<class '{other}'>"),
    };
    format!("<class '{TAGGED}{name}'>")
}

/// `str(node)`.
pub(crate) fn shown(node: &Node) -> String {
    rustle_value::py_str(&node.to_value(Trust::Data))
}

const NAME_HELP: &str = "Variable names must be strings starting with a letter or underscore character, and contain only \
                         letters, numbers and underscores.";
/// Python's constants can't be variables; its other words can.
const CONSTANTS: &[&str] = &["False", "None", "True"];

/// Whether text may name a variable.
pub fn is_variable_name(s: &str) -> bool {
    let mut chars = s.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !CONSTANTS.contains(&s)
}

/// What is wrong with a name of a variable: message and help.
pub(crate) fn bad_name(node: &Node) -> Option<(String, &'static str)> {
    match node.as_str() {
        Some(s) if is_variable_name(s) => None,
        Some(s) => Some((format!("Invalid variable name {}.", rustle_value::str_repr(s)), NAME_HELP)),
        None => {
            let shown = node.text().map_or_else(String::new, |t| format!("{} ", rustle_value::str_repr(&t)));
            Some((format!("Invalid variable name {shown}of type '{}'.", node.type_name()), NAME_HELP))
        }
    }
}

/// `vars:` of `owner` (`Play`, `Task`, …).
pub(crate) fn vars(node: &Node, owner: &str) -> Result<Dict> {
    if node.is_null() {
        return Ok(Dict::new());
    }
    let Some(entries) = node.as_map() else {
        let message = format!("Vars in a {owner} must be specified as a dictionary.");
        return Err(PlaybookError::parser(message, Some(&node.origin)));
    };
    for (key, _) in entries {
        if let Some((message, help)) = bad_name(key) {
            return Err(PlaybookError::general(message, Some(&key.origin)).help(help));
        }
    }
    Ok(value(node).as_dict().cloned().unwrap_or_default())
}

/// `tags:`: a list, whose items stay as they are, or text, which is a comma list.
pub(crate) fn tags(node: &Node) -> Result<Vec<Value>> {
    let split = |v: Value, out: &mut Vec<Value>| {
        let (text, origin) = match &v {
            Value::Str(s) => (s.to_string(), None),
            Value::Template(t) => (t.source.to_string(), t.origin.clone()),
            _ => return out.push(v),
        };
        let pieces = text.split(',').map(|s| s.trim().to_owned());
        out.extend(pieces.map(|s| if let Value::Template(_) = v { Value::trusted(s, origin.clone()) } else { Value::from(s) }));
    };
    let mut out = Vec::new();
    match node.as_seq() {
        Some(items) => out.extend(items.iter().map(value)),
        None if node.is_null() => return Err(PlaybookError::general("tags must be specified as a list", None)),
        None if node.as_scalar().is_some_and(Value::is_string) => split(value(node), &mut out),
        None => return Err(PlaybookError::general("tags must be specified as a list", Some(&node.origin))),
    }
    Ok(out)
}

/// `module_defaults:`: a mapping, or a list of them.
pub(crate) fn module_defaults(node: &Node) -> Result<Vec<Value>> {
    let given = listed(node);
    if given.iter().all(|v| v.as_dict().is_some()) {
        return Ok(given);
    }
    let message = "The field 'module_defaults' is supposed to be a dictionary or list of dictionaries, the keys of which must be \
                   static action, module, or group names. Only the values may contain templates. For example: {'ping': \"{{ \
                   ping_defaults }}\"}";
    let wrong = node.as_seq().and_then(|l| l.iter().find(|n| n.as_map().is_none())).unwrap_or(node);
    Err(PlaybookError::parser(message, Some(&wrong.origin)))
}

/// A list of texts, or one text; `what` names the keyword.
pub(crate) fn strings(node: &Node, what: &str) -> Result<Vec<String>> {
    let one = |n: &Node| match n.as_str() {
        Some(s) => Ok(s.to_owned()),
        None => {
            let message = format!("Keyword '{what}' items must be of type 'str', not '{}'.", n.type_name());
            Err(PlaybookError::parser(message, Some(&n.origin)))
        }
    };
    match node.as_seq() {
        Some(items) => items.iter().map(one).collect(),
        None if node.is_null() => Ok(Vec::new()),
        None => Ok(vec![one(node)?]),
    }
}

/// `name:`: scalars become text.
pub(crate) fn name(node: &Node, field: &str) -> Result<Option<Value>> {
    match node.as_scalar() {
        Some(v) if v.is_string() => Ok(Some(value(node))),
        Some(v) => Ok(Some(Value::from(rustle_value::py_str(v)))),
        None if node.is_null() => Ok(None),
        None => {
            let message = format!(
                "The field '{field}' is supposed to be a string type, however the incoming data structure is a {}",
                class(node)
            );
            Err(PlaybookError::parser(message, Some(&node.origin)))
        }
    }
}
