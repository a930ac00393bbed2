//! The tree of the grammar to the tree of values: tags, implicit types, merge keys, duplicate keys.

use crate::compose::{Body, Raw};
use crate::node::{Node, NodeKind};
use crate::scan::{Mark, Problem};
use crate::{DuplicateKeys, Options};
use rustle_value::{Origin, Value, Vaulted, py_repr, resolve_plain, resolve_tagged};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

const MERGE: &str = "tag:yaml.org,2002:merge";
const CORE: &str = "tag:yaml.org,2002:";

/// From here on merged entries are reduced to one per key, so that merges of aliases of merges cannot explode.
const MAX_MERGED: usize = 2_000;

/// An error of construction. `analyse` is false where Ansible words the message itself.
pub(crate) struct Failure {
    pub problem: Problem,
    pub analyse: bool,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Failure { problem, analyse: true }
    }
}

fn fail<T>(context: &'static str, text: impl Into<String>, mark: Mark) -> Result<T, Failure> {
    Err(Problem { context, text: text.into(), mark }.into())
}

type Pair = (Rc<Raw>, Rc<Raw>);

pub(crate) struct Constructor<'a> {
    file: Arc<str>,
    options: &'a Options,
    /// Aliased nodes that are done, by address and unsafeness.
    done: HashMap<(*const Raw, bool), Node>,
    /// Merged entries of aliased mappings.
    flat: HashMap<*const Raw, Rc<Vec<Pair>>>,
    is_unsafe: bool,
    depth: u32,
    failures: Vec<(u32, Failure)>,
    /// Repeated keys: how deep, the message, and where the later key stands.
    pub duplicates: Vec<(u32, String, Mark)>,
}

impl<'a> Constructor<'a> {
    pub(crate) fn new(file: Arc<str>, options: &'a Options) -> Self {
        Constructor {
            file,
            options,
            done: HashMap::new(),
            flat: HashMap::new(),
            is_unsafe: false,
            depth: 0,
            failures: Vec::new(),
            duplicates: Vec::new(),
        }
    }

    fn origin(&self, mark: Mark) -> Origin {
        Origin { file: Arc::clone(&self.file), line: mark.line + 1, column: mark.col + 1 }
    }

    /// The whole tree below `root`.
    pub(crate) fn root(&mut self, root: &Rc<Raw>) -> Result<Node, Failure> {
        let node = self.node(root)?;
        self.failures.sort_by_key(|f| f.0);
        if self.failures.is_empty() { Ok(node) } else { Err(self.failures.swap_remove(0).1) }
    }

    fn node(&mut self, raw: &Rc<Raw>) -> Result<Node, Failure> {
        let key = (Rc::as_ptr(raw), self.is_unsafe);
        if let Some(n) = self.done.get(&key) {
            return Ok(n.clone());
        }
        self.depth += 1;
        let value = self.kind(raw, raw.tag.as_deref());
        self.depth -= 1;
        // PyYAML builds level by level, so that the first error is the shallowest: go on and look for it.
        let value = value.unwrap_or_else(|f| {
            self.failures.push((self.depth, f));
            NodeKind::Null
        });
        let is_unsafe = self.is_unsafe || (self.options.ansible_tags && raw.tag.as_deref() == Some("!unsafe"));
        let node = Node { value, origin: self.origin(raw.start), is_unsafe };
        if Rc::strong_count(raw) > 1 {
            self.done.insert(key, node.clone());
        }
        Ok(node)
    }

    fn kind(&mut self, raw: &Rc<Raw>, tag: Option<&str>) -> Result<NodeKind, Failure> {
        match tag {
            None => match &raw.body {
                Body::Scalar(text, true) => Ok(scalar(implicit(text, raw.start)?)),
                Body::Scalar(text, false) => Ok(scalar(Value::str(text.as_str()))),
                Body::Seq(items) => self.seq(items),
                Body::Map(_) => self.map(raw),
            },
            Some("!unsafe") if self.options.ansible_tags => {
                let outer = std::mem::replace(&mut self.is_unsafe, true);
                let kind = self.untagged(raw);
                self.is_unsafe = outer;
                kind
            }
            Some(tag @ ("!vault" | "!vault-encrypted")) if self.options.ansible_tags => {
                let kind = self.untagged(raw)?;
                let NodeKind::Scalar(Value::Str(ciphertext)) = kind else {
                    let text = format!("the '{tag}' tag requires a string value");
                    let problem = Problem { context: "", text, mark: raw.start };
                    return Err(Failure { problem, analyse: false });
                };
                let origin = Some(self.origin(raw.start));
                Ok(NodeKind::Scalar(Value::Vaulted(Arc::new(Vaulted { ciphertext, origin }))))
            }
            Some(tag) => match tag.strip_prefix(CORE) {
                Some(core) => self.core(core, tag, raw),
                None => unknown_tag(tag, raw.start),
            },
        }
    }

    /// The node's own tag set aside: text is guessed at even where it was quoted, as PyYAML's re-resolution does.
    fn untagged(&mut self, raw: &Rc<Raw>) -> Result<NodeKind, Failure> {
        match &raw.body {
            Body::Scalar(text, _) => Ok(scalar(implicit(text, raw.start)?)),
            Body::Seq(items) => self.seq(items),
            Body::Map(_) => self.map(raw),
        }
    }

    fn core(&mut self, core: &str, tag: &str, raw: &Rc<Raw>) -> Result<NodeKind, Failure> {
        let wrong = |want: &str| fail("", format!("expected a {want} node, but found {}", raw.body.id()), raw.start);
        match (core, &raw.body) {
            ("map" | "python/dict", Body::Map(_)) => self.map(raw),
            ("set", Body::Map(_)) => {
                let NodeKind::Map(pairs) = self.map(raw)? else { return wrong("mapping") };
                Ok(NodeKind::Seq(Arc::new(pairs.iter().map(|(k, _)| k.clone()).collect())))
            }
            ("map" | "python/dict" | "set", _) => wrong("mapping"),
            ("seq" | "omap" | "pairs", Body::Seq(items)) => self.seq(items),
            ("seq" | "omap" | "pairs", _) => wrong("sequence"),
            ("str" | "python/unicode" | "null" | "bool" | "int" | "float" | "timestamp" | "binary", Body::Scalar(text, _)) => {
                match resolve_tagged(if core == "python/unicode" { "str" } else { core }, text) {
                    Some(v) => Ok(scalar(v)),
                    None => fail("", format!("invalid value for the tag '{tag}': {}", rustle_value::str_repr(text)), raw.start),
                }
            }
            ("str" | "python/unicode" | "null" | "bool" | "int" | "float" | "timestamp" | "binary", _) => wrong("scalar"),
            _ => unknown_tag(tag, raw.start),
        }
    }

    fn seq(&mut self, items: &[Rc<Raw>]) -> Result<NodeKind, Failure> {
        let nodes: Result<Vec<Node>, Failure> = items.iter().map(|x| self.node(x)).collect();
        Ok(NodeKind::Seq(Arc::new(nodes?)))
    }

    fn map(&mut self, raw: &Rc<Raw>) -> Result<NodeKind, Failure> {
        let pairs = self.flatten(raw)?;
        let mut out: Vec<(Node, Node)> = Vec::with_capacity(pairs.len());
        let mut places: HashMap<KeyText, usize> = HashMap::with_capacity(pairs.len());
        let mut repeated = Vec::new();
        for (k, v) in pairs.iter() {
            let key = self.key(k)?;
            let Some(text) = key_text(&key) else {
                return fail("while constructing a mapping", "found unhashable key", k.start);
            };
            let value = self.node(v)?;
            match places.get(&text) {
                Some(&i) => {
                    out[i].1 = value;
                    repeated.push((key, k.start));
                }
                None => {
                    places.insert(text, out.len());
                    out.push((key, value));
                }
            }
        }
        for (key, mark) in repeated {
            self.duplicate(&key, mark)?;
        }
        Ok(NodeKind::Map(Arc::new(out)))
    }

    /// A key: a plain `=` is text here.
    fn key(&mut self, raw: &Rc<Raw>) -> Result<Node, Failure> {
        if matches!((&raw.tag, &raw.body), (None, Body::Scalar(text, true)) if text == "=") {
            let value = NodeKind::Scalar(Value::str("="));
            return Ok(Node { value, origin: self.origin(raw.start), is_unsafe: self.is_unsafe });
        }
        self.node(raw)
    }

    fn duplicate(&mut self, key: &Node, mark: Mark) -> Result<(), Failure> {
        let repr = key.as_scalar().map_or_else(|| "None".into(), py_repr);
        let text = format!("Found duplicate mapping key {repr}.");
        match self.options.duplicate_keys {
            DuplicateKeys::Ignore => Ok(()),
            DuplicateKeys::Warn => {
                self.duplicates.push((self.depth, text, mark));
                Ok(())
            }
            DuplicateKeys::Error => {
                Err(Failure { problem: Problem { context: "", text, mark }, analyse: false })
            }
        }
    }

    /// The entries of a mapping with `<<` resolved: merged ones first, so that the mapping's own win. Keys may be
    /// repeated, because Ansible warns of each that is.
    fn flatten(&mut self, raw: &Rc<Raw>) -> Result<Rc<Vec<Pair>>, Failure> {
        let Body::Map(pairs) = &raw.body else { return Ok(Rc::default()) };
        if let Some(done) = self.flat.get(&Rc::as_ptr(raw)) {
            return Ok(Rc::clone(done));
        }
        let mut merged: Vec<Pair> = Vec::new();
        let mut own = Vec::with_capacity(pairs.len());
        for (k, v) in pairs {
            if !is_merge(k) {
                own.push((Rc::clone(k), Rc::clone(v)));
                continue;
            }
            const CONTEXT: &str = "while constructing a mapping";
            match &v.body {
                Body::Map(_) => {
                    merged.extend(self.flatten(v)?.iter().cloned());
                    merged = self.bounded(merged)?;
                }
                Body::Seq(items) => {
                    if let Some(item) = items.iter().find(|i| !matches!(i.body, Body::Map(_))) {
                        let text = format!("expected a mapping for merging, but found {}", item.body.id());
                        return fail(CONTEXT, text, item.start);
                    }
                    for item in items.iter().rev() {
                        merged.extend(self.flatten(item)?.iter().cloned());
                        merged = self.bounded(merged)?;
                    }
                }
                Body::Scalar(..) => {
                    let text = "expected a mapping or list of mappings for merging, but found scalar";
                    return fail(CONTEXT, text, v.start);
                }
            }
        }
        merged.extend(own);
        let done = Rc::new(merged);
        if Rc::strong_count(raw) > 1 {
            self.flat.insert(Rc::as_ptr(raw), Rc::clone(&done));
        }
        Ok(done)
    }

    /// `merged`; where it has grown large, with one entry per key (the first place, the last value).
    fn bounded(&mut self, merged: Vec<Pair>) -> Result<Vec<Pair>, Failure> {
        if merged.len() < MAX_MERGED {
            return Ok(merged);
        }
        let mut places: HashMap<KeyText, usize> = HashMap::new();
        let mut out: Vec<Pair> = Vec::new();
        for (k, v) in merged {
            let node = self.key(&k)?;
            let Some(text) = key_text(&node) else {
                return fail("while constructing a mapping", "found unhashable key", k.start);
            };
            match places.get(&text) {
                Some(&i) => out[i].1 = v,
                None => {
                    places.insert(text, out.len());
                    out.push((k, v));
                }
            }
        }
        Ok(out)
    }
}

/// Keys are told apart by type and printed form, except numbers, which Python holds equal across types.
type KeyText = (u8, String);

fn key_text(key: &Node) -> Option<KeyText> {
    Some(match &key.value {
        NodeKind::Null => (0, String::new()),
        NodeKind::Scalar(v) => match v {
            Value::Str(s) => (1, s.to_string()),
            Value::Bool(b) => (2, i32::from(*b).to_string()),
            Value::Float(f) if f.fract() == 0.0 && f.abs() < 1e15 => (2, format!("{f:.0}")),
            other if other.is_number() => (2, rustle_value::py_str(other)),
            other => (3, py_repr(other)),
        },
        NodeKind::Seq(_) | NodeKind::Map(_) => return None,
    })
}

fn scalar(v: Value) -> NodeKind {
    if v.is_null() { NodeKind::Null } else { NodeKind::Scalar(v) }
}

fn is_merge(key: &Raw) -> bool {
    match (&key.tag, &key.body) {
        (None, Body::Scalar(text, true)) => text == "<<",
        (Some(tag), _) => tag == MERGE,
        _ => false,
    }
}

/// A plain scalar without a tag. `<<` and `=` have types of their own, which no constructor knows.
fn implicit(text: &str, mark: Mark) -> Result<Value, Failure> {
    match text {
        "<<" => unknown_tag(MERGE, mark),
        "=" => unknown_tag("tag:yaml.org,2002:value", mark),
        _ => Ok(resolve_plain(text)),
    }
}

fn unknown_tag<T>(tag: &str, mark: Mark) -> Result<T, Failure> {
    fail("", format!("could not determine a constructor for the tag {}", rustle_value::str_repr(tag)), mark)
}

