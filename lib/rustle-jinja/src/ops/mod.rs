//! Python's operators.

pub(crate) mod arith;
pub(crate) mod brace;
pub(crate) mod fmt_num;
pub(crate) mod percent;

pub(crate) use arith::{binary, negate};

use crate::ast::CmpOp;
use crate::error::{Result, fail};
use rustle_value::{Value, py_cmp, py_eq};
use std::cmp::Ordering;

pub(crate) fn compare(op: CmpOp, a: &Value, b: &Value) -> Result<bool> {
    let order = |sign: &str, ok: fn(Ordering) -> bool| {
        let nan = |v: &Value| matches!(v, Value::Float(f) if f.is_nan());
        if (nan(a) && b.is_number()) || (nan(b) && a.is_number()) {
            return Ok(false);
        }
        py_cmp(a, b).map(ok).or_else(|e| fail(e.message(sign)))
    };
    match op {
        CmpOp::Eq => Ok(py_eq(a, b)),
        CmpOp::Ne => Ok(!py_eq(a, b)),
        CmpOp::Lt => order("<", Ordering::is_lt),
        CmpOp::Le => order("<=", Ordering::is_le),
        CmpOp::Gt => order(">", Ordering::is_gt),
        CmpOp::Ge => order(">=", Ordering::is_ge),
        CmpOp::In => contains(b, a),
        CmpOp::NotIn => contains(b, a).map(|x| !x),
    }
}

/// Python's `x in holder`.
pub(crate) fn contains(holder: &Value, x: &Value) -> Result<bool> {
    match holder {
        Value::List(l) | Value::Tuple(l) => Ok(l.iter().any(|y| py_eq(x, y))),
        Value::Dict(_) if matches!(x, Value::List(_) | Value::Dict(_)) => {
            fail(format!("unhashable type: '{}'", x.type_name()))
        }
        Value::Dict(d) => Ok(d.contains_value_key(x)),
        Value::Str(s) => match x {
            Value::Str(t) => Ok(s.contains(&**t)),
            _ => fail(format!("'in <string>' requires string as left operand, not {}", x.type_name())),
        },
        Value::Bytes(b) => match x {
            Value::Bytes(n) => Ok(n.is_empty() || b.windows(n.len()).any(|w| w == &n[..])),
            Value::Int(i) => Ok(b.iter().any(|c| i64::from(*c) == *i)),
            _ => fail(format!("a bytes-like object is required, not '{}'", x.type_name())),
        },
        Value::Object(o) => match o.iterate() {
            Some(_) if o.is_mapping() => Ok(o.item(x).is_some()),
            Some(items) => Ok(items.iter().any(|y| py_eq(x, y))),
            None => fail(format!("argument of type '{}' is not iterable", o.type_name())),
        },
        other => fail(format!("argument of type '{}' is not iterable", other.type_name())),
    }
}

/// Position of a Python index in a sequence of `n`.
fn position(i: i64, n: usize) -> Option<usize> {
    let i = if i < 0 { i + n as i64 } else { i };
    usize::try_from(i).ok().filter(|i| *i < n)
}

/// `v[key]` of a sequence.
pub(crate) fn index(v: &Value, key: &Value) -> Option<Value> {
    let i = key.as_i64()?;
    match v {
        Value::List(l) | Value::Tuple(l) => l.get(position(i, l.len())?).cloned(),
        Value::Str(s) if s.is_ascii() => {
            let at = position(i, s.len())?;
            s.get(at..=at).map(Value::from)
        }
        Value::Str(s) => s.chars().nth(position(i, s.chars().count())?).map(|c| Value::from(c.to_string())),
        Value::Bytes(b) => b.get(position(i, b.len())?).map(|b| Value::Int(i64::from(*b))),
        _ => None,
    }
}

/// Indices of a Python slice of a sequence of `n`.
fn slice_indices([start, stop, step]: [Option<i64>; 3], n: usize) -> Result<Vec<usize>> {
    let (n, step) = (n as i64, step.unwrap_or(1));
    if step == 0 {
        return fail("slice step cannot be zero");
    }
    let (low, high) = if step < 0 { (-1, n - 1) } else { (0, n) };
    let clamp = |v: Option<i64>, default: i64| match v {
        None => default,
        Some(i) if i < 0 => (i.saturating_add(n)).max(low),
        Some(i) => i.min(high),
    };
    let (mut i, stop) = if step < 0 { (clamp(start, high), clamp(stop, low)) } else { (clamp(start, low), clamp(stop, high)) };
    let mut out = Vec::new();
    while (step > 0 && i < stop) || (step < 0 && i > stop) {
        out.push(i as usize);
        let Some(next) = i.checked_add(step) else { break };
        i = next;
    }
    Ok(out)
}

/// `v[a:b:c]`.
pub(crate) fn slice(v: &Value, bounds: [Option<i64>; 3]) -> Result<Value> {
    let pick = |l: &[Value]| -> Result<Vec<Value>> { Ok(slice_indices(bounds, l.len())?.into_iter().map(|i| l[i].clone()).collect()) };
    match v {
        Value::List(l) => pick(l).map(Value::list),
        Value::Tuple(l) => pick(l).map(Value::tuple),
        Value::Str(s) => {
            let chars: Vec<char> = s.chars().collect();
            let text: String = slice_indices(bounds, chars.len())?.into_iter().map(|i| chars[i]).collect();
            Ok(Value::from(text))
        }
        Value::Bytes(b) => {
            let bytes: Vec<u8> = slice_indices(bounds, b.len())?.into_iter().map(|i| b[i]).collect();
            Ok(Value::Bytes(bytes.into()))
        }
        other => Ok(Value::undefined(format!("object of type '{}' has no attribute slice(None, None, None)", other.type_name()))),
    }
}
