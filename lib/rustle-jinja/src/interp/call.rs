//! Attributes, items, calls, and the running of filters and tests.

use super::macros::Macro;
use super::resolve::strict;
use super::{Interp, looping};
use crate::args::Args;
use crate::ast::{CallArgs, Expr};
use crate::error::{Error, Result, fail};
use crate::filters::{self, Filter, Mode};
use crate::objects::Func;
use crate::tests::{self, Test};
use crate::{methods, ops};
use rustle_value::{Value, py_repr};
use std::sync::Arc;

impl Interp<'_> {
    /// `value.name`: a method of the type, then an entry.
    ///
    /// # Errors
    /// What rendering the entry raises.
    pub fn attribute(&mut self, v: &Value, name: &str) -> Result<Value> {
        match v {
            Value::Undefined(_) => Ok(v.clone()),
            Value::Template(_) | Value::Vaulted(_) => {
                let v = self.resolve(v.clone())?;
                self.attribute(&v, name)
            }
            Value::Object(_) if crate::objects::is_blank(v) => {
                fail("the inline if-expression on line 1 evaluated to false and no else section was defined.")
            }
            Value::Object(o) => {
                if let Some(m) = looping::method(o, name) {
                    return Ok(m);
                }
                match o.attr(name).or_else(|| o.item(&Value::from(name))).or_else(|| methods::mappings::bound(o, name)) {
                    Some(x) => self.resolve(x),
                    None => Ok(missing(v, &Value::from(name))),
                }
            }
            _ => {
                if name.starts_with("__") {
                    return Ok(Value::undefined(format!("access to attribute '{name}' of '{}' object is unsafe.", crate::filters::combine::lazy_name(v))));
                }
                if let Some(bound) = methods::bound(v, name) {
                    return Ok(bound);
                }
                match v.get(name) {
                    Some(x) => self.resolve(x.clone()),
                    None => Ok(missing(v, &Value::from(name))),
                }
            }
        }
    }

    /// `value[key]`: an entry, then (for a name) a method of the type.
    ///
    /// # Errors
    /// What rendering the entry raises.
    pub fn item(&mut self, v: &Value, key: &Value) -> Result<Value> {
        if v.is_undefined() {
            return Ok(v.clone());
        }
        if key.is_undefined() {
            return Ok(key.clone());
        }
        let found = match v {
            Value::Dict(d) => d.get_value(key).cloned(),
            Value::Object(o) => o.item(key),
            Value::Template(_) | Value::Vaulted(_) => {
                let v = self.resolve(v.clone())?;
                return self.item(&v, key);
            }
            _ => ops::index(v, key),
        };
        match (found, key) {
            (Some(x), _) => self.resolve(x),
            (None, Value::Str(name)) => match v {
                Value::Object(_) => self.attribute(v, name),
                _ => Ok(methods::bound(v, name).unwrap_or_else(|| missing(v, key))),
            },
            _ => Ok(missing(v, key)),
        }
    }

    #[inline(never)]
    pub(crate) fn eval_call(&mut self, callee: &Expr, args: &CallArgs, caller: Option<Value>) -> Result<Value> {
        if let Expr::Attr(base, name) = callee {
            let receiver = self.eval(base)?;
            match &receiver {
                Value::Undefined(_) => return Ok(receiver),
                Value::Object(_) => {}
                _ if methods::is_method(&receiver, name) => {
                    let args = self.eval_args(args)?;
                    if let Some(Value::Undefined(u)) = args.values().find(|v| v.is_undefined())
                        && !methods::stores(&receiver, name)
                    {
                        return Err(Error::from_undefined(u));
                    }
                    return self.call_method(base, receiver, name, args);
                }
                _ => {}
            }
            let f = self.attribute(&receiver, name)?;
            let args = self.eval_args(args)?;
            return self.call(&f, args, caller);
        }
        let f = self.eval(callee)?;
        if f.is_undefined() {
            return Ok(f);
        }
        let args = self.eval_args(args)?;
        self.call(&f, args, caller)
    }

    /// Calls a macro, a function or a recursive loop.
    ///
    /// # Errors
    /// Where it cannot be called, or whatever it raises.
    pub fn call(&mut self, f: &Value, args: Args, caller: Option<Value>) -> Result<Value> {
        let Value::Object(o) = f else {
            if f.is_undefined() {
                return Ok(f.clone());
            }
            return fail(format!("'{}' object is not callable", f.type_name()));
        };
        let any = o.as_any();
        if let Some(func) = any.downcast_ref::<Func>() {
            let v = (func.func)(self, args)?;
            return self.resolve(v);
        }
        if let Some(m) = any.downcast_ref::<Macro>() {
            return self.call_macro(m, args, caller);
        }
        if let Some(l) = any.downcast_ref::<looping::Loop>() {
            return self.recurse(l, args.pos);
        }
        fail(format!("'{}' object is not callable", o.type_name()))
    }

    /// Runs the filter `name` (native, or one that the host knows).
    ///
    /// # Errors
    /// Where there is none, or whatever it raises.
    pub fn call_filter(&mut self, name: &str, input: Value, mut args: Args) -> Result<Value> {
        if let Some(f) = filters::find(name) {
            return self.run_filter(f, name, input, args);
        }
        if let Some(u) = self.settle_call(&input, &mut args)? {
            return Ok(u);
        }
        let input = self.settle(input)?;
        match self.host.filter(name, &input, &args) {
            Some(r) => r.map_err(|e| e.named(|| format!("The filter plugin '{}' failed: ", plugin_name(name)))),
            None => Err(Error::syntax(format!("No filter named '{name}'."), 1)),
        }
    }

    /// Runs the test `name`: a boolean, or the undefined value that it was asked about.
    ///
    /// # Errors
    /// Where there is none, or whatever it raises.
    pub fn call_test(&mut self, name: &str, input: Value, mut args: Args) -> Result<Value> {
        if let Some(t) = tests::find(name) {
            return self.run_test(t, name, input, args);
        }
        if let Some(u) = self.settle_call(&input, &mut args)? {
            return Ok(u);
        }
        let input = self.settle(input)?;
        match self.host.test(name, &input, &args) {
            Some(r) => r.map(Value::Bool).map_err(|e| e.named(|| format!("The test plugin '{}' failed: ", plugin_name(name)))),
            None => Err(Error::syntax(format!("No test named '{name}'."), 1)),
        }
    }

    /// Settles arguments; the first undefined value among input and arguments is the result of the whole call.
    fn settle_call(&mut self, input: &Value, args: &mut Args) -> Result<Option<Value>> {
        if input.is_undefined() {
            return Ok(Some(input.clone()));
        }
        for v in args.values_mut() {
            if v.is_undefined() {
                return Ok(Some(v.clone()));
            }
            match self.settle(std::mem::take(v)) {
                Ok(x) => *v = x,
                Err(e) => return e.into_undefined().map(Some),
            }
        }
        Ok(None)
    }

    pub(crate) fn run_filter(&mut self, f: &Filter, name: &str, mut input: Value, mut args: Args) -> Result<Value> {
        if f.mode != Mode::Markers {
            if let Some(u) = self.settle_call(&input, &mut args)? {
                return Ok(u);
            }
            if f.mode == Mode::Settled {
                input = match self.settle(input) {
                    Ok(x) => x,
                    Err(e) => return e.into_undefined(),
                };
            }
        }
        let v = (f.func)(self, input, args).map_err(|e| match e {
            // A filter or test that is not there, named in an argument, is this filter's failure.
            Error::Syntax(d) if !d.named => Error::runtime(d.msg).named(|| format!("The filter plugin '{}' failed: ", plugin_name(name))),
            Error::Runtime(_) => e.named(|| format!("The filter plugin '{}' failed: ", plugin_name(name))),
            // Undefinedness found on the way is the result, so that `default` can catch it.
            other => other,
        });
        match v {
            Ok(v) => self.resolve(v),
            Err(e) => e.into_undefined(),
        }
    }

    pub(crate) fn run_test(&mut self, t: &Test, name: &str, mut input: Value, mut args: Args) -> Result<Value> {
        if t.mode != Mode::Markers {
            if let Some(u) = self.settle_call(&input, &mut args)? {
                return Ok(u);
            }
            if t.mode == Mode::Settled {
                input = match self.settle(input) {
                    Ok(x) => x,
                    Err(e) => return e.into_undefined(),
                };
            }
        }
        match (t.func)(self, &input, args) {
            Ok(b) => Ok(Value::Bool(b)),
            Err(e @ Error::Runtime(_)) => Err(e.named(|| format!("The test plugin '{}' failed: ", plugin_name(name)))),
            Err(e) => e.into_undefined(),
        }
    }

    /// The truth of a test in a filter such as `select`.
    ///
    /// # Errors
    /// Undefinedness, or whatever the test raises.
    pub fn test_truth(&mut self, name: &str, input: Value, args: Args) -> Result<bool> {
        let v = self.call_test(name, input, args)?;
        let v = strict(v)?;
        self.truth(&v)
    }
}

fn plugin_name(name: &str) -> String {
    if name.contains('.') { name.to_owned() } else { format!("ansible.builtin.{name}") }
}

/// The undefined value of an entry that is not there.
pub(crate) fn missing(v: &Value, key: &Value) -> Value {
    let type_name: &str = match v {
        Value::Object(o) => o.type_name(),
        v => v.type_name(),
    };
    let key: Arc<str> = py_repr(key).into();
    Value::undefined(format!("object of type '{type_name}' has no attribute {key}"))
}
