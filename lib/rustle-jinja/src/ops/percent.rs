//! `'%s' % x`: printf-style formatting of strings.

use super::{arith, fmt_num};
use crate::error::{Error, Result, fail};
use num_traits::{FromPrimitive, Signed};
use rustle_value::{BigInt, Value, py_repr, py_str};

#[derive(Default)]
struct Spec {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alt: bool,
    width: Option<usize>,
    prec: Option<usize>,
}

/// `format % args`.
pub(crate) fn format(template: &Value, args: &Value) -> Result<Value> {
    let text = template.as_str().unwrap_or_default();
    let tuple: &[Value] = match args {
        Value::Tuple(l) => l,
        one => std::slice::from_ref(one),
    };
    let mut used = 0;
    let mut by_name = false;
    let mut next = || -> Result<&Value> {
        used += 1;
        tuple.get(used - 1).ok_or_else(|| Error::runtime("not enough arguments for format string"))
    };
    let mut out = String::with_capacity(text.len() + 16);
    let mut it = text.chars().peekable();
    let total = text.chars().count();
    while let Some(c) = it.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut key = None;
        if it.peek() == Some(&'(') {
            it.next();
            let mut depth = 1;
            let mut name = String::new();
            for c in it.by_ref() {
                depth += match c {
                    '(' => 1,
                    ')' => -1,
                    _ => 0,
                };
                if depth == 0 {
                    break;
                }
                name.push(c);
            }
            if depth != 0 {
                return fail("incomplete format key");
            }
            key = Some(name);
        }
        let mut spec = Spec::default();
        while let Some(f) = it.peek() {
            match f {
                '-' => spec.left = true,
                '+' => spec.plus = true,
                ' ' => spec.space = true,
                '0' => spec.zero = true,
                '#' => spec.alt = true,
                _ => break,
            }
            it.next();
        }
        let mut number = |it: &mut std::iter::Peekable<std::str::Chars<'_>>| -> Result<Option<usize>> {
            if it.peek() == Some(&'*') {
                it.next();
                return Ok(next()?.as_i64().and_then(|n| usize::try_from(n).ok()));
            }
            let mut n = None;
            while let Some(d) = it.peek().and_then(|c| c.to_digit(10)) {
                n = Some((n.unwrap_or(0usize) * 10 + d as usize).min(1 << 20));
                it.next();
            }
            Ok(n)
        };
        spec.width = number(&mut it)?;
        if it.peek() == Some(&'.') {
            it.next();
            spec.prec = Some(number(&mut it)?.unwrap_or(0));
        }
        while matches!(it.peek(), Some('l' | 'h' | 'L')) {
            it.next();
        }
        let Some(conv) = it.next() else { return fail("incomplete format") };
        if conv == '%' {
            out.push('%');
            continue;
        }
        let value = match &key {
            Some(k) => {
                by_name = true;
                let Value::Dict(d) = args else { return fail("format requires a mapping") };
                d.get(k).ok_or_else(|| Error::runtime(py_repr(&Value::from(k.as_str()))))?
            }
            None => next()?,
        };
        let at = total - it.clone().count() - 1;
        out += &convert(conv, value, &spec, at)?;
    }
    if !by_name && used < tuple.len() && !matches!(args, Value::Dict(_)) {
        return fail("not all arguments converted during string formatting");
    }
    Ok(Value::from(out))
}

fn convert(conv: char, v: &Value, spec: &Spec, at: usize) -> Result<String> {
    let signed = |body: String, numeric: bool| {
        let body = if numeric && !body.starts_with('-') {
            if spec.plus { format!("+{body}") } else if spec.space { format!(" {body}") } else { body }
        } else {
            body
        };
        let align = if spec.left { '<' } else if spec.zero && numeric { '=' } else { '>' };
        fmt_num::pad(&body, spec.width.unwrap_or(0), align, if align == '=' { '0' } else { ' ' })
    };
    let cut = |s: String| match spec.prec {
        Some(n) => s.chars().take(n).collect(),
        None => s,
    };
    let float = || v.as_f64().ok_or_else(|| Error::runtime(format!("must be real number, not {}", v.type_name())));
    Ok(match conv {
        's' => signed(cut(py_str(v)), false),
        'r' | 'a' => signed(cut(py_repr(v)), false),
        'c' => match v {
            Value::Str(s) if s.chars().count() == 1 => signed(s.to_string(), false),
            v => match v.as_i64().and_then(|i| char::from_u32(i as u32)) {
                Some(c) => signed(c.to_string(), false),
                None => return fail("%c requires int or char"),
            },
        },
        'd' | 'i' | 'u' => {
            let n = match v {
                Value::Float(f) => BigInt::from_f64(f.trunc()).ok_or_else(|| Error::runtime("cannot convert float to integer"))?,
                v => match arith::big(v) {
                    Some(n) => n,
                    None => return fail(format!("%{conv} format: a real number is required, not {}", v.type_name())),
                },
            };
            let mut s = n.abs().to_string();
            if let Some(p) = spec.prec {
                s = format!("{s:0>p$}");
            }
            signed(if n.is_negative() { format!("-{s}") } else { s }, true)
        }
        'x' | 'X' | 'o' => {
            let Some(n) = arith::big(v) else {
                return fail(format!("%{conv} format: an integer is required, not {}", v.type_name()));
            };
            let (radix, prefix) = if conv == 'o' { (8, "0o") } else if conv == 'x' { (16, "0x") } else { (16, "0X") };
            let mut s = n.abs().to_str_radix(radix);
            if conv == 'X' {
                s = s.to_uppercase();
            }
            if spec.alt {
                s.insert_str(0, prefix);
            }
            signed(if n.is_negative() { format!("-{s}") } else { s }, true)
        }
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            let f = float()?;
            let p = spec.prec.unwrap_or(6);
            let s = match conv.to_ascii_lowercase() {
                'e' => fmt_num::exp(f, p),
                'f' => fmt_num::fixed(f, p),
                _ => fmt_num::general(f, p, spec.alt),
            };
            signed(if conv.is_ascii_uppercase() { s.to_uppercase() } else { s }, true)
        }
        other => return fail(format!("unsupported format character '{other}' (0x{:x}) at index {at}", other as u32)),
    })
}
