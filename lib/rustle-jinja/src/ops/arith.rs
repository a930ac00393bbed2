//! Arithmetic with Python's types, rounding and complaints.

use crate::ast::BinOp;
use crate::error::{Result, fail};
use num_bigint::Sign;
use num_traits::{Signed, ToPrimitive, Zero};
use rustle_value::{BigInt, Value};

/// Longest string or list that `*` may make, and largest result of `**` in bits.
const MAX_REPEAT: usize = 64 << 20;

fn symbol(op: BinOp) -> &'static str {
    match op {
        BinOp::Add => "+",
        BinOp::Sub => "-",
        BinOp::Mul => "*",
        BinOp::Div => "/",
        BinOp::FloorDiv => "//",
        BinOp::Mod => "%",
        BinOp::Pow => "** or pow()",
    }
}

fn unsupported(op: BinOp, a: &Value, b: &Value) -> Result<Value> {
    fail(format!("unsupported operand type(s) for {}: '{}' and '{}'", symbol(op), a.type_name(), b.type_name()))
}

pub(crate) fn big(v: &Value) -> Option<BigInt> {
    match v {
        Value::BigInt(b) => Some((**b).clone()),
        v => v.as_i64().map(BigInt::from),
    }
}

/// `a op b`.
pub(crate) fn binary(op: BinOp, a: &Value, b: &Value) -> Result<Value> {
    if let (Some(x), Some(y)) = (a.as_i64(), b.as_i64())
        && let Some(r) = small(op, x, y)
    {
        return Ok(r);
    }
    if a.is_number() && b.is_number() {
        return match (big(a), big(b)) {
            (Some(x), Some(y)) => integers(op, &x, &y),
            _ => floats(op, a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN)),
        };
    }
    match (op, a, b) {
        (BinOp::Add, Value::Str(x), Value::Str(y)) => Ok(Value::from(format!("{x}{y}"))),
        (BinOp::Add, Value::Str(_), _) => fail(format!("can only concatenate str (not \"{}\") to str", b.type_name())),
        (BinOp::Add, Value::List(x), Value::List(y)) => Ok(Value::list(x.iter().chain(y.iter()).cloned().collect())),
        (BinOp::Add, Value::List(_), _) => fail(format!("can only concatenate list (not \"{}\") to list", b.type_name())),
        (BinOp::Add, Value::Tuple(x), Value::Tuple(y)) => Ok(Value::tuple(x.iter().chain(y.iter()).cloned().collect())),
        (BinOp::Add, Value::Tuple(_), _) => fail(format!("can only concatenate tuple (not \"{}\") to tuple", b.type_name())),
        (BinOp::Add, Value::Bytes(x), Value::Bytes(y)) => Ok(Value::Bytes([&x[..], &y[..]].concat().into())),
        (BinOp::Mul, Value::Str(_) | Value::List(_) | Value::Tuple(_), _) => repeat(a, b),
        (BinOp::Mul, _, Value::Str(_) | Value::List(_) | Value::Tuple(_)) => repeat(b, a),
        _ if crate::util::datetime::is_delta(a) || crate::util::datetime::is_delta(b) || matches!(a, Value::Time(_)) => {
            crate::util::datetime::arith(op, a, b).unwrap_or_else(|| unsupported(op, a, b))
        }
        _ => unsupported(op, a, b),
    }
}

fn repeat(seq: &Value, times: &Value) -> Result<Value> {
    let Some(n) = times.as_i64() else {
        return fail(format!("can't multiply sequence by non-int of type '{}'", times.type_name()));
    };
    let n = usize::try_from(n).unwrap_or(0);
    let len = match seq {
        Value::Str(s) => s.len(),
        v => v.as_list().map_or(0, <[Value]>::len),
    };
    if len.saturating_mul(n) > MAX_REPEAT {
        return fail("result is too large");
    }
    Ok(match seq {
        Value::Str(s) => Value::from(s.repeat(n)),
        Value::Tuple(l) => Value::tuple((0..n).flat_map(|_| l.iter().cloned()).collect()),
        v => Value::list((0..n).flat_map(|_| v.as_list().unwrap_or_default().iter().cloned()).collect()),
    })
}

/// The cases that fit into 64 bits.
fn small(op: BinOp, x: i64, y: i64) -> Option<Value> {
    match op {
        BinOp::Add => x.checked_add(y).map(Value::Int),
        BinOp::Sub => x.checked_sub(y).map(Value::Int),
        BinOp::Mul => x.checked_mul(y).map(Value::Int),
        BinOp::FloorDiv if y > 0 => Some(Value::Int(x.div_euclid(y))),
        BinOp::Mod if y > 0 => Some(Value::Int(x.rem_euclid(y))),
        BinOp::Pow => x.checked_pow(u32::try_from(y).ok()?).map(Value::Int),
        _ => None,
    }
}

fn integers(op: BinOp, x: &BigInt, y: &BigInt) -> Result<Value> {
    let floor = |x: &BigInt, y: &BigInt| {
        let (q, r) = (x / y, x % y);
        if !r.is_zero() && (r.sign() == Sign::Minus) != (y.sign() == Sign::Minus) { (q - 1, r + y) } else { (q, r) }
    };
    Ok(match op {
        BinOp::Add => Value::big(x + y),
        BinOp::Sub => Value::big(x - y),
        BinOp::Mul => Value::big(x * y),
        BinOp::Div if y.is_zero() => return fail("division by zero"),
        BinOp::FloorDiv if y.is_zero() => return fail("integer division or modulo by zero"),
        BinOp::Mod if y.is_zero() => return fail("integer modulo by zero"),
        BinOp::Div => Value::Float(x.to_f64().unwrap_or(f64::NAN) / y.to_f64().unwrap_or(f64::NAN)),
        BinOp::FloorDiv => Value::big(floor(x, y).0),
        BinOp::Mod => Value::big(floor(x, y).1),
        BinOp::Pow if y.is_negative() => return floats(op, x.to_f64().unwrap_or(f64::NAN), y.to_f64().unwrap_or(f64::NAN)),
        BinOp::Pow => {
            let n = y.to_u32().filter(|n| (x.bits() as usize).saturating_mul(*n as usize) < MAX_REPEAT);
            match n {
                Some(n) => Value::big(x.pow(n)),
                None => return fail("result is too large"),
            }
        }
    })
}

fn floats(op: BinOp, x: f64, y: f64) -> Result<Value> {
    let floor_mod = |x: f64, y: f64| {
        let m = x % y;
        if m != 0.0 && (m < 0.0) != (y < 0.0) { m + y } else { m.copysign(if m == 0.0 { y } else { m }) }
    };
    Ok(Value::Float(match op {
        BinOp::Add => x + y,
        BinOp::Sub => x - y,
        BinOp::Mul => x * y,
        BinOp::Div if y == 0.0 => return fail("float division by zero"),
        BinOp::FloorDiv if y == 0.0 => return fail("float floor division by zero"),
        BinOp::Mod if y == 0.0 => return fail("float modulo by zero"),
        BinOp::Div => x / y,
        BinOp::FloorDiv => {
            let q = (x - floor_mod(x, y)) / y;
            q.round()
        }
        BinOp::Mod => floor_mod(x, y),
        BinOp::Pow if x == 0.0 && y < 0.0 => return fail("zero to a negative power"),
        BinOp::Pow => x.powf(y),
    }))
}

pub(crate) fn negate(v: &Value) -> Result<Value> {
    match v {
        Value::Float(f) => Ok(Value::Float(-f)),
        v => match big(v) {
            Some(b) => Ok(Value::big(-b)),
            None => fail(format!("bad operand type for unary -: '{}'", v.type_name())),
        },
    }
}
