//! Python's equality, hashing and ordering.

use crate::{BigInt, Value};
use num_traits::{FromPrimitive, ToPrimitive};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Two values that Python cannot order: `'<' not supported between instances of 'str' and 'int'`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompareError {
    pub left: &'static str,
    pub right: &'static str,
}

impl CompareError {
    /// The message for operator `op` (`<`, `>=`, …).
    pub fn message(&self, op: &str) -> String {
        format!("'{op}' not supported between instances of '{}' and '{}'", self.left, self.right)
    }
}
impl fmt::Display for CompareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message("<"))
    }
}
impl std::error::Error for CompareError {}

/// Python's `a == b`. Templates and vaulted values are equal where their sources are.
pub fn py_eq(a: &Value, b: &Value) -> bool {
    use Value::*;
    match (a, b) {
        (Null, Null) => true,
        (Str(x), Str(y)) => x == y,
        (Template(x), Template(y)) => x.source == y.source,
        (Template(x), Str(y)) | (Str(y), Template(x)) => x.source == *y,
        (Vaulted(x), Vaulted(y)) => x.ciphertext == y.ciphertext,
        (Bytes(x), Bytes(y)) => x == y,
        (List(x), List(y)) | (Tuple(x), Tuple(y)) => {
            std::sync::Arc::ptr_eq(x, y) || (x.len() == y.len() && x.iter().zip(y.iter()).all(|(p, q)| py_eq(p, q)))
        }
        (Dict(x), Dict(y)) => std::sync::Arc::ptr_eq(x, y) || x == y,
        (Time(x), Time(y)) => x == y,
        (Undefined(_), Undefined(_)) => true,
        (Object(x), Object(y)) => std::sync::Arc::ptr_eq(x, y),
        _ if a.is_number() && b.is_number() => num_cmp(a, b) == Some(Ordering::Equal),
        _ => false,
    }
}

/// Python's ordering; an error where Python raises `TypeError`. NaN compares as greater than everything.
pub fn py_cmp(a: &Value, b: &Value) -> Result<Ordering, CompareError> {
    use Value::*;
    let fail = || CompareError { left: a.type_name(), right: b.type_name() };
    match (a, b) {
        (Str(_) | Template(_), Str(_) | Template(_)) => Ok(a.as_str().cmp(&b.as_str())),
        (Bytes(x), Bytes(y)) => Ok(x.cmp(y)),
        (List(x), List(y)) | (Tuple(x), Tuple(y)) => {
            for (p, q) in x.iter().zip(y.iter()) {
                if !py_eq(p, q) {
                    return py_cmp(p, q);
                }
            }
            Ok(x.len().cmp(&y.len()))
        }
        (Time(x), Time(y)) => x.partial_cmp(y).ok_or_else(fail),
        _ if a.is_number() && b.is_number() => Ok(num_cmp(a, b).unwrap_or(Ordering::Greater)),
        _ => Err(fail()),
    }
}

fn to_big(v: &Value) -> Option<BigInt> {
    match v {
        Value::BigInt(b) => Some((**b).clone()),
        Value::Float(f) if f.fract() == 0.0 => BigInt::from_f64(*f),
        _ => v.as_i64().map(BigInt::from),
    }
}

fn num_cmp(a: &Value, b: &Value) -> Option<Ordering> {
    if let (Some(x), Some(y)) = (a.as_i64(), b.as_i64()) {
        return Some(x.cmp(&y));
    }
    if let (Some(x), Some(y)) = (to_big(a), to_big(b)) {
        return Some(x.cmp(&y));
    }
    a.as_f64()?.partial_cmp(&b.as_f64()?)
}

pub(crate) fn hash_str<H: Hasher>(s: &str, h: &mut H) {
    1u8.hash(h);
    s.hash(h);
}

/// Hash that agrees with [`py_eq`].
pub(crate) fn py_hash<H: Hasher>(v: &Value, h: &mut H) {
    match v {
        Value::Str(_) | Value::Template(_) => hash_str(v.as_str().unwrap_or_default(), h),
        Value::Null => 0u8.hash(h),
        Value::Bool(_) | Value::Int(_) => {
            2u8.hash(h);
            v.as_i64().hash(h);
        }
        Value::BigInt(b) => {
            4u8.hash(h);
            b.hash(h);
        }
        Value::Float(f) => match to_big(v).map(|b| (b.to_i64(), b)) {
            Some((Some(i), _)) => {
                2u8.hash(h);
                Some(i).hash(h);
            }
            Some((None, b)) => {
                4u8.hash(h);
                b.hash(h);
            }
            None => {
                3u8.hash(h);
                f.to_bits().hash(h);
            }
        },
        Value::Bytes(b) => {
            5u8.hash(h);
            b.hash(h);
        }
        Value::List(l) | Value::Tuple(l) => {
            6u8.hash(h);
            l.iter().for_each(|x| py_hash(x, h));
        }
        Value::Dict(d) => {
            7u8.hash(h);
            d.len().hash(h);
        }
        Value::Time(t) => t.hash(h),
        Value::Vaulted(x) => x.ciphertext.hash(h),
        Value::Undefined(_) | Value::Object(_) => 8u8.hash(h),
    }
}
