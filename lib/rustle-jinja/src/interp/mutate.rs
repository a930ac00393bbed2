//! Methods that change a list or dict in place.
//!
//! In Python `b = a` makes two names for one list. Here both names hold one `Arc`, and a change makes every holder of
//! that `Arc` hold the changed value: names of all scopes, namespaces, and containers inside them. Where nobody else
//! holds it (the common `result.append(x)`), it is changed in place at no cost.

use super::{Frame, Interp};
use crate::args::Args;
use crate::ast::Expr;
use crate::error::Result;
use crate::methods;
use crate::objects::Namespace;
use rustle_value::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// Address that stands for identity, and the number of holders.
fn identity(v: &Value) -> Option<(usize, usize)> {
    match v {
        Value::List(l) => Some((Arc::as_ptr(l) as usize, Arc::strong_count(l))),
        Value::Dict(d) => Some((Arc::as_ptr(d) as usize, Arc::strong_count(d))),
        _ => None,
    }
}

impl Interp<'_> {
    /// Calls a method of a plain value.
    pub(crate) fn call_method(&mut self, base: &Expr, receiver: Value, name: &str, args: Args) -> Result<Value> {
        if !methods::mutates(&receiver, name) {
            let v = methods::call(self, &receiver, name, args)?;
            return self.resolve(v);
        }
        let (v, alias) = match base {
            Expr::Name(n) => {
                drop(receiver);
                let Some(mut held) = self.take_variable(n) else { return Ok(Value::Null) };
                let shared = identity(&held).filter(|(_, n)| *n > 1);
                let result = methods::call_mut(self, &mut held, name, args);
                let alias = shared.map(|(p, _)| (p, held.clone()));
                self.put_variable(n, held);
                (result?, alias)
            }
            _ => {
                let mut changed = receiver.clone();
                let result = methods::call_mut(self, &mut changed, name, args)?;
                (result, identity(&receiver).map(|(p, _)| (p, changed)))
            }
        };
        if let Some((old, new)) = alias {
            self.replace_everywhere(old, &new);
        }
        self.resolve(v)
    }

    fn slot(&mut self, name: &str) -> Option<&mut Value> {
        let in_frames = self.frames.iter_mut().rev().find_map(|f| f.vars.iter_mut().rev().find(|(k, _)| **k == *name));
        match in_frames {
            Some((_, v)) => Some(v),
            None => self.cache.get_mut(name),
        }
    }

    fn take_variable(&mut self, name: &str) -> Option<Value> {
        self.slot(name).map(std::mem::take)
    }

    fn put_variable(&mut self, name: &str, v: Value) {
        if let Some(slot) = self.slot(name) {
            *slot = v;
        }
    }

    fn replace_everywhere(&mut self, old: usize, new: &Value) {
        let mut r = Replace { old, new, done: HashMap::new() };
        for frames in self.parked.iter_mut().chain([&mut self.frames]) {
            for v in frames.iter_mut().flat_map(|f: &mut Frame| f.vars.iter_mut().map(|(_, v)| v)) {
                r.update(v);
            }
        }
        for v in self.cache.values_mut() {
            r.update(v);
        }
    }
}

struct Replace<'a> {
    old: usize,
    new: &'a Value,
    /// Containers seen, and what became of those that changed; keeps aliases of parents aliases.
    done: HashMap<usize, Option<Value>>,
}

impl Replace<'_> {
    fn update(&mut self, v: &mut Value) {
        if let Some(new) = self.changed(v, 0) {
            *v = new;
        }
    }

    fn changed(&mut self, v: &Value, depth: u32) -> Option<Value> {
        if depth > 40 {
            return None;
        }
        if let Value::Object(o) = v {
            if let Some(ns) = o.as_any().downcast_ref::<Namespace>() {
                for (k, x) in ns.entries() {
                    if let Some(new) = self.changed(&x, depth + 1) {
                        ns.set(&k, new);
                    }
                }
            }
            return None;
        }
        let (p, _) = identity(v)?;
        if p == self.old {
            return Some(self.new.clone());
        }
        if let Some(known) = self.done.get(&p) {
            return known.clone();
        }
        let out = match v {
            Value::List(l) => {
                let hits: Vec<(usize, Value)> = l.iter().enumerate().filter_map(|(i, x)| Some((i, self.changed(x, depth + 1)?))).collect();
                (!hits.is_empty()).then(|| {
                    let mut items = l.to_vec();
                    for (i, x) in hits {
                        items[i] = x;
                    }
                    Value::list(items)
                })
            }
            Value::Dict(d) => {
                let hits: Vec<(Value, Value)> = d.iter().filter_map(|(k, x)| Some((k.clone(), self.changed(x, depth + 1)?))).collect();
                (!hits.is_empty()).then(|| {
                    let mut copy = (**d).clone();
                    for (k, x) in hits {
                        copy.insert(k, x);
                    }
                    Value::dict(copy)
                })
            }
            _ => None,
        };
        self.done.insert(p, out.clone());
        out
    }
}
