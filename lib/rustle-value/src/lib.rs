//! The dynamic value that everything in a playbook is made of.
//!
//! A [`Value`] is what Python would have: `None`, bool, int of any size, float, str, bytes, list, tuple, dict, date;
//! with Python's truth, equality, ordering and printing, because playbooks can see all four. Three variants are
//! Ansible's: [`Value::Template`] is text *from a trusted source* (playbook, inventory, role) that contains a
//! template and is rendered when it is read; [`Value::Vaulted`] is ciphertext that is decrypted when it is read;
//! [`Value::Undefined`] is the result of reading a name that is not there.
//!
//! **Trust is a type here.** What a host sends is only ever `Str`, and nothing renders a `Str`: data cannot become a
//! template by accident. Only the YAML reader (for sources that the user wrote) makes `Template`.
//!
//! Values are cheap to clone: everything big is behind an `Arc`.

mod compare;
mod dict;
mod json;
pub mod names;
mod python;
mod scalar;
#[cfg(feature = "schema")]
mod schema;
mod wire;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

pub use compare::{CompareError, py_cmp, py_eq};
pub use dict::Dict;
pub use json::{JsonStyle, from_json, to_json_string, to_serde_json};
pub use num_bigint::BigInt;
pub use python::{float_repr, py_repr, py_str, str_repr};
pub use scalar::{TimeOfDay, Timestamp, resolve_plain, resolve_tagged};

/// Where a piece of source stands. Lines and columns count from 1; columns count characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Origin {
    /// Path of the file as the user would name it, or a description such as `<extra vars>`.
    pub file: Arc<str>,
    pub line: u32,
    pub column: u32,
}

impl Origin {
    /// An origin in `file` at `line`:`column`.
    pub fn new(file: impl Into<Arc<str>>, line: u32, column: u32) -> Self {
        Origin { file: file.into(), line, column }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Template source that the user wrote, with the place where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Template {
    pub source: Arc<str>,
    pub origin: Option<Origin>,
}

/// Vaulted text (`$ANSIBLE_VAULT;…`), still encrypted, with the place where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Vaulted {
    pub ciphertext: Arc<str>,
    pub origin: Option<Origin>,
}

/// Why a name has no value. `hint` is the whole message, such as `'foo' is undefined`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undefined {
    pub hint: Arc<str>,
    /// Where the template stands that found it missing.
    pub origin: Option<Origin>,
}

/// A value with behaviour: a macro, `namespace()`, `hostvars`, the `loop` of a template. Never crosses a stream.
pub trait Object: Any + Send + Sync + fmt::Debug {
    /// Python-like type name, for messages.
    fn type_name(&self) -> &'static str;
    /// `obj.name`; `None` where there is none.
    fn attr(&self, name: &str) -> Option<Value>;
    /// `obj[key]`; `None` where there is none. Falls back on [`Object::attr`] for string keys.
    fn item(&self, key: &Value) -> Option<Value> {
        key.as_str().and_then(|k| self.attr(k))
    }
    /// The elements (for a mapping: its keys) where it can be iterated over.
    fn iterate(&self) -> Option<Vec<Value>> {
        None
    }
    /// True for what Python would call a mapping.
    fn is_mapping(&self) -> bool {
        false
    }
    /// `str(obj)`.
    fn render(&self) -> String;
    /// For callers that know the concrete type.
    fn as_any(&self) -> &dyn Any;
}

/// A dynamic value. See the crate's page.
#[derive(Clone, Debug, Default)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    /// An integer that does not fit into `i64`. Normalise through [`Value::big`].
    BigInt(Arc<BigInt>),
    Float(f64),
    Str(Arc<str>),
    Bytes(Arc<[u8]>),
    List(Arc<Vec<Value>>),
    Tuple(Arc<Vec<Value>>),
    Dict(Arc<Dict>),
    /// A YAML date or date-time.
    Time(Timestamp),
    Template(Arc<Template>),
    Vaulted(Arc<Vaulted>),
    Undefined(Arc<Undefined>),
    Object(Arc<dyn Object>),
}

impl Value {
    /// A plain (never rendered) string.
    pub fn str(s: impl Into<Arc<str>>) -> Value {
        Value::Str(s.into())
    }
    /// An integer of any size, as `Int` where it fits.
    pub fn big(n: BigInt) -> Value {
        i64::try_from(&n).map(Value::Int).unwrap_or_else(|_| Value::BigInt(Arc::new(n)))
    }
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Arc::new(items))
    }
    pub fn tuple(items: Vec<Value>) -> Value {
        Value::Tuple(Arc::new(items))
    }
    pub fn dict(d: Dict) -> Value {
        Value::Dict(Arc::new(d))
    }
    /// A template from a trusted source. Text without `{{`, `{%` or `{#` becomes a plain string.
    pub fn trusted(source: impl Into<Arc<str>>, origin: Option<Origin>) -> Value {
        let source = source.into();
        if is_template(&source) { Value::Template(Arc::new(Template { source, origin })) } else { Value::Str(source) }
    }
    pub fn undefined(hint: impl Into<Arc<str>>) -> Value {
        Value::Undefined(Arc::new(Undefined { hint: hint.into(), origin: None }))
    }
    /// The text of a `Str`, or the *source* of a `Template`.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(s) => Some(s),
            Value::Template(t) => Some(&t.source),
            _ => None,
        }
    }
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(b) = self { Some(*b) } else { None }
    }
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Int(i) => Some(*i),
            Value::Bool(b) => Some(i64::from(*b)),
            _ => None,
        }
    }
    pub fn as_f64(&self) -> Option<f64> {
        use num_traits::ToPrimitive;
        match self {
            Value::Float(f) => Some(*f),
            Value::Int(i) => Some(*i as f64),
            Value::Bool(b) => Some(f64::from(u8::from(*b))),
            Value::BigInt(b) => b.to_f64(),
            _ => None,
        }
    }
    /// The elements of a list or tuple.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(l) | Value::Tuple(l) => Some(l),
            _ => None,
        }
    }
    pub fn as_dict(&self) -> Option<&Dict> {
        if let Value::Dict(d) = self { Some(d) } else { None }
    }
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }
    pub fn is_undefined(&self) -> bool {
        matches!(self, Value::Undefined(_))
    }
    pub fn is_string(&self) -> bool {
        matches!(self, Value::Str(_) | Value::Template(_))
    }
    pub fn is_mapping(&self) -> bool {
        match self {
            Value::Dict(_) => true,
            Value::Object(o) => o.is_mapping(),
            _ => false,
        }
    }
    pub fn is_number(&self) -> bool {
        matches!(self, Value::Int(_) | Value::BigInt(_) | Value::Float(_) | Value::Bool(_))
    }
    /// `self[key]` of a dict by string key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_dict().and_then(|d| d.get(key))
    }
    /// Python's `bool(x)`. An undefined value is false.
    pub fn truthy(&self) -> bool {
        match self {
            Value::Null | Value::Undefined(_) => false,
            Value::Bool(b) => *b,
            Value::Int(i) => *i != 0,
            Value::BigInt(_) | Value::Time(_) | Value::Vaulted(_) => true,
            Value::Float(f) => *f != 0.0,
            Value::Str(s) => !s.is_empty(),
            Value::Template(t) => !t.source.is_empty(),
            Value::Bytes(b) => !b.is_empty(),
            Value::List(l) | Value::Tuple(l) => !l.is_empty(),
            Value::Dict(d) => !d.is_empty(),
            Value::Object(o) => o.iterate().is_none_or(|i| !i.is_empty()),
        }
    }
    /// The same value as plain data: every template in it becomes the text that it is. **Everything that comes from a
    /// host passes through here**, so that a forged `$tmpl` tag is never rendered.
    pub fn into_data(self) -> Value {
        match self {
            Value::Template(t) => Value::Str(t.source.clone()),
            Value::Vaulted(x) => Value::Str(x.ciphertext.clone()),
            Value::List(l) => Value::list(l.iter().cloned().map(Value::into_data).collect()),
            Value::Tuple(l) => Value::tuple(l.iter().cloned().map(Value::into_data).collect()),
            Value::Dict(d) => {
                Value::dict(d.iter().map(|(k, v)| (k.clone().into_data(), v.clone().into_data())).collect())
            }
            other => other,
        }
    }
    /// Python's name of the type: `str`, `int`, `NoneType`, ….
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "NoneType",
            Value::Bool(_) => "bool",
            Value::Int(_) | Value::BigInt(_) => "int",
            Value::Float(_) => "float",
            Value::Str(_) | Value::Template(_) | Value::Vaulted(_) => "str",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "list",
            Value::Tuple(_) => "tuple",
            Value::Dict(_) => "dict",
            Value::Time(t) => t.type_name(),
            Value::Undefined(_) => "Undefined",
            Value::Object(o) => o.type_name(),
        }
    }
}

/// Whether text would be rendered at all: whether it has `{{`, `{%` or `{#`.
pub fn is_template(s: &str) -> bool {
    let b = s.as_bytes();
    b.windows(2).any(|w| w[0] == b'{' && matches!(w[1], b'{' | b'%' | b'#'))
}

impl fmt::Display for Value {
    /// Python's `str(x)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&py_str(self))
    }
}

impl PartialEq for Value {
    /// Python's `==`: `1 == 1.0 == True`.
    fn eq(&self, other: &Self) -> bool {
        py_eq(self, other)
    }
}

macro_rules! from {
    ($($t:ty => |$x:ident| $e:expr),* $(,)?) => { $(impl From<$t> for Value { fn from($x: $t) -> Value { $e } })* };
}
from! {
    bool => |x| Value::Bool(x),
    i64 => |x| Value::Int(x),
    i32 => |x| Value::Int(x.into()),
    u32 => |x| Value::Int(x.into()),
    u64 => |x| i64::try_from(x).map(Value::Int).unwrap_or_else(|_| Value::big(x.into())),
    usize => |x| Value::from(x as u64),
    f64 => |x| Value::Float(x),
    &str => |x| Value::Str(x.into()),
    String => |x| Value::Str(x.into()),
    Arc<str> => |x| Value::Str(x),
    Dict => |x| Value::dict(x),
    Vec<Value> => |x| Value::list(x),
    Vec<String> => |x| Value::list(x.into_iter().map(Value::from).collect()),
    Vec<&str> => |x| Value::list(x.into_iter().map(Value::from).collect()),
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(x: Option<T>) -> Value {
        x.map_or(Value::Null, Into::into)
    }
}

/// Builds a [`Dict`] value: `dict! { "changed" => true, "path" => path }`.
#[macro_export]
macro_rules! dict {
    () => { $crate::Dict::new() };
    ($($k:expr => $v:expr),+ $(,)?) => {{
        let mut d = $crate::Dict::new();
        $( d.insert($k, $crate::Value::from($v)); )+
        d
    }};
}
