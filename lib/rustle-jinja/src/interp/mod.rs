//! The evaluator: walks the parsed template directly on values.
//!
//! **Laziness.** A value that evaluation hands around is resolved in its outermost layer only; what is inside a
//! container may still be a template. Whoever looks inside resolves ([`Interp::resolve`] one layer,
//! [`Interp::settle`] all of them, [`Interp::finalize`] for what leaves the template).
//!
//! **Identity.** Python's lists and dicts are shared by reference; here the `Arc` is the identity. See `mutate`.

mod blocks;
mod call;
mod expr;
mod looping;
mod macros;
mod mutate;
mod output;
pub(crate) mod resolve;
mod stmt;

pub(crate) use call::missing;
pub(crate) use output::{Out, piece_text};

use crate::ast::{Block, CompiledTemplate};
use crate::env::Environment;
use crate::error::{Error, Result};
use crate::host::Scope;
use rustle_value::{Origin, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// Variables of one template scope, innermost last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    vars: Vec<(Arc<str>, Value)>,
}

impl Frame {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.vars.iter().rev().find(|(k, _)| **k == *name).map(|(_, v)| v)
    }
    pub(crate) fn set(&mut self, name: &Arc<str>, value: Value) {
        match self.vars.iter_mut().find(|(k, _)| k == name) {
            Some(slot) => slot.1 = value,
            None => self.vars.push((name.clone(), value)),
        }
    }
}

/// What a statement asks of the loop around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Normal,
    Break,
    Continue,
}

/// One evaluation: a template, or an expression, over a scope.
pub struct Interp<'a> {
    pub(crate) env: &'a Environment,
    pub(crate) host: &'a dyn Scope,
    /// Scopes of the template; the first is its top level.
    pub(crate) frames: Vec<Frame>,
    /// Scopes of the callers of the macro that runs.
    parked: Vec<Vec<Frame>>,
    /// Variables of the host read so far, with the changes this template made to them.
    cache: HashMap<Arc<str>, Value>,
    /// Whether variables of the host are visible (not in a module imported without context).
    context: bool,
    /// Inheritance: the definitions of each block, the most derived first.
    blocks: HashMap<Arc<str>, Vec<Arc<Block>>>,
    parent: Option<Arc<CompiledTemplate>>,
    depth: u32,
    /// How the template file is written, and so what it includes.
    pub(crate) syntax: Option<crate::Syntax>,
    /// Where the template stands.
    origin: Option<Origin>,
    /// Whether a template is being evaluated: what is rendered then is a part of it.
    busy: bool,
    /// Errors that marks in the text stand for; `None` where an error ends the evaluation.
    pub(crate) marks: Option<Vec<String>>,
}

/// Deepest nesting of macros, includes and recursive loops.
const MAX_DEPTH: u32 = 60;

impl<'a> Interp<'a> {
    /// An evaluation with nothing in its own scopes.
    pub fn new(env: &'a Environment, host: &'a dyn Scope) -> Self {
        Interp {
            env,
            host,
            frames: vec![Frame::default()],
            parked: Vec::new(),
            cache: HashMap::new(),
            context: true,
            blocks: HashMap::new(),
            parent: None,
            depth: 0,
            syntax: None,
            origin: None,
            busy: false,
            marks: None,
        }
    }

    /// The same for a template that stands at `origin`.
    pub(crate) fn standing_at(mut self, origin: Option<&Origin>) -> Self {
        self.origin = origin.cloned();
        self
    }

    /// The variables and services behind this evaluation.
    pub fn scope(&self) -> &'a dyn Scope {
        self.host
    }
    /// The environment of this evaluation.
    pub fn environment(&self) -> &'a Environment {
        self.env
    }

    /// The value of a parsed template: its type where it yields one piece, else text.
    pub(crate) fn render(&mut self, t: &Arc<CompiledTemplate>) -> Result<Value> {
        let was = std::mem::replace(&mut self.busy, true);
        let rendered = self.render_whole(t);
        self.busy = was;
        rendered
    }

    fn render_whole(&mut self, t: &Arc<CompiledTemplate>) -> Result<Value> {
        if let [node] = &t.body[..]
            && let crate::ast::NodeKind::Print(e) = &node.kind
        {
            // The common case: one expression and nothing around it.
            let v = self.eval(e).map_err(|e| e.at_line(node.line))?;
            return Ok(with_newlines(v, t.newlines, &t.newline));
        }
        let mut out = Out::default();
        self.run(t, &mut out)?;
        Ok(with_newlines(out.finish(), t.newlines, &t.newline))
    }

    /// Runs a whole template with its parents.
    pub(crate) fn run(&mut self, t: &Arc<CompiledTemplate>, out: &mut Out) -> Result<()> {
        let mut current = t.clone();
        loop {
            for (name, b) in &current.blocks {
                self.blocks.entry(name.clone()).or_default().push(b.clone());
            }
            self.parent = None;
            self.exec(&current.body, out)?;
            match self.parent.take() {
                None => return Ok(()),
                Some(p) => current = p,
            }
        }
    }

    /// Runs `f` in a scope of its own.
    pub(crate) fn scoped<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.frames.push(Frame::default());
        let r = f(self);
        self.frames.pop();
        r
    }

    /// Guards against runaway recursion.
    pub(crate) fn deeper<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= MAX_DEPTH {
            return Err(recursion());
        }
        self.depth += 1;
        let r = f(self);
        self.depth -= 1;
        r
    }

    pub(crate) fn set(&mut self, name: &Arc<str>, value: Value) {
        if let Some(f) = self.frames.last_mut() {
            f.set(name, value);
        }
    }

    /// A variable of the host, resolved in its outermost layer.
    ///
    /// # Errors
    /// What rendering it raises.
    pub fn host_variable(&mut self, name: &Arc<str>) -> Result<Option<Value>> {
        match self.host.try_get(name)? {
            Some(raw) => {
                self.host.used(name, self.origin.as_ref());
                self.resolve(raw).map(Some)
            }
            None => Ok(None),
        }
    }

    /// The same for one that the template does not read itself.
    ///
    /// # Errors
    /// What rendering it raises.
    pub fn known_variable(&mut self, name: &Arc<str>) -> Result<Option<Value>> {
        self.host.try_get(name)?.map(|raw| self.resolve(raw)).transpose()
    }

    /// Names of all variables of the host.
    pub fn host_names(&self) -> Vec<String> {
        self.host.names()
    }

    /// A name of the template's own scopes or of the host; not a global function.
    pub(crate) fn variable(&mut self, name: &Arc<str>) -> Result<Option<Value>> {
        if let Some(v) = self.frames.iter().rev().find_map(|f| f.get(name)) {
            return Ok(Some(v.clone()));
        }
        if !self.context {
            return Ok(None);
        }
        if let Some(v) = self.cache.get(name) {
            return Ok(Some(v.clone()));
        }
        let Some(raw) = self.host.try_get(name)? else { return Ok(None) };
        self.host.used(name, self.origin.as_ref());
        let v = self.resolve(raw)?;
        if !v.is_undefined() {
            self.cache.insert(name.clone(), v.clone());
        }
        Ok(Some(v))
    }
}

/// Text gets the newlines back that its source ended with.
fn with_newlines(v: Value, n: usize, newline: &str) -> Value {
    match &v {
        Value::Str(s) if n > 0 => {
            let has = (s.len() - s.trim_end_matches(newline).len()) / newline.len().max(1);
            if has >= n { v } else { Value::from(format!("{s}{}", newline.repeat(n - has))) }
        }
        _ => v,
    }
}

pub(crate) fn recursion() -> Error {
    Error::runtime("Recursive loop detected in template: maximum recursion depth exceeded").named(String::new)
}

/// An error as it leaves a template.
pub(crate) fn leave(e: Error) -> Error {
    match e {
        Error::Runtime(_) => e.named(|| "Error rendering template: ".into()),
        Error::Syntax(_) => e.named(|| "Syntax error in template: ".into()),
        other => other,
    }
}

/// An error as it leaves a bare expression.
pub(crate) fn leave_expression(e: Error) -> Error {
    match e {
        Error::Runtime(_) => e.named(|| "Error rendering expression: ".into()),
        other => leave(other),
    }
}

/// A template's name as a path below the folders where templates are; `None` where it leads out of them.
pub fn template_path(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('/').filter(|p| !matches!(*p, "" | ".")).collect();
    (!parts.contains(&"..")).then(|| parts.join("/"))
}
