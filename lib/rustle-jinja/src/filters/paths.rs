//! Paths: `basename`, `dirname`, `splitext`, `path_join`, `normpath`, `relpath`, `commonpath`, `expanduser`,
//! `expandvars`, `realpath`, `win_*`, `fileglob`: `{{ src | basename | splitext | first }}`.
//!
//! What looks at the controller's disk or environment asks the host first.

use super::Filter;
use crate::args::{opt_text, required};
use crate::error::{Error, Result, fail};
use rustle_value::{Value, py_str};

pub static FILTERS: &[Filter] = &[
    Filter::new("basename", &[], |_, v, _| Ok(Value::from(text(&v)?.rsplit('/').next().unwrap_or_default()))),
    Filter::new("dirname", &[], |_, v, _| Ok(Value::from(dirname(&text(&v)?)))),
    Filter::new("splitext", &[], |_, v, _| {
        let s = text(&v)?;
        let name_at = s.rfind('/').map_or(0, |i| i + 1);
        let lead = s[name_at..].len() - s[name_at..].trim_start_matches('.').len();
        let at = s[name_at + lead..].rfind('.').map_or(s.len(), |i| i + name_at + lead);
        Ok(Value::tuple(vec![Value::from(&s[..at]), Value::from(&s[at..])]))
    }),
    Filter::new("path_join", &[], |cx, v, _| match &v {
        Value::Str(s) => Ok(Value::Str(s.clone())),
        v => {
            let mut out = String::new();
            for p in cx.elements(v)? {
                let p = text(&p)?;
                if p.starts_with('/') || out.is_empty() {
                    out = p;
                } else {
                    if !out.ends_with('/') {
                        out.push('/');
                    }
                    out += &p;
                }
            }
            Ok(Value::from(out))
        }
    }),
    Filter::new("normpath", &[], |_, v, _| Ok(Value::from(normpath(&text(&v)?)))),
    Filter::new("relpath", &[], |_, v, args| {
        let [start] = args.bind("relpath", ["start"])?;
        let (path, start) = (text(&v)?, opt_text(start.as_ref()).unwrap_or_else(|| ".".into()));
        if path.starts_with('/') != start.starts_with('/') {
            return Err(Error::NeedsController { what: "working directory".into() });
        }
        Ok(Value::from(relpath(&path, &start)))
    }),
    Filter::new("commonpath", &[], |cx, v, _| {
        let mut common: Option<Vec<String>> = None;
        let mut absolute = false;
        for p in cx.elements(&v)? {
            let p = text(&p)?;
            absolute = p.starts_with('/');
            let parts: Vec<String> = p.split('/').filter(|x| !x.is_empty() && *x != ".").map(str::to_owned).collect();
            common = Some(match common {
                None => parts,
                Some(c) => c.into_iter().zip(parts).take_while(|(a, b)| a == b).map(|(a, _)| a).collect(),
            });
        }
        match common {
            None => fail("commonpath() arg is an empty iterable"),
            Some(c) => Ok(Value::from(format!("{}{}", if absolute { "/" } else { "" }, c.join("/")))),
        }
    }),
    Filter::new("win_basename", &[], |_, v, _| Ok(Value::from(text(&v)?.rsplit(['\\', '/', ':']).next().unwrap_or_default()))),
    Filter::new("win_dirname", &[], |_, v, _| {
        let s = text(&v)?;
        let (drive, rest) = splitdrive(&s);
        let at = rest.rfind(['\\', '/']).map_or(0, |i| i + 1);
        let head = &rest[..at];
        let trimmed = head.trim_end_matches(['\\', '/']);
        Ok(Value::from(format!("{drive}{}", if trimmed.is_empty() { head } else { trimmed })))
    }),
    Filter::new("win_splitdrive", &[], |_, v, _| {
        let s = text(&v)?;
        let (d, r) = splitdrive(&s);
        Ok(Value::tuple(vec![Value::from(d), Value::from(r)]))
    }),
    Filter::new("expanduser", &[], |cx, v, a| {
        let s = text(&v)?;
        if s.starts_with('~') { ask(cx, "expanduser", v, a) } else { Ok(v) }
    }),
    Filter::new("expandvars", &[], |cx, v, a| {
        let s = text(&v)?;
        if s.contains('$') { ask(cx, "expandvars", v, a) } else { Ok(v) }
    }),
    Filter::new("realpath", &[], |cx, v, a| ask(cx, "realpath", v, a)),
    Filter::new("fileglob", &[], |cx, v, a| ask(cx, "fileglob", v, a)),
    Filter::new("unvault", &[], |cx, v, a| ask(cx, "unvault", v, a)),
    Filter::new("vault", &[], |cx, v, a| ask(cx, "vault", v, a)),
];

/// Leaves it to the host; one that cannot answer must ask the controller.
fn ask(cx: &mut crate::interp::Interp<'_>, name: &str, v: Value, args: crate::args::Args) -> Result<Value> {
    match cx.scope().filter(name, &v, &args) {
        Some(r) => r,
        None => Err(Error::NeedsController { what: format!("filter {name}") }),
    }
}

fn text(v: &Value) -> Result<String> {
    match v {
        Value::Str(s) => Ok(s.to_string()),
        Value::Null | Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::List(_) | Value::Dict(_) => {
            fail(format!("expected str, bytes or os.PathLike object, not {}", v.type_name()))
        }
        v => Ok(py_str(&required(Some(v.clone()), "path", "path")?)),
    }
}

/// `os.path.dirname`.
pub(crate) fn dirname(s: &str) -> String {
    let head = &s[..s.rfind('/').map_or(0, |i| i + 1)];
    let trimmed = head.trim_end_matches('/');
    if trimmed.is_empty() { head.to_owned() } else { trimmed.to_owned() }
}

/// `os.path.normpath`.
pub(crate) fn normpath(s: &str) -> String {
    if s.is_empty() {
        return ".".into();
    }
    let root = if s.starts_with("//") && !s.starts_with("///") { "//" } else if s.starts_with('/') { "/" } else { "" };
    let mut out: Vec<&str> = Vec::new();
    for p in s.split('/') {
        match p {
            "" | "." => {}
            ".." if out.last().is_some_and(|l| *l != "..") => _ = out.pop(),
            ".." if !root.is_empty() => {}
            p => out.push(p),
        }
    }
    let joined = format!("{root}{}", out.join("/"));
    if joined.is_empty() { ".".into() } else { joined }
}

/// A path as seen from a folder; both absolute, or both not.
pub fn relpath(path: &str, start: &str) -> String {
    let (a, b) = (normpath(start), normpath(path));
    let parts = |s: &str| s.split('/').filter(|p| !p.is_empty() && *p != ".").map(str::to_owned).collect::<Vec<_>>();
    let (a, b) = (parts(&a), parts(&b));
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let out: Vec<String> = std::iter::repeat_n("..".to_owned(), a.len() - same).chain(b[same..].iter().cloned()).collect();
    if out.is_empty() { ".".to_owned() } else { out.join("/") }
}

fn splitdrive(s: &str) -> (&str, &str) {
    let b = s.as_bytes();
    if b.len() >= 2 && b[1] == b':' {
        return s.split_at(2);
    }
    if (s.starts_with("\\\\") || s.starts_with("//"))
        && let Some(i) = s[2..].find(['\\', '/'])
    {
        let from = i + 3;
        let end = s[from..].find(['\\', '/']).map_or(s.len(), |j| from + j);
        return s.split_at(end);
    }
    ("", s)
}
