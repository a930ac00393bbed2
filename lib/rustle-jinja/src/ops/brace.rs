//! `'{}'.format(x)`: brace formatting with Python's mini-language.

use super::{arith, fmt_num};
use crate::args::Args;
use crate::error::{Error, Result, fail};
use crate::interp::Interp;
use num_traits::Signed;
use rustle_value::{Value, py_repr, py_str};

/// `text.format(*args.pos, **args.kw)`.
pub(crate) fn format(cx: &mut Interp<'_>, text: &str, args: &Args) -> Result<String> {
    let mut auto = 0;
    expand(cx, text, args, &mut auto, 0)
}

fn expand(cx: &mut Interp<'_>, text: &str, args: &Args, auto: &mut usize, depth: u32) -> Result<String> {
    if depth > 2 {
        return fail("Max string recursion exceeded");
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let c = &rest[at..=at];
        rest = &rest[at + 1..];
        if rest.starts_with(c) {
            out.push_str(c);
            rest = &rest[1..];
            continue;
        }
        if c == "}" {
            return fail("Single '}' encountered in format string");
        }
        let mut level = 1;
        let end = rest.char_indices().find(|(_, c)| {
            level += match c {
                '{' => 1,
                '}' => -1,
                _ => 0,
            };
            level == 0
        });
        let Some((end, _)) = end else {
            return fail(if rest.is_empty() { "Single '{' encountered in format string" } else { "expected '}' before end of string" });
        };
        let field = &rest[..end];
        rest = &rest[end + 1..];
        let (name, spec) = field.split_once(':').unwrap_or((field, ""));
        let (name, conversion) = name.split_once('!').map_or((name, None), |(n, c)| (n, Some(c)));
        let v = lookup(cx, name, args, auto)?;
        let spec = if spec.contains('{') { expand(cx, spec, args, auto, depth + 1)? } else { spec.to_owned() };
        let v = match conversion {
            None => v,
            Some("s") => Value::from(py_str(&v)),
            Some("r" | "a") => Value::from(py_repr(&v)),
            Some(c) => return fail(format!("Unknown conversion specifier {c}")),
        };
        out += &one(&v, &spec)?;
    }
    out.push_str(rest);
    Ok(out)
}

fn lookup(cx: &mut Interp<'_>, name: &str, args: &Args, auto: &mut usize) -> Result<Value> {
    let head_len = name.find(['.', '[']).unwrap_or(name.len());
    let (head, mut path) = name.split_at(head_len);
    let position = if head.is_empty() {
        *auto += 1;
        Some(*auto - 1)
    } else {
        head.parse::<usize>().ok()
    };
    let mut v = match position {
        Some(i) => args.pos.get(i).cloned().ok_or_else(|| Error::runtime(format!("Replacement index {i} out of range for positional args tuple")))?,
        None => match args.kw.iter().find(|(k, _)| **k == *head) {
            Some((_, v)) => v.clone(),
            None => return fail(py_repr(&Value::from(head))),
        },
    };
    while !path.is_empty() {
        if let Some(p) = path.strip_prefix('.') {
            let n = p.find(['.', '[']).unwrap_or(p.len());
            v = cx.attribute(&v, &p[..n])?;
            path = &p[n..];
        } else {
            let p = &path[1..];
            let Some(n) = p.find(']') else { return fail("Missing ']' in format string") };
            let key = p[..n].parse::<i64>().map_or_else(|_| Value::from(&p[..n]), Value::Int);
            v = cx.item(&v, &key)?;
            path = &p[n + 1..];
        }
        if let Value::Undefined(u) = &v {
            return Err(Error::undefined(&*u.hint));
        }
    }
    cx.settle(v)
}

/// `format(v, spec)`.
pub(crate) fn one(v: &Value, spec: &str) -> Result<String> {
    if spec.is_empty() {
        return Ok(py_str(v));
    }
    if let Value::Time(t) = v {
        return Ok(crate::util::datetime::strftime_timestamp(t, spec));
    }
    let chars: Vec<char> = spec.chars().collect();
    let mut i = 0;
    let is_align = |c: Option<&char>| matches!(c, Some('<' | '>' | '^' | '='));
    let (mut fill, mut align) = (' ', None);
    if is_align(chars.get(1)) {
        (fill, align) = (chars[0], Some(chars[1]));
        i = 2;
    } else if is_align(chars.first()) {
        align = Some(chars[0]);
        i = 1;
    }
    let mut take = |set: &str| -> Option<char> {
        let c = chars.get(i).copied().filter(|c| set.contains(*c))?;
        i += 1;
        Some(c)
    };
    let sign = take("+- ");
    let alt = take("#").is_some();
    if take("0").is_some() && align.is_none() {
        (fill, align) = ('0', Some('='));
    }
    let mut number = |dot: bool| -> Option<usize> {
        if dot {
            if chars.get(i) != Some(&'.') {
                return None;
            }
            i += 1;
        }
        let mut n = None;
        while let Some(d) = chars.get(i).and_then(|c| c.to_digit(10)) {
            n = Some((n.unwrap_or(0usize) * 10 + d as usize).min(1 << 20));
            i += 1;
        }
        n
    };
    let width = number(false).unwrap_or(0);
    let sep = chars.get(i).copied().filter(|c| matches!(c, ',' | '_'));
    i += usize::from(sep.is_some());
    let mut number = |dot: bool| -> Option<usize> {
        if !dot || chars.get(i) != Some(&'.') {
            return None;
        }
        i += 1;
        let mut n = None;
        while let Some(d) = chars.get(i).and_then(|c| c.to_digit(10)) {
            n = Some((n.unwrap_or(0usize) * 10 + d as usize).min(1 << 20));
            i += 1;
        }
        n
    };
    let prec = number(true);
    let kind = chars.get(i).copied();
    if chars.len() > i + 1 {
        return fail(format!("Invalid format specifier '{spec}' for object of type '{}'", v.type_name()));
    }
    let unknown = || fail(format!("Unknown format code '{}' for object of type '{}'", kind.unwrap_or(' '), v.type_name()));
    let (body, numeric) = match v {
        Value::Str(s) => {
            if !matches!(kind, None | Some('s')) {
                return unknown();
            }
            (prec.map_or_else(|| s.to_string(), |n| s.chars().take(n).collect()), false)
        }
        Value::Float(_) | Value::Int(_) | Value::BigInt(_) | Value::Bool(_) => {
            let float = matches!(kind, Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%')) || matches!(v, Value::Float(_));
            let body = if float {
                let f = v.as_f64().unwrap_or(f64::NAN);
                match kind {
                    Some('e') => fmt_num::exp(f, prec.unwrap_or(6)),
                    Some('E') => fmt_num::exp(f, prec.unwrap_or(6)).to_uppercase(),
                    Some('f' | 'F') => fmt_num::fixed(f, prec.unwrap_or(6)),
                    Some('%') => fmt_num::fixed(f * 100.0, prec.unwrap_or(6)) + "%",
                    Some('g' | 'n') => fmt_num::general(f, prec.unwrap_or(6), alt),
                    Some('G') => fmt_num::general(f, prec.unwrap_or(6), alt).to_uppercase(),
                    None => prec.map_or_else(|| rustle_value::float_repr(f), |p| fmt_num::general(f, p, alt)),
                    Some(_) => return unknown(),
                }
            } else {
                let n = arith::big(v).unwrap_or_default();
                let (radix, prefix) = match kind {
                    None | Some('d' | 'n') => (10, ""),
                    Some('x') => (16, "0x"),
                    Some('X') => (16, "0X"),
                    Some('o') => (8, "0o"),
                    Some('b') => (2, "0b"),
                    Some('c') => {
                        let c = v.as_i64().and_then(|i| char::from_u32(i as u32)).unwrap_or('\u{fffd}');
                        return Ok(fmt_num::pad(&c.to_string(), width, align.unwrap_or('<'), fill));
                    }
                    Some(_) => return unknown(),
                };
                let mut s = n.abs().to_str_radix(radix);
                if kind == Some('X') {
                    s = s.to_uppercase();
                }
                if let Some(c) = sep {
                    s = fmt_num::group(&s, c, if radix == 10 { 3 } else { 4 });
                }
                let s = if alt { format!("{prefix}{s}") } else { s };
                if n.is_negative() { format!("-{s}") } else { s }
            };
            let (minus, digits) = body.strip_prefix('-').map_or(("", &body[..]), |d| ("-", d));
            let digits = match sep {
                Some(c) if float => fmt_num::group(digits, c, 3),
                _ => digits.to_owned(),
            };
            let lead = match (minus, sign) {
                ("-", _) => "-",
                (_, Some('+')) => "+",
                (_, Some(' ')) => " ",
                _ => "",
            };
            (format!("{lead}{digits}"), true)
        }
        _ => return fail(format!("unsupported format string passed to {}.__format__", v.type_name())),
    };
    Ok(fmt_num::pad(&body, width, align.unwrap_or(if numeric { '>' } else { '<' }), fill))
}
