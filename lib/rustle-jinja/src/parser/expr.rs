//! Expressions, by descending precedence: `if`, `or`, `and`, `not`, comparison, `+ -`, `~`, `* / // %`, unary, `**`.

use super::Parser;
use crate::ast::{BinOp, CallArgs, CmpOp, Expr, TestExpr};
use crate::error::Result;
use crate::lexer::Tok;
use rustle_value::Value;

impl Parser {
    pub(super) fn cond(&mut self) -> Result<Expr> {
        let mut then = self.or()?;
        let mut n = 0;
        while self.skip_name("if") {
            self.longer(&mut n)?;
            let test = self.or()?;
            let otherwise = if self.skip_name("else") { Some(self.expression(true)?) } else { None };
            then = Expr::Cond(Box::new((test, then, otherwise)));
        }
        Ok(then)
    }

    pub(super) fn or(&mut self) -> Result<Expr> {
        let mut left = self.and()?;
        let mut n = 0;
        while self.skip_name("or") {
            self.longer(&mut n)?;
            let right = self.and()?;
            left = Expr::Or(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr> {
        let mut left = self.not()?;
        let mut n = 0;
        while self.skip_name("and") {
            self.longer(&mut n)?;
            let right = self.not()?;
            left = Expr::And(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expr> {
        if self.skip_name("not") {
            return Ok(Expr::Not(Box::new(self.nested(Self::not)?)));
        }
        self.compare()
    }

    fn compare(&mut self) -> Result<Expr> {
        let left = self.additive()?;
        let mut ops = Vec::new();
        loop {
            let op = match self.peek() {
                Tok::Op("==") => CmpOp::Eq,
                Tok::Op("!=") => CmpOp::Ne,
                Tok::Op("<") => CmpOp::Lt,
                Tok::Op("<=") => CmpOp::Le,
                Tok::Op(">") => CmpOp::Gt,
                Tok::Op(">=") => CmpOp::Ge,
                Tok::Name(n) if n == "in" => CmpOp::In,
                Tok::Name(n) if n == "not" && matches!(self.look(1), Tok::Name(m) if m == "in") => {
                    self.at += 1;
                    CmpOp::NotIn
                }
                _ => break,
            };
            self.at += 1;
            ops.push((op, self.additive()?));
        }
        Ok(if ops.is_empty() { left } else { Expr::Compare(Box::new(left), ops) })
    }

    fn additive(&mut self) -> Result<Expr> {
        let mut left = self.concat()?;
        let mut n = 0;
        loop {
            self.longer(&mut n)?;
            let op = match self.peek() {
                Tok::Op("+") => BinOp::Add,
                Tok::Op("-") => BinOp::Sub,
                _ => return Ok(left),
            };
            self.at += 1;
            left = Expr::Bin(op, Box::new(left), Box::new(self.concat()?));
        }
    }

    fn concat(&mut self) -> Result<Expr> {
        let first = self.term()?;
        if !self.is_op("~") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.skip_op("~") {
            parts.push(self.term()?);
        }
        Ok(Expr::Concat(parts))
    }

    fn term(&mut self) -> Result<Expr> {
        let mut left = self.pow()?;
        let mut n = 0;
        loop {
            self.longer(&mut n)?;
            let op = match self.peek() {
                Tok::Op("*") => BinOp::Mul,
                Tok::Op("/") => BinOp::Div,
                Tok::Op("//") => BinOp::FloorDiv,
                Tok::Op("%") => BinOp::Mod,
                _ => return Ok(left),
            };
            self.at += 1;
            left = Expr::Bin(op, Box::new(left), Box::new(self.pow()?));
        }
    }

    /// The sign binds tighter than the power, and the power is left-associative: not as in Python.
    fn pow(&mut self) -> Result<Expr> {
        let mut left = self.unary(true)?;
        let mut n = 0;
        while self.skip_op("**") {
            self.longer(&mut n)?;
            left = Expr::Bin(BinOp::Pow, Box::new(left), Box::new(self.unary(true)?));
        }
        Ok(left)
    }

    fn unary(&mut self, with_filter: bool) -> Result<Expr> {
        let mut node = match self.peek() {
            Tok::Op("-") => {
                self.at += 1;
                Expr::Neg(Box::new(self.nested(|p| p.unary(false))?))
            }
            Tok::Op("+") => {
                self.at += 1;
                Expr::Pos(Box::new(self.nested(|p| p.unary(false))?))
            }
            _ => self.primary()?,
        };
        node = self.postfix(node)?;
        if with_filter { self.filters_and_tests(node) } else { Ok(node) }
    }

    fn primary(&mut self) -> Result<Expr> {
        match self.peek().clone() {
            Tok::Name(n) => {
                self.at += 1;
                Ok(match n.as_str() {
                    "true" | "True" => Expr::Const(Value::Bool(true)),
                    "false" | "False" => Expr::Const(Value::Bool(false)),
                    "none" | "None" => Expr::Const(Value::Null),
                    _ => Expr::Name(n.into()),
                })
            }
            Tok::Str(mut s) => {
                self.at += 1;
                while let Tok::Str(more) = self.peek() {
                    s += more;
                    self.at += 1;
                }
                Ok(Expr::Const(if self.embedded { Value::trusted(s, None) } else { Value::from(s) }))
            }
            Tok::Int(v) => {
                self.at += 1;
                Ok(Expr::Const(v))
            }
            Tok::Float(f) => {
                self.at += 1;
                Ok(Expr::Const(Value::Float(f)))
            }
            Tok::Op("(") => {
                self.at += 1;
                let e = self.tuple(true, true, &[])?;
                self.expect_op(")")?;
                Ok(e)
            }
            Tok::Op("[") => {
                self.at += 1;
                let mut items = Vec::new();
                while !self.is_op("]") {
                    if !items.is_empty() {
                        self.expect_op(",")?;
                    }
                    if self.is_op("]") {
                        break;
                    }
                    items.push(self.expression(true)?);
                }
                self.expect_op("]")?;
                Ok(Expr::List(items))
            }
            Tok::Op("{") => {
                self.at += 1;
                let mut items = Vec::new();
                while !self.is_op("}") {
                    if !items.is_empty() {
                        self.expect_op(",")?;
                    }
                    if self.is_op("}") {
                        break;
                    }
                    let k = self.expression(true)?;
                    self.expect_op(":")?;
                    items.push((k, self.expression(true)?));
                }
                self.expect_op("}")?;
                Ok(Expr::Dict(items))
            }
            other => {
                let d = rustle_value::str_repr(&other.describe());
                self.fail(format!("unexpected {d}"))
            }
        }
    }

    /// One expression or, with commas, a tuple. `explicit` is set inside parentheses, where `()` is a tuple.
    pub(super) fn tuple(&mut self, with_cond: bool, explicit: bool, ends: &[&str]) -> Result<Expr> {
        let mut items = Vec::new();
        let mut is_tuple = false;
        loop {
            if !items.is_empty() {
                if !self.skip_op(",") {
                    break;
                }
                is_tuple = true;
            }
            let at_end = matches!(self.peek(), Tok::VarEnd | Tok::BlockEnd | Tok::Op(")"))
                || matches!(self.peek(), Tok::Name(n) if ends.contains(&n.as_str()));
            if at_end {
                break;
            }
            items.push(self.expression(with_cond)?);
        }
        if !is_tuple {
            if items.len() == 1 {
                return Ok(items.remove(0));
            }
            if !explicit {
                let d = rustle_value::str_repr(&self.peek().describe());
                return self.fail(format!("Expected an expression, got {d}"));
            }
        }
        Ok(Expr::Tuple(items))
    }

    fn postfix(&mut self, mut node: Expr) -> Result<Expr> {
        let mut n = 0;
        loop {
            self.longer(&mut n)?;
            match self.peek() {
                Tok::Op(".") | Tok::Op("[") => node = self.subscript(node)?,
                Tok::Op("(") => node = Expr::Call(Box::new(node), Box::new(self.call_args()?)),
                _ => return Ok(node),
            }
        }
    }

    fn filters_and_tests(&mut self, mut node: Expr) -> Result<Expr> {
        let mut n = 0;
        loop {
            self.longer(&mut n)?;
            match self.peek() {
                Tok::Op("|") => node = self.filter_chain(Some(node), false)?,
                Tok::Name(n) if n == "is" => node = self.test(node)?,
                // Calls bind to what a filter returned, too.
                Tok::Op("(") => node = Expr::Call(Box::new(node), Box::new(self.call_args()?)),
                _ => return Ok(node),
            }
        }
    }

    fn subscript(&mut self, node: Expr) -> Result<Expr> {
        if self.skip_op(".") {
            return match self.next() {
                Tok::Name(n) => Ok(Expr::Attr(Box::new(node), n.into())),
                Tok::Int(v) => Ok(Expr::Item(Box::new(node), Box::new(Expr::Const(v)))),
                _ => {
                    self.at -= 1;
                    self.fail("expected name or number")
                }
            };
        }
        self.expect_op("[")?;
        let mut keys = Vec::new();
        while !self.is_op("]") {
            if !keys.is_empty() {
                self.expect_op(",")?;
            }
            keys.push(self.slice_or_expr()?);
        }
        self.expect_op("]")?;
        if keys.len() == 1 {
            return Ok(match keys.remove(0) {
                Ok(e) => Expr::Item(Box::new(node), Box::new(e)),
                Err(s) => Expr::Slice(Box::new(node), s),
            });
        }
        let items = keys.into_iter().filter_map(std::result::Result::ok).collect();
        Ok(Expr::Item(Box::new(node), Box::new(Expr::Tuple(items))))
    }

    fn slice_or_expr(&mut self) -> Result<std::result::Result<Expr, Box<[Option<Expr>; 3]>>> {
        let mut parts: [Option<Expr>; 3] = [None, None, None];
        if !self.is_op(":") {
            let e = self.expression(true)?;
            if !self.is_op(":") {
                return Ok(Ok(e));
            }
            parts[0] = Some(e);
        }
        for slot in parts.iter_mut().skip(1) {
            if !self.skip_op(":") {
                break;
            }
            if !(self.is_op(":") || self.is_op("]") || self.is_op(",")) {
                *slot = Some(self.expression(true)?);
            }
        }
        Ok(Err(Box::new(parts)))
    }

    pub(super) fn call_args(&mut self) -> Result<CallArgs> {
        let mut a = CallArgs::default();
        self.expect_op("(")?;
        let mut first = true;
        while !self.is_op(")") {
            if !first {
                self.expect_op(",")?;
                if self.is_op(")") {
                    break;
                }
            }
            first = false;
            if self.skip_op("*") {
                a.star = Some(self.expression(true)?);
            } else if self.skip_op("**") {
                a.dstar = Some(self.expression(true)?);
            } else if matches!(self.peek(), Tok::Name(_)) && matches!(self.look(1), Tok::Op("=")) {
                let k = self.ident()?;
                self.at += 1;
                a.kw.push((k, self.expression(true)?));
            } else if a.kw.is_empty() && a.star.is_none() && a.dstar.is_none() {
                a.pos.push(self.expression(true)?);
            } else {
                return self.fail("invalid syntax for function call expression");
            }
        }
        self.expect_op(")")?;
        Ok(a)
    }

    fn test(&mut self, input: Expr) -> Result<Expr> {
        self.at += 1;
        let negated = self.skip_name("not");
        let name = self.dotted_name()?;
        let starts = match self.peek() {
            Tok::Name(n) => !matches!(n.as_str(), "else" | "or" | "and"),
            Tok::Str(_) | Tok::Int(_) | Tok::Float(_) | Tok::Op("[" | "{") => true,
            _ => false,
        };
        let args = if self.is_op("(") {
            self.call_args()?
        } else if starts {
            if self.is_name("is") {
                return self.fail("You cannot chain multiple tests with is");
            }
            let arg = self.primary()?;
            CallArgs { pos: vec![self.postfix(arg)?], ..CallArgs::default() }
        } else {
            CallArgs::default()
        };
        let native = crate::tests::find(&name);
        let e = Expr::Test(Box::new(TestExpr { name, native, input, args }));
        Ok(if negated { Expr::Not(Box::new(e)) } else { e })
    }
}
