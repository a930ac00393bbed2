//! Printing as Python prints: `repr()` and `str()`.

use crate::Value;
use std::fmt::Write;

/// Python's `str(x)`: strings bare, everything else as [`py_repr`]. Undefined prints as its hint.
pub fn py_str(v: &Value) -> String {
    match v {
        Value::Str(s) => s.to_string(),
        Value::Template(t) => t.source.to_string(),
        Value::Vaulted(x) => x.ciphertext.to_string(),
        Value::Time(t) => t.to_string(),
        Value::Undefined(u) => u.hint.to_string(),
        Value::Object(o) => o.render(),
        _ => py_repr(v),
    }
}

/// Python's `repr(x)`.
pub fn py_repr(v: &Value) -> String {
    let mut out = String::new();
    write_repr(&mut out, v);
    out
}

fn write_repr(out: &mut String, v: &Value) {
    match v {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Int(i) => _ = write!(out, "{i}"),
        Value::BigInt(b) => _ = write!(out, "{b}"),
        Value::Float(f) => out.push_str(&float_repr(*f)),
        Value::Str(_) | Value::Template(_) | Value::Vaulted(_) => out.push_str(&str_repr(&py_str(v))),
        Value::Bytes(b) => bytes_repr(out, b),
        Value::List(l) => seq(out, l, '[', "]"),
        Value::Tuple(l) => seq(out, l, '(', if l.len() == 1 { ",)" } else { ")" }),
        Value::Dict(d) => {
            out.push('{');
            for (i, (k, x)) in d.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write_repr(out, k);
                out.push_str(": ");
                write_repr(out, x);
            }
            out.push('}');
        }
        Value::Time(t) => out.push_str(&t.repr()),
        Value::Undefined(_) | Value::Object(_) => out.push_str(&py_str(v)),
    }
}

fn seq(out: &mut String, items: &[Value], open: char, close: &str) {
    out.push(open);
    for (i, x) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        write_repr(out, x);
    }
    out.push_str(close);
}

/// Python's `repr(str)`: single quotes unless the text has some and no double ones.
pub fn str_repr(s: &str) -> String {
    let quote = if s.contains('\'') && !s.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(s.len() + 2);
    out.push(quote);
    for c in s.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if (c as u32) < 0x20 || c as u32 == 0x7f => _ = write!(out, "\\x{:02x}", c as u32),
            c if (0x80..0xa1).contains(&(c as u32)) || c as u32 == 0xad => _ = write!(out, "\\x{:02x}", c as u32),
            c if unprintable(c) => {
                _ = if (c as u32) < 0x10000 {
                    write!(out, "\\u{:04x}", c as u32)
                } else {
                    write!(out, "\\U{:08x}", c as u32)
                }
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// What `str.isprintable` refuses beyond ASCII: other separators, formats, private use.
fn unprintable(c: char) -> bool {
    matches!(c as u32, 0x1680 | 0x2000..=0x200f | 0x2028..=0x202f | 0x205f..=0x206f | 0x3000 | 0xe000..=0xf8ff | 0xfeff
        | 0xfff0..=0xfffb | 0xe0000..=0x10ffff)
}

fn bytes_repr(out: &mut String, b: &[u8]) {
    let quote = if b.contains(&b'\'') && !b.contains(&b'"') { '"' } else { '\'' };
    out.push('b');
    out.push(quote);
    for &c in b {
        match c {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            c if c as char == quote => {
                out.push('\\');
                out.push(quote);
            }
            0x20..=0x7e => out.push(c as char),
            c => _ = write!(out, "\\x{c:02x}"),
        }
    }
    out.push(quote);
}

/// Python's `repr(float)`: shortest text that reads back, exponent from 1e16 on and below 1e-4.
pub fn float_repr(f: f64) -> String {
    if f.is_nan() {
        return "nan".into();
    }
    if f.is_infinite() {
        return if f > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let a = f.abs();
    if a != 0.0 && !(1e-4..1e16).contains(&a) {
        let s = format!("{f:e}");
        let (mantissa, exp) = s.split_once('e').unwrap_or((&s, "0"));
        let (sign, digits) = exp.strip_prefix('-').map_or(('+', exp), |d| ('-', d));
        return format!("{mantissa}e{sign}{digits:0>2}");
    }
    let s = format!("{f}");
    if s.contains('.') { s } else { s + ".0" }
}
