//! Text files as lists of lines, as the modules that edit them need it.

use crate::{Dict, Value};

/// Splits after each `\n`, keeping line ends, as Python's `splitlines(True)` does for `\n`, `\r\n` and `\r`.
pub fn split_keep(data: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut i = 0;
    while i < data.len() {
        let end = match data[i] {
            b'\n' => i + 1,
            b'\r' if data.get(i + 1) == Some(&b'\n') => i + 2,
            b'\r' => i + 1,
            _ => {
                i += 1;
                continue;
            }
        };
        out.push(data[start..end].to_vec());
        start = end;
        i = end;
    }
    if start < data.len() {
        out.push(data[start..].to_vec());
    }
    out
}

/// Every `\r\n` and `\r` as `\n`, as Python reads text files.
pub fn universal(s: &str) -> String {
    if s.contains('\r') { s.replace("\r\n", "\n").replace('\r', "\n") } else { s.to_string() }
}

/// The content's part of a diff; outside of diff mode without the contents, as Ansible's modules have it.
pub fn content_part(ctx: &crate::Ctx, path: &str, before: &str, after: &str) -> Value {
    let show = |s: &str| if ctx.diff { String::from_utf8_lossy(&crate::pyre::encode(s)).into_owned() } else { String::new() };
    let mut content = Dict::new();
    content.insert("before", show(before));
    content.insert("after", show(after));
    content.insert("before_header", format!("{path} (content)"));
    content.insert("after_header", format!("{path} (content)"));
    Value::dict(content)
}

/// The diff of a file's content with that of its attributes: the list that Ansible's editing modules return.
pub fn diff_pair(ctx: &crate::Ctx, path: &str, before: &str, after: &str, attributes: crate::Diff) -> Value {
    let mut attrs = Dict::new();
    attrs.insert("before_header", format!("{path} (file attributes)"));
    attrs.insert("after_header", format!("{path} (file attributes)"));
    if !attributes.before.is_empty() {
        attrs.insert("before", Value::dict(attributes.before));
    }
    if !attributes.after.is_empty() {
        attrs.insert("after", Value::dict(attributes.after));
    }
    Value::list(vec![content_part(ctx, path, before, after), Value::dict(attrs)])
}
