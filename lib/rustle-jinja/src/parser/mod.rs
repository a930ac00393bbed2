//! Tokens to the tree of [`crate::ast`], with Jinja's messages for what is wrong.

mod expr;
mod stmt;

use crate::ast::{Block, CompiledTemplate, Expr, Node, NodeKind};
use crate::error::{Error, Result};
use crate::lexer::{Tok, Token, Tokens, tokenize, tokenize_expression};
use crate::syntax::Syntax;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Deepest nesting of expressions and statements; more is an error, not a stack overflow.
const MAX_DEPTH: u32 = 60;
/// Longest chain of operators of one level.
const MAX_CHAIN: u32 = 400;

pub(crate) struct Parser {
    tokens: Vec<Token>,
    /// Why the last token is [`Tok::Bad`].
    bad: Option<Error>,
    at: usize,
    depth: u32,
    blocks: BTreeMap<Arc<str>, Arc<Block>>,
    /// The tags that would end what is open, innermost last, with the name of the tag that opened it.
    open: Vec<(&'static str, &'static [&'static str])>,
    extensions: bool,
    embedded: bool,
}

/// Parses a template. `extensions` allows `do`, `break` and `continue`.
pub(crate) fn parse_template(source: &Arc<str>, syntax: &Syntax, extensions: bool) -> Result<CompiledTemplate> {
    let mut p = Parser::new(tokenize(source, syntax), extensions);
    let body = p.body(&[])?;
    let newlines = source.len() - source.trim_end_matches('\n').len();
    Ok(CompiledTemplate { source: source.clone(), body, newlines, newline: syntax.newline_sequence.clone(), blocks: p.blocks })
}

/// Parses a bare expression. With `embedded`, constant strings that are templates are so.
pub(crate) fn parse_expression(source: &Arc<str>, embedded: bool) -> Result<CompiledTemplate> {
    let syntax = Syntax::default();
    let mut p = Parser::new(tokenize_expression(source, &syntax), false);
    p.embedded = embedded;
    let line = p.line();
    let e = p.expression(true)?;
    if *p.peek() != Tok::Eof {
        return p.fail("chunk after expression");
    }
    let body = vec![Node { line, kind: NodeKind::Print(e) }];
    Ok(CompiledTemplate { source: source.clone(), body, newlines: 0, newline: syntax.newline_sequence, blocks: BTreeMap::new() })
}

impl Parser {
    fn new((tokens, bad): Tokens, extensions: bool) -> Self {
        Parser { tokens, bad, at: 0, depth: 0, blocks: BTreeMap::new(), open: Vec::new(), extensions, embedded: false }
    }

    fn peek(&self) -> &Tok {
        self.look(0)
    }
    fn look(&self, n: usize) -> &Tok {
        self.tokens.get(self.at + n).map_or(&Tok::Eof, |t| &t.tok)
    }
    fn line(&self) -> u32 {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |t| t.line)
    }
    fn next(&mut self) -> Tok {
        let t = self.tokens.get(self.at).map_or(Tok::Eof, |t| t.tok.clone());
        self.at += 1;
        t
    }
    fn fail<T>(&self, msg: impl Into<String>) -> Result<T> {
        match &self.bad {
            Some(e) if self.at + 1 >= self.tokens.len() => Err(e.clone()),
            _ => Err(Error::syntax(msg, self.line())),
        }
    }
    fn is_op(&self, op: &str) -> bool {
        matches!(self.peek(), Tok::Op(o) if *o == op)
    }
    fn skip_op(&mut self, op: &str) -> bool {
        let hit = self.is_op(op);
        self.at += usize::from(hit);
        hit
    }
    fn is_name(&self, name: &str) -> bool {
        matches!(self.peek(), Tok::Name(n) if n == name)
    }
    fn skip_name(&mut self, name: &str) -> bool {
        let hit = self.is_name(name);
        self.at += usize::from(hit);
        hit
    }
    fn wrong<T>(&self, want: &str) -> Result<T> {
        let want = rustle_value::str_repr(want);
        if *self.peek() == Tok::Eof {
            return self.fail(format!("unexpected end of template, expected {want}."));
        }
        let got = rustle_value::str_repr(&self.peek().describe());
        self.fail(format!("expected token {want}, got {got}"))
    }
    fn expect_op(&mut self, op: &'static str) -> Result<()> {
        if self.skip_op(op) { Ok(()) } else { self.wrong(op) }
    }
    fn expect_name(&mut self, name: &str) -> Result<()> {
        if self.skip_name(name) { Ok(()) } else { self.wrong(name) }
    }
    fn expect_block_end(&mut self) -> Result<()> {
        if *self.peek() == Tok::BlockEnd {
            self.at += 1;
            return Ok(());
        }
        self.wrong("end of statement block")
    }
    fn ident(&mut self) -> Result<Arc<str>> {
        match self.peek() {
            Tok::Name(n) => {
                let n: Arc<str> = n.as_str().into();
                self.at += 1;
                Ok(n)
            }
            _ => self.wrong("name"),
        }
    }
    /// Counts a link of a chain such as `a + b + c`, which is a nesting, too.
    fn longer(&self, n: &mut u32) -> Result<()> {
        *n += 1;
        if *n > MAX_CHAIN { self.fail("expression is too long") } else { Ok(()) }
    }
    /// Runs `f` one level deeper.
    fn nested<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= MAX_DEPTH {
            return self.fail("template is nested too deeply");
        }
        self.depth += 1;
        let r = f(self);
        self.depth -= 1;
        r
    }

    /// Nodes up to a tag of `ends` (the cursor then stands on the tag's name), or the end where there are none.
    fn body(&mut self, ends: &[&str]) -> Result<Vec<Node>> {
        let mut nodes = Vec::new();
        loop {
            let line = self.line();
            match self.peek() {
                Tok::Eof if ends.is_empty() => return Ok(nodes),
                Tok::Eof => return self.unknown_tag(None),
                Tok::Data(_) => {
                    if let Tok::Data(text) = self.next() {
                        nodes.push(Node { line, kind: NodeKind::Data(text.into()) });
                    }
                }
                Tok::VarBegin => {
                    self.at += 1;
                    let e = self.tuple(true, false, &[])?;
                    if *self.peek() != Tok::VarEnd {
                        return self.wrong("end of print statement");
                    }
                    self.at += 1;
                    nodes.push(Node { line, kind: NodeKind::Print(e) });
                }
                Tok::BlockBegin => {
                    self.at += 1;
                    if let Tok::Name(n) = self.peek()
                        && ends.contains(&n.as_str())
                    {
                        return Ok(nodes);
                    }
                    let kind = self.nested(Self::statement)?;
                    nodes.push(Node { line, kind });
                    self.expect_block_end()?;
                }
                other => {
                    let d = rustle_value::str_repr(&other.describe());
                    return self.fail(format!("unexpected {d}"));
                }
            }
        }
    }

    /// The body of a tag: `%}`, nodes up to one of `ends`.
    fn body_until(&mut self, tag: &'static str, ends: &'static [&'static str]) -> Result<Vec<Node>> {
        // A colon after the tag is tolerated, as Python programmers write it.
        self.skip_op(":");
        self.expect_block_end()?;
        self.open.push((tag, ends));
        let r = self.body(ends)?;
        self.open.pop();
        Ok(r)
    }

    /// The body of a tag with a single end tag, the end tag consumed.
    fn whole_body(&mut self, tag: &'static str, ends: &'static [&'static str]) -> Result<Vec<Node>> {
        let b = self.body_until(tag, ends)?;
        self.at += 1;
        Ok(b)
    }

    fn unknown_tag<T>(&self, name: Option<&str>) -> Result<T> {
        let quoted = |ends: &[&str]| ends.iter().map(|e| format!("'{e}'")).collect::<Vec<_>>().join(" or ");
        let mut msg = match name {
            Some(n) => format!("Encountered unknown tag '{n}'."),
            None => "Unexpected end of template.".to_owned(),
        };
        let all: Vec<&str> = self.open.iter().flat_map(|(_, e)| e.iter().copied()).collect();
        if let Some((tag, ends)) = self.open.last() {
            if name.is_some_and(|n| all.contains(&n)) {
                msg += &format!(" You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for {}.", quoted(ends));
            } else {
                msg += &format!(" Jinja was looking for the following tags: {}.", quoted(ends));
            }
            msg += &format!(" The innermost block that needs to be closed is '{tag}'.");
        }
        self.fail(msg)
    }

    fn expression(&mut self, with_cond: bool) -> Result<Expr> {
        self.nested(|p| if with_cond { p.cond() } else { p.or() })
    }
}
