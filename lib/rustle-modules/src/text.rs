//! Contents as modules show and compare them.

use crate::attrs::FileArgs;
use crate::{Dict, Value};
use rustle_value::{JsonStyle, py_str, to_json_string};

/// Files above this size are not shown in diffs.
pub const MAX_DIFF: usize = 104_448;

/// Bytes of a `content` argument: text, bytes, or a structure, which becomes JSON.
pub fn content_bytes(v: &Value) -> Vec<u8> {
    match v {
        Value::Bytes(b) => b.to_vec(),
        Value::Dict(_) | Value::List(_) | Value::Tuple(_) => to_json_string(v, &JsonStyle::default()).into_bytes(),
        _ => py_str(v).into_bytes(),
    }
}

/// One entry of a `diff` list about contents: texts and headers, or why they are not shown.
pub fn content_diff(before: Option<(&str, &[u8])>, after: (&str, &[u8])) -> Value {
    let mut d = Dict::new();
    match before {
        None => {
            d.insert("before", "");
        }
        Some((_, b)) if b.contains(&0) => {
            d.insert("dst_binary", 1);
        }
        Some((_, b)) if b.len() > MAX_DIFF => {
            d.insert("dst_larger", MAX_DIFF as i64);
        }
        Some((header, b)) => {
            d.insert("before_header", header);
            d.insert("before", String::from_utf8_lossy(b).into_owned());
        }
    }
    let (header, a) = after;
    if a.len() > MAX_DIFF {
        d.insert("src_larger", MAX_DIFF as i64);
    } else if a.contains(&0) {
        d.insert("src_binary", 1);
    } else {
        d.insert("after_header", header);
        d.insert("after", String::from_utf8_lossy(a).into_owned());
    }
    Value::dict(d)
}

/// The name that Ansible's copy would have used for its temporary file on the host: results show it.
pub fn temporary_source(name: &str, home: &str) -> String {
    let ext = match name.rfind('.') {
        Some(i) if i > 0 => &name[i..],
        _ => "",
    };
    let now = crate::times::now();
    format!("{home}/.ansible/tmp/ansible-tmp-{now:.7}-{}-{}/.source{ext}", std::process::id(), (now * 1e7) as u64 % 1_000_000_000)
}

impl FileArgs {
    /// The same with the source's mode where `preserve` was asked for.
    pub fn preserving(&self, source_mode: Option<u32>) -> FileArgs {
        match self.mode.as_ref().and_then(Value::as_str) {
            Some("preserve") => self.with_mode(source_mode.map(|m| Value::from(format!("0{:03o}", m & 0o7777)))),
            _ => self.clone(),
        }
    }
}

/// Joins fragments as `assemble` does: a newline where one lacks it before a delimiter, and one behind the delimiter.
pub fn assemble(fragments: &[Vec<u8>], delimiter: Option<&str>) -> Vec<u8> {
    let delimiter = delimiter.map(unescape);
    let mut out: Vec<u8> = Vec::new();
    for (i, f) in fragments.iter().enumerate() {
        if i > 0 {
            if !fragments[i - 1].ends_with(b"\n") {
                out.push(b'\n');
            }
            if let Some(d) = &delimiter {
                out.extend_from_slice(d.as_bytes());
                if !d.ends_with('\n') {
                    out.push(b'\n');
                }
            }
        }
        out.extend_from_slice(f);
    }
    out
}

/// `\n`, `\t` and `\\` as a programmer writes them.
fn unescape(s: &str) -> String {
    let mut out = String::new();
    let mut chars = s.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some('\\') => out.push('\\'),
                Some(x) => out.extend(['\\', x]),
                None => out.push('\\'),
            },
            (c, false) => out.push(c),
        }
    }
    out
}
