//! JSON as Python's `json` module writes and reads it.

use crate::{Dict, Value, float_repr, py_str};
use base64::Engine as _;
use std::fmt::Write;

/// How `json.dumps` was called. The default is `json.dumps(x)`: one line, `", "` and `": "`, ASCII only.
#[derive(Clone, Debug)]
pub struct JsonStyle {
    /// Spaces per level; `None` keeps everything on one line.
    pub indent: Option<usize>,
    pub sort_keys: bool,
    pub ensure_ascii: bool,
    pub item_separator: String,
    pub key_separator: String,
}

impl Default for JsonStyle {
    fn default() -> Self {
        JsonStyle { indent: None, sort_keys: false, ensure_ascii: true, item_separator: ", ".into(), key_separator: ": ".into() }
    }
}

impl JsonStyle {
    /// `json.dumps(x, indent=n)`, where Python's item separator loses its trailing space.
    pub fn pretty(indent: usize) -> Self {
        JsonStyle { indent: Some(indent), item_separator: ",".into(), ..Self::default() }
    }
}

/// `json.dumps(v)` in the given style. Templates and vaulted values print as their source; bytes as UTF-8 (lossy).
pub fn to_json_string(v: &Value, style: &JsonStyle) -> String {
    let mut out = String::new();
    write(&mut out, v, style, 0);
    out
}

fn newline(out: &mut String, style: &JsonStyle, level: usize) {
    if let Some(n) = style.indent {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', n * level));
    }
}

fn write(out: &mut String, v: &Value, style: &JsonStyle, level: usize) {
    match v {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Int(i) => _ = write!(out, "{i}"),
        Value::BigInt(b) => _ = write!(out, "{b}"),
        Value::Float(f) if f.is_nan() => out.push_str("NaN"),
        Value::Float(f) if f.is_infinite() => out.push_str(if *f > 0.0 { "Infinity" } else { "-Infinity" }),
        Value::Float(f) => out.push_str(&float_repr(*f)),
        Value::Bytes(b) => string(out, &String::from_utf8_lossy(b), style.ensure_ascii),
        Value::List(l) | Value::Tuple(l) => sequence(out, l.iter(), style, level),
        Value::Dict(d) => mapping(out, d, style, level),
        Value::Object(o) => match (o.is_mapping(), o.iterate()) {
            (true, Some(keys)) => {
                let d: Dict = keys.into_iter().map(|k| { let x = o.item(&k).unwrap_or_default(); (k, x) }).collect();
                mapping(out, &d, style, level);
            }
            (false, Some(items)) => sequence(out, items.iter(), style, level),
            _ => string(out, &o.render(), style.ensure_ascii),
        },
        Value::Time(t) => string(out, &t.isoformat(), style.ensure_ascii),
        Value::Str(_) | Value::Template(_) | Value::Vaulted(_) | Value::Undefined(_) => {
            string(out, &py_str(v), style.ensure_ascii);
        }
    }
}

fn sequence<'a>(out: &mut String, items: impl ExactSizeIterator<Item = &'a Value>, style: &JsonStyle, level: usize) {
    if items.len() == 0 {
        return out.push_str("[]");
    }
    out.push('[');
    for (i, x) in items.enumerate() {
        if i > 0 {
            out.push_str(&style.item_separator);
        }
        newline(out, style, level + 1);
        write(out, x, style, level + 1);
    }
    newline(out, style, level);
    out.push(']');
}

/// A dict key as `json.dumps` turns it into a string.
fn key_text(k: &Value) -> String {
    match k {
        Value::Null => "null".into(),
        Value::Bool(b) => b.to_string(),
        other => py_str(other),
    }
}

fn mapping(out: &mut String, d: &Dict, style: &JsonStyle, level: usize) {
    if d.is_empty() {
        return out.push_str("{}");
    }
    let mut entries: Vec<(String, &Value)> = d.iter().map(|(k, x)| (key_text(k), x)).collect();
    if style.sort_keys {
        entries.sort_by(|a, b| a.0.cmp(&b.0));
    }
    out.push('{');
    for (i, (k, x)) in entries.iter().enumerate() {
        if i > 0 {
            out.push_str(&style.item_separator);
        }
        newline(out, style, level + 1);
        string(out, k, style.ensure_ascii);
        out.push_str(&style.key_separator);
        write(out, x, style, level + 1);
    }
    newline(out, style, level);
    out.push('}');
}

fn string(out: &mut String, s: &str, ascii: bool) {
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if (c as u32) < 0x20 => _ = write!(out, "\\u{:04x}", c as u32),
            c if ascii && (c as u32) > 0x7e => {
                let mut buf = [0u16; 2];
                for unit in c.encode_utf16(&mut buf) {
                    _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A plain-data `serde_json` value (no tags; templates as source, bytes as base64).
pub fn to_serde_json(v: &Value) -> serde_json::Value {
    use serde_json::Value as J;
    match v {
        Value::Null | Value::Undefined(_) => J::Null,
        Value::Bool(b) => J::Bool(*b),
        Value::Int(i) => J::from(*i),
        Value::Float(f) => J::from(*f),
        Value::List(l) | Value::Tuple(l) => J::Array(l.iter().map(to_serde_json).collect()),
        Value::Dict(d) => J::Object(d.iter().map(|(k, x)| (key_text(k), to_serde_json(x))).collect()),
        Value::Bytes(b) => J::String(base64::engine::general_purpose::STANDARD.encode(b)),
        other => J::String(py_str(other)),
    }
}

/// Plain JSON data (as a module's answer is) to a value. Strings are data, never templates.
pub fn from_json(j: serde_json::Value) -> Value {
    use serde_json::Value as J;
    match j {
        J::Null => Value::Null,
        J::Bool(b) => Value::Bool(b),
        J::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(i), _) => Value::Int(i),
            (None, Some(u)) => Value::from(u),
            _ => Value::Float(n.as_f64().unwrap_or(f64::NAN)),
        },
        J::String(s) => Value::from(s),
        J::Array(a) => Value::list(a.into_iter().map(from_json).collect()),
        J::Object(o) => Value::dict(o.into_iter().map(|(k, x)| (Value::from(k), from_json(x))).collect()),
    }
}
