//! The parsed template.

use crate::filters::Filter;
use crate::tests::Test;
use rustle_value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A parsed template or expression.
#[derive(Debug)]
pub struct CompiledTemplate {
    /// The source as given.
    pub source: Arc<str>,
    pub(crate) body: Vec<Node>,
    /// Newlines at the end of the source.
    pub(crate) newlines: usize,
    /// What a newline is in the text that is made.
    pub(crate) newline: String,
    pub(crate) blocks: BTreeMap<Arc<str>, Arc<Block>>,
}

/// A `{% block %}`.
#[derive(Debug)]
pub(crate) struct Block {
    pub name: Arc<str>,
    pub body: Vec<Node>,
    pub scoped: bool,
    pub required: bool,
}

/// A statement with the line it starts on.
#[derive(Debug)]
pub(crate) struct Node {
    pub line: u32,
    pub kind: NodeKind,
}

#[derive(Debug)]
pub(crate) enum NodeKind {
    Data(Arc<str>),
    Print(Expr),
    If { arms: Vec<(Expr, Vec<Node>)>, otherwise: Vec<Node> },
    For(Arc<For>),
    Set { target: Target, value: Expr },
    SetBlock { target: Target, filter: Option<Expr>, body: Vec<Node> },
    Macro(Arc<MacroDef>),
    Call { call: Expr, def: Arc<MacroDef> },
    FilterBlock { filter: Expr, body: Vec<Node> },
    With { pairs: Vec<(Target, Expr)>, body: Vec<Node> },
    Include { template: Expr, ignore_missing: bool, with_context: bool },
    Import { template: Expr, target: Arc<str>, with_context: bool },
    FromImport { template: Expr, names: Vec<(Arc<str>, Arc<str>)>, with_context: bool },
    Extends(Expr),
    Block(Arc<Block>),
    Do(Expr),
    Break,
    Continue,
}

#[derive(Debug)]
pub(crate) struct For {
    pub target: Target,
    pub iter: Expr,
    pub filter: Option<Expr>,
    pub body: Vec<Node>,
    pub otherwise: Vec<Node>,
    pub recursive: bool,
}

#[derive(Debug)]
pub(crate) struct MacroDef {
    pub name: Arc<str>,
    pub params: Vec<Arc<str>>,
    /// Defaults of the last parameters.
    pub defaults: Vec<Expr>,
    pub body: Vec<Node>,
    pub uses_varargs: bool,
    pub uses_kwargs: bool,
    pub uses_caller: bool,
    /// The body calls methods that change lists or dicts.
    pub mutates: bool,
}

/// What can be assigned to.
#[derive(Debug)]
pub(crate) enum Target {
    Name(Arc<str>),
    Attr(Arc<str>, Arc<str>),
    Tuple(Vec<Target>),
}

#[derive(Debug, Default)]
pub(crate) struct CallArgs {
    pub pos: Vec<Expr>,
    pub kw: Vec<(Arc<str>, Expr)>,
    pub star: Option<Expr>,
    pub dstar: Option<Expr>,
}

#[derive(Debug)]
pub(crate) enum Expr {
    Const(Value),
    Name(Arc<str>),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Dict(Vec<(Expr, Expr)>),
    Attr(Box<Expr>, Arc<str>),
    Item(Box<Expr>, Box<Expr>),
    Slice(Box<Expr>, Box<[Option<Expr>; 3]>),
    Call(Box<Expr>, Box<CallArgs>),
    Filter(Box<FilterExpr>),
    Test(Box<TestExpr>),
    Bin(BinOp, Box<Expr>, Box<Expr>),
    Neg(Box<Expr>),
    Pos(Box<Expr>),
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Compare(Box<Expr>, Vec<(CmpOp, Expr)>),
    Cond(Box<(Expr, Expr, Option<Expr>)>),
    Concat(Vec<Expr>),
}

#[derive(Debug)]
pub(crate) struct FilterExpr {
    pub name: Arc<str>,
    pub native: Option<&'static Filter>,
    /// `None` where the input is the body of a block.
    pub input: Option<Expr>,
    pub args: CallArgs,
    pub line: u32,
}

#[derive(Debug)]
pub(crate) struct TestExpr {
    pub name: Arc<str>,
    pub native: Option<&'static Test>,
    pub input: Expr,
    pub args: CallArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinOp {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CmpOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    NotIn,
}
