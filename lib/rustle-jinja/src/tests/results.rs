//! Results of tasks: `failed`, `succeeded`, `changed`, `skipped`, `reachable`, `unreachable`, `started`, `finished`,
//! `timedout`: `{{ out is failed }}`.

use super::Test;
use crate::error::{Result, fail};
use crate::interp::Interp;
use rustle_value::Value;

fn result<'v>(v: &'v Value, test: &str) -> Result<&'v Value> {
    if v.is_mapping() { Ok(v) } else { fail(format!("The '{test}' test expects a dictionary")) }
}

fn key(cx: &mut Interp<'_>, v: &Value, name: &str) -> Result<Option<Value>> {
    let x = cx.item(v, &Value::from(name))?;
    Ok((!x.is_undefined() && (v.get(name).is_some() || matches!(v, Value::Object(_)))).then_some(x))
}

fn flag(cx: &mut Interp<'_>, v: &Value, name: &str) -> Result<bool> {
    Ok(key(cx, v, name)?.is_some_and(|x| x.truthy()))
}

fn changed(cx: &mut Interp<'_>, v: &Value) -> Result<bool> {
    result(v, "changed")?;
    if let Some(c) = key(cx, v, "changed")? {
        return Ok(c.truthy());
    }
    // A loop's result changed where one of its items did.
    let Some(items) = key(cx, v, "results")? else { return Ok(false) };
    for x in cx.elements(&items).unwrap_or_default() {
        let x = cx.resolve(x)?;
        if x.is_mapping() && flag(cx, &x, "changed")? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn failed(cx: &mut Interp<'_>, v: &Value) -> Result<bool> {
    result(v, "failed")?;
    flag(cx, v, "failed")
}

fn finished(cx: &mut Interp<'_>, v: &Value, name: &str) -> Result<bool> {
    result(v, name)?;
    // What is not asynchronous started and finished at once.
    match key(cx, v, name)? {
        Some(x) => Ok(x.truthy()),
        None => Ok(true),
    }
}

pub static TESTS: &[Test] = &[
    Test::new("failed", &["failure"], |cx, v, _| failed(cx, v)),
    Test::new("succeeded", &["success", "successful"], |cx, v, _| failed(cx, v).map(|f| !f)),
    Test::new("changed", &["change"], |cx, v, _| changed(cx, v)),
    Test::new("skipped", &["skip"], |cx, v, _| flag(cx, result(v, "skipped")?, "skipped")),
    Test::new("unreachable", &[], |cx, v, _| flag(cx, result(v, "unreachable")?, "unreachable")),
    Test::new("reachable", &[], |cx, v, _| flag(cx, result(v, "reachable")?, "unreachable").map(|b| !b)),
    Test::new("started", &[], |cx, v, _| finished(cx, v, "started")),
    Test::new("finished", &[], |cx, v, _| finished(cx, v, "finished")),
    Test::new("timedout", &[], |cx, v, _| {
        result(v, "timedout")?;
        match key(cx, v, "timedout")? {
            Some(x) if x.truthy() => Ok(key(cx, &x, "period")?.is_some_and(|p| p.truthy())),
            _ => Ok(false),
        }
    }),
];
