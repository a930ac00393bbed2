//! Text as Python's `str` methods treat it.

/// First letter upper, rest lower.
pub(crate) fn capitalize(s: &str) -> String {
    let mut it = s.chars();
    it.next().map_or_else(String::new, |c| c.to_uppercase().collect::<String>() + &it.as_str().to_lowercase())
}

/// Every run of letters capitalised.
pub(crate) fn title(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    let mut inside = false;
    for c in s.chars() {
        if !c.is_alphabetic() {
            inside = false;
            out.push(c);
        } else if inside {
            out.extend(c.to_lowercase());
        } else {
            inside = true;
            out.extend(c.to_uppercase());
        }
    }
    out
}

/// `str.split` and `str.rsplit`.
pub(crate) fn split<'s>(s: &'s str, sep: Option<&str>, max: Option<usize>, from_right: bool) -> Vec<&'s str> {
    let max = max.unwrap_or(usize::MAX);
    let Some(sep) = sep else { return split_space(s, max, from_right) };
    if from_right {
        let mut v: Vec<&str> = s.rsplitn(max.saturating_add(1), sep).collect();
        v.reverse();
        return v;
    }
    s.splitn(max.saturating_add(1), sep).collect()
}

fn split_space(s: &str, max: usize, from_right: bool) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = s.trim();
    while !rest.is_empty() {
        if out.len() >= max {
            out.push(if from_right { s.trim_start().get(..rest.len()).map_or(rest, str::trim_end) } else { rest });
            break;
        }
        if from_right {
            let at = rest.rfind(char::is_whitespace).map(|i| i + rest[i..].chars().next().map_or(1, char::len_utf8));
            let (head, word) = rest.split_at(at.unwrap_or(0));
            out.push(word);
            rest = head.trim_end();
        } else {
            let at = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let (word, tail) = rest.split_at(at);
            out.push(word);
            rest = tail.trim_start();
        }
    }
    if from_right {
        out.reverse();
    }
    if !from_right && max != usize::MAX {
        // The last piece keeps its trailing white space, as Python's does.
        if let Some(last) = out.last_mut()
            && let Some(at) = s.rfind(*last)
            && s[at + last.len()..].trim().is_empty()
            && last.contains(char::is_whitespace)
        {
            *last = &s[at..];
        }
    }
    out
}

/// `str.splitlines`.
pub(crate) fn splitlines(s: &str, keep: bool) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = s;
    while !rest.is_empty() {
        let end = rest.find(['\n', '\r', '\x0b', '\x0c', '\x1c', '\x1d', '\x1e', '\u{85}', '\u{2028}', '\u{2029}']);
        let Some(at) = end else {
            out.push(rest);
            break;
        };
        let n = if rest[at..].starts_with("\r\n") { 2 } else { rest[at..].chars().next().map_or(1, char::len_utf8) };
        out.push(if keep { &rest[..at + n] } else { &rest[..at] });
        rest = &rest[at + n..];
    }
    out
}

/// `ljust`, `rjust`, `center`.
pub(crate) fn justify(s: &str, width: usize, fill: char, how: &str) -> String {
    let n = s.chars().count();
    if n >= width {
        return s.to_owned();
    }
    let gap = width - n;
    let run = |k: usize| std::iter::repeat_n(fill, k).collect::<String>();
    match how {
        "ljust" => s.to_owned() + &run(gap),
        "rjust" => run(gap) + s,
        _ => {
            // Python puts the odd one on the left where the width is odd.
            let left = gap / 2 + (gap & width & 1);
            run(left) + s + &run(gap - left)
        }
    }
}

pub(crate) fn is_identifier(s: &str) -> bool {
    let mut it = s.chars();
    it.next().is_some_and(|c| c.is_alphabetic() || c == '_') && it.all(|c| c.is_alphanumeric() || c == '_')
}

pub(crate) fn hex(b: &[u8]) -> String {
    b.iter().map(|c| format!("{c:02x}")).collect()
}
