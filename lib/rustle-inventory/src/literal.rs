//! Values of INI inventories: Python literals where the text is one, else the text itself.
//!
//! What `ast.literal_eval` reads is read here: numbers, strings with their prefixes and escapes, lists, tuples, dicts,
//! sets, `True`, `False`, `None`, signs, parentheses and a trailing comment. Tuples and sets become lists;
//! `...` and imaginary numbers become text, and sums of them stay as they are written.

use rustle_value::{BigInt, Dict, Value};

/// Deepest nesting of brackets; beyond it the text is no literal.
const MAX_DEPTH: usize = 90;

/// The literal that `text` is, or `None`.
pub(crate) fn parse(text: &str) -> Option<Value> {
    let text = text.trim_start_matches([' ', '\t']);
    let mut p = Parser { chars: text.chars().collect(), at: 0, depth: 0, open: 0 };
    p.gap();
    // A tuple needs no parentheses.
    let first = p.value()?;
    let value = if p.eat(',') { p.rest_of_tuple(first)? } else { first };
    p.gap();
    (p.at == p.chars.len()).then_some(value)
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    open: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }
    fn starts(&self, s: &str) -> bool {
        s.chars().enumerate().all(|(i, c)| self.chars.get(self.at + i) == Some(&c))
    }
    /// Blanks and a comment. Line breaks do not occur: a value is one line.
    fn gap(&mut self) {
        while self.peek().is_some_and(|c| matches!(c, ' ' | '\t' | '\x0c')) {
            self.at += 1;
        }
        if self.peek() == Some('#') && self.open == 0 {
            self.at = self.chars.len();
        }
    }
    fn eat(&mut self, c: char) -> bool {
        self.gap();
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    fn rest_of_tuple(&mut self, first: Value) -> Option<Value> {
        let mut items = vec![first];
        loop {
            self.gap();
            if self.peek().is_none_or(|c| c == ')') {
                return Some(Value::list(items));
            }
            items.push(self.value()?);
            if !self.eat(',') {
                return Some(Value::list(items));
            }
        }
    }

    fn value(&mut self) -> Option<Value> {
        self.depth += 1;
        let v = if self.depth > MAX_DEPTH { None } else { self.value_inside() };
        self.depth -= 1;
        v
    }

    fn value_inside(&mut self) -> Option<Value> {
        self.gap();
        match self.peek()? {
            '+' | '-' => {
                let negative = self.peek() == Some('-');
                self.at += 1;
                match self.value()? {
                    Value::Int(i) if negative => Some(Value::big(-BigInt::from(i))),
                    Value::BigInt(b) if negative => Some(Value::big(-(*b).clone())),
                    Value::Float(f) if negative => Some(Value::Float(-f)),
                    v @ (Value::Int(_) | Value::BigInt(_) | Value::Float(_)) => Some(v),
                    _ => None,
                }
            }
            '[' => self.list(']'),
            '(' => {
                self.at += 1;
                self.open += 1;
                let v = if self.eat(')') {
                    self.at -= 1;
                    Value::list(Vec::new())
                } else {
                    let first = self.value()?;
                    if self.eat(',') { self.rest_of_tuple(first)? } else { first }
                };
                let closed = self.eat(')');
                self.open -= 1;
                closed.then_some(v)
            }
            '{' => self.braces(),
            '.' if self.starts("...") => {
                self.at += 3;
                Some(Value::str("..."))
            }
            c if c.is_ascii_digit() || c == '.' => self.number(),
            '\'' | '"' => self.strings(),
            _ => self.word(),
        }
    }

    fn list(&mut self, close: char) -> Option<Value> {
        self.at += 1;
        self.open += 1;
        let mut items = Vec::new();
        while !self.eat(close) {
            items.push(self.value()?);
            if !self.eat(',') && self.peek() != Some(close) {
                return None;
            }
        }
        self.open -= 1;
        Some(Value::list(items))
    }

    fn braces(&mut self) -> Option<Value> {
        self.at += 1;
        self.open += 1;
        let (mut d, mut set, mut first) = (Dict::new(), Vec::new(), true);
        let mut is_set = false;
        while !self.eat('}') {
            let key = self.value()?;
            if first {
                is_set = { self.gap(); self.peek() != Some(':') };
                first = false;
            }
            if is_set {
                if !set.contains(&key) {
                    set.push(key);
                }
            } else {
                if !self.eat(':') || matches!(key, Value::List(_) | Value::Dict(_)) {
                    return None;
                }
                d.insert(key, self.value()?);
            }
            if !self.eat(',') && self.peek() != Some('}') {
                return None;
            }
        }
        self.open -= 1;
        Some(if is_set { Value::list(set) } else { Value::dict(d) })
    }

    fn word(&mut self) -> Option<Value> {
        let start = self.at;
        let mut end = start;
        while self.chars.get(end).is_some_and(|c| c.is_alphanumeric() || *c == '_') {
            end += 1;
        }
        let word: String = self.chars[start..end].iter().collect();
        if matches!(self.chars.get(end), Some('\'' | '"')) {
            return self.strings();
        }
        self.at = end;
        match word.as_str() {
            "True" => Some(Value::Bool(true)),
            "False" => Some(Value::Bool(false)),
            "None" => Some(Value::Null),
            "set" => (self.eat('(') && self.eat(')')).then(|| Value::list(Vec::new())),
            _ => None,
        }
    }

    fn number(&mut self) -> Option<Value> {
        let start = self.at;
        let mut end = start;
        while let Some(&c) = self.chars.get(end) {
            let sign = matches!(c, '+' | '-') && matches!(self.chars[end - 1], 'e' | 'E') && !self.starts("0x");
            if !(c.is_ascii_alphanumeric() || c == '.' || c == '_' || sign) {
                break;
            }
            end += 1;
        }
        self.at = end;
        let text: String = self.chars[start..end].iter().collect();
        let lower = text.to_ascii_lowercase();
        let bytes = lower.as_bytes();
        // An underscore stands between two digits, or after a base prefix.
        let bad = bytes.iter().enumerate().any(|(i, &c)| {
            let near = |j: Option<usize>| j.and_then(|j| bytes.get(j)).is_some_and(|c| c.is_ascii_alphanumeric());
            c == b'_' && !(near(i.checked_sub(1)) && near(Some(i + 1)))
        });
        if bad {
            return None;
        }
        let plain = lower.replace('_', "");
        if let Some(imaginary) = plain.strip_suffix('j').filter(|t| t.bytes().all(|c| c.is_ascii_digit() || c == b'.')) {
            // Printed without the fraction where there is none: `1.0j` is `1j`.
            return imaginary.parse::<f64>().ok().map(|f| Value::from(format!("{f}j")));
        }
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
            if let Some(digits) = plain.strip_prefix(prefix) {
                return BigInt::parse_bytes(digits.as_bytes(), radix).filter(|_| !digits.starts_with(['+', '-'])).map(Value::big);
            }
        }
        if plain.bytes().all(|c| c.is_ascii_digit()) {
            let octal_like = plain.starts_with('0') && plain.bytes().any(|c| c != b'0');
            return if octal_like { None } else { plain.parse().ok().map(Value::big) };
        }
        let float = plain.bytes().all(|c| c.is_ascii_digit() || matches!(c, b'.' | b'e' | b'+' | b'-'));
        (float && plain != ".").then(|| plain.parse().ok().map(Value::Float)).flatten()
    }

    /// One string literal or several side by side.
    fn strings(&mut self) -> Option<Value> {
        let mut out = String::new();
        let mut kind: Option<bool> = None;
        loop {
            let start = self.at;
            while self.peek().is_some_and(|c| c.is_ascii_alphabetic()) && self.at - start < 3 {
                self.at += 1;
            }
            let prefix: String = self.chars[start..self.at].iter().collect::<String>().to_ascii_lowercase();
            if !matches!(self.peek(), Some('\'' | '"')) || !matches!(prefix.as_str(), "" | "r" | "u" | "b" | "br" | "rb") {
                self.at = start;
                return kind.map(|bytes| if bytes { Value::Bytes(out.into_bytes().into()) } else { Value::str(out) });
            }
            let bytes = prefix.contains('b');
            if kind.is_some_and(|k| k != bytes) {
                return None;
            }
            kind = Some(bytes);
            self.string(&mut out, prefix.contains('r'), bytes)?;
            self.gap();
        }
    }

    fn string(&mut self, out: &mut String, raw: bool, bytes: bool) -> Option<()> {
        let quote = self.peek()?;
        let triple: String = [quote; 3].iter().collect();
        let close = if self.starts(&triple) { triple } else { quote.to_string() };
        self.at += close.len();
        while !self.starts(&close) {
            let c = self.peek()?;
            self.at += 1;
            if bytes && !c.is_ascii() {
                return None;
            }
            if c != '\\' {
                out.push(c);
                continue;
            }
            let next = self.peek()?;
            self.at += 1;
            if raw {
                out.push(c);
                out.push(next);
                continue;
            }
            let simple = match next {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'a' => '\x07',
                'b' => '\x08',
                'f' => '\x0c',
                'v' => '\x0b',
                '\\' | '\'' | '"' => next,
                '0'..='7' => {
                    let mut n = next.to_digit(8)?;
                    for _ in 0..2 {
                        let Some(d) = self.peek().and_then(|c| c.to_digit(8)) else { break };
                        n = n * 8 + d;
                        self.at += 1;
                    }
                    char::from_u32(n)?
                }
                'x' => self.hex(2)?,
                'u' if !bytes => self.hex(4)?,
                'U' if !bytes => self.hex(8)?,
                'N' if !bytes => return None,
                other => {
                    out.push('\\');
                    other
                }
            };
            out.push(simple);
        }
        self.at += close.len();
        Some(())
    }

    fn hex(&mut self, digits: usize) -> Option<char> {
        let mut n = 0u32;
        for _ in 0..digits {
            n = n.checked_mul(16)? + self.peek()?.to_digit(16)?;
            self.at += 1;
        }
        char::from_u32(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_read_as_python_reads_them() {
        let cases = [
            ("5", "5"), ("-5", "-5"), ("0644", "-"), ("00", "0"), ("0x1F", "31"), ("1_000", "1000"), ("1__0", "-"), ("1.5e3", "1500.0"), (".5", "0.5"), ("5.", "5.0"),
            ("True", "True"), ("true", "-"), ("None", "None"), ("'a'", "'a'"), ("'a' \"b\"", "'ab'"), ("r'\\d'", "'\\\\d'"), ("'\\x41\\d'", "'A\\\\d'"), ("b'x'", "b'x'"),
            ("[1, 'a', ]", "[1, 'a']"), ("(1, 2)", "[1, 2]"), ("(1)", "1"), ("()", "[]"), ("1, 2", "[1, 2]"), ("{'a': [1]}", "{'a': [1]}"), ("{1, 2, 1}", "[1, 2]"), ("{}", "{}"),
            ("5 # x", "5"), ("foo", "-"), ("foo # x", "-"), ("[1", "-"), ("1 2", "-"), ("", "-"), ("...", "'...'"), ("10.0.0.1", "-"), ("1e5", "100000.0"), ("{{ x }}", "-"), ("[a]", "-"),
            ("'''a'b'''", "\"a'b\""), ("99999999999999999999", "99999999999999999999"), ("- 5", "-5"), ("--5", "5"), ("-'a'", "-"), ("f'a'", "-"), ("1if", "-"), ("[..., 1j, 2.0j, set(), b'x']", "['...', '1j', '2j', [], b'x']"), ("set(1)", "-"),
        ];
        for (text, want) in cases {
            let got = parse(text).map_or("-".into(), |v| rustle_value::py_repr(&v));
            assert_eq!(got, want, "{text}");
        }
    }
}
