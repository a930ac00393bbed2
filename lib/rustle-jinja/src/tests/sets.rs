//! Containment: `subset`, `superset`, `contains`, `any`, `all`: `{{ [1, 2] is subset(all_ids) }}`.

use super::Test;
use crate::args::{Args, required};
use crate::error::Result;
use crate::filters::Mode;
use crate::interp::Interp;
use crate::ops;
use rustle_value::{Dict, Value};

fn subset(cx: &mut Interp<'_>, v: &Value, args: Args, swap: bool) -> Result<bool> {
    let [b] = args.bind("issubset", ["b"])?;
    let b = required(b, "issubset", "b")?;
    let (small, large) = if swap { (&b, v) } else { (v, &b) };
    let large: Dict = cx.elements(large)?.into_iter().map(|x| (x, Value::Null)).collect();
    Ok(cx.elements(small)?.iter().all(|x| large.contains_value_key(x)))
}

pub static TESTS: &[Test] = &[
    Test::new("subset", &["issubset"], |cx, v, a| subset(cx, v, a, false)).mode(Mode::Settled),
    Test::new("superset", &["issuperset"], |cx, v, a| subset(cx, v, a, true)).mode(Mode::Settled),
    Test::new("contains", &[], |_, v, args| {
        let [x] = args.bind("contains", ["b"])?;
        ops::contains(v, &required(x, "contains", "b")?)
    })
    .mode(Mode::Settled),
    Test::new("any", &[], |cx, v, _| {
        let items = cx.elements(v)?;
        Ok(items.iter().any(Value::truthy))
    })
    .mode(Mode::Settled),
    Test::new("all", &[], |cx, v, _| {
        let items = cx.elements(v)?;
        Ok(items.iter().all(Value::truthy))
    })
    .mode(Mode::Settled),
];
