//! Where rendered pieces go: text, or pieces that keep their type.

use crate::objects::is_omit;
use rustle_value::{Value, py_str};
use std::sync::Arc;

/// The output of a template.
#[derive(Debug)]
pub enum Out {
    /// Only text is wanted (template files).
    Text(String),
    /// Pieces that decide the type of the result: one piece is the result itself.
    Pieces(Vec<Value>),
}

impl Out {
    pub(crate) fn data(&mut self, text: &Arc<str>) {
        match self {
            Out::Text(s) => s.push_str(text),
            Out::Pieces(p) => p.push(Value::Str(text.clone())),
        }
    }

    /// Adds a finalized value. `None` leaves no trace.
    pub(crate) fn value(&mut self, v: Value) {
        match self {
            Out::Text(s) => match &v {
                Value::Str(t) => s.push_str(t),
                v => push_text(s, v),
            },
            Out::Pieces(p) => {
                if !v.is_null() {
                    p.push(v);
                }
            }
        }
    }

    /// The value of all pieces together.
    pub(crate) fn finish(self) -> Value {
        match self {
            Out::Text(s) => Value::from(s),
            Out::Pieces(mut p) if p.len() == 1 => p.remove(0),
            Out::Pieces(p) if p.is_empty() => Value::Null,
            Out::Pieces(p) => {
                let mut s = String::new();
                for v in &p {
                    push_text(&mut s, v);
                }
                Value::from(s)
            }
        }
    }
}

fn push_text(s: &mut String, v: &Value) {
    match v {
        Value::Null => {}
        Value::Str(t) => s.push_str(t),
        v if is_omit(v) => {}
        v => s.push_str(&py_str(v)),
    }
}
