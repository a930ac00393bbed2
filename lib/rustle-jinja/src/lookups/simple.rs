//! Lists and dicts as lookups: `items`, `list`, `dict`, `nested`, `together`, `indexed_items`, `subelements`,
//! `random_choice`: `{{ query('nested', [1, 2], ['a']) }}`.

use super::Lookup;
use crate::args::Args;
use crate::error::{Error, Result, fail};
use crate::filters::dicts::{entries, subelements};
use crate::interp::Interp;
use rustle_value::{Value, dict, py_str};

pub static LOOKUPS: &[Lookup] = &[
    Lookup { name: "items", func: |_, args| Ok(flat(args.pos, 1)) },
    Lookup { name: "list", func: |_, args| Ok(args.pos) },
    Lookup { name: "dict", func: dict_lookup },
    Lookup { name: "nested", func: |cx, args| nested(cx, args) },
    Lookup { name: "together", func: |cx, args| together(cx, args) },
    Lookup {
        name: "indexed_items",
        func: |_, args| Ok(flat(args.pos, 1).into_iter().enumerate().map(|(i, x)| Value::tuple(vec![Value::from(i), x])).collect()),
    },
    Lookup { name: "subelements", func: subelements_lookup },
    Lookup {
        name: "random_choice",
        func: |_, args| {
            let n = args.pos.len();
            Ok(if n == 0 { Vec::new() } else { vec![args.pos[crate::util::random::Random::fresh().below(n as u64) as usize].clone()] })
        },
    },
];

/// Elements of lists among `items`, `levels` deep.
fn flat(items: Vec<Value>, levels: u32) -> Vec<Value> {
    let mut out = Vec::new();
    for x in items {
        match x {
            Value::List(l) | Value::Tuple(l) if levels > 0 => out.extend(flat(l.to_vec(), levels - 1)),
            x => out.push(x),
        }
    }
    out
}

fn dict_lookup(_: &mut Interp<'_>, args: Args) -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for x in args.pos {
        let all: Vec<Value> = match &x {
            Value::List(l) => l.to_vec(),
            _ => vec![x],
        };
        for x in all {
            let Some(e) = entries(&x) else { return fail(format!("the 'dict' lookup plugin expects a dictionary, got '{x}' of type <class '{}'>)", x.type_name())) };
            out.extend(e.into_iter().map(|(k, v)| Value::dict(dict! { "key" => k, "value" => v })));
        }
    }
    Ok(out)
}

fn nested(cx: &mut Interp<'_>, args: Args) -> Result<Vec<Value>> {
    if args.pos.is_empty() {
        return fail("with_nested requires at least one element in the nested list");
    }
    let mut out: Vec<Vec<Value>> = vec![Vec::new()];
    for list in &args.pos {
        let items = match list {
            Value::Str(_) => vec![list.clone()],
            other => cx.elements(other)?,
        };
        out = out.iter().flat_map(|head| items.iter().map(move |x| {
            let mut row = head.clone();
            row.push(x.clone());
            row
        })).collect();
    }
    Ok(out.into_iter().map(|r| Value::list(flat(r, 1))).collect())
}

fn together(cx: &mut Interp<'_>, args: Args) -> Result<Vec<Value>> {
    if args.pos.is_empty() {
        return fail("with_together requires at least one element in each list");
    }
    let mut lists = Vec::new();
    for l in &args.pos {
        lists.push(cx.elements(l)?);
    }
    let n = lists.iter().map(Vec::len).max().unwrap_or(0);
    Ok((0..n).map(|i| Value::list(lists.iter().map(|l| l.get(i).cloned().unwrap_or_default()).collect())).collect())
}

fn subelements_lookup(cx: &mut Interp<'_>, args: Args) -> Result<Vec<Value>> {
    let pos = match &args.pos[..] {
        // `with_subelements` hands the terms over as one list.
        [Value::List(l)] if l.len() >= 2 => l.to_vec(),
        all => all.to_vec(),
    };
    const COUNT: &str = "subelements lookup expects a list of two or three items,";
    let (Some(list), Some(path)) = (pos.first(), pos.get(1)) else {
        return fail(COUNT);
    };
    if !path.is_string() || !matches!(list, Value::Dict(_) | Value::List(_)) {
        return fail(format!("{COUNT} first a dict or a list, second a string pointing to the subkey"));
    }
    if pos.get(2).is_some_and(|o| !o.is_mapping()) {
        return fail(format!("{COUNT} the optional third item must be a dict with flags skip_missing"));
    }
    let skip = pos.get(2).and_then(|o| o.get("skip_missing")).is_some_and(Value::truthy);
    if list.get("skipped").is_some_and(Value::truthy) {
        return Ok(Vec::new());
    }
    // An element that was skipped has none.
    let kept: Vec<Value> = match list {
        Value::Dict(d) => d.values().cloned().collect(),
        Value::List(l) => l.to_vec(),
        _ => return Err(Error::runtime("subelements lookup expects a dictionary or a list as its first item")),
    };
    let kept = kept.into_iter().filter(|x| !x.get("skipped").is_some_and(Value::truthy)).collect();
    let keys: Vec<String> = py_str(path).split('.').map(str::to_owned).collect();
    // The element comes without the list that its subelements are from.
    let rows = subelements(cx, &Value::list(kept), path, skip).map_err(|e| match e.detail().and_then(|d| d.msg.split_once("iterated item ")) {
        Some((head, item)) => Error::runtime(format!("{head}iterated item '{item}'")),
        None => e,
    })?;
    Ok(rows.into_iter().map(|row| match row.as_list() {
        Some([item, sub]) => Value::tuple(vec![without(item, &keys), sub.clone()]),
        _ => row,
    }).collect())
}

fn without(v: &Value, keys: &[String]) -> Value {
    let (Value::Dict(d), Some((first, rest))) = (v, keys.split_first()) else { return v.clone() };
    let mut d = (**d).clone();
    match d.get(first).filter(|_| !rest.is_empty()) {
        Some(inner) => {
            let inner = without(inner, rest);
            d.insert(first.as_str(), inner);
        }
        None => _ = d.remove(first),
    }
    Value::dict(d)
}
