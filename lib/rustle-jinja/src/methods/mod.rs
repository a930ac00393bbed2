//! Methods of Python's types, by type.

pub(crate) mod bytes;
pub(crate) mod dicts;
mod lists;
pub(crate) mod mappings;
mod numbers;
mod strings;
mod times;

use crate::args::Args;
use crate::error::{Result, fail};
use crate::interp::Interp;
use crate::objects::Func;
use rustle_value::Value;

/// Names of the methods of a value's type.
fn names(v: &Value) -> &'static [&'static str] {
    match v {
        Value::Str(_) => strings::NAMES,
        Value::List(_) => lists::NAMES,
        Value::Tuple(_) => &["count", "index"],
        Value::Dict(_) => dicts::NAMES,
        Value::Bytes(_) => bytes::NAMES,
        Value::Int(_) | Value::BigInt(_) | Value::Bool(_) | Value::Float(_) => numbers::NAMES,
        Value::Time(_) => times::NAMES,
        _ => &[],
    }
}

pub(crate) fn is_method(v: &Value, name: &str) -> bool {
    names(v).contains(&name)
}

/// Whether the method changes its receiver.
pub(crate) fn mutates(v: &Value, name: &str) -> bool {
    match v {
        Value::List(_) => matches!(name, "append" | "extend" | "insert" | "remove" | "pop" | "sort" | "reverse" | "clear"),
        Value::Dict(_) => matches!(name, "update" | "pop" | "popitem" | "setdefault" | "clear"),
        _ => false,
    }
}

/// Whether a method of this name changes its receiver, for some type.
pub(crate) fn may_mutate(name: &str) -> bool {
    let (list, dict) = (Value::list(Vec::new()), Value::dict(rustle_value::Dict::new()));
    mutates(&list, name) || mutates(&dict, name)
}

/// Whether the method only stores or returns its arguments, so that an undefined one is no error yet.
pub(crate) fn stores(v: &Value, name: &str) -> bool {
    match v {
        Value::List(_) => matches!(name, "append" | "insert"),
        Value::Dict(_) => matches!(name, "get" | "setdefault" | "update" | "pop"),
        _ => false,
    }
}

/// `v.name` as a value, where it is a method (or, for dates, a field).
pub(crate) fn bound(v: &Value, name: &str) -> Option<Value> {
    if let Some(field) = times::field(v, name).or_else(|| numbers::field(v, name)) {
        return Some(field);
    }
    let known = names(v).iter().find(|n| **n == name)?;
    let receiver = v.clone();
    let kind = if matches!(v, Value::Dict(_)) { "method" } else { "builtin_function_or_method" };
    Some(Func::value(kind, move |cx, args| {
        // Detached from its variable, a changing method changes a copy.
        if mutates(&receiver, known) { call_mut(cx, &mut receiver.clone(), known, args) } else { call(cx, &receiver, known, args) }
    }))
}

/// Calls a method that leaves its receiver alone. The result may be lazy.
pub(crate) fn call(cx: &mut Interp<'_>, v: &Value, name: &str, args: Args) -> Result<Value> {
    match v {
        Value::Str(s) => strings::call(cx, s, name, args),
        Value::List(_) | Value::Tuple(_) => lists::call(cx, v, name, args),
        Value::Dict(d) => dicts::call(cx, d, name, args),
        Value::Bytes(b) => bytes::call(b, name, args),
        Value::Time(t) => times::call(t, name, args),
        _ => numbers::call(v, name, args),
    }
}

/// Calls a method that changes its receiver.
pub(crate) fn call_mut(cx: &mut Interp<'_>, v: &mut Value, name: &str, args: Args) -> Result<Value> {
    match v {
        Value::List(l) => lists::call_mut(cx, std::sync::Arc::make_mut(l), name, args),
        Value::Dict(d) => dicts::call_mut(cx, std::sync::Arc::make_mut(d), name, args),
        other => fail(format!("'{}' object has no method '{name}'", other.type_name())),
    }
}
