//! Plain text: `string`, `lower`, `upper`, `capitalize`, `title`, `trim`, `replace`, `split`, `format`, `center`,
//! `wordcount`, `reverse`, `escape`, `striptags`: `{{ name | lower | replace('-', '_') }}`.

use super::Filter;
use crate::args::{Args, opt_int, opt_text, required};
use crate::error::{Result, fail};
use crate::interp::Interp;
use crate::ops;
use crate::util::text;
use rustle_value::{Value, py_str};

pub static FILTERS: &[Filter] = &[
    Filter::new("string", &[], |_, v, _| Ok(if matches!(v, Value::Str(_)) { v } else { Value::from(py_str(&v)) })),
    Filter::new("lower", &[], |_, v, _| Ok(Value::from(py_str(&v).to_lowercase()))),
    Filter::new("upper", &[], |_, v, _| Ok(Value::from(py_str(&v).to_uppercase()))),
    Filter::new("capitalize", &[], |_, v, _| Ok(Value::from(text::capitalize(&py_str(&v))))),
    Filter::new("title", &[], |_, v, _| Ok(Value::from(title(&py_str(&v))))),
    Filter::new("trim", &[], |_, v, args| {
        let [chars] = args.bind("trim", ["chars"])?;
        let s = py_str(&v);
        Ok(Value::from(match opt_text(chars.as_ref()) {
            Some(set) => s.trim_matches(|c| set.contains(c)),
            None => s.trim(),
        }))
    }),
    Filter::new("replace", &[], replace),
    Filter::new("split", &[], |_, v, args| {
        let [sep, max] = args.bind("split", ["sep", "maxsplit"])?;
        let Value::Str(s) = &v else { return fail(format!("descriptor 'split' for 'str' objects doesn't apply to a '{}' object", v.type_name())) };
        let max = opt_int(max.as_ref())?.and_then(|n| usize::try_from(n).ok());
        let sep = opt_text(sep.as_ref());
        if sep.as_deref() == Some("") {
            return fail("empty separator");
        }
        Ok(Value::from(text::split(s, sep.as_deref(), max, false)))
    }),
    Filter::new("format", &[], |_, v, args| {
        if !args.kw.is_empty() {
            if !args.pos.is_empty() {
                return fail("can't handle positional and keyword arguments at the same time");
            }
            let d = args.kw.into_iter().map(|(k, v)| (Value::Str(k), v)).collect();
            return ops::percent::format(&Value::from(py_str(&v)), &Value::dict(d));
        }
        ops::percent::format(&Value::from(py_str(&v)), &Value::tuple(args.pos))
    }),
    Filter::new("center", &[], |_, v, args| {
        let [width] = args.bind("center", ["width"])?;
        let width = opt_int(width.as_ref())?.unwrap_or(80).clamp(0, 1 << 24) as usize;
        Ok(Value::from(text::justify(&py_str(&v), width, ' ', "center")))
    }),
    Filter::new("wordcount", &[], |_, v, _| {
        let s = py_str(&v);
        Ok(Value::from(s.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty()).count()))
    }),
    Filter::new("escape", &["e", "forceescape"], |_, v, _| Ok(Value::from(escape(&py_str(&v))))),
    Filter::new("safe", &[], |_, v, _| Ok(Value::from(py_str(&v)))),
    Filter::new("striptags", &[], |_, v, _| {
        let s = py_str(&v);
        let mut out = String::new();
        let mut inside = false;
        for c in s.chars() {
            match c {
                '<' => inside = true,
                '>' if inside => inside = false,
                c if !inside => out.push(c),
                _ => {}
            }
        }
        let joined = out.split_whitespace().collect::<Vec<_>>().join(" ");
        let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
        Ok(Value::from(entities.iter().fold(joined, |s, (a, b)| s.replace(a, b))))
    }),
];

pub(crate) fn escape(s: &str) -> String {
    s.replace('&', "&amp;").replace('>', "&gt;").replace('<', "&lt;").replace('\'', "&#39;").replace('"', "&#34;")
}

/// Upper case after white space and opening brackets and hyphens, as Jinja's filter (not as `str.title`).
fn title(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    let mut start = true;
    for c in s.chars() {
        if start { out.extend(c.to_uppercase()) } else { out.extend(c.to_lowercase()) }
        start = c.is_whitespace() || "-({[<".contains(c);
    }
    out
}

fn replace(_: &mut Interp<'_>, v: Value, args: Args) -> Result<Value> {
    let [old, new, count] = args.bind("replace", ["old", "new", "count"])?;
    let (old, new) = (required(old, "do_replace", "old")?, required(new, "do_replace", "new")?);
    let (s, old, new) = (py_str(&v), py_str(&old), py_str(&new));
    Ok(Value::from(match opt_int(count.as_ref())?.and_then(|n| usize::try_from(n).ok()) {
        Some(n) => s.replacen(&old, &new, n),
        None => s.replace(&old, &new),
    }))
}
