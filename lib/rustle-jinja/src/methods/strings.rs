//! Methods of `str`.

use crate::args::{Args, opt_int};
use crate::error::{Error, Result, fail};
use crate::interp::Interp;
use crate::ops::{self, brace};
use crate::util::text;
use rustle_value::{Value, py_repr};
use std::sync::Arc;

pub(super) const NAMES: &[&str] = &[
    "capitalize", "casefold", "center", "count", "encode", "endswith", "expandtabs", "find", "format", "format_map", "index",
    "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric", "isprintable", "isspace",
    "istitle", "isupper", "join", "ljust", "lower", "lstrip", "maketrans", "partition", "removeprefix", "removesuffix", "replace",
    "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase",
    "title", "translate", "upper", "zfill",
];

/// The text of an argument that must be a string.
fn want_text<'v>(v: &'v Value) -> Result<&'v str> {
    match v {
        Value::Str(s) => Ok(s),
        other => fail(format!("must be str, not {}", other.type_name())),
    }
}

/// Text given as `str` or `None`.
fn sep_arg(v: &Option<Value>) -> Result<Option<&str>> {
    match v {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Str(s)) => Ok(Some(s)),
        Some(other) => fail(format!("must be str or None, not {}", other.type_name())),
    }
}

fn pair(a: &str, b: &str, c: &str) -> Value {
    Value::tuple(vec![Value::from(a), Value::from(b), Value::from(c)])
}

fn strip<'s>(s: &'s str, chars: Option<&str>, left: bool, right: bool) -> &'s str {
    let hit = |c: char| chars.map_or_else(|| c.is_whitespace(), |set| set.contains(c));
    let s = if left { s.trim_start_matches(hit) } else { s };
    if right { s.trim_end_matches(hit) } else { s }
}

/// The characters of `s` in the optional range of arguments 1 and 2, with the offset (in characters) they start at.
fn window(s: &str, args: &Args) -> Result<(String, usize)> {
    if args.pos.len() < 2 {
        return Ok((s.to_owned(), 0));
    }
    let (from, to) = (opt_int(args.pos.get(1))?, opt_int(args.pos.get(2))?);
    let n = s.chars().count() as i64;
    let from = from.map_or(0, |i| if i < 0 { (i + n).max(0) } else { i });
    let cut = ops::slice(&Value::from(s), [Some(from), to, None])?;
    Ok((cut.to_string(), usize::try_from(from).unwrap_or(0)))
}

fn affix(s: &str, args: &Args, name: &str, hit: fn(&str, &str) -> bool) -> Result<Value> {
    let (cut, _) = window(s, args)?;
    let one = |v: &Value| match v {
        Value::Str(p) => Ok(hit(&cut, p)),
        other => fail(format!("{name} first arg must be str or a tuple of str, not {}", other.type_name())),
    };
    Ok(Value::Bool(match args.pos.first() {
        Some(Value::Tuple(l)) => {
            let mut any = false;
            for p in l.iter() {
                any |= one(p)?;
            }
            any
        }
        Some(v) => one(v)?,
        None => return fail(format!("{name} expected at least 1 argument, got 0")),
    }))
}

fn search(s: &str, args: &Args, name: &str, last: bool) -> Result<Option<usize>> {
    let Some(needle) = args.pos.first() else { return fail(format!("{name} expected at least 1 argument, got 0")) };
    let needle = want_text(needle)?;
    let (cut, offset) = window(s, args)?;
    let at = if last { cut.rfind(needle) } else { cut.find(needle) };
    Ok(at.map(|b| cut[..b].chars().count() + offset))
}

pub(super) fn call(cx: &mut Interp<'_>, s: &Arc<str>, name: &str, mut args: Args) -> Result<Value> {
    for v in args.values_mut() {
        *v = cx.settle(std::mem::take(v))?;
    }
    let all = |f: fn(char) -> bool| Ok(Value::Bool(!s.is_empty() && s.chars().all(f)));
    let need = |n: usize, at_most: bool| -> Result<()> {
        if args.pos.len() >= n {
            return Ok(());
        }
        let plural = if n == 1 { "" } else { "s" };
        let how = if at_most { format!("{name}() takes exactly {n} argument{plural} ({} given)", args.pos.len()) } else { format!("{name}() takes at least {n} positional arguments ({} given)", args.pos.len()) };
        fail(how)
    };
    match name {
        "upper" => Ok(Value::from(s.to_uppercase())),
        "lower" | "casefold" => Ok(Value::from(s.to_lowercase())),
        "capitalize" => Ok(Value::from(text::capitalize(s))),
        "title" => Ok(Value::from(text::title(s))),
        "swapcase" => Ok(Value::from(s.chars().flat_map(|c| if c.is_uppercase() { c.to_lowercase().collect::<Vec<_>>() } else { c.to_uppercase().collect() }).collect::<String>())),
        "strip" | "lstrip" | "rstrip" => {
            let [chars] = args.bind(name, ["chars"])?;
            Ok(Value::from(strip(s, sep_arg(&chars)?, name != "rstrip", name != "lstrip")))
        }
        "split" | "rsplit" => {
            let [sep, max] = args.bind(name, ["sep", "maxsplit"])?;
            let max = opt_int(max.as_ref())?.and_then(|n| usize::try_from(n).ok());
            let sep = sep_arg(&sep)?;
            if sep == Some("") {
                return fail("empty separator");
            }
            Ok(Value::from(text::split(s, sep, max, name == "rsplit")))
        }
        "splitlines" => {
            let [keep] = args.bind(name, ["keepends"])?;
            Ok(Value::from(text::splitlines(s, keep.is_some_and(|k| k.truthy()))))
        }
        "join" => {
            need(1, true)?;
            let items = cx.elements(&args.pos[0]).map_err(|e| if matches!(e, Error::Runtime(_)) { Error::runtime("can only join an iterable") } else { e })?;
            let mut out = String::new();
            for (i, v) in items.iter().enumerate() {
                let Value::Str(t) = v else {
                    return fail(format!("sequence item {i}: expected str instance, {} found", v.type_name()));
                };
                if i > 0 {
                    out.push_str(s);
                }
                out.push_str(t);
            }
            Ok(Value::from(out))
        }
        "format" => brace::format(cx, s, &args).map(Value::from),
        "format_map" => {
            let kw = args.pos.first().and_then(Value::as_dict).map(|d| d.iter().map(|(k, v)| (k.to_string().into(), v.clone())).collect());
            brace::format(cx, s, &Args { pos: Vec::new(), kw: kw.unwrap_or_default() }).map(Value::from)
        }
        "replace" => {
            need(2, false)?;
            let count = args.take("count").or(args.pos.get(2).cloned());
            let (old, new) = (want_text(&args.pos[0])?, want_text(&args.pos[1])?);
            Ok(Value::from(match opt_int(count.as_ref())?.and_then(|n| usize::try_from(n).ok()) {
                Some(n) => s.replacen(old, new, n),
                None => s.replace(old, new),
            }))
        }
        "startswith" => affix(s, &args, name, |s, p| s.starts_with(p)),
        "endswith" => affix(s, &args, name, |s, p| s.ends_with(p)),
        "find" | "rfind" => Ok(search(s, &args, name, name == "rfind")?.map_or(Value::Int(-1), Value::from)),
        "index" | "rindex" => search(s, &args, name, name == "rindex")?.map_or_else(|| fail("substring not found"), |i| Ok(Value::from(i))),
        "count" => {
            need(1, true)?;
            let needle = want_text(&args.pos[0])?;
            let (cut, _) = window(s, &args)?;
            Ok(Value::from(if needle.is_empty() { cut.chars().count() + 1 } else { cut.matches(needle).count() }))
        }
        "partition" | "rpartition" => {
            need(1, true)?;
            let sep = want_text(&args.pos[0])?;
            if sep.is_empty() {
                return fail("empty separator");
            }
            let cut = if name == "partition" { s.split_once(sep) } else { s.rsplit_once(sep) };
            Ok(match cut {
                Some((a, b)) => pair(a, sep, b),
                None if name == "partition" => pair(s, "", ""),
                None => pair("", "", s),
            })
        }
        "removeprefix" | "removesuffix" => {
            need(1, true)?;
            let p = want_text(&args.pos[0])?;
            let cut = if name == "removeprefix" { s.strip_prefix(p) } else { s.strip_suffix(p) };
            Ok(cut.map_or_else(|| Value::Str(s.clone()), Value::from))
        }
        "ljust" | "rjust" | "center" => {
            need(1, true)?;
            let width = opt_int(args.pos.first())?.unwrap_or(0).clamp(0, 1 << 24) as usize;
            let fill = match args.pos.get(1) {
                None => ' ',
                Some(v) => {
                    let t = want_text(v)?;
                    let mut it = t.chars();
                    match (it.next(), it.next()) {
                        (Some(c), None) => c,
                        _ => return fail("The fill character must be exactly one character long"),
                    }
                }
            };
            Ok(Value::from(text::justify(s, width, fill, name)))
        }
        "zfill" => {
            need(1, true)?;
            let width = opt_int(args.pos.first())?.unwrap_or(0).clamp(0, 1 << 24) as usize;
            let sign = s.starts_with(['+', '-']);
            let (head, tail) = s.split_at(usize::from(sign));
            let w = width.saturating_sub(usize::from(sign));
            Ok(Value::from(format!("{head}{}", text::justify(tail, w, '0', "rjust"))))
        }
        "expandtabs" => {
            let [n] = args.bind(name, ["tabsize"])?;
            let n = opt_int(n.as_ref())?.unwrap_or(8).max(0) as usize;
            let (mut out, mut col) = (String::new(), 0);
            for c in s.chars() {
                match c {
                    '\t' => {
                        let k = if n == 0 { 0 } else { n - col % n };
                        out.extend(std::iter::repeat_n(' ', k));
                        col += k;
                    }
                    c => {
                        out.push(c);
                        col = if c == '\n' || c == '\r' { 0 } else { col + 1 };
                    }
                }
            }
            Ok(Value::from(out))
        }
        "encode" => {
            let [encoding, _errors] = args.bind(name, ["encoding", "errors"])?;
            super::bytes::encode(s, encoding.as_ref().and_then(Value::as_str).unwrap_or("utf-8"))
        }
        "isdigit" | "isdecimal" | "isnumeric" => all(|c| c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric())),
        "isalpha" => all(char::is_alphabetic),
        "isalnum" => all(char::is_alphanumeric),
        "isspace" => all(char::is_whitespace),
        "isascii" => Ok(Value::Bool(s.is_ascii())),
        "isprintable" => Ok(Value::Bool(s.chars().all(|c| !c.is_control()))),
        "islower" => Ok(Value::Bool(s.chars().any(char::is_lowercase) && !s.chars().any(char::is_uppercase))),
        "isupper" => Ok(Value::Bool(s.chars().any(char::is_uppercase) && !s.chars().any(char::is_lowercase))),
        "istitle" => Ok(Value::Bool(s.chars().any(char::is_alphabetic) && text::title(s) == **s)),
        "isidentifier" => Ok(Value::Bool(text::is_identifier(s))),
        "maketrans" => {
            if args.pos.len() == 1 {
                return Ok(args.pos.swap_remove(0));
            }
            need(2, true)?;
            let (a, b) = (want_text(&args.pos[0])?, want_text(&args.pos[1])?);
            let mut d: rustle_value::Dict = a.chars().zip(b.chars()).map(|(x, y)| (Value::Int(i64::from(x as u32)), Value::Int(i64::from(y as u32)))).collect();
            if let Some(gone) = args.pos.get(2) {
                for c in want_text(gone)?.chars() {
                    d.insert(Value::Int(i64::from(c as u32)), Value::Null);
                }
            }
            Ok(Value::dict(d))
        }
        "translate" => {
            need(1, true)?;
            let Some(d) = args.pos[0].as_dict() else { return fail("translate() needs a mapping") };
            let mut out = String::new();
            for c in s.chars() {
                match d.get_value(&Value::Int(i64::from(c as u32))) {
                    None => out.push(c),
                    Some(Value::Null) => {}
                    Some(Value::Int(i)) => out.extend(u32::try_from(*i).ok().and_then(char::from_u32)),
                    Some(v) => out += &v.to_string(),
                }
            }
            Ok(Value::from(out))
        }
        other => fail(format!("str has no method {}", py_repr(&Value::from(other)))),
    }
}
