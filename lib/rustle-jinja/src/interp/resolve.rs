//! From lazy values to data: one layer, all layers, and what leaves a template.

use super::{Interp, leave, recursion};
use crate::error::{Error, Result, fail};
use crate::objects;
use rustle_value::{Dict, Template, Undefined, Value};
use std::cell::RefCell;
use std::sync::Arc;

thread_local! {
    /// Templates being rendered on this thread, with the scope they are rendered in.
    static ACTIVE: RefCell<Vec<(usize, usize)>> = const { RefCell::new(Vec::new()) };
}

/// Templates inside templates, at most.
const MAX_NESTING: usize = 60;

struct Active;

impl Active {
    fn enter(key: (usize, usize)) -> Result<Active> {
        ACTIVE.with_borrow_mut(|a| {
            // The same source in the same scope again can only go on for ever.
            if a.len() >= MAX_NESTING || a.contains(&key) {
                return Err(recursion());
            }
            a.push(key);
            Ok(Active)
        })
    }
}
impl Drop for Active {
    fn drop(&mut self) {
        ACTIVE.with_borrow_mut(|a| a.pop());
    }
}

/// Whether anything in `v` must change before it can leave a template.
fn unsettled(v: &Value, leaving: bool) -> bool {
    match v {
        Value::Template(_) | Value::Vaulted(_) | Value::Undefined(_) => true,
        Value::Object(_) => leaving,
        Value::Tuple(l) => leaving || l.iter().any(|x| unsettled(x, leaving)),
        Value::List(l) => l.iter().any(|x| unsettled(x, leaving)),
        Value::Dict(d) => d.iter().any(|(k, x)| unsettled(x, leaving) || !matches!(k, Value::Str(_)) && unsettled(k, leaving)),
        _ => false,
    }
}

impl Interp<'_> {
    /// Resolves the outermost layer: renders a template, decrypts a vaulted text.
    ///
    /// # Errors
    /// What rendering raises; undefinedness is no error but an undefined value.
    pub fn resolve(&mut self, v: Value) -> Result<Value> {
        match v {
            Value::Template(t) => self.render_template(&t),
            Value::Vaulted(x) => self.host.decrypt(&x),
            other => Ok(other),
        }
    }

    /// As [`Interp::resolve`], with undefinedness as an error.
    ///
    /// # Errors
    /// What rendering raises.
    pub fn resolve_strict(&mut self, v: Value) -> Result<Value> {
        let v = self.resolve(v)?;
        strict(v)
    }

    fn render_template(&mut self, t: &Arc<Template>) -> Result<Value> {
        let origin = t.origin.as_ref();
        let compiled = self.env.parse(&t.source, origin, crate::env::default_syntax())?;
        let key = (t.source.as_ptr() as usize, std::ptr::from_ref(self.host).cast::<()>() as usize);
        let _active = Active::enter(key).map_err(|e| e.at_origin(origin))?;
        let mut inner = Interp::new(self.env, self.host).standing_at(origin);
        match inner.render(&compiled) {
            Ok(Value::Undefined(u)) if u.origin.is_none() => {
                Ok(Value::Undefined(Arc::new(Undefined { hint: u.hint.clone(), origin: origin.cloned() })))
            }
            Ok(v) => Ok(v),
            Err(e @ Error::NeedsController { .. }) => match self.host.remote(&t.source, false) {
                // The controller's answer has everything in it rendered, which fails where only a part of it could be
                // (`hostvars[x]`, whose variables need not all be defined). It then answers the template around this one.
                Some(Err(_)) if self.busy => Err(e),
                answer => answer.unwrap_or(Err(e)),
            },
            Err(e) => leave(e).at_origin(origin).into_undefined(),
        }
    }

    /// The value with nothing lazy in it, at any depth. Keeps tuples, objects and identity where nothing changes.
    ///
    /// # Errors
    /// What rendering raises; an undefined value anywhere.
    pub fn settle(&mut self, v: Value) -> Result<Value> {
        if !unsettled(&v, false) {
            return Ok(v);
        }
        let v = self.resolve(v)?;
        match &v {
            Value::Undefined(u) => Err(Error::from_undefined(u)),
            Value::List(l) if unsettled(&v, false) => Ok(Value::list(self.settle_all(l)?)),
            Value::Tuple(l) if unsettled(&v, false) => Ok(Value::tuple(self.settle_all(l)?)),
            Value::Dict(d) if unsettled(&v, false) => {
                let mut out = Dict::with_capacity(d.len());
                for (k, x) in d.iter() {
                    out.insert(self.settle(k.clone())?, self.settle(x.clone())?);
                }
                Ok(Value::dict(out))
            }
            _ => Ok(v),
        }
    }

    fn settle_all(&mut self, l: &[Value]) -> Result<Vec<Value>> {
        l.iter().map(|x| self.settle(x.clone())).collect()
    }

    /// As [`Interp::settle`], without what is undefined: entries of lists and values of dicts are left out. `None` where
    /// the whole is undefined.
    ///
    /// # Errors
    /// What rendering raises.
    pub fn settle_known(&mut self, v: Value) -> Result<Option<Value>> {
        if !unsettled(&v, false) {
            return Ok(Some(v));
        }
        let v = match self.resolve(v) {
            Ok(Value::Undefined(_)) | Err(Error::Undefined(_)) => return Ok(None),
            Ok(v) => v,
            Err(e) => return Err(e),
        };
        Ok(Some(match &v {
            Value::List(l) | Value::Tuple(l) if unsettled(&v, false) => {
                let mut out = Vec::with_capacity(l.len());
                for x in l.iter() {
                    out.extend(self.settle_known(x.clone())?);
                }
                Value::list(out)
            }
            Value::Dict(d) if unsettled(&v, false) => {
                let mut out = Dict::with_capacity(d.len());
                for (k, x) in d.iter() {
                    if let Some(x) = self.settle_known(x.clone())? {
                        out.insert(self.settle(k.clone())?, x);
                    }
                }
                Value::dict(out)
            }
            _ => v,
        }))
    }

    /// A value as a piece of output: finalized, but functions and the like are kept, since among others they are text.
    pub(crate) fn piece(&mut self, v: Value) -> Result<Value> {
        match &v {
            Value::Object(o) if objects::is_blank(&v) || (!o.is_mapping() && o.iterate().is_none()) => Ok(v),
            _ => self.finalize(v),
        }
    }

    /// The value as it leaves a template: settled, tuples as lists, mappings of the host as dicts, omitted entries
    /// dropped.
    ///
    /// # Errors
    /// What rendering raises, an undefined value anywhere, or a value that cannot be stored (a function).
    pub fn finalize(&mut self, v: Value) -> Result<Value> {
        if !unsettled(&v, true) {
            return Ok(v);
        }
        let v = self.resolve(v)?;
        match &v {
            Value::Undefined(u) => Err(Error::from_undefined(u)),
            Value::List(l) | Value::Tuple(l) => {
                let mut out = Vec::with_capacity(l.len());
                for x in l.iter() {
                    let x = self.finalize(x.clone())?;
                    if !objects::is_omit(&x) {
                        out.push(x);
                    }
                }
                Ok(Value::list(out))
            }
            Value::Dict(d) => {
                let mut out = Dict::with_capacity(d.len());
                for (k, x) in d.iter() {
                    let x = self.finalize(x.clone())?;
                    if !objects::is_omit(&x) {
                        out.insert(self.resolve_strict(k.clone())?, x);
                    }
                }
                Ok(Value::dict(out))
            }
            Value::Object(o) if objects::is_omit(&v) => Ok(Value::Object(o.clone())),
            Value::Object(o) if objects::is_blank(&v) => fail(format!("Type '{}' is unsupported for variable storage.", o.type_name())).map_err(leave),
            Value::Object(o) if o.is_mapping() => {
                let mut out = Dict::new();
                for k in o.iterate().unwrap_or_default() {
                    let x = self.finalize(o.item(&k).unwrap_or_default())?;
                    out.insert(k, x);
                }
                Ok(Value::dict(out))
            }
            Value::Object(o) => match o.iterate() {
                Some(items) => self.finalize(Value::list(items)),
                None => fail(format!("Type '{}' is unsupported for variable storage.", o.type_name())).map_err(leave),
            },
            _ => Ok(v),
        }
    }
}

/// The value, or the error that using it is.
pub(crate) fn strict(v: Value) -> Result<Value> {
    match &v {
        Value::Undefined(u) => Err(Error::from_undefined(u)),
        _ => Ok(v),
    }
}
