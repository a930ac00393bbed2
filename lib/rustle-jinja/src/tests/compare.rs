//! Comparison as tests, for `select` and its kin: `eq`, `ne`, `lt`, `le`, `gt`, `ge`, `in`, and `odd`, `even`,
//! `divisibleby`, `lower`, `upper`: `{{ nums | select('gt', 3) }}`.

use super::Test;
use crate::args::{Args, required};
use crate::ast::{BinOp, CmpOp};
use crate::error::Result;
use crate::filters::Mode;
use crate::ops;
use rustle_value::Value;

fn cmp(op: CmpOp, v: &Value, args: Args) -> Result<bool> {
    let [b] = args.bind("compare", ["b"])?;
    ops::compare(op, v, &required(b, "compare", "b")?)
}

fn rem(v: &Value, n: &Value) -> Result<i64> {
    Ok(ops::binary(BinOp::Mod, v, n)?.as_f64().map_or(-1, |f| if f == 0.0 { 0 } else if f == 1.0 { 1 } else { 2 }))
}

pub static TESTS: &[Test] = &[
    Test::new("eq", &["equalto", "=="], |_, v, a| cmp(CmpOp::Eq, v, a)).mode(Mode::Settled),
    Test::new("ne", &["!="], |_, v, a| cmp(CmpOp::Ne, v, a)).mode(Mode::Settled),
    Test::new("lt", &["lessthan", "<"], |_, v, a| cmp(CmpOp::Lt, v, a)).mode(Mode::Settled),
    Test::new("le", &["<="], |_, v, a| cmp(CmpOp::Le, v, a)).mode(Mode::Settled),
    Test::new("gt", &["greaterthan", ">"], |_, v, a| cmp(CmpOp::Gt, v, a)).mode(Mode::Settled),
    Test::new("ge", &[">="], |_, v, a| cmp(CmpOp::Ge, v, a)).mode(Mode::Settled),
    Test::new("in", &[], |_, v, args| {
        let [seq] = args.bind("in", ["seq"])?;
        ops::contains(&required(seq, "in", "seq")?, v)
    })
    .mode(Mode::Settled),
    Test::new("odd", &[], |_, v, _| Ok(rem(v, &Value::Int(2))? == 1)),
    Test::new("even", &[], |_, v, _| Ok(rem(v, &Value::Int(2))? == 0)),
    Test::new("divisibleby", &[], |_, v, args| {
        let [n] = args.bind("divisibleby", ["num"])?;
        Ok(rem(v, &required(n, "divisibleby", "num")?)? == 0)
    }),
    Test::new("lower", &[], |_, v, _| {
        let s = v.to_string();
        Ok(s.chars().any(char::is_lowercase) && !s.chars().any(char::is_uppercase))
    }),
    Test::new("upper", &[], |_, v, _| {
        let s = v.to_string();
        Ok(s.chars().any(char::is_uppercase) && !s.chars().any(char::is_lowercase))
    }),
    Test::new("filter", &[], |_, v, _| Ok(crate::filters::find(&v.to_string()).is_some())),
    Test::new("test", &[], |_, v, _| Ok(super::find(&v.to_string()).is_some())),
];
