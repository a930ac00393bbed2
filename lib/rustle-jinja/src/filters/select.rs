//! `map`, `select`, `reject`, `selectattr`, `rejectattr`: `{{ users | selectattr('uid', 'gt', 999) | map(attribute='name') }}`.

use super::{Filter, Mode};
use crate::args::Args;
use crate::error::{Error, Result, fail};
use crate::interp::Interp;
use rustle_value::Value;

pub static FILTERS: &[Filter] = &[
    Filter::new("map", &[], map).mode(Mode::Lazy),
    Filter::new("select", &[], |cx, v, a| filter(cx, &v, a, true, false)).mode(Mode::Lazy),
    Filter::new("reject", &[], |cx, v, a| filter(cx, &v, a, false, false)).mode(Mode::Lazy),
    Filter::new("selectattr", &[], |cx, v, a| filter(cx, &v, a, true, true)).mode(Mode::Lazy),
    Filter::new("rejectattr", &[], |cx, v, a| filter(cx, &v, a, false, true)).mode(Mode::Lazy),
];

/// `a.b.0` of a value: names and indices, each an item first.
pub(crate) fn get_path(cx: &mut Interp<'_>, v: &Value, path: &Value) -> Result<Value> {
    match path {
        Value::Str(s) => {
            let mut v = v.clone();
            for part in s.split('.') {
                let key = part.parse::<i64>().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit())).map_or_else(|| Value::from(part), Value::Int);
                v = cx.item(&v, &key)?;
            }
            Ok(v)
        }
        key => cx.item(v, key),
    }
}

fn map(cx: &mut Interp<'_>, v: Value, mut args: Args) -> Result<Value> {
    let items = cx.elements(&v)?;
    let mut out = Vec::with_capacity(items.len());
    if args.pos.is_empty()
        && let Some(attribute) = args.take("attribute")
    {
        let default = args.take("default");
        if let Some((k, _)) = args.kw.first() {
            return fail(format!("Unexpected keyword argument '{k}'"));
        }
        for x in items {
            let x = cx.resolve(x)?;
            let found = get_path(cx, &x, &attribute)?;
            out.push(match (&default, found.is_undefined()) {
                (Some(d), true) => d.clone(),
                _ => found,
            });
        }
        return Ok(Value::list(out));
    }
    if args.pos.is_empty() {
        return fail("map requires a filter argument");
    }
    let name = args.pos.remove(0).to_string();
    for x in items {
        let x = cx.resolve(x)?;
        out.push(cx.call_filter(&name, x, args.clone())?);
    }
    Ok(Value::list(out))
}

fn filter(cx: &mut Interp<'_>, v: &Value, mut args: Args, keep: bool, by_attribute: bool) -> Result<Value> {
    let attribute = match (by_attribute, args.pos.is_empty()) {
        (true, true) => return fail("Missing parameter for attribute name"),
        (true, false) => Some(args.pos.remove(0)),
        (false, _) => None,
    };
    let test = (!args.pos.is_empty()).then(|| args.pos.remove(0).to_string());
    let mut out = Vec::new();
    for x in cx.elements(v)? {
        let x = cx.resolve(x)?;
        let subject = match &attribute {
            Some(a) => get_path(cx, &x, a)?,
            None => x.clone(),
        };
        let hit = match &test {
            Some(t) => cx.test_truth(t, subject, args.clone())?,
            None => {
                if let Value::Undefined(u) = &subject {
                    return Err(Error::undefined(&*u.hint));
                }
                cx.truth(&subject)?
            }
        };
        if hit == keep {
            out.push(x);
        }
    }
    Ok(Value::list(out))
}
