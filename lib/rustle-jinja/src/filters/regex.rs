//! `regex_replace`, `regex_search`, `regex_findall`, `regex_escape`: `{{ s | regex_replace('^a(.)', 'b\\1') }}`.

use super::Filter;
use crate::args::{Args, flag, opt_int, opt_text, required};
use crate::error::{Error, Result, fail};
use crate::interp::Interp;
use crate::util::regex::{self, Flags};
use fancy_regex::Captures;
use rustle_value::{Value, py_str};

pub static FILTERS: &[Filter] = &[
    Filter::new("regex_replace", &[], replace),
    Filter::new("regex_search", &[], search),
    Filter::new("regex_findall", &[], findall),
    Filter::new("regex_escape", &[], |_, v, args| {
        let [kind] = args.bind("regex_escape", ["re_type"])?;
        let s = py_str(&v);
        match opt_text(kind.as_ref()).as_deref() {
            None | Some("python") => Ok(Value::from(regex::escape(&s))),
            Some("posix_basic") => {
                let mut out = String::new();
                for c in s.chars() {
                    if "[]^$*.\\".contains(c) {
                        out.push('\\');
                    }
                    out.push(c);
                }
                Ok(Value::from(out))
            }
            Some("posix_extended") => fail("Regex type (posix_extended) not yet implemented"),
            Some(other) => fail(format!("Invalid regex type ({other})")),
        }
    }),
];

fn replace(_: &mut Interp<'_>, v: Value, args: Args) -> Result<Value> {
    let [pattern, replacement, ignorecase, multiline, count, mandatory] =
        args.bind("regex_replace", ["pattern", "replacement", "ignorecase", "multiline", "count", "mandatory_count"])?;
    let s = py_str(&v);
    let pattern = opt_text(pattern.as_ref()).unwrap_or_default();
    let flags = Flags { ignorecase: flag(ignorecase.as_ref(), false), multiline: flag(multiline.as_ref(), false) };
    let r = regex::compile(&pattern, flags, &s)?;
    let count = opt_int(count.as_ref())?.filter(|n| *n > 0).map_or(usize::MAX, |n| n as usize);
    let (out, n) = regex::replace(&r, &s, &opt_text(replacement.as_ref()).unwrap_or_default(), count)?;
    let want = opt_int(mandatory.as_ref())?.unwrap_or(0);
    if want > 0 && want != n as i64 {
        return fail(format!("'{pattern}' should match {want} times, but matches {} times in '{s}'", if count == usize::MAX { 0 } else { count }));
    }
    Ok(Value::from(out))
}

fn text_of(c: &Captures<'_>, i: usize) -> Value {
    c.get(i).map_or(Value::Null, |m| Value::from(m.as_str()))
}

fn search(_: &mut Interp<'_>, v: Value, mut args: Args) -> Result<Value> {
    let flags = Flags { ignorecase: flag(args.take("ignorecase").as_ref(), false), multiline: flag(args.take("multiline").as_ref(), false) };
    if let Some((k, _)) = args.kw.first() {
        return fail(format!("regex_search() got an unexpected keyword argument '{k}'"));
    }
    if args.pos.is_empty() {
        return Err(required(None, "regex_search", "regex").err().unwrap_or_else(|| Error::runtime("")));
    }
    let pattern = py_str(&args.pos.remove(0));
    let s = py_str(&v);
    let r = regex::compile(&pattern, flags, &s)?;
    let mut groups = Vec::new();
    for a in &args.pos {
        let a = py_str(a);
        if let Some(name) = a.strip_prefix("\\g<").and_then(|x| x.strip_suffix('>')).or_else(|| a.strip_prefix("\\g").map(|x| x.trim_matches(['<', '>']))) {
            groups.push(name.parse::<usize>().map_err(|_| name.to_owned()));
        } else if let Some(Ok(n)) = a.strip_prefix('\\').map(str::parse::<usize>) {
            groups.push(Ok(n));
        } else if a.starts_with('\\') {
            return fail("'NoneType' object has no attribute 'group'");
        } else {
            return fail("Unknown argument");
        }
    }
    let Some(c) = regex::captures_at(&r, &s, 0)? else { return Ok(Value::Null) };
    if groups.is_empty() {
        return Ok(text_of(&c, 0));
    }
    let mut out = Vec::new();
    for g in groups {
        out.push(match g {
            Ok(i) if i < c.len() => text_of(&c, i),
            Err(name) if r.capture_names().any(|n| n == Some(&name)) => c.name(&name).map_or(Value::Null, |m| Value::from(m.as_str())),
            _ => return fail("no such group"),
        });
    }
    Ok(Value::list(out))
}

fn findall(_: &mut Interp<'_>, v: Value, args: Args) -> Result<Value> {
    let [pattern, multiline, ignorecase] = args.bind("regex_findall", ["regex", "multiline", "ignorecase"])?;
    let flags = Flags { ignorecase: flag(ignorecase.as_ref(), false), multiline: flag(multiline.as_ref(), false) };
    let s = py_str(&v);
    let r = regex::compile(&py_str(&required(pattern, "regex_findall", "regex")?), flags, &s)?;
    let group = |c: &Captures<'_>, i: usize| c.get(i).map_or_else(|| Value::from(""), |m| Value::from(m.as_str()));
    let found = regex::all(&r, &s, usize::MAX)?;
    Ok(Value::list(
        found
            .iter()
            .map(|c| match c.len() {
                1 => group(c, 0),
                2 => group(c, 1),
                n => Value::list((1..n).map(|i| group(c, i)).collect()),
            })
            .collect(),
    ))
}
