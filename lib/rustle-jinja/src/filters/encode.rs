//! Encodings: `b64encode`, `b64decode`, `quote`, `urlencode`, `urldecode`, `urlsplit`: `{{ user | quote }}`.

use super::Filter;
use crate::args::{Args, flag, opt_text};
use crate::error::{Error, Result, fail};
use crate::interp::Interp;
use crate::methods::bytes;
use base64::Engine as _;
use base64::engine::general_purpose as b64;
use rustle_value::{Dict, Value, py_str};

pub static FILTERS: &[Filter] = &[
    Filter::new("b64encode", &[], |_, v, args| {
        let [encoding, safe] = args.bind("b64encode", ["encoding", "urlsafe"])?;
        let raw = match &v {
            Value::Bytes(b) => v_bytes(b),
            v => match bytes::encode(&py_str(v), &opt_text(encoding.as_ref()).unwrap_or_else(|| "utf-8".into()))? {
                Value::Bytes(b) => v_bytes(&b),
                _ => Vec::new(),
            },
        };
        let text = if flag(safe.as_ref(), false) { b64::URL_SAFE.encode(raw) } else { b64::STANDARD.encode(raw) };
        Ok(Value::from(text))
    }),
    Filter::new("b64decode", &[], |_, v, args| {
        let [encoding, safe] = args.bind("b64decode", ["encoding", "urlsafe"])?;
        // As Python's decoder: what is no digit of the alphabet is skipped; padding must be there.
        let url = flag(safe.as_ref(), false);
        let text: String = py_str(&v).chars().map(|c| match c {
            '-' if url => '+',
            '_' if url => '/',
            c => c,
        }).filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')).collect();
        let digits = text.split('=').next().unwrap_or("");
        if digits.len() % 4 == 1 {
            return fail(format!("Invalid base64-encoded string: number of data characters ({}) cannot be 1 more than a multiple of 4", digits.len()));
        }
        if (digits.len() % 4 != 0) && text.len() - digits.len() < 4 - digits.len() % 4 {
            return fail("Incorrect padding");
        }
        let lenient = b64::GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent);
        let raw = b64::GeneralPurpose::new(&base64::alphabet::STANDARD, lenient).decode(digits).map_err(|e| Error::runtime(e.to_string()))?;
        bytes::decode(&raw, &opt_text(encoding.as_ref()).unwrap_or_else(|| "utf-8".into()))
    }),
    Filter::new("quote", &[], |_, v, _| Ok(Value::from(if v.is_null() { "''".to_owned() } else { quote(&py_str(&v)) }))),
    Filter::new("urlencode", &[], |cx, v, _| match &v {
        Value::Str(s) => Ok(Value::from(percent(s, "/", false))),
        Value::Dict(d) => Ok(Value::from(d.iter().map(|(k, x)| pair(&py_str(k), &py_str(x))).collect::<Vec<_>>().join("&"))),
        v if v.is_number() => Ok(Value::from(percent(&py_str(v), "/", false))),
        v => {
            let mut parts = Vec::new();
            for e in cx.elements(v)? {
                let Ok([k, x]) = <[Value; 2]>::try_from(cx.elements(&e)?) else { return fail("not enough values to unpack (expected 2)") };
                parts.push(pair(&py_str(&k), &py_str(&x)));
            }
            Ok(Value::from(parts.join("&")))
        }
    }),
    Filter::new("urldecode", &[], |_, v, _| Ok(Value::from(unpercent(&py_str(&v).replace('+', " "))))),
    Filter::new("urlsplit", &[], urlsplit),
];

fn v_bytes(b: &[u8]) -> Vec<u8> {
    b.to_vec()
}

fn pair(k: &str, v: &str) -> String {
    format!("{}={}", percent(k, "", true), percent(v, "", true))
}

/// `shlex.quote`.
pub(crate) fn quote(s: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if s.is_empty() {
        "''".into()
    } else if s.chars().all(safe) {
        s.into()
    } else {
        format!("'{}'", s.replace('\'', "'\"'\"'"))
    }
}

fn percent(s: &str, safe: &str, plus: bool) -> String {
    let mut out = String::new();
    for b in s.bytes() {
        match b {
            b if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) || safe.as_bytes().contains(&b) => out.push(char::from(b)),
            b' ' if plus => out.push('+'),
            b => out += &format!("%{b:02X}"),
        }
    }
    out
}

fn unpercent(s: &str) -> String {
    let b = s.as_bytes();
    let mut out = Vec::new();
    let mut i = 0;
    while i < b.len() {
        let hex = (b[i] == b'%').then(|| s.get(i + 1..i + 3).and_then(|h| u8::from_str_radix(h, 16).ok())).flatten();
        match hex {
            Some(c) => {
                out.push(c);
                i += 3;
            }
            None => {
                out.push(b[i]);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn urlsplit(_: &mut Interp<'_>, v: Value, args: Args) -> Result<Value> {
    let [query] = args.bind("urlsplit", ["query"])?;
    let url = py_str(&v);
    let (rest, fragment) = url.split_once('#').unwrap_or((&url, ""));
    let (rest, q) = rest.split_once('?').unwrap_or((rest, ""));
    let scheme_ok = |s: &str| s.starts_with(|c: char| c.is_ascii_alphabetic()) && s.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let (scheme, rest) = match rest.split_once(':') {
        Some((s, r)) if scheme_ok(s) => (s.to_lowercase(), r),
        _ => (String::new(), rest),
    };
    let (netloc, path) = match rest.strip_prefix("//") {
        Some(r) => r.split_at(r.find('/').unwrap_or(r.len())),
        None => ("", rest),
    };
    let (user, host) = netloc.rsplit_once('@').map_or((None, netloc), |(u, h)| (Some(u), h));
    let (host, port) = match host.strip_prefix('[').and_then(|h| h.split_once(']')) {
        Some((h, p)) => (h, p.strip_prefix(':')),
        None => host.split_once(':').map_or((host, None), |(h, p)| (h, Some(p))),
    };
    let text = |s: Option<&str>| s.map_or(Value::Null, Value::from);
    let mut d = Dict::new();
    d.insert("fragment", fragment);
    d.insert("hostname", text(Some(host.to_lowercase().as_str()).filter(|h| !h.is_empty())));
    d.insert("netloc", netloc);
    d.insert("password", text(user.and_then(|u| u.split_once(':')).map(|(_, p)| p)));
    d.insert("path", path);
    d.insert("port", port.and_then(|p| p.parse::<i64>().ok()).map_or(Value::Null, Value::Int));
    d.insert("query", q);
    d.insert("scheme", scheme);
    d.insert("username", text(user.map(|u| u.split(':').next().unwrap_or(u))));
    match opt_text(query.as_ref()).filter(|q| !q.is_empty()) {
        None => Ok(Value::dict(d)),
        Some(k) => match d.get(&k) {
            Some(x) => Ok(x.clone()),
            None => fail(format!("urlsplit: unknown URL component: {k}")),
        },
    }
}
