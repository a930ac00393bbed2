//! `for`, and the `loop` object.

use super::{Flow, Interp, Out};
use crate::ast::For;
use crate::error::{Error, Result};
use crate::objects::Func;
use rustle_value::{Object, Value};
use std::any::Any;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// The `loop` of a `for`.
#[derive(Debug)]
pub(crate) struct Loop {
    items: Vec<Value>,
    index: AtomicUsize,
    depth: usize,
    changed: Mutex<Option<Vec<Value>>>,
    /// The statement, where it is recursive.
    recursive: Option<Arc<For>>,
}

impl Loop {
    fn cycle(&self, args: &[Value]) -> Option<Value> {
        args.get(self.index.load(Relaxed).checked_rem(args.len())?).cloned()
    }
    pub(crate) fn changed(&self, args: Vec<Value>) -> bool {
        let mut last = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        let same = last.as_ref().is_some_and(|l| l.len() == args.len() && l.iter().zip(&args).all(|(a, b)| a == b));
        *last = Some(args);
        !same
    }
}

impl Object for Loop {
    fn type_name(&self) -> &'static str {
        "LoopContext"
    }
    fn attr(&self, name: &str) -> Option<Value> {
        let (i, n) = (self.index.load(Relaxed), self.items.len());
        Some(match name {
            "index" => Value::from(i + 1),
            "index0" => Value::from(i),
            "revindex" => Value::from(n - i),
            "revindex0" => Value::from(n - i - 1),
            "first" => Value::Bool(i == 0),
            "last" => Value::Bool(i + 1 == n),
            "length" => Value::from(n),
            "depth" => Value::from(self.depth + 1),
            "depth0" => Value::from(self.depth),
            "previtem" if i == 0 => Value::undefined("there is no previous item"),
            "previtem" => self.items[i - 1].clone(),
            "nextitem" if i + 1 == n => Value::undefined("there is no next item"),
            "nextitem" => self.items[i + 1].clone(),
            _ => return None,
        })
    }
    fn render(&self) -> String {
        format!("<LoopContext {}/{}>", self.index.load(Relaxed) + 1, self.items.len())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `loop.cycle` and `loop.changed`, which need the object itself.
pub(crate) fn method(o: &Arc<dyn Object>, name: &str) -> Option<Value> {
    o.as_any().downcast_ref::<Loop>()?;
    let o = o.clone();
    let with = move |f: fn(&Loop, Vec<Value>) -> Value| {
        Value::Object(Arc::new(Func::new("method", move |_, args| Ok(o.as_any().downcast_ref::<Loop>().map_or(Value::Null, |l| f(l, args.pos))))))
    };
    match name {
        "cycle" => Some(with(|l, args| l.cycle(&args).unwrap_or_default())),
        "changed" => Some(with(|l, args| Value::Bool(l.changed(args)))),
        _ => None,
    }
}

impl Interp<'_> {
    pub(super) fn exec_for(&mut self, f: &Arc<For>, out: &mut Out) -> Result<()> {
        let iter = self.eval(&f.iter)?;
        self.iterate(f, &iter, 0, out)
    }

    fn iterate(&mut self, f: &Arc<For>, iter: &Value, depth: usize, out: &mut Out) -> Result<()> {
        let raw = self.elements(iter)?;
        self.frames.push(super::Frame::default());
        let r = self.iterate_inner(f, raw, depth, out);
        self.frames.pop();
        r
    }

    fn iterate_inner(&mut self, f: &Arc<For>, raw: Vec<Value>, depth: usize, out: &mut Out) -> Result<()> {
        let mut items = Vec::with_capacity(raw.len());
        for x in raw {
            let x = self.resolve(x)?;
            if let Some(filter) = &f.filter {
                self.assign(&f.target, x.clone())?;
                if !self.eval_truth(filter)? {
                    continue;
                }
            }
            items.push(x);
        }
        let n = items.len();
        if n == 0 {
            self.exec(&f.otherwise, out)?;
            return Ok(());
        }
        let recursive = f.recursive.then(|| f.clone());
        let state = Arc::new(Loop { items, index: AtomicUsize::new(0), depth, changed: Mutex::new(None), recursive });
        let name: Arc<str> = "loop".into();
        for i in 0..n {
            state.index.store(i, Relaxed);
            // Each round starts with a fresh scope: what the body set is gone.
            if let Some(frame) = self.frames.last_mut() {
                frame.vars.clear();
                frame.vars.push((name.clone(), Value::Object(state.clone())));
            }
            self.assign(&f.target, state.items[i].clone())?;
            if self.exec(&f.body, out)? == Flow::Break {
                break;
            }
        }
        Ok(())
    }

    /// `loop(children)` in a recursive loop.
    pub(crate) fn recurse(&mut self, l: &Loop, args: Vec<Value>) -> Result<Value> {
        let Some(f) = &l.recursive else {
            return Err(Error::runtime(
                "The loop must have the 'recursive' marker to be called recursively.",
            ));
        };
        let iter = args.into_iter().next().unwrap_or_default();
        let mut out = Out::default();
        self.deeper(|cx| cx.iterate(f, &iter, l.depth + 1, &mut out))?;
        Ok(out.finish())
    }
}
