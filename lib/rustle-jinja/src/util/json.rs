//! Reads JSON as Python's `json.loads`: big integers kept, `NaN` and `Infinity` allowed, its error messages.

use rustle_value::{Dict, Value};

const MAX_DEPTH: u32 = 200;

struct Reader<'a> {
    s: &'a str,
    at: usize,
}

/// The value of a JSON text.
pub(crate) fn parse(s: &str) -> Result<Value, String> {
    let mut r = Reader { s, at: 0 };
    r.space();
    let v = r.value(0)?;
    r.space();
    if r.at < s.len() { r.fail("Extra data", r.at) } else { Ok(v) }
}

impl Reader<'_> {
    fn fail<T>(&self, what: &str, at: usize) -> Result<T, String> {
        let head = &self.s[..at];
        let line = head.matches('\n').count() + 1;
        let column = head.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        Err(format!("{what}: line {line} column {column} (char {})", head.chars().count()))
    }
    fn peek(&self) -> Option<u8> {
        self.s.as_bytes().get(self.at).copied()
    }
    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }
    fn value(&mut self, depth: u32) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return self.fail("Nested too deeply", self.at);
        }
        let rest = &self.s[self.at..];
        for (word, v) in [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ] {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(v);
            }
        }
        match self.peek() {
            Some(b'"') => self.string().map(Value::from),
            Some(b'[') => self.array(depth),
            Some(b'{') => self.object(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.fail("Expecting value", self.at),
        }
    }
    fn array(&mut self, depth: u32) -> Result<Value, String> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::list(items));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(b',') => {
                    let comma = self.at;
                    self.at += 1;
                    self.space();
                    if self.peek() == Some(b']') {
                        return self.fail("Illegal trailing comma before end of array", comma);
                    }
                }
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::list(items));
                }
                _ => return self.fail("Expecting ',' delimiter", self.at),
            }
        }
    }
    fn object(&mut self, depth: u32) -> Result<Value, String> {
        self.at += 1;
        let mut d = Dict::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::dict(d));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return self.fail("Expecting property name enclosed in double quotes", self.at);
            }
            let k = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return self.fail("Expecting ':' delimiter", self.at);
            }
            self.at += 1;
            self.space();
            let v = self.value(depth + 1)?;
            d.insert(k, v);
            self.space();
            match self.peek() {
                Some(b',') => {
                    let comma = self.at;
                    self.at += 1;
                    self.space();
                    if self.peek() == Some(b'}') {
                        return self.fail("Illegal trailing comma before end of object", comma);
                    }
                }
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::dict(d));
                }
                _ => return self.fail("Expecting ',' delimiter", self.at),
            }
        }
    }
    fn number(&mut self) -> Result<Value, String> {
        let b = self.s.as_bytes();
        let start = self.at;
        let digits = |mut i: usize| {
            while b.get(i).is_some_and(u8::is_ascii_digit) {
                i += 1;
            }
            i
        };
        let head = start + usize::from(b[start] == b'-');
        let mut end = if b.get(head) == Some(&b'0') { head + 1 } else { digits(head) };
        if end == head {
            return self.fail("Expecting value", start);
        }
        let whole = end;
        if b.get(end) == Some(&b'.') && digits(end + 1) > end + 1 {
            end = digits(end + 1);
        }
        if matches!(b.get(end), Some(b'e' | b'E')) {
            let d = end + 1 + usize::from(matches!(b.get(end + 1), Some(b'+' | b'-')));
            if digits(d) > d {
                end = digits(d);
            }
        }
        self.at = end;
        let text = &self.s[start..end];
        Ok(if end == whole { Value::big(text.parse().unwrap_or_default()) } else { Value::Float(text.parse().unwrap_or(f64::NAN)) })
    }
    fn string(&mut self) -> Result<String, String> {
        let start = self.at;
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.s[self.at..];
            let Some(c) = rest.chars().next() else { return self.fail("Unterminated string starting at", start) };
            match c {
                '"' => {
                    self.at += 1;
                    return Ok(out);
                }
                '\\' => {
                    let Some(e) = rest.as_bytes().get(1) else { return self.fail("Unterminated string starting at", start) };
                    self.at += 2;
                    match e {
                        b'"' | b'\\' | b'/' => out.push(char::from(*e)),
                        b'b' => out.push('\x08'),
                        b'f' => out.push('\x0c'),
                        b'n' => out.push('\n'),
                        b'r' => out.push('\r'),
                        b't' => out.push('\t'),
                        b'u' => {
                            let mut unit = self.hex4()?;
                            if (0xd800..0xdc00).contains(&unit) && self.s[self.at..].starts_with("\\u") {
                                self.at += 2;
                                let low = self.hex4()?;
                                unit = if (0xdc00..0xe000).contains(&low) { 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00) } else { 0xfffd };
                            }
                            out.push(char::from_u32(unit).unwrap_or('\u{fffd}'));
                        }
                        _ => return self.fail("Invalid \\escape", self.at - 2),
                    }
                }
                c if (c as u32) < 0x20 => return self.fail("Invalid control character at", self.at),
                c => {
                    out.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
    }
    fn hex4(&mut self) -> Result<u32, String> {
        match self.s.get(self.at..self.at + 4).and_then(|h| u32::from_str_radix(h, 16).ok()) {
            Some(n) => {
                self.at += 4;
                Ok(n)
            }
            None => self.fail("Invalid \\uXXXX escape", self.at - 1),
        }
    }
}
