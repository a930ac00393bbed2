//! `ansible._protomatter.finalize`: a value with everything in it rendered. Inputs of filters are that already; what is
//! left is that variables hold lists where Python has tuples.

use super::Filter;
use rustle_value::Value;

pub static FILTERS: &[Filter] = &[Filter::new("ansible._protomatter.finalize", &[], |_, v, _| Ok(lists(&v)))];

fn lists(v: &Value) -> Value {
    match v {
        Value::List(l) | Value::Tuple(l) => Value::list(l.iter().map(lists).collect()),
        Value::Dict(d) => Value::dict(d.iter().map(|(k, v)| (k.clone(), lists(v))).collect()),
        Value::Object(o) if o.type_name() == "tuple" => o.iterate().map_or_else(|| v.clone(), |l| Value::list(l.iter().map(lists).collect())),
        _ => v.clone(),
    }
}
