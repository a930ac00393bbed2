//! Lists as such: `list`, `first`, `last`, `reverse`, `sort`, `min`, `max`, `sum`, `flatten`, `slice`, `batch`, `groupby`:
//! `{{ users | sort(attribute='name') | first }}`.

use super::select::get_path;
use super::{Filter, Mode};
use crate::args::{Args, flag, opt_int, required};
use crate::ast::BinOp;
use crate::error::{Result, fail};
use crate::interp::Interp;
use crate::ops;
use crate::util::sort::sort_by_key;
use rustle_value::{Object, Value, py_cmp, py_eq};
use std::any::Any;
use std::sync::Arc;

pub static FILTERS: &[Filter] = &[
    Filter::new("list", &[], |cx, v, _| cx.elements(&v).map(Value::list)),
    Filter::new("first", &[], |cx, v, _| Ok(cx.elements(&v)?.into_iter().next().unwrap_or_else(|| Value::undefined("No first item, sequence was empty.")))).mode(Mode::Lazy),
    Filter::new("last", &[], |cx, v, _| Ok(cx.elements(&v)?.pop().unwrap_or_else(|| Value::undefined("No last item, sequence was empty.")))).mode(Mode::Lazy),
    Filter::new("reverse", &[], |cx, v, _| match &v {
        Value::Str(s) => Ok(Value::from(s.chars().rev().collect::<String>())),
        v => {
            let mut l = cx.elements(v)?;
            l.reverse();
            Ok(Value::list(l))
        }
    }),
    Filter::new("sort", &[], sort),
    Filter::new("min", &[], |cx, v, a| extreme(cx, &v, a, false)),
    Filter::new("max", &[], |cx, v, a| extreme(cx, &v, a, true)),
    Filter::new("sum", &[], |cx, v, args| {
        let [attribute, start] = args.bind("sum", ["attribute", "start"])?;
        let mut total = start.unwrap_or(Value::Int(0));
        for x in cx.elements(&v)? {
            let x = match &attribute {
                Some(a) if !a.is_null() => get_path(cx, &x, a)?,
                _ => x,
            };
            let x = cx.settle(x)?;
            total = ops::binary(BinOp::Add, &total, &x)?;
        }
        Ok(total)
    }),
    Filter::new("flatten", &[], |_, v, args| {
        let [levels, skip_nulls] = args.bind("flatten", ["levels", "skip_nulls"])?;
        let levels = opt_int(levels.as_ref())?;
        let Some(items) = v.as_list() else { return fail(format!("'{}' object is not iterable", v.type_name())) };
        let mut out = Vec::new();
        flatten(items, levels, flag(skip_nulls.as_ref(), true), &mut out);
        Ok(Value::list(out))
    }),
    Filter::new("batch", &[], |cx, v, args| {
        let [n, fill] = args.bind("batch", ["linecount", "fill_with"])?;
        let n = opt_int(n.as_ref())?.unwrap_or(1).max(1) as usize;
        let items = cx.elements(&v)?;
        let mut out: Vec<Vec<Value>> = items.chunks(n).map(<[Value]>::to_vec).collect();
        if let (Some(last), Some(f)) = (out.last_mut(), fill.filter(|f| !f.is_null())) {
            last.resize(n, f);
        }
        Ok(Value::list(out.into_iter().map(Value::list).collect()))
    }),
    Filter::new("slice", &[], |cx, v, args| {
        let [n, fill] = args.bind("slice", ["slices", "fill_with"])?;
        let n = opt_int(n.as_ref())?.unwrap_or(1).max(1) as usize;
        let items = cx.elements(&v)?;
        let (per, extra) = (items.len() / n, items.len() % n);
        let mut out = Vec::new();
        let mut at = 0;
        for i in 0..n {
            let end = at + per + usize::from(i < extra);
            let mut part = items[at..end].to_vec();
            at = end;
            if let Some(f) = fill.as_ref().filter(|f| !f.is_null())
                && i >= extra
            {
                part.push(f.clone());
            }
            out.push(Value::list(part));
        }
        Ok(Value::list(out))
    }),
    Filter::new("groupby", &[], groupby),
];

fn flatten(items: &[Value], levels: Option<i64>, skip_nulls: bool, out: &mut Vec<Value>) {
    for x in items {
        let null = matches!(x, Value::Null) || matches!(x.as_str(), Some("None" | "null"));
        match x {
            _ if skip_nulls && null => {}
            Value::List(l) | Value::Tuple(l) if levels.is_none_or(|n| n >= 1) => flatten(l, levels.map(|n| n - 1), skip_nulls, out),
            x => out.push(x.clone()),
        }
    }
}

/// Text without case, where case does not count.
pub(crate) fn fold(v: &Value, case_sensitive: bool) -> Value {
    match v {
        Value::Str(s) if !case_sensitive => Value::from(s.to_lowercase()),
        v => v.clone(),
    }
}

fn sort(cx: &mut Interp<'_>, v: Value, args: Args) -> Result<Value> {
    let [reverse, case, attribute] = args.bind("sort", ["reverse", "case_sensitive", "attribute"])?;
    let case = flag(case.as_ref(), false);
    let mut pairs = Vec::new();
    for x in cx.elements(&v)? {
        let key = match &attribute {
            Some(Value::Str(s)) if s.contains(',') => {
                let mut parts = Vec::new();
                for a in s.split(',') {
                    let k = get_path(cx, &x, &Value::from(a))?;
                    parts.push(fold(&cx.settle(k)?, case));
                }
                Value::tuple(parts)
            }
            Some(a) if !a.is_null() => {
                let k = get_path(cx, &x, a)?;
                fold(&cx.settle(k)?, case)
            }
            _ => fold(&x, case),
        };
        pairs.push((key, x));
    }
    sort_by_key(&mut pairs, flag(reverse.as_ref(), false))?;
    Ok(Value::list(pairs.into_iter().map(|(_, x)| x).collect()))
}

fn extreme(cx: &mut Interp<'_>, v: &Value, args: Args, max: bool) -> Result<Value> {
    let [case, attribute] = args.bind("max", ["case_sensitive", "attribute"])?;
    // Ansible's filters are Python's: case counts unless the caller says otherwise.
    let case = flag(case.as_ref(), false);
    let mut best: Option<(Value, Value)> = None;
    for x in cx.elements(v)? {
        let k = match &attribute {
            Some(a) if !a.is_null() => {
                let k = get_path(cx, &x, a)?;
                cx.settle(k)?
            }
            _ => x.clone(),
        };
        let k = fold(&k, case);
        let better = match &best {
            None => true,
            Some((b, _)) => {
                let order = py_cmp(&k, b).or_else(|e| fail(e.message(if max { ">" } else { "<" })))?;
                if max { order.is_gt() } else { order.is_lt() }
            }
        };
        if better {
            best = Some((k, x));
        }
    }
    Ok(best.map_or_else(|| Value::undefined("No aggregated item, sequence was empty."), |(_, x)| x))
}

fn groupby(cx: &mut Interp<'_>, v: Value, args: Args) -> Result<Value> {
    let [attribute, default, case] = args.bind("groupby", ["attribute", "default", "case_sensitive"])?;
    let attribute = required(attribute, "do_groupby", "attribute")?;
    let case = flag(case.as_ref(), false);
    let mut pairs = Vec::new();
    for x in cx.elements(&v)? {
        let mut k = get_path(cx, &x, &attribute)?;
        if let (true, Some(d)) = (k.is_undefined(), &default) {
            k = d.clone();
        }
        let k = cx.settle(k)?;
        pairs.push((fold(&k, case), (k, x)));
    }
    sort_by_key(&mut pairs, false)?;
    let mut out: Vec<(Value, Value, Vec<Value>)> = Vec::new();
    for (folded, (k, x)) in pairs {
        match out.last_mut() {
            Some((f, _, l)) if py_eq(f, &folded) => l.push(x),
            _ => out.push((folded, k, vec![x])),
        }
    }
    Ok(Value::list(out.into_iter().map(|(_, k, l)| Value::Object(Arc::new(Group(k, Value::list(l))))).collect()))
}

/// A pair of `groupby`, whose parts have names, too: `.grouper` and `.list`.
#[derive(Debug)]
struct Group(Value, Value);

impl Object for Group {
    fn type_name(&self) -> &'static str {
        "tuple"
    }
    fn attr(&self, name: &str) -> Option<Value> {
        match name {
            "grouper" => Some(self.0.clone()),
            "list" => Some(self.1.clone()),
            _ => None,
        }
    }
    fn item(&self, key: &Value) -> Option<Value> {
        match key.as_i64() {
            Some(0 | -2) => Some(self.0.clone()),
            Some(1 | -1) => Some(self.1.clone()),
            Some(_) => None,
            None => self.attr(key.as_str()?),
        }
    }
    fn iterate(&self) -> Option<Vec<Value>> {
        Some(vec![self.0.clone(), self.1.clone()])
    }
    fn render(&self) -> String {
        Value::tuple(vec![self.0.clone(), self.1.clone()]).to_string()
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}
