//! Methods of `dict`. Views are lists here.

use crate::args::Args;
use crate::error::{Result, fail};
use crate::interp::Interp;
use rustle_value::{Dict, Value, py_repr};
use std::sync::Arc;

pub(super) const NAMES: &[&str] = &["clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"];

pub(super) fn call(cx: &mut Interp<'_>, d: &Arc<Dict>, name: &str, args: Args) -> Result<Value> {
    match name {
        "keys" => Ok(Value::list(d.keys().cloned().collect())),
        "values" => Ok(Value::list(d.values().cloned().collect())),
        "items" => Ok(Value::list(d.iter().map(|(k, v)| Value::tuple(vec![k.clone(), v.clone()])).collect())),
        "copy" => Ok(Value::dict((**d).clone())),
        "get" => {
            let [key, default] = args.bind(name, ["key", "default"])?;
            let Some(key) = key else { return fail("_AnsibleLazyTemplateDict.get() missing 1 required positional argument: 'key'") };
            if key.is_undefined() {
                return Ok(key);
            }
            match d.get_value(&key) {
                Some(v) => cx.resolve(v.clone()),
                None => Ok(default.unwrap_or_default()),
            }
        }
        "fromkeys" => {
            let [keys, value] = args.bind(name, ["iterable", "value"])?;
            let value = value.unwrap_or_default();
            Ok(Value::dict(cx.elements(&keys.unwrap_or_default())?.into_iter().map(|k| (k, value.clone())).collect()))
        }
        other => fail(format!("'dict' object has no method '{other}'")),
    }
}

/// Adds what `dict(x)` or `update(x)` accept: a mapping, or pairs.
pub(crate) fn add_all(cx: &mut Interp<'_>, d: &mut Dict, from: &Value) -> Result<()> {
    match from {
        Value::Dict(o) => d.update(o),
        Value::Object(o) if o.is_mapping() => {
            for k in o.iterate().unwrap_or_default() {
                let v = o.item(&k).unwrap_or_default();
                d.insert(k, v);
            }
        }
        other => {
            for (i, entry) in cx.elements(other)?.into_iter().enumerate() {
                let entry = cx.resolve(entry)?;
                let pair = cx.elements(&entry).or_else(|_| fail("cannot convert dictionary update sequence element #0 to a sequence"))?;
                let Ok([k, v]) = <[Value; 2]>::try_from(pair) else {
                    return fail(format!("dictionary update sequence element #{i} has length {}; 2 is required", cx.elements(&entry)?.len()));
                };
                d.insert(cx.resolve(k)?, v);
            }
        }
    }
    Ok(())
}

pub(super) fn call_mut(cx: &mut Interp<'_>, d: &mut Dict, name: &str, args: Args) -> Result<Value> {
    match name {
        "update" => {
            for v in &args.pos {
                add_all(cx, d, v)?;
            }
            for (k, v) in args.kw {
                d.insert(Value::Str(k), v);
            }
            Ok(Value::Null)
        }
        "setdefault" => {
            let [key, default] = args.bind(name, ["key", "default"])?;
            let key = key.unwrap_or_default();
            if let Some(v) = d.get_value(&key) {
                // The resolved value takes the template's place, so that a change to it is a change to the dict.
                let v = cx.resolve(v.clone())?;
                d.insert(key, v.clone());
                return Ok(v);
            }
            let v = default.unwrap_or_default();
            d.insert(key, v.clone());
            Ok(v)
        }
        "pop" => {
            let [key, default] = args.bind(name, ["key", "default"])?;
            let key = key.unwrap_or_default();
            match (d.remove_value(&key), default) {
                (Some(v), _) | (None, Some(v)) => Ok(v),
                (None, None) => fail(py_repr(&key)),
            }
        }
        "popitem" => match d.pop() {
            Some((k, v)) => Ok(Value::tuple(vec![k, v])),
            None => fail("'popitem(): dictionary is empty'"),
        },
        _ => {
            d.clear();
            Ok(Value::Null)
        }
    }
}
