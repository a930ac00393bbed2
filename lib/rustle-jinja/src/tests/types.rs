//! Types and identities: `string`, `number`, `mapping`, `none`, `boolean`, `iterable`, `callable`, `sameas`, …:
//! `{{ x is mapping }}`.

use super::Test;
use rustle_value::Value;
use std::sync::Arc;

pub static TESTS: &[Test] = &[
    Test::new("string", &[], |_, v, _| Ok(matches!(v, Value::Str(_)))),
    Test::new("number", &[], |_, v, _| Ok(v.is_number())),
    Test::new("integer", &[], |_, v, _| Ok(matches!(v, Value::Int(_) | Value::BigInt(_)))),
    Test::new("float", &[], |_, v, _| Ok(matches!(v, Value::Float(_)))),
    Test::new("boolean", &[], |_, v, _| Ok(matches!(v, Value::Bool(_)))),
    Test::new("true", &[], |_, v, _| Ok(matches!(v, Value::Bool(true)))),
    Test::new("false", &[], |_, v, _| Ok(matches!(v, Value::Bool(false)))),
    Test::new("none", &[], |_, v, _| Ok(v.is_null())),
    Test::new("mapping", &[], |_, v, _| Ok(v.is_mapping())),
    Test::new("iterable", &[], |cx, v, _| Ok(!v.is_number() && cx.elements(v).is_ok())),
    Test::new("sequence", &[], |_, v, _| Ok(matches!(v, Value::Str(_) | Value::List(_) | Value::Tuple(_) | Value::Dict(_) | Value::Bytes(_)) || v.is_mapping())),
    Test::new("callable", &[], |_, v, _| Ok(matches!(v, Value::Object(o) if matches!(o.type_name(), "function" | "method" | "type" | "builtin_function_or_method" | "Macro" | "Joiner" | "LoopContext")))),
    Test::new("escaped", &[], |_, _, _| Ok(false)),
    Test::new("sameas", &[], |_, v, args| {
        let [other] = args.bind("sameas", ["other"])?;
        let other = other.unwrap_or_default();
        Ok(match (v, &other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Str(a), Value::Str(b)) => a == b,
            (Value::List(a), Value::List(b)) => Arc::ptr_eq(a, b),
            (Value::Dict(a), Value::Dict(b)) => Arc::ptr_eq(a, b),
            (Value::Object(a), Value::Object(b)) => Arc::ptr_eq(a, b),
            _ => false,
        })
    }),
];
