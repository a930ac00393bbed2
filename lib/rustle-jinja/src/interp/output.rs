//! Where rendered pieces go. They keep their type: one piece is the result itself, several become text.

use crate::objects::is_omit;
use rustle_value::{Value, py_str};
use std::sync::Arc;

/// The output of a template.
#[derive(Debug, Default)]
pub(crate) struct Out(Vec<Value>);

impl Out {
    pub fn data(&mut self, text: &Arc<str>) {
        self.0.push(Value::Str(text.clone()));
    }

    /// Adds a value. `None` leaves no trace.
    pub fn value(&mut self, v: Value) {
        if !v.is_null() {
            self.0.push(v);
        }
    }

    /// The value of all pieces together.
    pub fn finish(mut self) -> Value {
        match self.0.len() {
            0 => Value::Null,
            1 => self.0.remove(0),
            _ => {
                let mut s = String::new();
                for v in &self.0 {
                    match v {
                        Value::Str(t) => s.push_str(t),
                        v => s.push_str(&piece_text(v)),
                    }
                }
                Value::from(s)
            }
        }
    }
}

/// The text of a piece: nothing for `None` and what is omitted, bytes as text, else `str(x)`.
pub(crate) fn piece_text(v: &Value) -> String {
    match v {
        Value::Null => String::new(),
        Value::Bytes(b) => String::from_utf8_lossy(b).into_owned(),
        v if is_omit(v) => String::new(),
        v => py_str(v),
    }
}
