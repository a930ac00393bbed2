//! Statements.

use super::Parser;
use crate::ast::{Block, CallArgs, Expr, FilterExpr, For, MacroDef, Node, NodeKind, Target};
use crate::error::Result;
use crate::lexer::Tok;
use std::sync::Arc;

impl Parser {
    /// A statement; the cursor stands on its name.
    pub(super) fn statement(&mut self) -> Result<NodeKind> {
        let Tok::Name(name) = self.peek().clone() else {
            return self.fail("tag name expected");
        };
        self.at += 1;
        match name.as_str() {
            "for" => self.parse_for(),
            "if" => self.parse_if(),
            "set" => self.parse_set(),
            "with" => self.parse_with(),
            "macro" => self.parse_macro(),
            "call" => self.parse_call_block(),
            "filter" => {
                let filter = self.filter_chain(None, true)?;
                let body = self.whole_body("filter", &["endfilter"])?;
                Ok(NodeKind::FilterBlock { filter, body })
            }
            "block" => self.parse_block(),
            "extends" => Ok(NodeKind::Extends(self.expression(true)?)),
            "include" => self.parse_include(),
            "import" => self.parse_import(),
            "from" => self.parse_from(),
            "print" => {
                let mut parts = vec![self.expression(true)?];
                while self.skip_op(",") {
                    parts.push(self.expression(true)?);
                }
                Ok(NodeKind::Print(if parts.len() == 1 { parts.remove(0) } else { Expr::Concat(parts) }))
            }
            "autoescape" => {
                self.expression(true)?;
                let body = self.whole_body("autoescape", &["endautoescape"])?;
                Ok(NodeKind::With { pairs: Vec::new(), body })
            }
            "do" if self.extensions => Ok(NodeKind::Do(self.tuple(true, false, &[])?)),
            "break" if self.extensions => Ok(NodeKind::Break),
            "continue" if self.extensions => Ok(NodeKind::Continue),
            other => {
                self.at -= 1;
                self.unknown_tag(Some(other))
            }
        }
    }

    fn parse_for(&mut self) -> Result<NodeKind> {
        let target = self.target(&["in"])?;
        self.expect_name("in")?;
        let iter = self.tuple(false, false, &["recursive"])?;
        let filter = if self.skip_name("if") { Some(self.expression(true)?) } else { None };
        let recursive = self.skip_name("recursive");
        let body = self.body_until("for", &["endfor", "else"])?;
        let otherwise = if self.skip_name("else") { self.whole_body("for", &["endfor"])? } else { self.closed() };
        Ok(NodeKind::For(Arc::new(For { target, iter, filter, body, otherwise, recursive })))
    }

    /// Consumes the end tag's name.
    fn closed(&mut self) -> Vec<Node> {
        self.at += 1;
        Vec::new()
    }

    fn parse_if(&mut self) -> Result<NodeKind> {
        let mut arms = Vec::new();
        let mut otherwise = Vec::new();
        loop {
            let test = self.tuple(false, false, &[])?;
            let body = self.body_until("if", &["elif", "else", "endif"])?;
            arms.push((test, body));
            if self.skip_name("elif") {
                continue;
            }
            if self.skip_name("else") {
                otherwise = self.whole_body("if", &["endif"])?;
            } else {
                self.at += 1;
            }
            return Ok(NodeKind::If { arms, otherwise });
        }
    }

    fn target(&mut self, ends: &[&str]) -> Result<Target> {
        let mut parts = Vec::new();
        let mut is_tuple = false;
        loop {
            if self.is_op(")") || *self.peek() == Tok::BlockEnd || ends.iter().any(|e| self.is_name(e)) {
                break;
            }
            if self.skip_op("(") {
                let t = self.target(&[])?;
                self.expect_op(")")?;
                parts.push(t);
            } else {
                let n = self.ident()?;
                if matches!(&*n, "true" | "false" | "none" | "True" | "False" | "None") {
                    return self.fail("can't assign to 'const'");
                }
                parts.push(Target::Name(n));
            }
            if !self.skip_op(",") {
                break;
            }
            is_tuple = true;
        }
        if parts.is_empty() {
            let d = rustle_value::str_repr(&self.peek().describe());
            return self.fail(format!("Expected an expression, got {d}"));
        }
        Ok(if is_tuple || parts.len() != 1 { Target::Tuple(parts) } else { parts.remove(0) })
    }

    fn parse_set(&mut self) -> Result<NodeKind> {
        let target = if matches!(self.look(1), Tok::Op(".")) {
            let ns = self.ident()?;
            self.expect_op(".")?;
            Target::Attr(ns, self.ident()?)
        } else {
            self.target(&[])?
        };
        if self.skip_op("=") {
            let value = self.tuple(true, false, &[])?;
            return Ok(NodeKind::Set { target, value });
        }
        let filter = if self.is_op("|") { Some(self.filter_chain(None, false)?) } else { None };
        let body = self.whole_body("set", &["endset"])?;
        Ok(NodeKind::SetBlock { target, filter, body })
    }

    fn parse_with(&mut self) -> Result<NodeKind> {
        let mut pairs = Vec::new();
        while *self.peek() != Tok::BlockEnd {
            if !pairs.is_empty() {
                self.expect_op(",")?;
            }
            // A single target: a comma separates the pairs here.
            let t = if self.skip_op("(") {
                let t = self.target(&[])?;
                self.expect_op(")")?;
                t
            } else {
                Target::Name(self.ident()?)
            };
            self.expect_op("=")?;
            pairs.push((t, self.expression(true)?));
        }
        let body = self.whole_body("with", &["endwith"])?;
        Ok(NodeKind::With { pairs, body })
    }

    fn signature(&mut self) -> Result<(Vec<Arc<str>>, Vec<Expr>)> {
        let (mut params, mut defaults) = (Vec::new(), Vec::new());
        self.expect_op("(")?;
        while !self.is_op(")") {
            if !params.is_empty() {
                self.expect_op(",")?;
            }
            params.push(self.ident()?);
            if self.skip_op("=") {
                defaults.push(self.expression(true)?);
            } else if !defaults.is_empty() {
                return self.fail("non-default argument follows default argument");
            }
        }
        self.expect_op(")")?;
        Ok((params, defaults))
    }

    fn macro_def(&mut self, name: Arc<str>, params: Vec<Arc<str>>, defaults: Vec<Expr>, tag: &'static str, ends: &'static [&'static str]) -> Result<Arc<MacroDef>> {
        let from = self.at;
        let body = self.whole_body(tag, ends)?;
        // Whether the body names the three special variables decides what a call may pass.
        let names = |n: &str| self.tokens[from..self.at].iter().any(|t| matches!(&t.tok, Tok::Name(x) if x == n));
        let (uses_varargs, uses_kwargs, uses_caller) = (names("varargs"), names("kwargs"), names("caller"));
        let mutates = self.tokens[from..self.at].windows(2).any(|w| match (&w[0].tok, &w[1].tok) {
            (Tok::Op("."), Tok::Name(n)) => crate::methods::may_mutate(n),
            _ => false,
        });
        Ok(Arc::new(MacroDef { name, params, defaults, body, uses_varargs, uses_kwargs, uses_caller, mutates }))
    }

    fn parse_macro(&mut self) -> Result<NodeKind> {
        let name = self.ident()?;
        let (params, defaults) = self.signature()?;
        Ok(NodeKind::Macro(self.macro_def(name, params, defaults, "macro", &["endmacro"])?))
    }

    fn parse_call_block(&mut self) -> Result<NodeKind> {
        let (params, defaults) = if self.is_op("(") { self.signature()? } else { (Vec::new(), Vec::new()) };
        let call = self.expression(true)?;
        if !matches!(call, Expr::Call(..)) {
            return self.fail("expected call");
        }
        let def = self.macro_def("caller".into(), params, defaults, "call", &["endcall"])?;
        Ok(NodeKind::Call { call, def })
    }

    fn parse_block(&mut self) -> Result<NodeKind> {
        let name = self.ident()?;
        let scoped = self.skip_name("scoped");
        let required = self.skip_name("required");
        if self.is_op("-") {
            return self.fail("Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an underscore instead.");
        }
        let body = self.body_until("block", &["endblock"])?;
        self.at += 1;
        self.skip_name(&name);
        let block = Arc::new(Block { name: name.clone(), body, scoped, required });
        if self.blocks.insert(name.clone(), block.clone()).is_some() {
            return self.fail(format!("block '{name}' defined twice"));
        }
        Ok(NodeKind::Block(block))
    }

    fn context_flag(&mut self, default: bool) -> bool {
        let named = matches!(self.peek(), Tok::Name(n) if n == "with" || n == "without")
            && matches!(self.look(1), Tok::Name(n) if n == "context");
        if !named {
            return default;
        }
        let with = self.is_name("with");
        self.at += 2;
        with
    }

    fn parse_include(&mut self) -> Result<NodeKind> {
        let template = self.expression(true)?;
        let ignore_missing = self.is_name("ignore") && matches!(self.look(1), Tok::Name(n) if n == "missing");
        if ignore_missing {
            self.at += 2;
        }
        let with_context = self.context_flag(true);
        Ok(NodeKind::Include { template, ignore_missing, with_context })
    }

    fn parse_import(&mut self) -> Result<NodeKind> {
        let template = self.expression(true)?;
        self.expect_name("as")?;
        let target = self.ident()?;
        let with_context = self.context_flag(false);
        Ok(NodeKind::Import { template, target, with_context })
    }

    fn parse_from(&mut self) -> Result<NodeKind> {
        let template = self.expression(true)?;
        self.expect_name("import")?;
        let mut names = Vec::new();
        let mut with_context = false;
        loop {
            if *self.peek() == Tok::BlockEnd {
                break;
            }
            let before = self.at;
            with_context = self.context_flag(with_context);
            if self.at != before {
                break;
            }
            let name = self.ident()?;
            if name.starts_with('_') {
                return self.fail("names starting with an underline can not be imported");
            }
            let alias = if self.skip_name("as") { self.ident()? } else { name.clone() };
            names.push((name, alias));
            let before = self.at;
            with_context = self.context_flag(with_context);
            if self.at != before || !self.skip_op(",") {
                break;
            }
        }
        if names.is_empty() {
            return self.wrong("name");
        }
        Ok(NodeKind::FromImport { template, names, with_context })
    }

    /// `name(args) | name2 …` applied to `input`; without a leading bar where `inline` is set.
    pub(super) fn filter_chain(&mut self, mut input: Option<Expr>, inline: bool) -> Result<Expr> {
        let mut first = inline;
        let mut n = 0;
        loop {
            self.longer(&mut n)?;
            if !first && !self.skip_op("|") {
                break;
            }
            first = false;
            let line = self.line();
            let name = self.dotted_name()?;
            let args = if self.is_op("(") { self.call_args()? } else { CallArgs::default() };
            let native = crate::filters::find(&name);
            input = Some(Expr::Filter(Box::new(FilterExpr { name, native, input, args, line })));
        }
        match input {
            Some(e) => Ok(e),
            None => self.wrong("|"),
        }
    }

    pub(super) fn dotted_name(&mut self) -> Result<Arc<str>> {
        let mut name = self.ident()?.to_string();
        while self.skip_op(".") {
            name.push('.');
            name += &self.ident()?;
        }
        Ok(name.into())
    }
}
