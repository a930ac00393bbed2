//! `int`, `float`, `abs`, `round`: `{{ '0x1f' | int(base=16) }}`.

use super::Filter;
use crate::args::{Args, opt_int};
use crate::error::{Result, fail};
use crate::interp::Interp;
use num_traits::{FromPrimitive, Num, Signed};
use rustle_value::{BigInt, Value};

pub static FILTERS: &[Filter] = &[
    Filter::new("int", &[], int),
    Filter::new("float", &[], |_, v, args| {
        let [default] = args.bind("float", ["default"])?;
        let parsed = match &v {
            Value::Str(s) => parse_float(s),
            v => v.as_f64(),
        };
        Ok(parsed.map_or_else(|| default.unwrap_or(Value::Float(0.0)), Value::Float))
    }),
    Filter::new("abs", &[], |_, v, _| match &v {
        Value::Float(f) => Ok(Value::Float(f.abs())),
        v => match crate::ops::arith::big(v) {
            Some(b) => Ok(Value::big(b.abs())),
            None => fail(format!("bad operand type for abs(): '{}'", v.type_name())),
        },
    }),
    Filter::new("round", &[], round),
];

/// Python's `float(text)`.
pub(crate) fn parse_float(s: &str) -> Option<f64> {
    let t = s.trim();
    let plain = t.trim_start_matches(['+', '-']).to_ascii_lowercase();
    let word = matches!(plain.as_str(), "inf" | "infinity" | "nan");
    if !word && plain.bytes().any(|b| b.is_ascii_alphabetic() && b != b'e') {
        return None;
    }
    let underscores_ok = !t.starts_with('_') && !t.ends_with('_') && !t.contains("__");
    if t.contains('_') && !underscores_ok {
        return None;
    }
    t.replace('_', "").parse().ok()
}

/// Python's `int(text, base)`.
pub(crate) fn parse_int(s: &str, base: u32) -> Option<BigInt> {
    let t = s.trim();
    let (negative, t) = match t.as_bytes().first()? {
        b'-' => (true, &t[1..]),
        b'+' => (false, &t[1..]),
        _ => (false, t),
    };
    let lower = t.to_ascii_lowercase();
    let (base, digits) = match (base, lower.get(..2)) {
        (0 | 16, Some("0x")) => (16, &lower[2..]),
        (0 | 8, Some("0o")) => (8, &lower[2..]),
        (0 | 2, Some("0b")) => (2, &lower[2..]),
        (0, _) => (10, lower.as_str()),
        (b, _) => (b, lower.as_str()),
    };
    if digits.is_empty() || digits.starts_with(['_', '+', '-']) || digits.ends_with('_') || digits.contains("__") || !(2..=36).contains(&base) {
        return None;
    }
    let n = BigInt::from_str_radix(&digits.replace('_', ""), base).ok()?;
    Some(if negative { -n } else { n })
}

fn int(_: &mut Interp<'_>, v: Value, args: Args) -> Result<Value> {
    let [default, base] = args.bind("int", ["default", "base"])?;
    let base = opt_int(base.as_ref())?.unwrap_or(10);
    let parsed = match &v {
        Value::Str(s) => parse_int(s, u32::try_from(base).unwrap_or(10)).or_else(|| {
            let f = parse_float(s)?;
            BigInt::from_f64(f.trunc())
        }),
        Value::Float(f) => BigInt::from_f64(f.trunc()),
        v => crate::ops::arith::big(v),
    };
    Ok(parsed.map_or_else(|| default.unwrap_or(Value::Int(0)), Value::big))
}

/// Rounds half to even, as Python's `round`, on the decimal expansion.
pub(crate) fn round_half_even(f: f64, digits: i64) -> f64 {
    if !f.is_finite() {
        return f;
    }
    if digits >= 0 {
        // Rust formats correctly rounded from the exact binary value, ties to even, as Python does.
        return format!("{f:.*}", digits.min(320) as usize).parse().unwrap_or(f);
    }
    let scale = 10f64.powi(digits.unsigned_abs().min(320) as i32);
    (f / scale).round_ties_even() * scale
}

fn round(_: &mut Interp<'_>, v: Value, args: Args) -> Result<Value> {
    let [precision, method] = args.bind("round", ["precision", "method"])?;
    let precision = opt_int(precision.as_ref())?.unwrap_or(0);
    let method = method.map_or_else(|| "common".to_owned(), |m| m.to_string());
    let Some(f) = v.as_f64() else { return fail(format!("type {} doesn't define __round__ method", v.type_name())) };
    let scale = 10f64.powi(precision.clamp(-320, 320) as i32);
    match method.as_str() {
        // An integer stays one, where Python's `round(x, n)` is asked.
        "common" if matches!(v, Value::Int(_) | Value::Bool(_) | Value::BigInt(_)) && precision >= 0 => Ok(v),
        "common" if matches!(v, Value::Int(_)) => Ok(Value::Int(round_half_even(f, precision) as i64)),
        "common" => Ok(Value::Float(round_half_even(f, precision))),
        "ceil" => Ok(Value::Float((f * scale).ceil() / scale)),
        "floor" => Ok(Value::Float((f * scale).floor() / scale)),
        _ => fail("method must be common, ceil or floor"),
    }
}
