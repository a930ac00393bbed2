//! Small text helpers that several collectors share.

/// Shell pattern match (`*`, `?`, `[…]`) of a whole name, case-sensitive.
pub fn fnmatch(name: &str, pattern: &str) -> bool {
    fn go(n: &[char], p: &[char]) -> bool {
        match p.split_first() {
            None => n.is_empty(),
            Some(('*', rest)) => (0..=n.len()).any(|i| go(&n[i..], rest)),
            Some(('?', rest)) => !n.is_empty() && go(&n[1..], rest),
            Some(('[', rest)) => {
                let negated = rest.first() == Some(&'!');
                let set_start = usize::from(negated);
                // A `]` that comes first belongs to the set.
                let Some(end) = (set_start + 1..rest.len()).find(|&i| rest[i] == ']') else {
                    return n.first() == Some(&'[') && go(&n[1..], rest);
                };
                let Some(&c) = n.first() else { return false };
                let set = &rest[set_start..end];
                let mut found = false;
                let mut i = 0;
                while i < set.len() {
                    if i + 2 < set.len() && set[i + 1] == '-' {
                        found |= (set[i]..=set[i + 2]).contains(&c);
                        i += 3;
                    } else {
                        found |= set[i] == c;
                        i += 1;
                    }
                }
                found != negated && go(&n[1..], &rest[end + 1..])
            }
            Some((c, rest)) => n.first() == Some(c) && go(&n[1..], rest),
        }
    }
    go(&name.chars().collect::<Vec<_>>(), &pattern.chars().collect::<Vec<_>>())
}

/// Bytes as Ansible writes them: `1.50 GB`, `512.00 Bytes`.
pub fn bytes_to_human(size: f64) -> String {
    const UNITS: [(&str, u32); 8] =
        [("YB", 80), ("ZB", 70), ("EB", 60), ("PB", 50), ("TB", 40), ("GB", 30), ("MB", 20), ("KB", 10)];
    for (unit, power) in UNITS {
        let limit = 2f64.powi(power as i32);
        if size >= limit {
            return format!("{:.2} {unit}", size / limit);
        }
    }
    format!("{size:.2} Bytes")
}

/// `KEY=value` lines of os-release and its like, shell quotes removed. Comments and malformed lines are left out.
pub fn assignments(text: &str) -> Vec<(String, String)> {
    text.lines()
        .filter_map(|line| {
            let line = line.trim();
            let (k, v) = line.split_once('=')?;
            (!line.starts_with('#')).then(|| (k.trim().to_owned(), unquote(v.trim())))
        })
        .collect()
}

/// The value of one assignment.
pub fn assignment(text: &str, key: &str) -> Option<String> {
    assignments(text).into_iter().find(|(k, _)| k == key).map(|(_, v)| v)
}

/// Removes one pair of shell quotes and the backslashes of a double-quoted text.
pub fn unquote(s: &str) -> String {
    let b = s.as_bytes();
    let quoted = b.len() >= 2 && (b[0] == b'"' || b[0] == b'\'') && b[b.len() - 1] == b[0];
    if !quoted {
        return s.to_owned();
    }
    let inner = &s[1..s.len() - 1];
    if b[0] == b'\'' {
        return inner.to_owned();
    }
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(&n)) if matches!(n, '"' | '\\' | '$' | '`') => {
                out.push(n);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}

/// Undoes the octal escapes of `/proc/mounts` (`\040`).
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only Linux has that file"))]
pub fn unescape_octal(s: &str) -> String {
    let b = s.as_bytes();
    let mut out = Vec::with_capacity(b.len());
    let mut i = 0;
    while i < b.len() {
        let digits = b.get(i + 1..i + 4).filter(|d| b[i] == b'\\' && d.iter().all(|c| (b'0'..=b'7').contains(c)));
        if let Some(d) = digits {
            out.push(d.iter().fold(0u32, |n, c| n * 8 + u32::from(c - b'0')) as u8);
            i += 4;
        } else {
            out.push(b[i]);
            i += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The first run of digits and dots that starts with a digit (`9.3` of `Rocky Linux release 9.3 (Blue Onyx)`).
pub fn first_version(text: &str) -> Option<String> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let rest = &text[start..];
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    Some(rest[..end].trim_end_matches('.').to_owned())
}

/// The text in the first pair of parentheses.
pub fn parenthesised(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('(')?;
    Some(rest.split_once(')')?.0)
}
