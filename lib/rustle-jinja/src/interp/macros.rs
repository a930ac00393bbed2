//! Macros and `call` blocks.

use super::{Frame, Interp, Out};
use crate::ast::{CallArgs, Expr, MacroDef};
use crate::error::{Result, fail};
use crate::args::Args;
use rustle_value::{Dict, Object, Value};
use std::any::Any;
use std::sync::Arc;

/// A macro with the scopes that it sees.
#[derive(Debug)]
pub(crate) struct Macro {
    pub def: Arc<MacroDef>,
    /// Scopes at the definition; `None` for one of the running template's top level, which sees it live.
    pub env: Option<Arc<Vec<Frame>>>,
    /// Whether the host's variables are visible inside.
    pub context: bool,
}

impl Object for Macro {
    fn type_name(&self) -> &'static str {
        "Macro"
    }
    fn attr(&self, name: &str) -> Option<Value> {
        match name {
            "name" => Some(Value::Str(self.def.name.clone())),
            "arguments" => Some(Value::tuple(self.def.params.iter().map(|p| Value::Str(p.clone())).collect())),
            "catch_varargs" => Some(Value::Bool(self.def.uses_varargs)),
            "catch_kwargs" => Some(Value::Bool(self.def.uses_kwargs)),
            "caller" => Some(Value::Bool(self.def.uses_caller)),
            _ => None,
        }
    }
    fn render(&self) -> String {
        format!("<Macro '{}'>", self.def.name)
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Interp<'_> {
    pub(crate) fn make_macro(&self, def: &Arc<MacroDef>, closed: bool) -> Value {
        let env = (closed || self.frames.len() > 1).then(|| Arc::new(self.frames.clone()));
        Value::Object(Arc::new(Macro { def: def.clone(), env, context: self.context }))
    }

    pub(crate) fn call_macro(&mut self, m: &Macro, mut args: Args, caller: Option<Value>) -> Result<Value> {
        let def = &m.def;
        let mut frame = Frame::default();
        let caller = args.take("caller").or(caller);
        let extra = if args.pos.len() > def.params.len() { args.pos.split_off(def.params.len()) } else { Vec::new() };
        if !extra.is_empty() && !def.uses_varargs {
            return fail(format!("macro '{}' takes not more than {} argument(s)", def.name, def.params.len()));
        }
        let mut given = args.pos.into_iter();
        let first_default = def.params.len() - def.defaults.len();
        let mut late = Vec::new();
        for (i, p) in def.params.iter().enumerate() {
            let named = args.kw.iter().position(|(k, _)| k == p).map(|at| args.kw.remove(at).1);
            match given.next().or(named) {
                // Ansible hands copies of lists and dicts to a macro: its changes stay inside.
                Some(Value::List(l)) if def.mutates => frame.set(p, Value::list(l.to_vec())),
                Some(Value::Dict(d)) if def.mutates => frame.set(p, Value::dict((*d).clone())),
                Some(v) => frame.set(p, v),
                None => {
                    frame.set(p, Value::undefined(format!("parameter '{p}' was not provided")));
                    if let Some(d) = i.checked_sub(first_default).and_then(|n| def.defaults.get(n)) {
                        late.push((p, d));
                    }
                }
            }
        }
        if let Some((k, _)) = args.kw.first()
            && !def.uses_kwargs
        {
            return fail(format!("macro '{}' takes no keyword argument '{k}'", def.name));
        }
        if def.uses_kwargs {
            let kw: Dict = args.kw.into_iter().map(|(k, v)| (Value::Str(k), v)).collect();
            frame.set(&"kwargs".into(), Value::dict(kw));
        }
        if def.uses_varargs {
            frame.set(&"varargs".into(), Value::tuple(extra));
        }
        match caller {
            Some(c) if def.uses_caller => frame.set(&"caller".into(), c),
            Some(_) => return fail(format!("macro '{}' was invoked with two values for the special caller argument. This is most likely a bug.", def.name)),
            None if def.uses_caller => frame.set(&"caller".into(), Value::undefined("No caller defined")),
            None => {}
        }
        // Swap the scopes: the macro sees those of its definition, not those of its caller.
        let own = m.env.is_none() && !self.frames.is_empty();
        let mut frames = match &m.env {
            Some(env) => (**env).clone(),
            None => vec![self.frames.first_mut().map(std::mem::take).unwrap_or_default()],
        };
        frames.push(frame);
        self.parked.push(std::mem::replace(&mut self.frames, frames));
        let context = std::mem::replace(&mut self.context, m.context);
        let result = self.deeper(|cx| {
            for (p, d) in late {
                let v = cx.eval(d)?;
                cx.set(p, v);
            }
            let mut out = Out::default();
            cx.exec(&def.body, &mut out)?;
            Ok(out.finish())
        });
        self.context = context;
        let mut inner = std::mem::replace(&mut self.frames, self.parked.pop().unwrap_or_default());
        if own && let (Some(slot), false) = (self.frames.first_mut(), inner.is_empty()) {
            *slot = inner.swap_remove(0);
        }
        result
    }

    pub(crate) fn eval_call_block(&mut self, call: &Expr, def: &Arc<MacroDef>) -> Result<Value> {
        let caller = self.make_macro(def, true);
        match call {
            Expr::Call(callee, args) => self.eval_call(callee, args, Some(caller)),
            _ => self.eval_call(call, &CallArgs::default(), Some(caller)),
        }
    }
}
