//! Statements.

use super::{Flow, Interp, Out, leave};
use crate::ast::{Node, NodeKind, Target};
use crate::error::{Error, Result, fail};
use crate::objects::Namespace;
use rustle_value::Value;
use std::sync::Arc;

impl Interp<'_> {
    /// What stands in the text for an error, which is kept.
    pub(crate) fn mark(&mut self, msg: &str) -> Value {
        let marks = self.marks.get_or_insert_default();
        marks.push(msg.to_owned());
        Value::from(format!("<< error {} - {msg} >>", marks.len()))
    }

    pub(crate) fn exec(&mut self, nodes: &[Node], out: &mut Out) -> Result<Flow> {
        for node in nodes {
            match self.exec_node(node, out) {
                Ok(Flow::Normal) => {}
                Ok(flow) => return Ok(flow),
                Err(e) => return Err(e.at_line(node.line)),
            }
        }
        Ok(Flow::Normal)
    }

    fn exec_node(&mut self, node: &Node, out: &mut Out) -> Result<Flow> {
        // Once a parent is known, only definitions count at the top level.
        if self.parent.is_some() && self.frames.len() == 1 && self.parked.is_empty() {
            match &node.kind {
                NodeKind::Data(_) | NodeKind::Print(_) | NodeKind::Block(_) => return Ok(Flow::Normal),
                NodeKind::Extends(_) => return fail("extended multiple times"),
                _ => {}
            }
        }
        match &node.kind {
            NodeKind::Data(text) => out.data(text),
            NodeKind::Print(e) => {
                let v = match self.eval(e).and_then(|v| self.piece(v)) {
                    Err(Error::Undefined(d)) if self.marks.is_some() => self.mark(&d.msg),
                    done => done?,
                };
                out.value(v);
            }
            NodeKind::If { arms, otherwise } => {
                for (test, body) in arms {
                    if self.eval_truth(test)? {
                        return self.exec(body, out);
                    }
                }
                return self.exec(otherwise, out);
            }
            NodeKind::For(f) => return self.exec_for(f, out).map(|()| Flow::Normal),
            NodeKind::Set { target, value } => {
                let v = self.eval(value)?;
                self.assign(target, v)?;
            }
            NodeKind::SetBlock { target, filter, body } => {
                let mut v = self.capture(body)?;
                if let Some(f) = filter {
                    v = self.eval_filter_chain(f, v)?;
                }
                self.assign(target, v)?;
            }
            NodeKind::Macro(def) => {
                let m = self.make_macro(def, false);
                self.set(&def.name, m);
            }
            NodeKind::Call { call, def } => {
                let v = self.eval_call_block(call, def)?;
                let v = self.finalize(v)?;
                out.value(v);
            }
            NodeKind::FilterBlock { filter, body } => {
                let v = self.capture(body)?;
                let v = self.eval_filter_chain(filter, v)?;
                let v = self.finalize(v)?;
                out.value(v);
            }
            NodeKind::With { pairs, body } => {
                let mut values = Vec::with_capacity(pairs.len());
                for (t, e) in pairs {
                    values.push((t, self.eval(e)?));
                }
                return self.scoped(|cx| {
                    for (t, v) in values {
                        cx.assign(t, v)?;
                    }
                    cx.exec(body, out)
                });
            }
            NodeKind::Include { template, ignore_missing, with_context } => {
                self.include(template, *ignore_missing, *with_context, out)?;
            }
            NodeKind::Import { template, target, with_context } => {
                let module = self.import(template, *with_context)?;
                self.set(target, module);
            }
            NodeKind::FromImport { template, names, with_context } => {
                let module = self.import(template, *with_context)?;
                for (name, alias) in names {
                    let v = self.attribute(&module, name)?;
                    let v = match v {
                        Value::Undefined(_) => Value::undefined(format!("the template {} (imported on line {}) does not export the requested name '{name}'", rustle_value::str_repr(&crate::interp::blocks::module_name(&module)), node.line)),
                        v => v,
                    };
                    self.set(alias, v);
                }
            }
            NodeKind::Extends(e) => {
                let name = self.eval(e)?;
                self.parent = self.load(&name, false)?;
            }
            NodeKind::Block(b) => self.exec_block(b, out)?,
            NodeKind::Do(e) => {
                self.eval(e)?;
            }
            NodeKind::Break => return Ok(Flow::Break),
            NodeKind::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Normal)
    }

    /// The value that a body yields.
    pub(crate) fn capture(&mut self, body: &[Node]) -> Result<Value> {
        let mut out = Out::default();
        self.scoped(|cx| cx.exec(body, &mut out))?;
        Ok(out.finish())
    }

    pub(crate) fn assign(&mut self, target: &Target, value: Value) -> Result<()> {
        match target {
            Target::Name(n) => {
                self.set(n, value);
                Ok(())
            }
            Target::Attr(ns, attr) => {
                let holder = self.variable(ns)?;
                match &holder {
                    Some(Value::Object(o)) if o.as_any().is::<Namespace>() => {
                        if let Some(n) = o.as_any().downcast_ref::<Namespace>() {
                            n.set(attr, value);
                        }
                        Ok(())
                    }
                    _ => fail("cannot assign attribute on non-namespace object"),
                }
            }
            Target::Tuple(parts) => {
                let items = self.unpack(value)?;
                let (want, got) = (parts.len(), items.len());
                if got < want {
                    return fail(format!("not enough values to unpack (expected {want}, got {got})"));
                }
                if got > want {
                    return fail(format!("too many values to unpack (expected {want})"));
                }
                for (t, v) in parts.iter().zip(items) {
                    self.assign(t, v)?;
                }
                Ok(())
            }
        }
    }

    fn unpack(&mut self, v: Value) -> Result<Vec<Value>> {
        let type_name = v.type_name();
        match self.elements(&v) {
            Err(Error::Runtime(_)) => fail(format!("cannot unpack non-iterable {type_name} object")),
            Err(e) => Err(e),
            Ok(items) => items.into_iter().map(|x| self.resolve(x)).collect(),
        }
    }

    /// The elements of anything that can be iterated over, each as it is stored.
    ///
    /// # Errors
    /// Python's complaint where it cannot be.
    pub fn elements(&mut self, v: &Value) -> Result<Vec<Value>> {
        match v {
            Value::List(l) | Value::Tuple(l) => Ok(l.to_vec()),
            Value::Dict(d) => Ok(d.keys().cloned().collect()),
            Value::Str(s) => Ok(s.chars().map(|c| Value::from(c.to_string())).collect()),
            Value::Bytes(b) => Ok(b.iter().map(|b| Value::Int(i64::from(*b))).collect()),
            Value::Undefined(u) => Err(Error::from_undefined(u)),
            Value::Template(_) | Value::Vaulted(_) => {
                let v = self.resolve(v.clone())?;
                self.elements(&v)
            }
            Value::Object(o) => match o.iterate() {
                Some(items) => Ok(items),
                None => fail(format!("'{}' object is not iterable", o.type_name())),
            },
            other => fail(format!("'{}' object is not iterable", other.type_name())),
        }
    }

    /// The parsed template behind a name, or behind the first of a list of names that exists.
    pub(crate) fn load(&mut self, name: &Value, ignore_missing: bool) -> Result<Option<Arc<crate::ast::CompiledTemplate>>> {
        let names = match self.settle(name.clone())? {
            Value::List(l) | Value::Tuple(l) => l.to_vec(),
            one => vec![one],
        };
        for n in &names {
            let n = n.to_string();
            let Some(path) = super::template_path(&n) else { continue };
            if let Some(source) = self.host.load_template(&path)? {
                let origin = rustle_value::Origin::new(n, 1, 1);
                // Written as the template that includes it: a line that overrides delimiters is text here.
                let syntax = self.syntax.clone().unwrap_or_default();
                return self.env.parse(&source, Some(&origin), &syntax).map(Some).map_err(leave);
            }
        }
        if ignore_missing {
            return Ok(None);
        }
        let list: Vec<String> = names.iter().map(ToString::to_string).collect();
        match &list[..] {
            [one] if super::template_path(one).is_none() => fail(one.clone()),
            [one] => {
                let folders = self.host.template_folders();
                let several = if folders.len() == 1 { "" } else { "s" };
                let shown: Vec<String> = folders.iter().map(|f| rustle_value::py_repr(&Value::from(f.as_str()))).collect();
                fail(format!("'{one}' not found in search path{several}: {}", shown.join(", ")))
            }
            many => fail(format!("none of the templates given were found: {}", many.join(", "))),
        }
    }
}
