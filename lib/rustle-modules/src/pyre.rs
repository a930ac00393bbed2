//! Python's `re` on top of `fancy-regex`: the differences in syntax, and replacement templates.

use crate::Failure;
use fancy_regex::{Captures, Regex};

/// Compiles a Python pattern. `flags` are inline letters such as `m` or `s`. Errors name the option.
pub fn compile(pattern: &str, flags: &str, option: &str) -> Result<Regex, Failure> {
    let translated = translate(pattern, flags.contains('m') || inline_multiline(pattern));
    let full = if flags.is_empty() { translated } else { format!("(?{flags}){translated}") };
    Regex::new(&full).map_err(|e| Failure::new(format!("Invalid regular expression in {option}: {pattern}: {e}")))
}

fn inline_multiline(pattern: &str) -> bool {
    pattern.strip_prefix("(?").and_then(|p| p.split_once(')')).is_some_and(|(f, _)| f.chars().all(|c| c.is_ascii_alphabetic()) && f.contains('m'))
}

/// Python syntax that Rust's engines spell differently: `\Z` (the very end), `$` (also before a final newline), `(?P=n)`
/// and `\<` escapes that Python takes for plain characters, `[` inside classes.
fn translate(p: &str, multiline: bool) -> String {
    let mut out = String::with_capacity(p.len() + 8);
    let mut chars = p.chars().peekable();
    let mut class = false;
    let mut class_start = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                class_start = false;
                match chars.next() {
                    Some('Z') if !class => out.push_str("\\z"),
                    Some(e) if e == '<' || e == '>' || (!e.is_ascii_alphanumeric() && e.is_ascii()) => {
                        // Python: an escaped punctuation mark is that mark.
                        if "\\.+*?()|[]{}^$-#&~".contains(e) {
                            out.extend(['\\', e]);
                        } else {
                            out.push(e);
                        }
                    }
                    Some(e) => out.extend(['\\', e]),
                    None => out.push('\\'),
                }
            }
            '[' if class => {
                out.push_str("\\[");
                class_start = false;
            }
            '[' => {
                class = true;
                class_start = true;
                out.push('[');
                if chars.peek() == Some(&'^') {
                    chars.next();
                    out.push('^');
                }
            }
            ']' if class && class_start => {
                out.push_str("\\]");
                class_start = false;
            }
            ']' if class => {
                class = false;
                out.push(']');
            }
            '&' | '~' if class => {
                class_start = false;
                out.extend(['\\', c]);
            }
            '$' if !class && !multiline => out.push_str("(?=\\n?\\z)"),
            '(' if !class && chars.peek() == Some(&'?') => {
                let rest: String = chars.clone().take(3).collect();
                if rest == "?P=" {
                    let name: String = chars.by_ref().skip(3).take_while(|c| *c != ')').collect();
                    out.push_str(&format!("\\k<{name}>"));
                } else {
                    out.push('(');
                }
            }
            _ => {
                class_start = false;
                out.push(c);
            }
        }
    }
    out
}

/// `match.expand(template)`: `\1`, `\g<1>`, `\g<name>`, `\n`, `\t` and other escapes. Errors: a group that is not
/// there.
pub fn expand(template: &str, m: &Captures) -> Result<String, Failure> {
    let mut out = String::with_capacity(template.len());
    let mut chars = template.chars().peekable();
    let group = |name: &str| -> Result<String, Failure> {
        let bad = || Failure::new(format!("invalid group reference {name}"));
        match name.parse::<usize>() {
            Ok(n) if n < m.len() => Ok(m.get(n).map_or("", |g| g.as_str()).to_string()),
            Ok(_) => Err(bad()),
            Err(_) => match m.name(name) {
                Some(g) => Ok(g.as_str().to_string()),
                None => Ok(String::new()),
            },
        }
    };
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('g') if chars.peek() == Some(&'<') => {
                chars.next();
                let name: String = chars.by_ref().take_while(|c| *c != '>').collect();
                out.push_str(&group(&name)?);
            }
            Some(d) if d.is_ascii_digit() => {
                let mut n = d.to_string();
                if d == '0' {
                    out.push('\0');
                    continue;
                }
                if let Some(e) = chars.peek().filter(|e| e.is_ascii_digit()) {
                    n.push(*e);
                    chars.next();
                }
                out.push_str(&group(&n)?);
            }
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\x0c'),
            Some('v') => out.push('\x0b'),
            Some('a') => out.push('\x07'),
            Some('b') => out.push('\x08'),
            Some('\\') => out.push('\\'),
            Some(e) if e.is_ascii_alphabetic() => return Err(Failure::new(format!("bad escape \\{e}"))),
            Some(e) => out.extend(['\\', e]),
            None => out.push('\\'),
        }
    }
    Ok(out)
}

/// Refuses a replacement with an escape that Python does not know, in its words.
pub fn check_template(template: &str) -> Result<(), String> {
    let mut chars = template.chars().enumerate();
    while let Some((at, c)) = chars.next() {
        if c != '\\' {
            continue;
        }
        match chars.next() {
            Some((_, e)) if e.is_ascii_alphabetic() && !"gntrfvab".contains(e) => return Err(format!("bad escape \\{e} at position {at}")),
            Some(_) => {}
            None => return Err(format!("bad escape (end of pattern) at position {at}")),
        }
    }
    Ok(())
}

/// `re.subn(pattern, template, text)`.
pub fn subn(re: &Regex, template: &str, text: &str) -> Result<(String, usize), Failure> {
    // A replacement that can't be is an error, whether it is used or not.
    let mut before = ' ';
    for (i, c) in template.char_indices() {
        if before == '\\' && c.is_ascii_alphabetic() && !"gntrfvab".contains(c) {
            return Err(Failure::new(format!("Unable to process replace due to error: bad escape \\{c} at position {}", i - 1)));
        }
        before = if before == '\\' { ' ' } else { c };
    }
    let mut out = String::with_capacity(text.len());
    let (mut last, mut count) = (0, 0);
    for m in re.captures_iter(text) {
        let m = m.map_err(|e| Failure::new(format!("regular expression failed: {e}")))?;
        let Some(whole) = m.get(0) else { continue };
        out.push_str(&text[last..whole.start()]);
        out.push_str(&expand(template, &m)?);
        last = whole.end();
        count += 1;
    }
    out.push_str(&text[last..]);
    Ok((out, count))
}

/// Bytes as text and back: bytes that are not UTF-8 become private characters and return as they were.
pub fn decode(data: &[u8]) -> String {
    let mut out = String::with_capacity(data.len());
    for chunk in data.utf8_chunks() {
        out.push_str(chunk.valid());
        // Plane 16 of the private use area keeps the byte.
        out.extend(chunk.invalid().iter().filter_map(|b| char::from_u32(0x10_FF00 - 0x100 + u32::from(*b))));
    }
    out
}

/// The inverse of [`decode`].
pub fn encode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut buf = [0; 4];
    for c in text.chars() {
        match (c as u32).checked_sub(0x10_FF00 - 0x100) {
            Some(b) if (0x80..0x100).contains(&b) => out.push(b as u8),
            _ => out.extend_from_slice(c.encode_utf8(&mut buf).as_bytes()),
        }
    }
    out
}

/// [`decode`] by the name of an encoding; all but the most common by the host's `iconv`. Errors: it has no such one.
pub fn decode_as(data: &[u8], encoding: &str) -> Result<String, Failure> {
    match encoding.to_lowercase().replace(['-', '_', ' '], "").as_str() {
        "utf8" | "ascii" | "usascii" => Ok(decode(data)),
        "latin1" | "iso88591" | "l1" => Ok(data.iter().map(|b| char::from(*b)).collect()),
        _ => Ok(decode(&convert(data, encoding, "UTF-8", encoding)?)),
    }
}

/// [`encode`] by the name of an encoding.
pub fn encode_as(text: &str, encoding: &str) -> Result<Vec<u8>, Failure> {
    match encoding.to_lowercase().replace(['-', '_', ' '], "").as_str() {
        "utf8" | "ascii" | "usascii" => Ok(encode(text)),
        "latin1" | "iso88591" | "l1" => text
            .chars()
            .map(|c| u8::try_from(u32::from(c)).map_err(|_| Failure::new(format!("'{encoding}' can't encode character {c:?}"))))
            .collect(),
        _ => convert(&encode(text), "UTF-8", encoding, encoding),
    }
}

/// Other encodings are the host's `iconv`'s work.
fn convert(data: &[u8], from: &str, to: &str, named: &str) -> Result<Vec<u8>, Failure> {
    if data.is_empty() {
        return Ok(Vec::new());
    }
    let fail = |why: String| Failure::new(format!("encoding {named} is not supported here: {why}"));
    let o = crate::Cmd::new(["iconv", "-f", from, "-t", to], &[]).stdin(data).run().map_err(|f| fail(f.msg))?;
    if o.rc != 0 {
        return Err(fail(o.err().trim().to_owned()));
    }
    Ok(o.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sub(pattern: &str, flags: &str, template: &str, text: &str) -> String {
        subn(&compile(pattern, flags, "regexp").unwrap(), template, text).unwrap().0
    }

    #[test]
    fn python_patterns() {
        assert_eq!(sub(r"(\w+)=(?P<v>\w+)", "", r"\2:\g<1>:\g<v>", "a=b"), "b:a:b");
        assert_eq!(sub(r"x$", "", "y", "x\n"), "y\n");
        assert_eq!(sub(r"^a$", "m", "b", "a\na\n"), "b\nb\n");
        assert_eq!(sub(r"[[\]a]+", "", "-", "[]a"), "-");
        assert_eq!(sub(r"[]x]", "", "-", "]"), "-");
        assert_eq!(sub(r"a\Z", "", "b", "aa"), "ab");
        assert_eq!(sub(r"(a)|b", "", r"[\1]", "ab"), "[a][]");
        assert_eq!(sub(r"\/\'\@", "", "x", "/'@"), "x");
        assert_eq!(sub(r"(?<=a)b(?!c)", "", "x", "abc ab"), "abc ax");
    }

    #[test]
    fn any_bytes_survive() {
        let data = [0xff, b'a', 0xc3, 0xa9, 0x80];
        assert_eq!(encode(&decode(&data)), data);
    }
}
