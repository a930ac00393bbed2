//! Source text to tokens, with white-space control done here.
//!
//! Template text becomes `Data` tokens; what stands in delimiters becomes the tokens of expressions. Line statements
//! are not part of Ansible's dialect.

use crate::error::{Error, Result};
use crate::syntax::Syntax;
use rustle_value::{BigInt, Value};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tok {
    Data(String),
    BlockBegin,
    BlockEnd,
    VarBegin,
    VarEnd,
    Name(String),
    Str(String),
    Int(Value),
    Float(f64),
    Op(&'static str),
    /// Text that is no token; the lexer stopped here.
    Bad,
    Eof,
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub tok: Tok,
    pub line: u32,
}

impl Tok {
    /// How an error message names the token.
    pub fn describe(&self) -> String {
        match self {
            Tok::Data(_) => "template data / text".into(),
            Tok::BlockBegin => "begin of statement block".into(),
            Tok::BlockEnd => "end of statement block".into(),
            Tok::VarBegin => "begin of print statement".into(),
            Tok::VarEnd => "end of print statement".into(),
            Tok::Name(n) => n.clone(),
            Tok::Str(_) => "string".into(),
            Tok::Int(_) => "integer".into(),
            Tok::Float(_) => "float".into(),
            Tok::Op(o) => (*o).into(),
            Tok::Eof | Tok::Bad => "end of template".into(),
        }
    }
}

const OPS: [&str; 26] = [
    "**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",",
    ";",
];

pub(crate) struct Lexer<'a> {
    src: &'a str,
    pos: usize,
    line: u32,
    syntax: &'a Syntax,
    out: Vec<Token>,
}

/// Tokens, and what stopped the lexer before the end. Jinja reads token by token, so that an error of the parser
/// earlier in the source comes first.
pub(crate) type Tokens = (Vec<Token>, Option<Error>);

/// Tokens of a whole template.
pub(crate) fn tokenize(src: &str, syntax: &Syntax) -> Tokens {
    // All newlines are one kind inside; a template that wants another gets it in its data.
    let normal;
    let mut src = if src.contains('\r') {
        normal = src.replace("\r\n", "\n").replace('\r', "\n");
        normal.as_str()
    } else {
        src
    };
    if !syntax.keep_trailing_newline {
        src = src.strip_suffix('\n').unwrap_or(src);
    }
    let mut lx = Lexer { src, pos: 0, line: 1, syntax, out: Vec::new() };
    let bad = lx.template().err();
    lx.end(bad)
}

/// Tokens of a bare expression.
pub(crate) fn tokenize_expression(src: &str, syntax: &Syntax) -> Tokens {
    let mut lx = Lexer { src, pos: 0, line: 1, syntax, out: Vec::new() };
    let bad = lx.expression(None).err();
    lx.end(bad)
}

impl<'a> Lexer<'a> {
    fn end(mut self, bad: Option<Error>) -> Tokens {
        self.push(if bad.is_some() { Tok::Bad } else { Tok::Eof });
        (self.out, bad)
    }

    fn push(&mut self, tok: Tok) {
        self.out.push(Token { tok, line: self.line });
    }

    fn rest(&self) -> &'a str {
        &self.src[self.pos..]
    }

    fn advance(&mut self, n: usize) {
        self.line += self.src[self.pos..self.pos + n].bytes().filter(|b| *b == b'\n').count() as u32;
        self.pos += n;
    }

    /// The nearest opening delimiter: (offset, which, its length). The longest wins where several start together.
    fn next_open(&self) -> Option<(usize, u8, usize)> {
        let s = self.rest();
        let kinds = [(&self.syntax.comment_start, b'c'), (&self.syntax.block_start, b'b'), (&self.syntax.variable_start, b'v')];
        let mut best: Option<(usize, u8, usize)> = None;
        for (d, k) in kinds {
            if let Some(at) = s.find(d.as_str())
                && best.is_none_or(|(b, _, n)| at < b || (at == b && d.len() > n))
            {
                best = Some((at, k, d.len()));
            }
        }
        best
    }

    fn data(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let text = if self.syntax.newline_sequence == "\n" { text.to_owned() } else { text.replace('\n', &self.syntax.newline_sequence) };
        self.push(Tok::Data(text));
    }

    /// Emits the text before an opening delimiter, trimmed as its sign (`-`, `+`) and `lstrip_blocks` say.
    fn data_before(&mut self, text: &'a str, sign: Option<u8>, lstrip: bool, line_start: bool) {
        let keep = match sign {
            Some(b'-') => text.trim_end(),
            Some(b'+') => text,
            _ if lstrip && self.syntax.lstrip_blocks => {
                let at = text.rfind('\n').map(|i| i + 1);
                let from = at.unwrap_or(0);
                if (at.is_some() || line_start) && text[from..].chars().all(char::is_whitespace) { &text[..from] } else { text }
            }
            _ => text,
        };
        self.data(keep);
    }

    fn template(&mut self) -> Result<()> {
        while self.pos < self.src.len() {
            let line_start = self.pos == 0 || self.src.as_bytes()[self.pos - 1] == b'\n';
            let Some((at, kind, len)) = self.next_open() else {
                let text = self.rest();
                self.data(text);
                self.advance(text.len());
                break;
            };
            let text = &self.rest()[..at];
            let sign = self.rest().as_bytes().get(at + len).copied().filter(|b| matches!(b, b'-' | b'+'));
            self.data_before(text, sign, kind != b'v', line_start);
            self.advance(at + len + usize::from(sign.is_some()));
            match kind {
                b'c' => self.comment()?,
                b'v' => {
                    self.push(Tok::VarBegin);
                    let end = self.syntax.variable_end.clone();
                    self.expression(Some((&end, Tok::VarEnd)))?;
                }
                _ => {
                    if let Some(head) = self.raw_head() {
                        self.raw(head)?;
                        continue;
                    }
                    self.push(Tok::BlockBegin);
                    let end = self.syntax.block_end.clone();
                    self.expression(Some((&end, Tok::BlockEnd)))?;
                }
            }
        }
        Ok(())
    }

    fn comment(&mut self) -> Result<()> {
        let end = self.syntax.comment_end.as_str();
        let Some(at) = self.rest().find(end) else {
            return Err(Error::syntax("Missing end of comment tag", self.line));
        };
        let sign = self.rest()[..at].bytes().last();
        self.advance(at + end.len());
        self.after_end(sign, true);
        Ok(())
    }

    /// White space after a closing delimiter.
    fn after_end(&mut self, sign: Option<u8>, block: bool) {
        if sign == Some(b'-') {
            let n = self.rest().len() - self.rest().trim_start().len();
            self.advance(n);
        } else if block && self.syntax.trim_blocks && sign != Some(b'+') && self.rest().starts_with('\n') {
            self.advance(1);
        }
    }

    /// Length of ` raw %}` at the cursor, with the sign of its end.
    fn raw_head(&self) -> Option<(usize, Option<u8>)> {
        let s = self.rest().trim_start();
        let after = s.strip_prefix("raw")?.trim_start();
        let sign = after.bytes().next().filter(|b| matches!(b, b'-' | b'+'));
        let after = if sign.is_some() { &after[1..] } else { after };
        let tail = after.strip_prefix(self.syntax.block_end.as_str())?;
        Some((self.rest().len() - tail.len(), sign))
    }

    fn raw(&mut self, (head, sign): (usize, Option<u8>)) -> Result<()> {
        self.advance(head);
        self.after_end(sign, false);
        let mut from = 0;
        loop {
            let Some(at) = self.rest()[from..].find(self.syntax.block_start.as_str()).map(|i| i + from) else {
                return Err(Error::syntax("Missing end of raw directive", self.line));
            };
            let mut tail = &self.rest()[at + self.syntax.block_start.len()..];
            let open_sign = tail.bytes().next().filter(|b| matches!(b, b'-' | b'+'));
            if open_sign.is_some() {
                tail = &tail[1..];
            }
            let close = tail.trim_start().strip_prefix("endraw").map(str::trim_start).and_then(|t| {
                let sign = t.bytes().next().filter(|b| matches!(b, b'-' | b'+'));
                let t = if sign.is_some() { &t[1..] } else { t };
                t.strip_prefix(self.syntax.block_end.as_str()).map(|t| (t.len(), sign))
            });
            let Some((left, sign)) = close else {
                from = at + self.syntax.block_start.len();
                continue;
            };
            let text = &self.rest()[..at];
            self.data_before(text, open_sign, true, false);
            let n = self.rest().len() - left;
            self.advance(n);
            self.after_end(sign, true);
            return Ok(());
        }
    }

    /// Tokens up to `end` (or the end of the source where there is none).
    fn expression(&mut self, end: Option<(&str, Tok)>) -> Result<()> {
        let mut open: Vec<&'static str> = Vec::new();
        loop {
            let n = self.rest().len() - self.rest().trim_start().len();
            self.advance(n);
            let s = self.rest();
            if s.is_empty() {
                return Ok(());
            }
            if let Some((e, tok)) = &end
                && open.is_empty()
            {
                let sign = s.bytes().next().filter(|b| *b == b'-' || (*b == b'+' && *tok == Tok::BlockEnd));
                let tail = if sign.is_some() && s[1..].starts_with(e) { Some((1, sign)) } else { s.starts_with(e).then_some((0, None)) };
                if let Some((extra, sign)) = tail {
                    self.push(tok.clone());
                    self.advance(extra + e.len());
                    self.after_end(sign, *tok == Tok::BlockEnd);
                    return Ok(());
                }
            }
            let c = s.as_bytes()[0];
            if c.is_ascii_digit() {
                self.number();
            } else if c == b'"' || c == b'\'' {
                self.string(c)?;
            } else if let Some(n) = name_len(s) {
                self.push(Tok::Name(s[..n].to_owned()));
                self.advance(n);
            } else if let Some(op) = OPS.iter().find(|o| s.starts_with(**o)) {
                match *op {
                    "{" => open.push("}"),
                    "(" => open.push(")"),
                    "[" => open.push("]"),
                    "}" | ")" | "]" => match open.pop() {
                        None => return Err(Error::syntax(format!("unexpected '{op}'"), self.line)),
                        Some(want) if want != *op => {
                            return Err(Error::syntax(format!("unexpected '{op}', expected '{want}'"), self.line));
                        }
                        Some(_) => {}
                    },
                    _ => {}
                }
                self.push(Tok::Op(op));
                self.advance(op.len());
            } else {
                let ch = s.chars().next().unwrap_or(' ');
                let at = self.src[..self.pos].chars().count();
                return Err(Error::syntax(format!("unexpected char {} at {at}", rustle_value::str_repr(&ch.to_string())), self.line));
            }
        }
    }

    fn number(&mut self) {
        let s = self.rest();
        let b = s.as_bytes();
        let radix = match b.get(1) {
            Some(b'x' | b'X') => 16,
            Some(b'o' | b'O') => 8,
            Some(b'b' | b'B') => 2,
            _ => 10,
        };
        let run = |from: usize, radix: u32| -> usize {
            // Digits with single underscores between them.
            let mut i = from;
            while i < b.len() && ((b[i] as char).is_digit(radix) || (b[i] == b'_' && i > from && b.get(i + 1).is_some_and(|d| (*d as char).is_digit(radix)))) {
                i += 1;
            }
            i
        };
        if radix != 10 && b[0] == b'0' {
            let from = if b.get(2) == Some(&b'_') { 3 } else { 2 };
            let end = run(from, radix);
            if end > from {
                let n = BigInt::parse_bytes(s[from..end].replace('_', "").as_bytes(), radix).unwrap_or_default();
                self.push(Tok::Int(Value::big(n)));
                return self.advance(end);
            }
        }
        let mut end = run(0, 10);
        let mut float = false;
        // `1.` followed by no digit is an integer and a dot; `x.0.1` is two subscripts.
        let after_dot = matches!(self.out.last(), Some(Token { tok: Tok::Op("."), .. }));
        if !after_dot && b.get(end) == Some(&b'.') && b.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end = run(end + 1, 10);
            float = true;
        }
        if !after_dot && matches!(b.get(end), Some(b'e' | b'E')) {
            let digits = end + 1 + usize::from(matches!(b.get(end + 1), Some(b'+' | b'-')));
            if b.get(digits).is_some_and(u8::is_ascii_digit) {
                end = run(digits, 10);
                float = true;
            }
        }
        if !float && b[0] == b'0' {
            // A decimal integer that begins with a zero is nothing but zeros.
            end = (1..end).find(|i| !matches!(b[*i], b'0' | b'_') || (b[*i] == b'_' && b[*i + 1] != b'0')).unwrap_or(end);
        }
        let text = s[..end].replace('_', "");
        if float {
            self.push(Tok::Float(text.parse().unwrap_or(f64::NAN)));
        } else {
            self.push(Tok::Int(Value::big(text.parse().unwrap_or_default())));
        }
        self.advance(end);
    }

    fn string(&mut self, quote: u8) -> Result<()> {
        let s = self.rest();
        let b = s.as_bytes();
        let mut i = 1;
        while i < b.len() && b[i] != quote {
            i += if b[i] == b'\\' { 2 } else { 1 };
        }
        if i >= b.len() {
            let at = self.src[..self.pos].chars().count();
            let c = rustle_value::str_repr(&(quote as char).to_string());
            return Err(Error::syntax(format!("unexpected char {c} at {at}"), self.line));
        }
        let body = &s[1..i];
        let text = if body.contains('\\') && !self.syntax.raw_strings { unescape(body) } else { body.to_owned() };
        self.push(Tok::Str(text));
        self.advance(i + 1);
        Ok(())
    }
}

fn name_len(s: &str) -> Option<usize> {
    let first = s.chars().next()?;
    if !(first.is_alphabetic() || first == '_') {
        return None;
    }
    Some(s.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(s.len()))
}

/// Python's escapes in a string literal.
pub(crate) fn unescape(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    let mut it = s.char_indices().peekable();
    while let Some((_, c)) = it.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let Some((at, e)) = it.next() else {
            out.push('\\');
            break;
        };
        let mut code = |n: usize, from: usize, radix: u32| -> Option<char> {
            let digits = s.get(from..from + n)?;
            let c = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
            for _ in 0..n - usize::from(radix == 8) {
                it.next();
            }
            Some(c)
        };
        match e {
            '\n' => {}
            '\\' | '\'' | '"' => out.push(e),
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'a' => out.push('\x07'),
            'b' => out.push('\x08'),
            'f' => out.push('\x0c'),
            'v' => out.push('\x0b'),
            'x' | 'u' | 'U' => {
                let n = if e == 'x' { 2 } else if e == 'u' { 4 } else { 8 };
                match code(n, at + 1, 16) {
                    Some(c) => out.push(c),
                    None => out.extend(['\\', e]),
                }
            }
            '0'..='7' => {
                let n = s[at..].bytes().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
                match code(n, at, 8) {
                    Some(c) => out.push(c),
                    None => out.extend(['\\', e]),
                }
            }
            other => out.extend(['\\', other]),
        }
    }
    out
}
