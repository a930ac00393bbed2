//! Methods of `list` and `tuple`.

use crate::args::{Args, opt_int};
use crate::error::{Error, Result, fail};
use crate::interp::Interp;
use crate::util::sort::sort_values;
use rustle_value::{Value, py_eq, py_repr};

pub(super) const NAMES: &[&str] = &["append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort"];

pub(super) fn call(cx: &mut Interp<'_>, v: &Value, name: &str, args: Args) -> Result<Value> {
    let items = v.as_list().unwrap_or_default();
    match name {
        "copy" => Ok(Value::list(items.to_vec())),
        "count" | "index" => {
            let Some(x) = args.pos.first().cloned() else { return fail(format!("list.{name}() takes exactly one argument (0 given)")) };
            let x = cx.settle(x)?;
            let items = cx.settle(v.clone())?;
            let items = items.as_list().unwrap_or_default();
            if name == "count" {
                return Ok(Value::from(items.iter().filter(|y| py_eq(&x, y)).count()));
            }
            let from = opt_int(args.pos.get(1))?.unwrap_or(0).max(0) as usize;
            match items.iter().skip(from).position(|y| py_eq(&x, y)) {
                Some(i) => Ok(Value::from(i + from)),
                None => fail(format!("{} is not in list", py_repr(&x))),
            }
        }
        other => fail(format!("'{}' object has no method '{other}'", v.type_name())),
    }
}

pub(super) fn call_mut(cx: &mut Interp<'_>, l: &mut Vec<Value>, name: &str, mut args: Args) -> Result<Value> {
    let one = |args: &Args| args.pos.first().cloned().ok_or_else(|| Error::runtime(format!("list.{name}() takes exactly one argument (0 given)")));
    let place = |i: i64, n: usize| if i < 0 { i + n as i64 } else { i };
    match name {
        "append" => l.push(one(&args)?),
        "extend" => {
            let v = one(&args)?;
            l.extend(cx.elements(&v)?);
        }
        "insert" => {
            let at = place(opt_int(args.pos.first())?.unwrap_or(0), l.len()).clamp(0, l.len() as i64) as usize;
            l.insert(at, args.pos.get(1).cloned().unwrap_or_default());
        }
        "pop" => {
            if l.is_empty() {
                return fail("pop from empty list");
            }
            let at = place(opt_int(args.pos.first())?.unwrap_or(-1), l.len());
            return match usize::try_from(at).ok().filter(|i| *i < l.len()) {
                Some(i) => Ok(l.remove(i)),
                None => fail("pop index out of range"),
            };
        }
        "remove" => {
            let x = one(&args)?;
            match l.iter().position(|y| py_eq(&x, y)) {
                Some(i) => _ = l.remove(i),
                None => return fail("list.remove(x): x not in list"),
            }
        }
        "clear" => l.clear(),
        "reverse" => l.reverse(),
        _ => {
            let reverse = args.take("reverse").is_some_and(|v| v.truthy());
            for v in l.iter_mut() {
                *v = cx.settle(std::mem::take(v))?;
            }
            sort_values(l, reverse)?;
        }
    }
    Ok(Value::Null)
}
