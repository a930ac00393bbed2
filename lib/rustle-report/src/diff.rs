//! `--diff`: what a result's `diff` says, as a unified diff made the way Python's `difflib` makes it.

use rustle_value::{Dict, JsonStyle, Value, to_json_string};
use std::collections::HashMap;

/// Lines of context.
const CONTEXT: usize = 3;

/// The lines of a result's diff (one or a list), each with its mark; a line without an end in the file brings the note
/// that says so. Empty where nothing differs.
pub(crate) fn lines(diff: &Value) -> Vec<String> {
    match diff {
        Value::List(l) | Value::Tuple(l) => l.iter().flat_map(lines).collect(),
        Value::Dict(d) => one(d),
        _ => Vec::new(),
    }
}

fn one(d: &Dict) -> Vec<String> {
    let mut out = Vec::new();
    let set = |key: &str| d.get(key).filter(|v| v.truthy());
    if set("dst_binary").is_some() {
        out.push("diff skipped: destination file appears to be binary\n".to_owned());
    }
    if set("src_binary").is_some() {
        out.push("diff skipped: source file appears to be binary\n".to_owned());
    }
    if let Some(n) = set("dst_larger") {
        out.push(format!("diff skipped: destination file size is greater than {n}\n"));
    }
    if let Some(n) = set("src_larger") {
        out.push(format!("diff skipped: source file size is greater than {n}\n"));
    }
    if let (Some(before), Some(after)) = (d.get("before"), d.get("after")) {
        let title = |word: &str, key: &str| match set(key) {
            Some(h) => format!("{word}: {h}"),
            None => word.to_owned(),
        };
        let (before, after) = (content(before), content(after));
        out.extend(unified(&before, &after, &title("before", "before_header"), &title("after", "after_header")));
    }
    if let Some(prepared) = d.get("prepared") {
        out.extend(format!("{prepared}\n").split_inclusive('\n').map(str::to_owned));
    }
    out
}

/// A side of the comparison: text, or a structure as JSON.
fn content(v: &Value) -> String {
    match v {
        Value::Null => String::new(),
        Value::Dict(_) | Value::List(_) => {
            to_json_string(v, &JsonStyle { sort_keys: true, ..JsonStyle::pretty(4) }) + "\n"
        }
        other => other.to_string(),
    }
}

/// A unified diff with a last empty line; empty where both are equal.
fn unified(before: &str, after: &str, from: &str, to: &str) -> Vec<String> {
    let a: Vec<&str> = before.split_inclusive('\n').collect();
    let b: Vec<&str> = after.split_inclusive('\n').collect();
    let groups = grouped(&opcodes(&a, &b));
    if groups.is_empty() {
        return Vec::new();
    }
    let mut out = vec![format!("--- {from}\n"), format!("+++ {to}\n")];
    for group in groups {
        let (first, last) = (group[0], group[group.len() - 1]);
        out.push(format!("@@ -{} +{} @@\n", range(first.a0, last.a1), range(first.b0, last.b1)));
        for op in &group {
            if op.equal {
                a[op.a0..op.a1].iter().for_each(|l| push(&mut out, ' ', l));
            } else {
                a[op.a0..op.a1].iter().for_each(|l| push(&mut out, '-', l));
                b[op.b0..op.b1].iter().for_each(|l| push(&mut out, '+', l));
            }
        }
    }
    out.push("\n".into());
    out
}

fn push(out: &mut Vec<String>, mark: char, line: &str) {
    let note = if line.ends_with('\n') { "" } else { "\n\\ No newline at end of file\n" };
    out.push(format!("{mark}{line}{note}"));
}

fn range(start: usize, stop: usize) -> String {
    match stop - start {
        1 => (start + 1).to_string(),
        0 => format!("{start},0"),
        n => format!("{},{n}", start + 1),
    }
}

/// A stretch that is equal on both sides, or was replaced.
#[derive(Clone, Copy)]
struct Op {
    equal: bool,
    a0: usize,
    a1: usize,
    b0: usize,
    b1: usize,
}

/// Matching blocks, found as `SequenceMatcher` does: the longest first, then left and right of it; lines that make up
/// more than a hundredth of a long text are not used to find matches.
fn opcodes(a: &[&str], b: &[&str]) -> Vec<Op> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (j, line) in b.iter().enumerate() {
        places.entry(line).or_default().push(j);
    }
    if b.len() >= 200 {
        let limit = b.len() / 100 + 1;
        places.retain(|_, at| at.len() <= limit);
    }
    let mut blocks = Vec::new();
    let mut todo = vec![(0, a.len(), 0, b.len())];
    while let Some((alo, ahi, blo, bhi)) = todo.pop() {
        let (i, j, n) = longest(a, b, &places, alo, ahi, blo, bhi);
        if n > 0 {
            blocks.push((i, j, n));
            todo.push((alo, i, blo, j));
            todo.push((i + n, ahi, j + n, bhi));
        }
    }
    blocks.sort_unstable();
    blocks.push((a.len(), b.len(), 0));
    let mut ops: Vec<Op> = Vec::new();
    let (mut i, mut j) = (0, 0);
    for (ai, bj, n) in blocks {
        if i < ai || j < bj {
            ops.push(Op { equal: false, a0: i, a1: ai, b0: j, b1: bj });
        }
        (i, j) = (ai + n, bj + n);
        match ops.last_mut() {
            _ if n == 0 => {}
            Some(before) if before.equal => (before.a1, before.b1) = (i, j),
            _ => ops.push(Op { equal: true, a0: ai, a1: i, b0: bj, b1: j }),
        }
    }
    ops
}

fn longest(
    a: &[&str],
    b: &[&str],
    places: &HashMap<&str, Vec<usize>>,
    alo: usize,
    ahi: usize,
    blo: usize,
    bhi: usize,
) -> (usize, usize, usize) {
    let (mut bi, mut bj, mut size) = (alo, blo, 0);
    let mut lengths: HashMap<usize, usize> = HashMap::new();
    for (i, line) in a.iter().enumerate().take(ahi).skip(alo) {
        let mut next = HashMap::new();
        for &j in places.get(line).map_or(&[][..], Vec::as_slice) {
            if j < blo {
                continue;
            }
            if j >= bhi {
                break;
            }
            let k = 1 + j.checked_sub(1).and_then(|p| lengths.get(&p)).copied().unwrap_or(0);
            next.insert(j, k);
            if k > size {
                (bi, bj, size) = (i + 1 - k, j + 1 - k, k);
            }
        }
        lengths = next;
    }
    while bi > alo && bj > blo && a[bi - 1] == b[bj - 1] {
        (bi, bj, size) = (bi - 1, bj - 1, size + 1);
    }
    while bi + size < ahi && bj + size < bhi && a[bi + size] == b[bj + size] {
        size += 1;
    }
    (bi, bj, size)
}

/// Changes with their context; a long equal stretch separates two groups.
fn grouped(ops: &[Op]) -> Vec<Vec<Op>> {
    let mut ops = ops.to_vec();
    if ops.iter().all(|o| o.equal) {
        return Vec::new();
    }
    if let Some(first) = ops.first_mut().filter(|o| o.equal) {
        first.a0 = first.a0.max(first.a1.saturating_sub(CONTEXT));
        first.b0 = first.b0.max(first.b1.saturating_sub(CONTEXT));
    }
    if let Some(last) = ops.last_mut().filter(|o| o.equal) {
        last.a1 = last.a1.min(last.a0 + CONTEXT);
        last.b1 = last.b1.min(last.b0 + CONTEXT);
    }
    let mut groups = Vec::new();
    let mut group = Vec::new();
    for mut op in ops {
        if op.equal && op.a1 - op.a0 > 2 * CONTEXT {
            group.push(Op { a1: op.a1.min(op.a0 + CONTEXT), b1: op.b1.min(op.b0 + CONTEXT), ..op });
            groups.push(std::mem::take(&mut group));
            op.a0 = op.a0.max(op.a1.saturating_sub(CONTEXT));
            op.b0 = op.b0.max(op.b1.saturating_sub(CONTEXT));
        }
        group.push(op);
    }
    if !(group.is_empty() || group.len() == 1 && group[0].equal) {
        groups.push(group);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustle_value::dict;

    #[test]
    fn as_difflib_does() {
        let t = |a: &str, b: &str| unified(a, b, "x", "y").concat();
        assert_eq!(t("a\n", "a\n"), "");
        assert_eq!(t("", "q\n"), "--- x\n+++ y\n@@ -0,0 +1 @@\n+q\n\n");
        assert_eq!(t("a\nb", "a\nc"), "--- x\n+++ y\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n\n");
        let lines = |skip: usize| (0..20).filter(|i| *i != skip).map(|i| format!("{i}\n")).collect::<String>();
        assert_eq!(t(&lines(99), &lines(9)), "--- x\n+++ y\n@@ -7,7 +7,6 @@\n 6\n 7\n 8\n-9\n 10\n 11\n 12\n\n");
    }

    #[test]
    fn structures_are_compared_as_json() {
        let d = Value::from(dict! { "before" => dict!{ "state" => "absent", "path" => "/p" }, "after" => dict!{ "state" => "file", "path" => "/p" } });
        assert_eq!(
            lines(&d).concat(),
            "--- before\n+++ after\n@@ -1,4 +1,4 @@\n {\n     \"path\": \"/p\",\n-    \"state\": \"absent\"\n+    \"state\": \"file\"\n }\n\n"
        );
    }
}
