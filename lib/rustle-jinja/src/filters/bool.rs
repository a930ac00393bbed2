//! `bool`: `yes`, `on`, `1`, `true` are true: `{{ flag | bool }}`.

use super::Filter;
use rustle_value::Value;

pub static FILTERS: &[Filter] = &[Filter::new("bool", &[], |_, v, _| {
    Ok(Value::Bool(match &v {
        Value::Bool(b) => *b,
        Value::Str(s) => matches!(s.to_lowercase().as_str(), "yes" | "on" | "1" | "true"),
        v if v.is_number() => *v == Value::Int(1),
        _ => false,
    }))
})];
