//! Arguments of a call, bound to parameters as Python binds them.

use crate::error::{Error, Result, fail};
use rustle_value::Value;
use std::sync::Arc;

/// Positional and keyword arguments.
#[derive(Clone, Debug, Default)]
pub struct Args {
    pub pos: Vec<Value>,
    pub kw: Vec<(Arc<str>, Value)>,
}

impl Args {
    /// Only positional arguments.
    pub fn positional(pos: Vec<Value>) -> Args {
        Args { pos, kw: Vec::new() }
    }
    /// Values for `names`, in their order; `None` where nothing was given.
    ///
    /// # Errors
    /// As Python's `TypeError` for too many, unknown or doubly given arguments of `what`.
    pub fn bind<const N: usize>(self, what: &str, names: [&str; N]) -> Result<[Option<Value>; N]> {
        let mut out: [Option<Value>; N] = [const { None }; N];
        if self.pos.len() > N {
            return fail(format!("{what}() takes at most {N} arguments ({} given)", self.pos.len()));
        }
        for (slot, v) in out.iter_mut().zip(self.pos) {
            *slot = Some(v);
        }
        for (k, v) in self.kw {
            match names.iter().position(|n| **n == *k) {
                Some(i) if out[i].is_none() => out[i] = Some(v),
                Some(_) => return fail(format!("{what}() got multiple values for argument '{k}'")),
                None => return fail(format!("{what}() got an unexpected keyword argument '{k}'")),
            }
        }
        Ok(out)
    }
    /// Takes a keyword argument out.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        let i = self.kw.iter().position(|(k, _)| **k == *name)?;
        Some(self.kw.remove(i).1)
    }
    /// Every value, for checks.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        self.pos.iter().chain(self.kw.iter().map(|(_, v)| v))
    }
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.pos.iter_mut().chain(self.kw.iter_mut().map(|(_, v)| v))
    }
}

/// The argument, or Python's complaint that it is missing.
pub fn required(v: Option<Value>, what: &str, name: &str) -> Result<Value> {
    v.ok_or_else(|| Error::runtime(format!("{what}() missing 1 required positional argument: '{name}'")))
}
/// Text of a string argument; other types as `str()` gives them. `None` for absent and `None`.
pub fn opt_text(v: Option<&Value>) -> Option<String> {
    v.filter(|v| !v.is_null()).map(ToString::to_string)
}
/// Truth of an optional argument.
pub fn flag(v: Option<&Value>, default: bool) -> bool {
    v.map_or(default, Value::truthy)
}
/// An optional whole number.
pub fn opt_int(v: Option<&Value>) -> Result<Option<i64>> {
    match v {
        None | Some(Value::Null) => Ok(None),
        Some(v) => match v.as_i64() {
            Some(i) => Ok(Some(i)),
            None => fail(format!("'{}' object cannot be interpreted as an integer", v.type_name())),
        },
    }
}
