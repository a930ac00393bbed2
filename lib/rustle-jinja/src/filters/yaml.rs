//! `to_yaml`, `to_nice_yaml`, `from_yaml`, `from_yaml_all`: YAML as PyYAML writes and reads it:
//! `{{ config | to_nice_yaml(indent=2) }}`.

use super::Filter;
use crate::args::{Args, opt_int};
use crate::error::{Error, Result, fail};
use crate::interp::Interp;
use rustle_value::Value;
use rustle_yaml::{DumpStyle, FlowStyle, Options};

pub static FILTERS: &[Filter] = &[
    Filter::new("to_yaml", &[], |cx, v, a| dump(cx, v, a, DumpStyle::default())),
    Filter::new("to_nice_yaml", &[], |cx, v, a| dump(cx, v, a, DumpStyle::nice())),
    Filter::new("from_yaml", &[], |_, v, _| {
        let Value::Str(s) = &v else { return Ok(v) };
        let mut docs = read(s)?;
        match docs.len() {
            0 => Ok(Value::Null),
            1 => Ok(docs.remove(0)),
            _ => fail("expected a single document in the stream"),
        }
    }),
    Filter::new("from_yaml_all", &[], |_, v, _| match &v {
        Value::Str(s) => read(s).map(Value::list),
        Value::Null => Ok(Value::list(Vec::new())),
        _ => Ok(v),
    }),
];

/// Documents of a text, as data: nothing in them is a template.
fn read(s: &str) -> Result<Vec<Value>> {
    let options = Options { ansible_tags: false, anonymous: true, ..Options::default() };
    let parsed = rustle_yaml::parse(s, "<unicode string>", &options).map_err(|e| Error::runtime(e.to_string()))?;
    Ok(parsed.documents.into_iter().map(|d| d.to_value(rustle_yaml::Trust::Data)).collect())
}

fn dump(cx: &mut Interp<'_>, v: Value, mut args: Args, mut style: DumpStyle) -> Result<Value> {
    let v = cx.finalize(v)?;
    if let Some(n) = args.take("indent").or_else(|| (!args.pos.is_empty()).then(|| args.pos.remove(0))) {
        style.indent = opt_int(Some(&n))?.unwrap_or(2);
    }
    if let Some(n) = args.take("width") {
        style.width = n.as_f64().map_or(80, |f| if f.is_finite() { f as i64 } else { -1 });
    }
    if let Some(b) = args.take("sort_keys") {
        style.sort_keys = b.truthy();
    }
    if let Some(b) = args.take("default_flow_style") {
        style.flow = match b {
            Value::Null => FlowStyle::Leaves,
            b if b.truthy() => FlowStyle::Flow,
            _ => FlowStyle::Block,
        };
    }
    Ok(Value::from(rustle_yaml::dump(&v, &style)))
}
