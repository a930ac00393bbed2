//! `length`, alias `count`: number of elements: `{{ hosts | length }}`.

use super::{Filter, Mode};
use crate::error::fail;
use rustle_value::Value;

pub static FILTERS: &[Filter] = &[Filter::new("length", &["count"], |_, v, _| {
    let n = match &v {
        Value::Str(s) => s.chars().count(),
        Value::List(l) | Value::Tuple(l) => l.len(),
        Value::Dict(d) => d.len(),
        Value::Bytes(b) => b.len(),
        Value::Object(o) => match o.iterate() {
            Some(i) => i.len(),
            None => return fail(format!("object of type '{}' has no len()", o.type_name())),
        },
        other => return fail(format!("object of type '{}' has no len()", other.type_name())),
    };
    Ok(Value::from(n))
})
.mode(Mode::Lazy)];
