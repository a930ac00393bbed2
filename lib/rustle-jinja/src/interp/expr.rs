//! Expressions.

use super::Interp;
use super::resolve::strict;
use crate::args::Args;
use crate::ast::{BinOp, CallArgs, CmpOp, Expr, FilterExpr, TestExpr};
use crate::error::{Error, Result, fail};
use crate::ops;
use rustle_value::{Dict, Value, py_str};
use std::sync::Arc;

impl Interp<'_> {
    /// The value of an expression, its outermost layer resolved. May be undefined.
    pub(crate) fn eval(&mut self, e: &Expr) -> Result<Value> {
        match e {
            Expr::Const(v @ Value::Template(_)) => self.resolve(v.clone()),
            Expr::Const(v) => Ok(v.clone()),
            Expr::Name(n) => self.eval_name(n),
            Expr::Attr(base, name) => {
                let v = self.eval(base)?;
                self.attribute(&v, name)
            }
            Expr::Item(base, key) => self.eval_item(base, key),
            Expr::Filter(f) => self.eval_filter(f, None),
            Expr::Test(t) => self.eval_test(t),
            Expr::Call(callee, args) => self.eval_call(callee, args, None),
            Expr::Compare(left, ops) => self.eval_compare(left, ops).map(Value::Bool),
            Expr::And(a, b) => {
                let v = self.eval(a)?;
                if self.truth(&v)? { self.eval(b) } else { Ok(v) }
            }
            Expr::Or(a, b) => {
                let v = self.eval(a)?;
                if self.truth(&v)? { Ok(v) } else { self.eval(b) }
            }
            Expr::Not(a) => Ok(Value::Bool(!self.eval_truth(a)?)),
            Expr::Cond(c) => self.eval_cond(c),
            Expr::Bin(op, a, b) => self.eval_bin(*op, a, b),
            Expr::Concat(parts) => self.eval_concat(parts),
            Expr::List(items) => Ok(Value::list(self.eval_all(items)?)),
            Expr::Tuple(items) => Ok(Value::tuple(self.eval_all(items)?)),
            Expr::Dict(items) => self.eval_dict(items),
            Expr::Slice(base, parts) => self.eval_slice(base, parts),
            Expr::Neg(a) => {
                let v = self.eval_strict(a)?;
                ops::negate(&v)
            }
            Expr::Pos(a) => {
                let v = self.eval_strict(a)?;
                if v.is_number() { ops::binary(BinOp::Add, &Value::Int(0), &v) } else { fail(format!("bad operand type for unary +: '{}'", v.type_name())) }
            }
        }
    }

    pub(crate) fn eval_strict(&mut self, e: &Expr) -> Result<Value> {
        let v = self.eval(e)?;
        strict(v)
    }

    pub(crate) fn eval_truth(&mut self, e: &Expr) -> Result<bool> {
        let v = self.eval(e)?;
        self.truth(&v)
    }

    /// Python's `bool(x)`; an undefined value is an error.
    ///
    /// # Errors
    /// Undefinedness.
    pub fn truth(&mut self, v: &Value) -> Result<bool> {
        match v {
            Value::Bool(b) => Ok(*b),
            Value::Undefined(u) => Err(Error::from_undefined(u)),
            v => Ok(v.truthy()),
        }
    }

    fn eval_all(&mut self, items: &[Expr]) -> Result<Vec<Value>> {
        items.iter().map(|e| self.eval(e)).collect()
    }

    #[inline(never)]
    fn eval_name(&mut self, n: &Arc<str>) -> Result<Value> {
        if let Some(v) = self.variable(n)? {
            return Ok(v);
        }
        if &**n == "self" {
            return Ok(Value::Object(Arc::new(super::blocks::SelfBlocks)));
        }
        Ok(crate::globals::find(n).unwrap_or_else(|| Value::undefined(format!("'{n}' is undefined"))))
    }

    #[inline(never)]
    fn eval_cond(&mut self, c: &(Expr, Expr, Option<Expr>)) -> Result<Value> {
        if self.eval_truth(&c.0)? {
            return self.eval(&c.1);
        }
        match &c.2 {
            Some(e) => self.eval(e),
            None => Ok(crate::objects::blank()),
        }
    }

    #[inline(never)]
    fn eval_dict(&mut self, items: &[(Expr, Expr)]) -> Result<Value> {
        let mut d = Dict::with_capacity(items.len());
        for (k, v) in items {
            let k = self.eval_strict(k)?;
            if matches!(k, Value::List(_) | Value::Dict(_)) {
                return fail(format!("unhashable type: '{}'", k.type_name()));
            }
            let v = self.eval(v)?;
            d.insert(k, v);
        }
        Ok(Value::dict(d))
    }

    #[inline(never)]
    fn eval_bin(&mut self, op: BinOp, ea: &Expr, eb: &Expr) -> Result<Value> {
        let a = self.eval(ea)?;
        let b = self.eval(eb)?;
        let (a, b) = (strict(a)?, strict(b)?);
        if op == BinOp::Mod && matches!(a, Value::Str(_)) {
            let b = self.settle(b)?;
            return ops::percent::format(&a, &b);
        }
        let from_variable = |e: &Expr, v: &Value| matches!(v, Value::Str(_)) && matches!(e, Expr::Name(_) | Expr::Attr(..) | Expr::Item(..));
        ops::binary(op, &a, &b).map_err(|e| tagged(e, from_variable(ea, &a), from_variable(eb, &b)))
    }

    #[inline(never)]
    fn eval_concat(&mut self, parts: &[Expr]) -> Result<Value> {
        let mut s = String::new();
        for p in parts {
            let v = self.eval(p)?;
            match self.settle(v)? {
                Value::Str(t) => s.push_str(&t),
                v => s.push_str(&py_str(&v)),
            }
        }
        Ok(Value::from(s))
    }

    #[inline(never)]
    fn eval_compare(&mut self, left: &Expr, rest: &[(CmpOp, Expr)]) -> Result<bool> {
        let from_variable = |e: &Expr| matches!(e, Expr::Name(_) | Expr::Attr(..) | Expr::Item(..));
        let mut left_var = from_variable(left);
        let mut left = self.eval_strict(left)?;
        for (op, right) in rest {
            let right_var = from_variable(right);
            let right = self.eval_strict(right)?;
            // Containers of different sizes differ, whatever is in them.
            let size = |v: &Value| v.as_list().map(<[Value]>::len).or(v.as_dict().map(Dict::len));
            if matches!(op, CmpOp::Eq | CmpOp::Ne) && size(&left).is_some() && size(&right).is_some_and(|n| size(&left) != Some(n)) {
                if *op == CmpOp::Eq {
                    return Ok(false);
                }
                left = right;
                continue;
            }
            left = self.settle(left)?;
            let right = match (op, &right) {
                (CmpOp::In | CmpOp::NotIn, Value::Dict(_)) => right,
                _ => self.settle(right)?,
            };
            if !ops::compare(*op, &left, &right).map_err(|e| tagged(e, left_var, right_var))? {
                return Ok(false);
            }
            left_var = right_var;
            left = right;
        }
        Ok(true)
    }

    #[inline(never)]
    fn eval_item(&mut self, base: &Expr, key: &Expr) -> Result<Value> {
        let v = self.eval(base)?;
        let k = self.eval(key)?;
        self.item(&v, &k)
    }

    #[inline(never)]
    fn eval_slice(&mut self, base: &Expr, parts: &[Option<Expr>; 3]) -> Result<Value> {
        let v = self.eval(base)?;
        if v.is_undefined() {
            return Ok(v);
        }
        let mut bounds = [None; 3];
        for (slot, e) in bounds.iter_mut().zip(parts) {
            if let Some(e) = e {
                let b = self.eval_strict(e)?;
                *slot = match b {
                    Value::Null => None,
                    b => match b.as_i64() {
                        Some(i) => Some(i),
                        None => return fail("slice indices must be integers or None or have an __index__ method"),
                    },
                };
            }
        }
        ops::slice(&v, bounds)
    }

    pub(crate) fn eval_args(&mut self, a: &CallArgs) -> Result<Args> {
        let mut args = Args { pos: Vec::with_capacity(a.pos.len()), kw: Vec::with_capacity(a.kw.len()) };
        for e in &a.pos {
            args.pos.push(self.eval(e)?);
        }
        for (k, e) in &a.kw {
            args.kw.push((k.clone(), self.eval(e)?));
        }
        if let Some(e) = &a.star {
            let v = self.eval_strict(e)?;
            for x in self.elements(&v)? {
                let x = self.resolve(x)?;
                args.pos.push(x);
            }
        }
        if let Some(e) = &a.dstar {
            let v = self.eval_strict(e)?;
            let Value::Dict(d) = &v else {
                return fail(format!("argument after ** must be a mapping, not {}", v.type_name()));
            };
            for (k, x) in d.iter() {
                let x = self.resolve(x.clone())?;
                args.kw.push((k.to_string().into(), x));
            }
        }
        Ok(args)
    }

    /// Applies a chain of filters whose innermost input is `v`.
    pub(crate) fn eval_filter_chain(&mut self, e: &Expr, v: Value) -> Result<Value> {
        match e {
            Expr::Filter(f) => self.eval_filter(f, Some(v)),
            _ => Ok(v),
        }
    }

    #[inline(never)]
    fn eval_filter(&mut self, f: &FilterExpr, block_input: Option<Value>) -> Result<Value> {
        let input = match (&f.input, block_input) {
            (Some(inner @ Expr::Filter(_)), Some(v)) => self.eval_filter_chain(inner, v)?,
            (None, Some(v)) => v,
            (Some(e), _) => self.eval(e)?,
            (None, None) => Value::Null,
        };
        let args = self.eval_args(&f.args)?;
        let r = match f.native {
            Some(native) => self.run_filter(native, &f.name, input, args),
            None => self.call_filter(&f.name, input, args),
        };
        r.map_err(|e| e.at_line(f.line))
    }

    #[inline(never)]
    fn eval_test(&mut self, t: &TestExpr) -> Result<Value> {
        let input = self.eval(&t.input)?;
        let args = self.eval_args(&t.args)?;
        match t.native {
            Some(native) => self.run_test(native, &t.name, input, args),
            None => self.call_test(&t.name, input, args),
        }
    }
}

/// Ansible's strings from variables are of a class of their own, and Python's messages show it.
fn tagged(mut e: Error, left: bool, right: bool) -> Error {
    if let Error::Runtime(d) = &mut e
        && (d.msg.starts_with("unsupported operand") || d.msg.contains("not supported between instances"))
    {
        if left {
            d.msg = d.msg.replacen(" 'str' and", " '_AnsibleTaggedStr' and", 1);
        }
        if right && d.msg.ends_with("and 'str'") {
            d.msg.truncate(d.msg.len() - "'str'".len());
            d.msg.push_str("'_AnsibleTaggedStr'");
        }
    }
    e
}
