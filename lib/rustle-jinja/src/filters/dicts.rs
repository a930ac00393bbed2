//! Dicts: `dict2items`, `items2dict`, `dictsort`, `items`, `rekey_on_member`, `extract`, `subelements`:
//! `{{ d | dict2items(key_name='k') }}`.

use super::sequence::fold;
use super::{Filter, Mode};
use crate::args::{Args, flag, opt_text, required};
use crate::error::{Error, Result, fail};
use crate::interp::Interp;
use crate::util::sort::sort_by_key;
use rustle_value::{Dict, Value, dict, py_repr};

pub static FILTERS: &[Filter] = &[
    Filter::new("dict2items", &[], |_, v, args| {
        let [key_name, value_name] = args.bind("dict2items", ["key_name", "value_name"])?;
        let (k, n) = (opt_text(key_name.as_ref()).unwrap_or_else(|| "key".into()), opt_text(value_name.as_ref()).unwrap_or_else(|| "value".into()));
        let entries = entries(&v).ok_or_else(|| Error::runtime(format!("dict2items requires a dictionary, got {} instead.", super::combine::class_name(&v))))?;
        Ok(Value::list(entries.into_iter().map(|(x, y)| Value::dict(dict! { k.as_str() => x, n.as_str() => y })).collect()))
    }),
    Filter::new("items2dict", &[], |cx, v, args| {
        let [key_name, value_name] = args.bind("items2dict", ["key_name", "value_name"])?;
        let (k, n) = (opt_text(key_name.as_ref()).unwrap_or_else(|| "key".into()), opt_text(value_name.as_ref()).unwrap_or_else(|| "value".into()));
        if v.as_list().is_none() {
            return fail(format!("items2dict requires a list, got {} instead.", super::combine::class_name(&v)));
        }
        let mut d = Dict::new();
        for x in cx.elements(&v)? {
            if x.as_dict().is_none() {
                return fail(format!("items2dict requires a list of dictionaries, got {} instead.", py_repr(&v)));
            }
            let (Some(key), Some(value)) = (x.get(&k), x.get(&n)) else {
                return fail(format!("items2dict requires each dictionary in the list to contain the keys '{k}' and '{n}', got {} instead.", py_repr(&v)));
            };
            d.insert(key.clone(), value.clone());
        }
        Ok(Value::dict(d))
    }),
    Filter::new("dictsort", &[], |_, v, args| {
        let [case, by, reverse] = args.bind("dictsort", ["case_sensitive", "by", "reverse"])?;
        let by_value = match opt_text(by.as_ref()).as_deref() {
            None | Some("key") => false,
            Some("value") => true,
            _ => return fail("You can only sort by either \"key\" or \"value\""),
        };
        let case = flag(case.as_ref(), false);
        let entries = entries(&v).ok_or_else(|| Error::runtime(format!("'{}' object has no attribute 'items'", v.type_name())))?;
        let mut pairs: Vec<(Value, Value)> =
            entries.into_iter().map(|(k, x)| (fold(if by_value { &x } else { &k }, case), Value::tuple(vec![k, x]))).collect();
        sort_by_key(&mut pairs, flag(reverse.as_ref(), false))?;
        Ok(Value::list(pairs.into_iter().map(|(_, p)| p).collect()))
    }),
    Filter::new("items", &[], |_, v, _| {
        let entries = entries(&v).ok_or_else(|| Error::runtime("Can only get item pairs from a mapping."))?;
        Ok(Value::list(entries.into_iter().map(|(k, x)| Value::tuple(vec![k, x])).collect()))
    }),
    Filter::new("rekey_on_member", &[], rekey),
    Filter::new("extract", &[], extract).mode(Mode::Lazy),
    Filter::new("subelements", &[], |cx, v, args| {
        let [path, skip] = args.bind("subelements", ["subelements", "skip_missing"])?;
        let path = required(path, "subelements", "subelements")?;
        let skip = flag(skip.as_ref(), false);
        subelements(cx, &v, &path, skip).map(Value::list)
    }),
];

/// Entries of a dict or of a mapping of the host.
pub(crate) fn entries(v: &Value) -> Option<Vec<(Value, Value)>> {
    match v {
        Value::Dict(d) => Some(d.iter().map(|(k, x)| (k.clone(), x.clone())).collect()),
        Value::Object(o) if o.is_mapping() => {
            Some(o.iterate()?.into_iter().map(|k| { let x = o.item(&k).unwrap_or_default(); (k, x) }).collect())
        }
        _ => None,
    }
}

fn rekey(_: &mut Interp<'_>, v: Value, args: Args) -> Result<Value> {
    let [key, duplicates] = args.bind("rekey_on_member", ["key", "duplicates"])?;
    let key = required(key, "rekey_on_member", "key")?;
    let duplicates = opt_text(duplicates.as_ref()).unwrap_or_else(|| "error".into());
    if duplicates != "error" && duplicates != "overwrite" {
        return fail(format!("duplicates parameter to rekey_on_member has unknown value: {duplicates}"));
    }
    let items: Vec<Value> = match &v {
        Value::Dict(d) => d.values().cloned().collect(),
        Value::List(l) | Value::Tuple(l) => l.to_vec(),
        _ => return fail("Type is not a valid list, set, or dict"),
    };
    let mut out = Dict::new();
    for item in items {
        let Value::Dict(d) = &item else { return fail("List item is not a valid dict") };
        let Some(k) = d.get_value(&key) else { return fail(format!("Key {key} was not found")) };
        if duplicates == "error" && out.contains_value_key(k) {
            return fail(format!("Key {} is not unique, cannot convert to dict.", py_repr(k)));
        }
        out.insert(k.clone(), item.clone());
    }
    Ok(Value::dict(out))
}

fn extract(cx: &mut Interp<'_>, v: Value, args: Args) -> Result<Value> {
    let [container, more] = args.bind("extract", ["container", "morekeys"])?;
    let container = required(container, "extract", "container")?;
    let mut out = cx.item(&container, &v)?;
    let keys = match more {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::List(l)) => l.to_vec(),
        Some(one) => vec![one],
    };
    for k in keys {
        out = cx.item(&out, &k)?;
    }
    Ok(out)
}

/// Each element with each entry of its list at `path`.
pub(crate) fn subelements(cx: &mut Interp<'_>, v: &Value, path: &Value, skip: bool) -> Result<Vec<Value>> {
    let items = match v {
        Value::Dict(d) => d.values().cloned().collect(),
        Value::List(l) => l.to_vec(),
        _ => return fail("obj must be a list of dicts or a nested dict"),
    };
    let keys: Vec<String> = match path {
        Value::Str(s) => s.split('.').map(str::to_owned).collect(),
        Value::List(l) => l.iter().map(ToString::to_string).collect(),
        _ => return fail("subelements must be a list or a string"),
    };
    let mut out = Vec::new();
    for item in items {
        let mut at = item.clone();
        let mut missing = false;
        for k in &keys {
            if skip && at.is_null() {
                missing = true;
                break;
            }
            let Value::Dict(d) = &at else { return fail(format!("the key {k} should point to a dictionary, got '{at}'")) };
            match d.get(k).cloned() {
                Some(x) => at = cx.resolve(x)?,
                None if skip => {
                    missing = true;
                    break;
                }
                None => return fail(format!("could not find {} key in iterated item {}", py_repr(&Value::from(k.as_str())), py_repr(&item))),
            }
        }
        if missing {
            continue;
        }
        let Value::List(l) = &at else {
            return fail(format!("the key {} should point to a list, got {}", keys.last().map_or("", |k| k), py_repr(&at)));
        };
        out.extend(l.iter().map(|x| Value::tuple(vec![item.clone(), x.clone()])));
    }
    Ok(out)
}
