//! Functions that every template sees: `range`, `dict`, `lookup`, `query`, `now`, `undef`, `namespace`, ….

use crate::args::{Args, flag, opt_int, opt_text};
use crate::error::{Error, Result, fail};
use crate::interp::Interp;
use crate::lookups;
use crate::methods::dicts::add_all;
use crate::objects::{Cycler, Func, Namespace, omit};
use crate::util::datetime;
use rustle_value::{Dict, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Longest list that `range` makes.
const MAX_RANGE: i64 = 20_000_000;

/// Names of the globals.
pub(crate) const NAMES: &[&str] = &["omit", "range", "dict", "lipsum", "cycler", "joiner", "namespace", "lookup", "query", "q", "now", "undef"];

/// The global `name`.
pub(crate) fn find(name: &str) -> Option<Value> {
    static ALL: OnceLock<HashMap<&'static str, Value>> = OnceLock::new();
    ALL.get_or_init(|| {
        type Plain = fn(&mut Interp<'_>, Args) -> Result<Value>;
        let table: [(&'static str, &'static str, Plain); 11] = [
            ("range", "type", range),
            ("dict", "type", dict),
            ("lipsum", "function", lipsum),
            ("cycler", "type", cycler),
            ("joiner", "type", joiner),
            ("namespace", "type", namespace),
            ("lookup", "function", |cx, args| lookups::run(cx, args, false)),
            ("query", "function", |cx, args| lookups::run(cx, args, true)),
            ("q", "function", |cx, args| lookups::run(cx, args, true)),
            ("now", "function", now),
            ("undef", "function", undef),
        ];
        let mut m: HashMap<_, _> = table.into_iter().map(|(n, kind, f)| (n, Func::value(kind, f))).collect();
        m.insert("omit", omit());
        m
    })
    .get(name)
    .cloned()
}

fn range(cx: &mut Interp<'_>, args: Args) -> Result<Value> {
    let mut n = Vec::new();
    for v in &args.pos {
        let v = cx.resolve_strict(v.clone())?;
        match v {
            Value::Int(_) | Value::Bool(_) => n.push(opt_int(Some(&v))?.unwrap_or(0)),
            other => return fail(format!("'{}' object cannot be interpreted as an integer", other.type_name())),
        }
    }
    let (start, stop, step) = match n[..] {
        [stop] => (0, stop, 1),
        [start, stop] => (start, stop, 1),
        [start, stop, step] => (start, stop, step),
        _ => return fail(format!("range expected at least 1 argument, got {}", n.len())),
    };
    if step == 0 {
        return fail("range() arg 3 must not be zero");
    }
    if (stop.saturating_sub(start) / step) > MAX_RANGE {
        return fail("range is too large");
    }
    let mut out = Vec::new();
    let mut i = start;
    while (step > 0 && i < stop) || (step < 0 && i > stop) {
        out.push(Value::Int(i));
        i += step;
    }
    Ok(Value::list(out))
}

fn dict(cx: &mut Interp<'_>, args: Args) -> Result<Value> {
    let mut d = Dict::new();
    if let Some(v) = args.pos.first() {
        add_all(cx, &mut d, v)?;
    }
    for (k, v) in args.kw {
        d.insert(Value::Str(k), v);
    }
    Ok(Value::dict(d))
}

fn lipsum(_: &mut Interp<'_>, _: Args) -> Result<Value> {
    fail("lipsum() is not available")
}

fn cycler(_: &mut Interp<'_>, args: Args) -> Result<Value> {
    if args.pos.is_empty() {
        return fail("at least one item has to be provided");
    }
    Ok(Value::Object(Arc::new(Cycler { items: args.pos, at: Arc::new(Mutex::new(0)) })))
}

fn joiner(_: &mut Interp<'_>, args: Args) -> Result<Value> {
    let [sep] = args.bind("joiner", ["sep"])?;
    let sep = opt_text(sep.as_ref()).unwrap_or_else(|| ", ".into());
    let used = Mutex::new(false);
    Ok(Func::value("Joiner", move |_, _| {
        let mut used = used.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Value::from(if std::mem::replace(&mut *used, true) { sep.as_str() } else { "" }))
    }))
}

fn namespace(cx: &mut Interp<'_>, args: Args) -> Result<Value> {
    let ns = Namespace::default();
    let Value::Dict(d) = dict(cx, args)? else { return Ok(Value::Null) };
    for (k, v) in d.iter() {
        let v = cx.resolve(v.clone())?;
        ns.set(&k.to_string().into(), v);
    }
    Ok(Value::Object(Arc::new(ns)))
}

fn now(_: &mut Interp<'_>, args: Args) -> Result<Value> {
    let [utc, fmt] = args.bind("now", ["utc", "fmt"])?;
    let (secs, micro) = datetime::clock();
    let tm = if flag(utc.as_ref(), false) { datetime::utc(secs, micro) } else { datetime::local(secs, micro) };
    Ok(match opt_text(fmt.as_ref()) {
        Some(f) => Value::from(datetime::strftime(&tm, &f)),
        None => tm.naive(),
    })
}

fn undef(_: &mut Interp<'_>, args: Args) -> Result<Value> {
    let [hint] = args.bind("undef", ["hint"])?;
    match hint {
        Some(Value::Undefined(u)) => Err(Error::undefined(&*u.hint)),
        hint => Ok(Value::undefined(opt_text(hint.as_ref()).unwrap_or_else(|| "Mandatory variable has not been overridden".into()))),
    }
}
