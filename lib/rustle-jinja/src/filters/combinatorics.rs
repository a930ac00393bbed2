//! `zip`, `zip_longest`, `product`, `permutations`, `combinations`: `{{ a | zip(b) | list }}`.

use super::Filter;
use crate::args::{Args, opt_int};
use crate::error::{Result, fail};
use crate::interp::Interp;
use rustle_value::Value;

/// Largest result.
const MAX: usize = 5_000_000;

pub static FILTERS: &[Filter] = &[
    Filter::new("zip", &[], |cx, v, args| {
        let lists = lists(cx, v, args)?;
        let n = lists.iter().map(Vec::len).min().unwrap_or(0);
        Ok(rows((0..n).map(|i| lists.iter().map(|l| l[i].clone()).collect())))
    }),
    Filter::new("zip_longest", &[], |cx, v, mut args| {
        let fill = args.take("fillvalue").unwrap_or_default();
        let lists = lists(cx, v, args)?;
        let n = lists.iter().map(Vec::len).max().unwrap_or(0);
        Ok(rows((0..n).map(|i| lists.iter().map(|l| l.get(i).unwrap_or(&fill).clone()).collect())))
    }),
    Filter::new("product", &[], |cx, v, mut args| {
        let repeat = opt_int(args.take("repeat").as_ref())?.unwrap_or(1).max(0) as usize;
        let one = lists(cx, v, args)?;
        let mut out: Vec<Vec<Value>> = vec![Vec::new()];
        for l in (0..repeat).flat_map(|_| &one) {
            if out.len().saturating_mul(l.len()) > MAX {
                return fail("result is too large");
            }
            out = out.iter().flat_map(|h| l.iter().map(move |x| [&h[..], std::slice::from_ref(x)].concat())).collect();
        }
        Ok(rows(out.into_iter()))
    }),
    Filter::new("permutations", &[], |cx, v, args| choose(cx, &v, args, true)),
    Filter::new("combinations", &[], |cx, v, args| choose(cx, &v, args, false)),
];

fn rows(i: impl Iterator<Item = Vec<Value>>) -> Value {
    Value::list(i.map(Value::tuple).collect())
}

fn lists(cx: &mut Interp<'_>, v: Value, args: Args) -> Result<Vec<Vec<Value>>> {
    std::iter::once(v).chain(args.pos).map(|l| cx.elements(&l)).collect()
}

fn choose(cx: &mut Interp<'_>, v: &Value, args: Args, ordered: bool) -> Result<Value> {
    let [r] = args.bind("choose", ["r"])?;
    let items = cx.elements(v)?;
    let r = match opt_int(r.as_ref())? {
        Some(n) => n.max(0) as usize,
        None if ordered => items.len(),
        None => return fail("combinations() missing required argument 'r' (pos 2)"),
    };
    let mut out = Vec::new();
    let mut picked = Vec::new();
    walk(&items, r, ordered, 0, &mut picked, &mut out)?;
    Ok(rows(out.into_iter()))
}

fn walk(items: &[Value], r: usize, ordered: bool, from: usize, picked: &mut Vec<usize>, out: &mut Vec<Vec<Value>>) -> Result<()> {
    if picked.len() == r {
        out.push(picked.iter().map(|i| items[*i].clone()).collect());
        return if out.len() > MAX { fail("result is too large") } else { Ok(()) };
    }
    for i in if ordered { 0 } else { from }..items.len() {
        if ordered && picked.contains(&i) {
            continue;
        }
        picked.push(i);
        walk(items, r, ordered, i + 1, picked, out)?;
        picked.pop();
    }
    Ok(())
}
