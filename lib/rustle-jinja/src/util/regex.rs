//! Python's regular expressions on `fancy-regex`: the dialect translated, patterns compiled once.

use crate::error::{Error, Result, fail};
use fancy_regex::{Captures, Regex, RegexBuilder};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Flags of `re.compile`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Flags {
    pub ignorecase: bool,
    pub multiline: bool,
}

type Cache = Mutex<HashMap<(String, Flags, bool), Arc<Regex>>>;
const CACHE_MAX: usize = 1000;

/// The compiled pattern for use on `text` (whose last character decides how `$` must be read).
pub(crate) fn compile(pattern: &str, flags: Flags, text: &str) -> Result<Arc<Regex>> {
    static CACHE: OnceLock<Cache> = OnceLock::new();
    let newline_end = text.ends_with('\n');
    let key = (pattern.to_owned(), flags, newline_end);
    let mut cache = CACHE.get_or_init(Cache::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(r) = cache.get(&key) {
        return Ok(r.clone());
    }
    let mut source = translate(pattern, newline_end && !flags.multiline);
    let set = match (flags.ignorecase, flags.multiline) {
        (false, false) => "",
        (true, false) => "(?i)",
        (false, true) => "(?m)",
        (true, true) => "(?im)",
    };
    source.insert_str(0, set);
    let r = RegexBuilder::new(&source).backtrack_limit(10_000_000).build();
    let r = Arc::new(r.map_err(|e| Error::runtime(complaint(pattern).unwrap_or_else(|| format!("invalid regular expression '{pattern}': {e}"))))?);
    if cache.len() >= CACHE_MAX {
        cache.clear();
    }
    cache.insert(key, r.clone());
    Ok(r)
}

/// What Python says of the commonest mistakes.
fn complaint(p: &str) -> Option<String> {
    let mut open = Vec::new();
    let mut class = None;
    let mut last = None;
    let mut it = p.chars().enumerate();
    while let Some((i, c)) = it.next() {
        match (c, class) {
            ('\\', _) => _ = it.next(),
            (']', Some(at)) if i > at + 1 => class = None,
            (_, Some(_)) => {}
            ('[', None) => class = Some(i),
            ('(', None) => open.push(i),
            (')', None) => {
                if open.pop().is_none() {
                    return Some(format!("unbalanced parenthesis at position {i}"));
                }
            }
            ('*' | '+' | '?', None) if matches!(last, None | Some('|')) || (last == Some('(') && c != '?') => {
                return Some(format!("nothing to repeat at position {i}"));
            }
            _ => {}
        }
        last = Some(c);
    }
    match (class, open.last()) {
        (Some(at), _) => Some(format!("unterminated character set at position {at}")),
        (None, Some(at)) => Some(format!("missing ), unterminated subpattern at position {at}")),
        _ => None,
    }
}

/// The first match from byte `from` on.
pub(crate) fn captures_at<'t>(r: &Regex, text: &'t str, from: usize) -> Result<Option<Captures<'t>>> {
    r.captures_from_pos(text, from).map_err(|e| Error::runtime(format!("regular expression failed: {e}")))
}

/// Every match, left to right, at most `limit`.
pub(crate) fn all<'t>(r: &Regex, text: &'t str, limit: usize) -> Result<Vec<Captures<'t>>> {
    let mut out = Vec::new();
    let mut at = 0;
    // By hand, because Python allows an empty match right after another one.
    while out.len() < limit && at <= text.len() {
        let Some(c) = captures_at(r, text, at)? else { break };
        let Some(m) = c.get(0) else { break };
        at = if m.end() > m.start() { m.end() } else { m.end() + text[m.end()..].chars().next().map_or(1, char::len_utf8) };
        out.push(c);
    }
    Ok(out)
}

/// What differs between the dialects, rewritten.
fn translate(p: &str, newline_end: bool) -> String {
    let mut out = String::with_capacity(p.len() + 8);
    let chars: Vec<char> = p.chars().collect();
    let mut i = 0;
    let mut class = false;
    while i < chars.len() {
        let c = chars[i];
        match c {
            '\\' => {
                match chars.get(i + 1) {
                    Some('Z') if !class => out.push_str("\\z"),
                    Some(e @ ('<' | '>' | '_' | '\'' | '"' | '/' | '=' | '!' | '@' | ':' | ',' | ';' | '%' | '`' | ' ')) => {
                        if *e == ' ' { out.push_str("\\x20") } else { out.push(*e) }
                    }
                    Some(e) => out.extend(['\\', *e]),
                    None => out.push_str("\\\\"),
                }
                i += 2;
                continue;
            }
            '[' if !class => {
                class = true;
                out.push('[');
                if chars.get(i + 1) == Some(&'^') {
                    out.push('^');
                    i += 1;
                }
                if chars.get(i + 1) == Some(&']') {
                    out.push_str("\\]");
                    i += 1;
                }
            }
            '[' => out.push_str("\\["),
            ']' if class => {
                class = false;
                out.push(']');
            }
            '&' | '~' if class && chars.get(i + 1) == Some(&c) => out.extend(['\\', c]),
            '-' if class && chars.get(i + 1) == Some(&'-') => out.push_str("\\-"),
            '$' if !class && newline_end => out.push_str("(?=\\n?\\z)"),
            '{' if !class && !quantifier(&chars[i + 1..]) => out.push_str("\\{"),
            '}' if !class && !out_open_quantifier(&out) => out.push_str("\\}"),
            c => out.push(c),
        }
        i += 1;
    }
    out
}

fn quantifier(rest: &[char]) -> bool {
    let end = rest.iter().position(|c| *c == '}');
    end.is_some_and(|n| n > 0 && rest[..n].iter().all(|c| c.is_ascii_digit() || *c == ',') && rest[..n].iter().filter(|c| **c == ',').count() < 2 && rest[..n] != [','])
}

/// Whether the output ends inside a quantifier, so that `}` closes it.
fn out_open_quantifier(out: &str) -> bool {
    out.rfind('{').is_some_and(|at| !out[..at].ends_with('\\') && out[at + 1..].chars().all(|c| c.is_ascii_digit() || c == ',') && at + 1 < out.len())
}

/// `match.expand(template)`: `\1`, `\g<1>`, `\g<name>` and the usual escapes.
pub(crate) fn expand(template: &str, caps: &Captures<'_>) -> Result<String> {
    if !template.contains('\\') {
        return Ok(template.to_owned());
    }
    let group = |i: usize| -> Result<&str> {
        if i >= caps.len() {
            return fail(format!("invalid group reference {i}"));
        }
        Ok(caps.get(i).map_or("", |m| m.as_str()))
    };
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(c) = rest.chars().next() else { return fail("bad escape (end of pattern)") };
        rest = &rest[c.len_utf8()..];
        match c {
            'g' => {
                let Some((name, tail)) = rest.strip_prefix('<').and_then(|r| r.split_once('>')) else { return fail("missing group name") };
                rest = tail;
                match name.parse::<usize>() {
                    Ok(i) => out.push_str(group(i)?),
                    Err(_) => out.push_str(caps.name(name).map_or("", |m| m.as_str())),
                }
            }
            '0'..='9' => {
                let n = rest.bytes().take(1).take_while(u8::is_ascii_digit).count();
                let text = format!("{c}{}", &rest[..n]);
                rest = &rest[n..];
                if c == '0' {
                    out.extend(u32::from_str_radix(&text, 8).ok().and_then(char::from_u32));
                } else {
                    out.push_str(group(text.parse().unwrap_or(0))?);
                }
            }
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'a' => out.push('\x07'),
            'b' => out.push('\x08'),
            'f' => out.push('\x0c'),
            'v' => out.push('\x0b'),
            '\\' => out.push('\\'),
            c if c.is_ascii_alphabetic() => return fail(format!("bad escape \\{c}")),
            c => out.extend(['\\', c]),
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// `re.sub`, with the number of replacements made.
pub(crate) fn replace(r: &Regex, text: &str, template: &str, limit: usize) -> Result<(String, usize)> {
    let mut out = String::with_capacity(text.len());
    let mut last = 0;
    let found = all(r, text, limit)?;
    for c in &found {
        let Some(m) = c.get(0) else { continue };
        out.push_str(&text[last..m.start()]);
        out += &expand(template, c)?;
        last = m.end();
    }
    out.push_str(&text[last..]);
    Ok((out, found.len()))
}

/// `re.escape`.
pub(crate) fn escape(s: &str) -> String {
    let mut out = String::with_capacity(s.len() + 8);
    for c in s.chars() {
        if "()[]{}?*+-|^$\\.&~# \t\n\r\x0b\x0c".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
