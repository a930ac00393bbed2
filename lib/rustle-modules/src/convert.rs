//! From what a user wrote to an option's type, with Ansible's rules and words.
//!
//! The error is the tail of a message: `… and we were unable to convert to bool: <error>`.

use crate::params::Kind;
use rustle_value::{Dict, JsonStyle, Value, from_json, py_repr, py_str, to_json_string};

/// What the expansion of paths looks at.
pub trait Environment {
    /// A variable of the environment that the module runs in.
    fn var(&self, name: &str) -> Option<String>;
    /// A user's home directory.
    fn home(&self, user: &str) -> Option<String>;
}

/// The numbers that a version begins with: `1.8.9` of `1.8.9-2 (legacy)`.
pub fn version_numbers(text: &str) -> Vec<u32> {
    let word = text.split_whitespace().next().unwrap_or_default();
    word.split('.').map_while(|part| part.parse().ok()).collect()
}

/// Converts `v` to `kind`.
pub fn convert(v: &Value, kind: Kind, env: &dyn Environment) -> Result<Value, String> {
    match kind {
        Kind::Raw => Ok(v.clone()),
        Kind::Str => Ok(Value::str(to_text(v))),
        Kind::Path => Ok(Value::str(expand_path(&to_text(v), env))),
        Kind::Bool => to_bool(v).map(Value::Bool),
        Kind::Int => to_int(v),
        Kind::Float => to_float(v).map(Value::Float),
        Kind::List => to_list(v),
        Kind::Dict => to_dict(v).map(Value::dict),
        Kind::JsonArg => to_json(v),
        Kind::Bytes => human_size(v, false).map(Value::Int),
        Kind::Bits => human_size(v, true).map(Value::Int),
    }
}

fn to_text(v: &Value) -> String {
    match v {
        Value::Bytes(b) => String::from_utf8_lossy(b).into_owned(),
        _ => py_str(v),
    }
}

/// `<class 'list'>`.
fn class(v: &Value) -> String {
    format!("<class '{}'>", v.type_name())
}

const TRUE: &[&str] = &["y", "yes", "on", "1", "true", "t"];
const FALSE: &[&str] = &["n", "no", "off", "0", "false", "f"];

/// The truth of a word, as Ansible reads booleans.
pub fn parse_bool(s: &str) -> Option<bool> {
    let s = s.trim().to_lowercase();
    if TRUE.contains(&s.as_str()) {
        Some(true)
    } else if FALSE.contains(&s.as_str()) {
        Some(false)
    } else {
        None
    }
}

fn to_bool(v: &Value) -> Result<bool, String> {
    match v {
        Value::Bool(b) => Ok(*b),
        Value::Int(_) | Value::Float(_) if v.as_f64() == Some(1.0) => Ok(true),
        Value::Int(_) | Value::Float(_) if v.as_f64() == Some(0.0) => Ok(false),
        Value::Str(_) | Value::Int(_) | Value::Float(_) => parse_bool(&py_str(v)).ok_or_else(|| {
            format!(
                "The value {} is not a valid boolean. Valid booleans include: 0, 'on', 1, '1', 'no', 'true', 'f', 'n', \
                 'off', 'y', 'yes', 't', 'false', '0'",
                rustle_value::str_repr(&py_str(v))
            )
        }),
        _ => Err(format!("{} cannot be converted to a bool", class(v))),
    }
}

fn to_int(v: &Value) -> Result<Value, String> {
    let fail = || format!("\"{}\" cannot be converted to an int", py_repr(v));
    match v {
        Value::Int(_) | Value::BigInt(_) => Ok(v.clone()),
        Value::Bool(b) => Ok(Value::Int(*b as i64)),
        Value::Float(f) if f.fract() == 0.0 && f.abs() < 9e18 => Ok(Value::Int(*f as i64)),
        Value::Str(s) => {
            let t = s.trim().replace('_', "");
            if let Ok(n) = t.parse::<i64>() {
                return Ok(Value::Int(n));
            }
            match t.parse::<f64>() {
                Ok(f) if f.is_finite() && f.fract() == 0.0 && f.abs() < 9e18 => Ok(Value::Int(f as i64)),
                _ => Err(fail()),
            }
        }
        _ => Err(fail()),
    }
}

fn to_float(v: &Value) -> Result<f64, String> {
    match v {
        Value::Str(s) => {
            s.trim().parse().map_err(|_| format!("{} cannot be converted to a float", class(v)))
        }
        _ => v.as_f64().ok_or_else(|| format!("{} cannot be converted to a float", class(v))),
    }
}

fn to_list(v: &Value) -> Result<Value, String> {
    match v {
        Value::List(_) => Ok(v.clone()),
        Value::Tuple(t) => Ok(Value::List(t.clone())),
        Value::Str(s) => Ok(Value::list(s.split(',').map(Value::from).collect())),
        Value::Int(_) | Value::BigInt(_) | Value::Float(_) | Value::Bool(_) => Ok(Value::list(vec![Value::str(py_str(v))])),
        _ => Err(format!("{} cannot be converted to a list", class(v))),
    }
}

fn to_dict(v: &Value) -> Result<Dict, String> {
    let s = match v {
        Value::Dict(d) => return Ok((**d).clone()),
        Value::Str(s) => s,
        _ => return Err(format!("{} cannot be converted to a dict", class(v))),
    };
    if s.starts_with('{') {
        return match serde_json::from_str::<serde_json::Value>(s).map(from_json).ok().or_else(|| python_literal(s)) {
            Some(Value::Dict(d)) => Ok((*d).clone()),
            _ => Err("unable to evaluate string as dictionary".into()),
        };
    }
    if !s.contains('=') {
        return Err("dictionary requested, could not parse JSON or key=value".into());
    }
    let mut d = Dict::new();
    for field in split_fields(s) {
        match field.split_once('=') {
            Some((k, x)) => d.insert(k.trim(), x),
            None => return Err("unable to evaluate string in the \"key=value\" format as dictionary".into()),
        };
    }
    Ok(d)
}

/// Splits `a=1, b="x y" c=3` at commas and blanks outside quotes.
fn split_fields(s: &str) -> Vec<String> {
    let (mut out, mut field, mut quote, mut escaped) = (Vec::new(), String::new(), None, false);
    for c in s.trim().chars() {
        if escaped {
            field.push(c);
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if quote.is_none() && (c == '\'' || c == '"') {
            quote = Some(c);
        } else if quote == Some(c) {
            quote = None;
        } else if quote.is_none() && (c == ',' || c == ' ') {
            if !field.is_empty() {
                out.push(std::mem::take(&mut field));
            }
        } else {
            field.push(c);
        }
    }
    if !field.is_empty() {
        out.push(field);
    }
    out
}

/// The value of a Python literal, as far as JSON with other quotes and words goes.
fn python_literal(s: &str) -> Option<Value> {
    let mut json = String::new();
    let mut chars = s.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let mut text = String::new();
                loop {
                    match chars.next()? {
                        '\\' => {
                            text.push('\\');
                            text.push(chars.next()?);
                        }
                        e if e == c => break,
                        x => text.push(x),
                    }
                }
                let text = text.replace("\\'", "'").replace("\\\"", "\"");
                json.push_str(&serde_json::to_string(&text).ok()?);
            }
            c if c.is_ascii_alphabetic() => {
                let mut word = String::from(c);
                while let Some(n) = chars.peek().filter(|n| n.is_ascii_alphanumeric()) {
                    word.push(*n);
                    chars.next();
                }
                json.push_str(match word.as_str() {
                    "True" => "true",
                    "False" => "false",
                    "None" => "null",
                    _ => return None,
                });
            }
            _ => json.push(c),
        }
    }
    serde_json::from_str::<serde_json::Value>(&json).ok().map(from_json)
}

fn to_json(v: &Value) -> Result<Value, String> {
    match v {
        Value::Str(s) => Ok(Value::str(s.trim())),
        Value::Dict(_) | Value::List(_) | Value::Tuple(_) => Ok(Value::str(to_json_string(v, &JsonStyle::default()))),
        _ => Err(format!("{} cannot be converted to a json string", class(v))),
    }
}

/// `10M` in bytes (or, with `bits`, `10Mb` in bits).
pub fn human_size(v: &Value, bits: bool) -> Result<i64, String> {
    let fail = || format!("{} cannot be converted to a {} value", class(v), if bits { "Bit" } else { "Byte" });
    let text = py_str(v);
    let t = text.trim();
    let end = t.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(t.len());
    let number: f64 = t[..end].parse().map_err(|_| fail())?;
    let unit = t[end..].trim();
    let Some(first) = unit.chars().next() else { return Ok(number.round() as i64) };
    let power = match first.to_ascii_uppercase() {
        'B' => 0,
        'K' => 1,
        'M' => 2,
        'G' => 3,
        'T' => 4,
        'P' => 5,
        'E' => 6,
        'Z' => 7,
        'Y' => 8,
        _ => return Err(fail()),
    };
    let rest = if power == 0 { unit } else { &unit[1..] };
    let ok = match rest {
        "" => true,
        "B" => !bits,
        "b" => bits || power == 0,
        _ => {
            let l = rest.to_lowercase();
            if bits { l == "bit" || l == "bits" } else { l == "byte" || l == "bytes" }
        }
    };
    if !ok {
        return Err(fail());
    }
    Ok((number * 1024f64.powi(power)).round() as i64)
}

/// `~`, `~user`, `$VAR` and `${VAR}`: variables that are not set stay as they are.
pub fn expand_path(s: &str, env: &dyn Environment) -> String {
    let s = expand_vars(s, env);
    let Some(rest) = s.strip_prefix('~') else { return s };
    let (user, tail) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let home = if user.is_empty() { env.var("HOME").or_else(|| env.home("")) } else { env.home(user) };
    match home {
        Some(h) => {
            let joined = format!("{}{tail}", h.trim_end_matches('/'));
            if joined.is_empty() { "/".into() } else { joined }
        }
        None => s,
    }
}

fn expand_vars(s: &str, env: &dyn Environment) -> String {
    let mut out = String::with_capacity(s.len());
    let mut rest = s;
    while let Some(i) = rest.find('$') {
        out.push_str(&rest[..i]);
        let tail = &rest[i + 1..];
        let (name, used) = if let Some(braced) = tail.strip_prefix('{') {
            match braced.find('}') {
                Some(e) => (&braced[..e], e + 2),
                None => ("", 0),
            }
        } else {
            let e = tail.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(tail.len());
            (&tail[..e], e)
        };
        match (!name.is_empty()).then(|| env.var(name)).flatten() {
            Some(v) => out.push_str(&v),
            None => out.push_str(&rest[i..i + 1 + used]),
        }
        rest = &tail[used..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    struct Env;
    impl Environment for Env {
        fn var(&self, name: &str) -> Option<String> {
            (name == "HOME").then(|| "/root".into())
        }
        fn home(&self, user: &str) -> Option<String> {
            (user == "bob").then(|| "/home/bob".into())
        }
    }

    #[test]
    fn paths_expand_as_in_a_shell() {
        for (given, want) in [("~/x", "/root/x"), ("~bob/x", "/home/bob/x"), ("~nn/x", "~nn/x"), ("$HOME/${HOME}", "/root//root"), ("$NO/${NO}$", "$NO/${NO}$")] {
            assert_eq!(expand_path(given, &Env), want);
        }
    }

    #[test]
    fn sizes_are_binary() {
        assert_eq!(human_size(&"10M".into(), false), Ok(10 << 20));
        assert_eq!(human_size(&"1.5KB".into(), false), Ok(1536));
        assert_eq!(human_size(&"1Mb".into(), true), Ok(1 << 20));
        assert!(human_size(&"1Mb".into(), false).is_err());
    }

    #[test]
    fn dicts_come_from_json_python_and_fields() {
        for s in ["{\"a\": \"1\", \"b\": \"x y\"}", "{'a': '1', 'b': 'x y'}", "a=1, b=\"x y\"", "a=1 b='x y'"] {
            let d = to_dict(&s.into()).unwrap();
            assert_eq!(d.get("a"), Some(&"1".into()), "{s}");
            assert_eq!(d.get("b"), Some(&"x y".into()), "{s}");
        }
    }
}
