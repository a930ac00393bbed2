//! Inheritance blocks, include and import.

use super::macros::Macro;
use super::{Frame, Interp, Out};
use crate::ast::{Block, Expr};
use crate::error::{Result, fail};
use crate::objects::{Func, Module};
use rustle_value::Value;
use std::sync::Arc;

/// The name that a module was imported under.
pub(super) fn module_name(v: &Value) -> String {
    match v {
        Value::Object(o) => o.as_any().downcast_ref::<Module>().map_or_else(String::new, |m| m.name.clone()),
        _ => String::new(),
    }
}

/// `self`: the blocks of the template as functions.
#[derive(Debug)]
pub(super) struct SelfBlocks;

impl rustle_value::Object for SelfBlocks {
    fn type_name(&self) -> &'static str {
        "TemplateReference"
    }
    fn attr(&self, name: &str) -> Option<Value> {
        let name: Arc<str> = name.into();
        Some(Func::value("BlockReference", move |cx, _| {
            let mut out = Out::default();
            cx.deeper(|cx| cx.run_block(&name, 0, true, &mut out))?;
            Ok(out.finish())
        }))
    }
    fn render(&self) -> String {
        "<TemplateReference>".into()
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

impl Interp<'_> {
    pub(super) fn exec_block(&mut self, b: &Arc<Block>, out: &mut Out) -> Result<()> {
        if b.required && self.blocks.get(&b.name).is_none_or(|l| l.len() < 2) {
            return fail(format!("Required block '{}' not found", b.name));
        }
        self.run_block(&b.name, 0, b.scoped, out)
    }

    fn run_block(&mut self, name: &Arc<str>, level: usize, scoped: bool, out: &mut Out) -> Result<()> {
        let Some(block) = self.blocks.get(name).and_then(|l| l.get(level)).cloned() else {
            return fail(format!("there is no parent block called '{name}'."));
        };
        // Only a scoped block sees the loop variables around it.
        let saved = if scoped || self.frames.len() == 1 { None } else { Some(self.frames.split_off(1)) };
        let mut frame = Frame::default();
        let super_name = name.clone();
        let parent = Func::new("BlockReference", move |cx, _| {
            let mut out = Out::default();
            let n = super_name.clone();
            cx.deeper(|cx| cx.run_block(&n, level + 1, true, &mut out))?;
            Ok(out.finish())
        });
        let has_parent = self.blocks.get(name).is_some_and(|l| l.len() > level + 1);
        let value = if has_parent { Value::Object(Arc::new(parent)) } else { Value::undefined(format!("there is no parent block called '{name}'.")) };
        frame.set(&"super".into(), value);
        self.frames.push(frame);
        let r = self.exec(&block.body, out);
        self.frames.pop();
        if let Some(mut s) = saved {
            self.frames.append(&mut s);
        }
        r.map(|_| ())
    }

    pub(super) fn include(&mut self, template: &Expr, ignore_missing: bool, with_context: bool, out: &mut Out) -> Result<()> {
        let name = self.eval_strict(template)?;
        let Some(t) = self.load(&name, ignore_missing)? else { return Ok(()) };
        let blocks = std::mem::take(&mut self.blocks);
        let parent = self.parent.take();
        let hidden = (!with_context).then(|| std::mem::replace(&mut self.frames, vec![Frame::default()]));
        let context = self.context;
        self.context &= with_context;
        self.frames.push(Frame::default());
        let r = self.deeper(|cx| cx.run(&t, out));
        self.frames.pop();
        if let Some(f) = hidden {
            self.frames = f;
        }
        self.context = context;
        self.blocks = blocks;
        self.parent = parent;
        r
    }

    pub(super) fn import(&mut self, template: &Expr, with_context: bool) -> Result<Value> {
        let name = self.eval_strict(template)?;
        let Some(t) = self.load(&name, false)? else { return Ok(Value::Null) };
        let mut inner = Interp::new(self.env, self.host).standing_at(self.origin.as_ref());
        inner.context = with_context && self.context;
        inner.depth = self.depth + 1;
        if with_context {
            inner.frames = self.frames.clone();
            inner.frames.push(Frame::default());
            inner.cache.clone_from(&self.cache);
        }
        if inner.depth > super::MAX_DEPTH {
            return Err(super::recursion());
        }
        inner.run(&t, &mut Out::default())?;
        let frames = Arc::new(inner.frames);
        let exported = frames.last().cloned().unwrap_or_default();
        let vars = exported
            .vars
            .into_iter()
            .filter(|(k, _)| !k.starts_with('_'))
            .map(|(k, v)| {
                // A macro of the module's top level keeps the module's scopes.
                let v = match &v {
                    Value::Object(o) => match o.as_any().downcast_ref::<Macro>() {
                        Some(m) if m.env.is_none() || with_context => {
                            Value::Object(Arc::new(Macro { def: m.def.clone(), env: Some(frames.clone()), context: m.context }))
                        }
                        _ => v,
                    },
                    _ => v,
                };
                (Value::Str(k), v)
            })
            .collect();
        Ok(Value::Object(Arc::new(Module { name: name.to_string(), vars })))
    }
}
