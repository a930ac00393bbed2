//! The spanned tree that a playbook reader walks: resolved scalars, merged mappings, a position on every node.

use rustle_value::{Dict, Origin, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// Whether text may be rendered. Only sources that the user wrote are `Trusted`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Strings with a template in them become [`Value::Template`], with their origin.
    Trusted,
    /// Every string is plain data; `!vault` too stays the text that it is.
    Data,
}

/// What a node holds. Children are shared, so that aliases cost nothing.
#[derive(Clone, Debug)]
pub enum NodeKind {
    Null,
    /// Any other scalar; strings as [`Value::Str`], `!vault` as [`Value::Vaulted`].
    Scalar(Value),
    Seq(Arc<Vec<Node>>),
    /// In source order; keys are unique (the last value won) and merge keys are resolved.
    Map(Arc<Vec<(Node, Node)>>),
}

/// A value with the place where it starts.
#[derive(Clone, Debug)]
pub struct Node {
    pub value: NodeKind,
    pub origin: Origin,
    /// Under `!unsafe`: never a template.
    pub is_unsafe: bool,
}

impl Node {
    /// The node as a dynamic value.
    pub fn to_value(&self, trust: Trust) -> Value {
        self.convert(trust, &mut HashMap::new())
    }

    /// `seen` keeps what shared children became, so that a tree of aliases is walked once per node and not per path.
    fn convert(&self, trust: Trust, seen: &mut HashMap<*const (), Value>) -> Value {
        let shared = match &self.value {
            NodeKind::Seq(x) if Arc::strong_count(x) > 1 => Some(Arc::as_ptr(x).cast::<()>()),
            NodeKind::Map(x) if Arc::strong_count(x) > 1 => Some(Arc::as_ptr(x).cast::<()>()),
            _ => None,
        };
        if let Some(v) = shared.and_then(|p| seen.get(&p)) {
            return v.clone();
        }
        let value = match &self.value {
            NodeKind::Null => Value::Null,
            NodeKind::Scalar(Value::Str(s)) if trust == Trust::Trusted && !self.is_unsafe => {
                if rustle_value::is_template(s) {
                    Value::trusted(Arc::clone(s), Some(self.origin.clone()))
                } else {
                    Value::Str(Arc::clone(s))
                }
            }
            NodeKind::Scalar(v) if trust == Trust::Data => v.clone().into_data(),
            NodeKind::Scalar(v) => v.clone(),
            NodeKind::Seq(items) => Value::list(items.iter().map(|n| n.convert(trust, seen)).collect()),
            NodeKind::Map(pairs) => {
                let mut d = Dict::with_capacity(pairs.len());
                for (k, v) in pairs.iter() {
                    d.insert(k.convert(trust, seen), v.convert(trust, seen));
                }
                Value::dict(d)
            }
        };
        if let Some(p) = shared {
            seen.insert(p, value.clone());
        }
        value
    }

    pub fn is_null(&self) -> bool {
        matches!(self.value, NodeKind::Null)
    }
    /// The entries of a mapping.
    pub fn as_map(&self) -> Option<&[(Node, Node)]> {
        if let NodeKind::Map(m) = &self.value { Some(m) } else { None }
    }
    /// The items of a list.
    pub fn as_seq(&self) -> Option<&[Node]> {
        if let NodeKind::Seq(s) = &self.value { Some(s) } else { None }
    }
    /// The value of a scalar other than null.
    pub fn as_scalar(&self) -> Option<&Value> {
        if let NodeKind::Scalar(v) = &self.value { Some(v) } else { None }
    }
    /// The text of a string scalar (of no other type).
    pub fn as_str(&self) -> Option<&str> {
        self.as_scalar().and_then(Value::as_str)
    }
    /// The text of any scalar as Python's `str()` prints it; `None` for null and collections.
    pub fn text(&self) -> Option<String> {
        self.as_scalar().map(rustle_value::py_str)
    }
    /// The value under a string key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, v)| v)
    }
    /// Key and value under a string key of a mapping; the key has the position to show.
    pub fn entry(&self, key: &str) -> Option<(&Node, &Node)> {
        self.as_map()?.iter().find(|(k, _)| k.as_str() == Some(key)).map(|(k, v)| (k, v))
    }
    /// Python's name of the node's type: `dict`, `list`, `str`, `NoneType`, ….
    pub fn type_name(&self) -> &'static str {
        match &self.value {
            NodeKind::Null => "NoneType",
            NodeKind::Scalar(v) => v.type_name(),
            NodeKind::Seq(_) => "list",
            NodeKind::Map(_) => "dict",
        }
    }
    /// A node without text behind it, at `origin`.
    pub fn from_value(value: &Value, origin: &Origin) -> Node {
        let kind = match value {
            Value::Null => NodeKind::Null,
            Value::List(l) | Value::Tuple(l) => {
                NodeKind::Seq(Arc::new(l.iter().map(|v| Node::from_value(v, origin)).collect()))
            }
            Value::Dict(d) => NodeKind::Map(Arc::new(
                d.iter().map(|(k, v)| (Node::from_value(k, origin), Node::from_value(v, origin))).collect(),
            )),
            other => NodeKind::Scalar(other.clone()),
        };
        Node { value: kind, origin: origin.clone(), is_unsafe: false }
    }
}
