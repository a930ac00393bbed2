//! Free-form arguments: `command: ls -l chdir=/tmp`, `debug: msg="{{ a }} b"`. Splits and unquotes as Ansible does,
//! including its quirks: Jinja blocks and quoted parts stay together, `\n` in a value is a newline, and text that isn't
//! `key=value` becomes `_raw_params`.

/// The options of free-form commands that may be given inside the text; all other `k=v` belong to the command.
const COMMAND_OPTIONS: &[&str] =
    &["creates", "removes", "chdir", "executable", "warn", "stdin", "stdin_add_newline", "strip_empty_ends"];

/// Text whose quotes or Jinja blocks don't close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbalanced(pub String);

impl Unbalanced {
    /// Ansible's message.
    pub fn message(&self) -> String {
        format!("failed at splitting arguments, either an unbalanced jinja2 block or quotes: {}", self.0)
    }
}

#[derive(Default)]
struct State {
    quote: Option<char>,
    print: usize,
    block: usize,
    comment: usize,
}

impl State {
    fn inside(&self) -> bool {
        self.print + self.block + self.comment > 0
    }
    fn quotes(&mut self, token: &str) {
        let mut before = None;
        for c in token.chars() {
            if matches!(c, '"' | '\'') && before != Some('\\') {
                self.quote = match self.quote {
                    None => Some(c),
                    Some(q) if q == c => None,
                    q => q,
                };
            }
            before = Some(c);
        }
    }
}

fn depth(now: usize, token: &str, open: &str, close: &str) -> usize {
    (now + token.matches(open).count()).saturating_sub(token.matches(close).count())
}

/// Splits at blanks outside of quotes and Jinja blocks. Line ends stay at the end of their part.
pub fn split_args(text: &str) -> Result<Vec<String>, Unbalanced> {
    let mut parts: Vec<String> = Vec::new();
    let mut state = State::default();
    let lines: Vec<&str> = text.split('\n').collect();
    for (number, line) in lines.iter().enumerate() {
        let mut continued = false;
        for (i, token) in line.split(' ').enumerate() {
            if token.is_empty() && i > 0 {
                // Further blanks are kept, so that the text can be put together again.
                match parts.last_mut() {
                    Some(p) => p.push(' '),
                    None => parts.push(" ".into()),
                }
                continue;
            }
            if token == "\\" && state.quote.is_none() {
                continued = true;
                continue;
            }
            let was_quoted = state.quote.is_some();
            state.quotes(token);
            let mut done = false;
            if state.quote.is_some() && !was_quoted && !state.inside() {
                parts.push(token.into());
                done = true;
            } else if state.inside() || state.quote.is_some() || was_quoted {
                if let Some(last) = parts.last_mut() {
                    if i > 0 && !(i == 0 && was_quoted) {
                        last.push(' ');
                    }
                    last.push_str(token);
                } else {
                    parts.push(token.into());
                }
                done = true;
            }
            for (level, open, close) in
                [(&mut state.print, "{{", "}}"), (&mut state.block, "{%", "%}"), (&mut state.comment, "{#", "#}")]
            {
                let before = *level;
                *level = depth(before, token, open, close);
                if *level != before && !done {
                    parts.push(token.into());
                    done = true;
                }
            }
            if !done && !token.is_empty() {
                parts.push(token.into());
            }
        }
        if number + 1 < lines.len() && !continued {
            match parts.last_mut() {
                Some(p) => p.push('\n'),
                None => parts.push("\n".into()),
            }
        }
    }
    if state.quote.is_some() || state.inside() { Err(Unbalanced(text.into())) } else { Ok(parts) }
}

fn join(parts: &[String]) -> String {
    let mut out = String::new();
    for p in parts {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push(' ');
        }
        out.push_str(p);
    }
    out
}

/// Text without the quotes around it.
pub fn unquote(s: &str) -> &str {
    let b = s.as_bytes();
    let quoted = b.len() > 1 && b[0] == b[b.len() - 1] && matches!(b[0], b'"' | b'\'') && b[b.len() - 2] != b'\\';
    if quoted { &s[1..s.len() - 1] } else { s }
}

/// Python's escapes: `\n`, `\t`, `\x41`, `\u0041`, `\U00000041`; unknown ones stay.
fn unescape(s: &str) -> String {
    let mut out = String::new();
    let mut rest = s;
    while let Some(i) = rest.find('\\') {
        out.push_str(&rest[..i]);
        let tail = &rest[i + 1..];
        let Some(c) = tail.chars().next() else {
            out.push('\\');
            return out;
        };
        let hex = |n: usize| {
            let digits = tail.get(1..=n).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
            char::from_u32(u32::from_str_radix(digits, 16).ok()?).map(|c| (c, n + 1))
        };
        let found = match c {
            'n' => Some(('\n', 1)),
            't' => Some(('\t', 1)),
            'r' => Some(('\r', 1)),
            'a' => Some(('\u{7}', 1)),
            'b' => Some(('\u{8}', 1)),
            'f' => Some(('\u{c}', 1)),
            'v' => Some(('\u{b}', 1)),
            '\\' | '"' | '\'' => Some((c, 1)),
            'x' => hex(2),
            'u' => hex(4),
            'U' => hex(8),
            _ => None,
        };
        let (c, n) = found.unwrap_or(('\\', 0));
        out.push(c);
        rest = &tail[n..];
    }
    out.push_str(rest);
    out
}

/// `k=v` pairs in order, and everything else under `_raw_params`. `command`: only a command's own options are pairs.
pub fn parse_kv(text: &str, command: bool) -> Result<Vec<(String, String)>, Unbalanced> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut raw = Vec::new();
    for written in split_args(text)? {
        let part = unescape(&written);
        let mut at = None;
        let mut from = 0;
        // An equals sign that begins the part, or that is escaped, separates nothing.
        while let Some(i) = part[from..].find('=').map(|i| i + from) {
            if i > 0 && part.as_bytes()[i - 1] != b'\\' {
                at = Some(i);
                break;
            }
            from = i + 1;
        }
        let Some(at) = at else {
            raw.push(written);
            continue;
        };
        let (key, value) = (&part[..at], &part[at + 1..]);
        if command && !COMMAND_OPTIONS.contains(&key) {
            raw.push(written);
            continue;
        }
        let pair = (key.trim().to_owned(), unquote(value.trim()).to_owned());
        match pairs.iter_mut().find(|p| p.0 == pair.0) {
            Some(p) => p.1 = pair.1,
            None => pairs.push(pair),
        }
    }
    if !raw.is_empty() {
        pairs.push(("_raw_params".into(), join(&raw)));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_form_arguments_split_as_ansible_splits_them() {
        let cases: &[(&str, bool, &[(&str, &str)])] = &[
            ("msg=hi", false, &[("msg", "hi")]),
            ("msg=\"a b\" c='d=e'", false, &[("msg", "a b"), ("c", "d=e")]),
            ("msg={{ a | default('x y') }} v=1", false, &[("msg", "{{ a | default('x y') }}"), ("v", "1")]),
            ("msg=a\\tb", false, &[("msg", "a\tb")]),
            ("ls  -l chdir=/tmp a=b", true, &[("chdir", "/tmp"), ("_raw_params", "ls  -l a=b")]),
            ("echo one\n  echo two\n", true, &[("_raw_params", "echo one\n  echo two\n")]),
            ("echo 'a  b' \\\n more", true, &[("_raw_params", "echo 'a  b' more")]),
            ("x \"q\\\"r\" \\\n   creates=\"a {{ 1 + 1 }}\"", true, &[("creates", "a {{ 1 + 1 }}"), ("_raw_params", "x \"q\\\"r\"  ")]),
            ("a = b", false, &[("_raw_params", "a = b")]),
            ("=a", false, &[("_raw_params", "=a")]),
            ("msg=\"a\n b\n\n  c\" x=1", false, &[("msg", "a\n b\n\n  c"), ("x", "1")]),
            ("a={{ b\n  c }} d", false, &[("a", "{{ b\n  c }}"), ("_raw_params", "d")]),
            ("   x  y ", true, &[("_raw_params", "   x  y ")]),
            ("a={% if x %} b {% endif %}c", false, &[("a", "{% if x %}"), ("_raw_params", "b {% endif %}c")]),
            ("\n a", true, &[("_raw_params", "\na")]),
            ("echo \"a {{ 'b' }} c\" {{ d }}{{ e }}", true, &[("_raw_params", "echo \"a {{ 'b' }} c\" {{ d }}{{ e }}")]),
            ("site.yml", false, &[("_raw_params", "site.yml")]),
        ];
        for (text, command, expected) in cases {
            let found = parse_kv(text, *command).unwrap();
            let found: Vec<(&str, &str)> = found.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            assert_eq!(&found, expected, "{text:?}");
        }
        assert!(parse_kv("msg=\"hi", false).is_err());
    }
}
