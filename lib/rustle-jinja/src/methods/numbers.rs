//! Methods and fields of `int` and `float`.

use crate::args::Args;
use crate::error::{Result, fail};
use crate::ops::arith::big;
use rustle_value::Value;

pub(super) const NAMES: &[&str] = &["bit_length", "is_integer", "conjugate", "bit_count"];

pub(super) fn field(v: &Value, name: &str) -> Option<Value> {
    if !v.is_number() {
        return None;
    }
    match name {
        "real" | "numerator" if !matches!(v, Value::Float(_)) => Some(v.clone()),
        "real" => Some(v.clone()),
        "imag" => Some(Value::Int(0)),
        "denominator" if !matches!(v, Value::Float(_)) => Some(Value::Int(1)),
        _ => None,
    }
}

pub(super) fn call(v: &Value, name: &str, _args: Args) -> Result<Value> {
    match (name, big(v), v) {
        ("is_integer", _, Value::Float(f)) => Ok(Value::Bool(f.is_finite() && f.fract() == 0.0)),
        ("is_integer", Some(_), _) => Ok(Value::Bool(true)),
        ("conjugate", ..) => Ok(v.clone()),
        ("bit_length", Some(b), _) => Ok(Value::from(b.bits())),
        ("bit_count", Some(b), _) => Ok(Value::from(b.magnitude().count_ones())),
        _ => fail(format!("'{}' object has no method '{name}'", v.type_name())),
    }
}
