//! Values with behaviour: functions, `omit`, `namespace()`, modules, `cycler`, `joiner`.

use crate::args::Args;
use crate::error::Result;
use crate::interp::Interp;
use rustle_value::{Dict, Object, Value};
use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

type Body = dyn Fn(&mut Interp<'_>, Args) -> Result<Value> + Send + Sync;

/// A function that templates can call. Hosts may hand them out, too.
pub struct Func {
    kind: &'static str,
    pub(crate) func: Box<Body>,
}

impl Func {
    /// A function; `kind` is what Python would call its type (`function`, `method`, …).
    pub fn new(kind: &'static str, func: impl Fn(&mut Interp<'_>, Args) -> Result<Value> + Send + Sync + 'static) -> Func {
        Func { kind, func: Box::new(func) }
    }
    /// As a value.
    pub fn value(kind: &'static str, func: impl Fn(&mut Interp<'_>, Args) -> Result<Value> + Send + Sync + 'static) -> Value {
        Value::Object(Arc::new(Func::new(kind, func)))
    }
}

impl fmt::Debug for Func {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.kind)
    }
}

impl Object for Func {
    fn type_name(&self) -> &'static str {
        self.kind
    }
    fn attr(&self, _name: &str) -> Option<Value> {
        None
    }
    fn render(&self) -> String {
        format!("<{}>", self.kind)
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[derive(Debug)]
struct Omit;

impl Object for Omit {
    fn type_name(&self) -> &'static str {
        "OmitType"
    }
    fn attr(&self, _name: &str) -> Option<Value> {
        None
    }
    fn render(&self) -> String {
        "<<Omit>>".into()
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// What an inline `if` without `else` yields where the condition is false: jinja2's own, lenient undefined.
#[derive(Debug)]
struct Blank;

impl Object for Blank {
    fn type_name(&self) -> &'static str {
        "Undefined"
    }
    fn attr(&self, _name: &str) -> Option<Value> {
        None
    }
    fn iterate(&self) -> Option<Vec<Value>> {
        Some(Vec::new())
    }
    fn render(&self) -> String {
        String::new()
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// See [`Blank`].
pub(crate) fn blank() -> Value {
    Value::Object(Arc::new(Blank))
}

/// Whether a value is [`blank`].
pub(crate) fn is_blank(v: &Value) -> bool {
    matches!(v, Value::Object(o) if o.as_any().is::<Blank>())
}

/// The value of `omit`.
pub fn omit() -> Value {
    static OMIT: OnceLock<Arc<Omit>> = OnceLock::new();
    Value::Object(OMIT.get_or_init(|| Arc::new(Omit)).clone())
}

/// Whether a value is [`omit`].
pub fn is_omit(v: &Value) -> bool {
    matches!(v, Value::Object(o) if o.as_any().is::<Omit>())
}

/// `namespace()`: the one thing whose attributes a template can set.
#[derive(Debug, Default)]
pub(crate) struct Namespace(Mutex<Vec<(Arc<str>, Value)>>);

impl Namespace {
    pub fn set(&self, name: &Arc<str>, v: Value) {
        let mut vars = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match vars.iter_mut().find(|(k, _)| k == name) {
            Some(slot) => slot.1 = v,
            None => vars.push((name.clone(), v)),
        }
    }
    pub fn entries(&self) -> Vec<(Arc<str>, Value)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Object for Namespace {
    fn type_name(&self) -> &'static str {
        "Namespace"
    }
    fn attr(&self, name: &str) -> Option<Value> {
        let vars = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        vars.iter().find(|(k, _)| **k == *name).map(|(_, v)| v.clone())
    }
    fn render(&self) -> String {
        let d: Dict = self.entries().into_iter().map(|(k, v)| (Value::Str(k), v)).collect();
        format!("<Namespace {}>", Value::dict(d))
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// What `import` yields.
#[derive(Debug)]
pub(crate) struct Module {
    pub name: String,
    pub vars: Dict,
}

impl Object for Module {
    fn type_name(&self) -> &'static str {
        "TemplateModule"
    }
    fn attr(&self, name: &str) -> Option<Value> {
        self.vars.get(name).cloned()
    }
    fn render(&self) -> String {
        format!("<TemplateModule '{}'>", self.name)
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `cycler('a', 'b')`: the state is shared with its methods.
#[derive(Debug)]
pub(crate) struct Cycler {
    pub items: Vec<Value>,
    pub at: Arc<Mutex<usize>>,
}

impl Object for Cycler {
    fn type_name(&self) -> &'static str {
        "Cycler"
    }
    fn attr(&self, name: &str) -> Option<Value> {
        let at = self.at.clone();
        let n = self.items.len();
        let lock = |at: &Mutex<usize>| *at.lock().unwrap_or_else(PoisonError::into_inner);
        match name {
            "current" => self.items.get(lock(&at)).cloned(),
            "next" => {
                let items = self.items.clone();
                Some(Func::value("method", move |_, _| {
                    let mut at = at.lock().unwrap_or_else(PoisonError::into_inner);
                    let v = items[*at].clone();
                    *at = (*at + 1) % n;
                    Ok(v)
                }))
            }
            "reset" => Some(Func::value("method", move |_, _| {
                *at.lock().unwrap_or_else(PoisonError::into_inner) = 0;
                Ok(Value::Null)
            })),
            _ => None,
        }
    }
    fn render(&self) -> String {
        "<Cycler>".into()
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}
