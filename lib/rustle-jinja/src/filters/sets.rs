//! `unique`, `union`, `intersect`, `difference`, `symmetric_difference`: `{{ a | union(b) }}`. Order is kept.

use super::select::get_path;
use super::{Filter, sequence::fold};
use crate::args::{Args, required};
use crate::error::{Result, fail};
use crate::interp::Interp;
use rustle_value::{Dict, Value};

pub static FILTERS: &[Filter] = &[
    Filter::new("unique", &[], |cx, v, args| {
        let [case, attribute] = args.bind("unique", ["case_sensitive", "attribute"])?;
        let plain = case.as_ref().is_none_or(|c| c.is_null() || c.truthy()) && attribute.as_ref().is_none_or(|a| !a.truthy());
        let case = case.is_some_and(|c| c.truthy());
        let mut seen = Set::default();
        let mut out = Vec::new();
        for x in cx.elements(&v)? {
            let k = match &attribute {
                Some(a) if !a.is_null() => {
                    let k = get_path(cx, &x, a)?;
                    cx.settle(k)?
                }
                _ => x.clone(),
            };
            if !plain && matches!(k, Value::Dict(_) | Value::List(_)) {
                let kind = if matches!(k, Value::Dict(_)) { "Dict" } else { "List" };
                return fail(format!(
                    "Jinja2's unique filter failed and we cannot fall back to Ansible's version as it does not support the parameters supplied: unhashable type: '_AnsibleLazyTemplate{kind}'"
                ));
            }
            if seen.add(&fold(&k, case)) {
                out.push(x);
            }
        }
        Ok(Value::list(out))
    }),
    Filter::new("union", &[], |cx, v, a| two(cx, v, a, "union", |a, b| uniq(a.iter().chain(b)))),
    Filter::new("intersect", &[], |cx, v, a| two(cx, v, a, "intersect", |a, b| {
        let b = Set::of(b);
        uniq(a.iter().filter(|x| b.has(x)))
    })),
    Filter::new("difference", &[], |cx, v, a| two(cx, v, a, "difference", |a, b| {
        let b = Set::of(b);
        uniq(a.iter().filter(|x| !b.has(x)))
    })),
    Filter::new("symmetric_difference", &[], |cx, v, a| two(cx, v, a, "symmetric_difference", |a, b| {
        let (sa, sb) = (Set::of(a), Set::of(b));
        uniq(a.iter().chain(b).filter(|x| sa.has(x) != sb.has(x)))
    })),
];

/// A set by Python's equality.
#[derive(Default)]
struct Set(Dict);

impl Set {
    fn of(items: &[Value]) -> Set {
        Set(items.iter().map(|x| (x.clone(), Value::Null)).collect())
    }
    fn has(&self, v: &Value) -> bool {
        self.0.contains_value_key(v)
    }
    fn add(&mut self, v: &Value) -> bool {
        self.0.insert(v.clone(), Value::Null).is_none()
    }
}

fn uniq<'v>(items: impl Iterator<Item = &'v Value>) -> Vec<Value> {
    let mut seen = Set::default();
    items.filter(|x| seen.add(x)).cloned().collect()
}

fn two(cx: &mut Interp<'_>, v: Value, args: Args, name: &str, f: fn(&[Value], &[Value]) -> Vec<Value>) -> Result<Value> {
    let [b] = args.bind(name, ["b"])?;
    let b = required(b, name, "b")?;
    let (a, b) = (cx.elements(&v)?, cx.elements(&b)?);
    Ok(Value::list(f(&a, &b)))
}
