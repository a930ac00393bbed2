//! What a template reads, found without running it: the planner decides from this where a task can run.

use crate::ast::{CallArgs, CompiledTemplate, Expr, Node, NodeKind, Target};
use crate::globals;
use rustle_value::Value;
use std::collections::BTreeSet;

/// Names that a source uses. Over-approximated: a name that is both set and read in the template may be listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// Variables read.
    pub names: BTreeSet<String>,
    /// First components of variables with the attribute read from them, such as `("hostvars", "inventory_hostname")`.
    pub attributes: BTreeSet<(String, String)>,
    /// Lookups named by a literal in `lookup`, `query` or `q`.
    pub lookups: BTreeSet<String>,
    /// A lookup whose name is computed.
    pub dynamic_lookup: bool,
    /// Filters, under the names used (also those named by a literal in `map('…')`).
    pub filters: BTreeSet<String>,
    /// Tests, under the names used (also those named by a literal in `select('…')` and its kin).
    pub tests: BTreeSet<String>,
    /// Templates included, imported or extended by a literal name.
    pub includes: BTreeSet<String>,
    /// A template whose name is computed.
    pub dynamic_include: bool,
}

impl Uses {
    /// Adds all of `other`.
    pub fn merge(&mut self, other: Uses) {
        self.names.extend(other.names);
        self.attributes.extend(other.attributes);
        self.lookups.extend(other.lookups);
        self.filters.extend(other.filters);
        self.tests.extend(other.tests);
        self.includes.extend(other.includes);
        self.dynamic_lookup |= other.dynamic_lookup;
        self.dynamic_include |= other.dynamic_include;
    }
}

pub(crate) fn of_template(t: &CompiledTemplate) -> Uses {
    let mut w = Walk { uses: Uses::default(), local: Vec::new() };
    w.nodes(&t.body);
    w.uses
}

struct Walk {
    uses: Uses,
    /// Names bound inside the template so far.
    local: Vec<String>,
}

impl Walk {
    fn nodes(&mut self, nodes: &[Node]) {
        for n in nodes {
            self.node(&n.kind);
        }
    }

    /// Nodes whose bindings end with them.
    fn inner(&mut self, nodes: &[Node]) {
        let n = self.local.len();
        self.nodes(nodes);
        self.local.truncate(n);
    }

    fn bind(&mut self, t: &Target) {
        match t {
            Target::Name(n) => self.local.push(n.to_string()),
            Target::Attr(..) => {}
            Target::Tuple(l) => l.iter().for_each(|t| self.bind(t)),
        }
    }

    fn include(&mut self, e: &Expr) {
        match e {
            Expr::Const(Value::Str(s)) => _ = self.uses.includes.insert(s.to_string()),
            Expr::List(l) | Expr::Tuple(l) => l.iter().for_each(|e| self.include(e)),
            Expr::Const(Value::List(l) | Value::Tuple(l)) if l.iter().all(|v| v.as_str().is_some()) => {
                self.uses.includes.extend(l.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            Expr::Cond(c) => {
                self.expr(&c.0);
                self.include(&c.1);
                c.2.iter().for_each(|e| self.include(e));
            }
            e => {
                self.uses.dynamic_include = true;
                self.expr(e);
            }
        }
    }

    fn macro_body(&mut self, def: &crate::ast::MacroDef) {
        let n = self.local.len();
        def.defaults.iter().for_each(|e| self.expr(e));
        self.local.extend(def.params.iter().map(ToString::to_string));
        self.local.extend(["varargs", "kwargs", "caller"].map(String::from));
        self.nodes(&def.body);
        self.local.truncate(n);
    }

    fn node(&mut self, k: &NodeKind) {
        match k {
            NodeKind::Data(_) | NodeKind::Break | NodeKind::Continue => {}
            NodeKind::Print(e) | NodeKind::Do(e) => self.expr(e),
            NodeKind::If { arms, otherwise } => {
                for (e, body) in arms {
                    self.expr(e);
                    // What one arm sets is not set where another ran.
                    self.inner(body);
                }
                self.inner(otherwise);
            }
            NodeKind::For(f) => {
                self.expr(&f.iter);
                let n = self.local.len();
                self.local.push("loop".into());
                self.bind(&f.target);
                f.filter.iter().for_each(|e| self.expr(e));
                self.nodes(&f.body);
                self.local.truncate(n);
                self.inner(&f.otherwise);
            }
            NodeKind::Set { target, value } => {
                self.expr(value);
                self.bind(target);
            }
            NodeKind::SetBlock { target, filter, body } => {
                filter.iter().for_each(|e| self.expr(e));
                self.inner(body);
                self.bind(target);
            }
            NodeKind::Macro(def) => {
                self.local.push(def.name.to_string());
                self.macro_body(def);
            }
            NodeKind::Call { call, def } => {
                self.expr(call);
                self.macro_body(def);
            }
            NodeKind::FilterBlock { filter, body } => {
                self.expr(filter);
                self.inner(body);
            }
            NodeKind::With { pairs, body } => {
                let n = self.local.len();
                for (t, e) in pairs {
                    self.expr(e);
                    self.bind(t);
                }
                self.nodes(body);
                self.local.truncate(n);
            }
            NodeKind::Include { template, .. } | NodeKind::Extends(template) => self.include(template),
            NodeKind::Import { template, target, .. } => {
                self.include(template);
                self.local.push(target.to_string());
            }
            NodeKind::FromImport { template, names, .. } => {
                self.include(template);
                self.local.extend(names.iter().map(|(_, alias)| alias.to_string()));
            }
            NodeKind::Block(b) => {
                self.local.push("super".into());
                self.inner(&b.body);
            }
        }
    }

    fn args(&mut self, a: &CallArgs) {
        let kw = a.kw.iter().map(|(_, e)| e);
        a.pos.iter().chain(kw).chain(&a.star).chain(&a.dstar).for_each(|e| self.expr(e));
    }

    fn name(&mut self, n: &str) {
        if !self.local.iter().any(|l| l == n) && !globals::NAMES.contains(&n) {
            self.uses.names.insert(n.to_owned());
        }
    }

    fn attribute(&mut self, base: &Expr, name: &str) {
        if let Expr::Name(n) = base
            && !self.local.iter().any(|l| **l == **n)
        {
            self.uses.attributes.insert((n.to_string(), name.to_owned()));
        }
    }

    fn plain(name: &str) -> String {
        name.strip_prefix("ansible.builtin.").or_else(|| name.strip_prefix("ansible.legacy.")).unwrap_or(name).to_owned()
    }

    /// A lookup's own reads: `lookup('vars', 'x')` reads `x`.
    fn lookup(&mut self, a: &CallArgs) {
        match a.pos.first() {
            Some(Expr::Const(Value::Str(s))) => {
                let name = Self::plain(s);
                if name == "vars" {
                    for e in &a.pos[1..] {
                        match e {
                            Expr::Const(Value::Str(v)) => self.name(v),
                            _ => self.uses.dynamic_lookup = true,
                        }
                    }
                }
                self.uses.lookups.insert(name);
            }
            _ => self.uses.dynamic_lookup = true,
        }
    }

    fn expr(&mut self, e: &Expr) {
        match e {
            Expr::Const(_) => {}
            Expr::Name(n) => self.name(n),
            Expr::List(l) | Expr::Tuple(l) | Expr::Concat(l) => l.iter().for_each(|e| self.expr(e)),
            Expr::Dict(l) => l.iter().for_each(|(k, v)| {
                self.expr(k);
                self.expr(v);
            }),
            Expr::Attr(b, n) => {
                self.attribute(b, n);
                self.expr(b);
            }
            Expr::Item(b, k) => {
                if let Expr::Const(Value::Str(s)) = &**k {
                    self.attribute(b, s);
                }
                self.expr(b);
                self.expr(k);
            }
            Expr::Slice(b, parts) => {
                self.expr(b);
                parts.iter().flatten().for_each(|e| self.expr(e));
            }
            Expr::Call(f, a) => {
                if let Expr::Name(n) = &**f
                    && matches!(&**n, "lookup" | "query" | "q")
                {
                    self.lookup(a);
                }
                self.expr(f);
                self.args(a);
            }
            Expr::Filter(f) => {
                let name = Self::plain(&f.name);
                if let Some(Expr::Const(Value::Str(s))) = f.args.pos.first() {
                    match name.as_str() {
                        "map" => _ = self.uses.filters.insert(Self::plain(s)),
                        "select" | "reject" => _ = self.uses.tests.insert(Self::plain(s)),
                        _ => {}
                    }
                }
                if let (true, Some(Expr::Const(Value::Str(s)))) = (name.ends_with("attr"), f.args.pos.get(1)) {
                    self.uses.tests.insert(Self::plain(s));
                }
                self.uses.filters.insert(name);
                f.input.iter().for_each(|e| self.expr(e));
                self.args(&f.args);
            }
            Expr::Test(t) => {
                self.uses.tests.insert(Self::plain(&t.name));
                self.expr(&t.input);
                self.args(&t.args);
            }
            Expr::Neg(a) | Expr::Pos(a) | Expr::Not(a) => self.expr(a),
            Expr::Bin(_, a, b) | Expr::And(a, b) | Expr::Or(a, b) => {
                self.expr(a);
                self.expr(b);
            }
            Expr::Compare(a, ops) => {
                self.expr(a);
                ops.iter().for_each(|(_, e)| self.expr(e));
            }
            Expr::Cond(c) => {
                self.expr(&c.0);
                self.expr(&c.1);
                c.2.iter().for_each(|e| self.expr(e));
            }
        }
    }
}
