//! The tokens that carry text: plain, quoted and block scalars, anchors, tags and directives.

use crate::scan::{Kind, Mark, Problem, Scanner, is_blank, is_break, is_gap};

type Text = Result<(String, Mark), Problem>;

/// White space met between two pieces of a folded scalar.
#[derive(Default)]
struct Fold {
    blanks: String,
    first_break: Option<char>,
    more_breaks: String,
    broken: bool,
}

impl Fold {
    /// Adds what the white space folds to: itself, one space for one line break, or the further line breaks.
    fn join(&mut self, out: &mut String) {
        if self.broken {
            match self.first_break {
                Some('\n') if self.more_breaks.is_empty() => out.push(' '),
                Some('\n') | None => out.push_str(&self.more_breaks),
                Some(c) => {
                    out.push(c);
                    out.push_str(&self.more_breaks);
                }
            }
        } else {
            out.push_str(&self.blanks);
        }
        *self = Fold::default();
    }
    fn add_break(&mut self, c: char) {
        if self.broken {
            self.more_breaks.push(c);
        } else {
            self.blanks.clear();
            self.first_break = Some(c);
            self.broken = true;
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

impl Scanner {
    pub(crate) fn plain(&mut self) -> Text {
        const CONTEXT: &str = "while scanning a plain scalar";
        let mut out = String::new();
        let mut fold = Fold::default();
        let mut end = self.mark;
        let indent = self.indent + 1;
        let flow = self.flow > 0;
        while !self.at_document_mark() && self.at(0) != '#' {
            while !is_gap(self.at(0)) {
                let (c, next) = (self.at(0), self.at(1));
                if flow && c == ':' && matches!(next, ',' | '?' | '[' | ']' | '{' | '}') {
                    return self.fail(CONTEXT, "found unexpected ':'");
                }
                if (c == ':' && is_gap(next)) || (flow && matches!(c, ',' | '[' | ']' | '{' | '}')) {
                    break;
                }
                fold.join(&mut out);
                out.push(c);
                self.skip();
                end = self.mark;
            }
            if !(is_blank(self.at(0)) || is_break(self.at(0))) {
                break;
            }
            while is_blank(self.at(0)) || is_break(self.at(0)) {
                let c = self.at(0);
                if is_break(c) {
                    let b = self.line_break();
                    fold.add_break(b);
                    continue;
                }
                if fold.broken && i64::from(self.mark.col) < indent && c == '\t' {
                    return self.fail(CONTEXT, "found a tab character that violates indentation");
                }
                if !fold.broken {
                    fold.blanks.push(c);
                }
                self.skip();
            }
            if !flow && i64::from(self.mark.col) < indent {
                break;
            }
        }
        if fold.broken {
            self.key_allowed = true;
        }
        Ok((out, end))
    }

    pub(crate) fn quoted(&mut self, quote: char) -> Result<String, Problem> {
        const CONTEXT: &str = "while scanning a quoted scalar";
        let mut out = String::new();
        self.skip();
        loop {
            if self.at_document_mark() {
                return self.fail(CONTEXT, "found unexpected document indicator");
            }
            if self.at(0) == '\0' {
                return self.fail(CONTEXT, "found unexpected end of stream");
            }
            let mut fold = Fold::default();
            while !is_gap(self.at(0)) {
                let (c, next) = (self.at(0), self.at(1));
                if c == quote && quote == '\'' && next == '\'' {
                    out.push('\'');
                    self.skip();
                    self.skip();
                } else if c == quote {
                    break;
                } else if quote == '"' && c == '\\' && is_break(next) {
                    self.skip();
                    self.line_break();
                    fold.broken = true;
                    break;
                } else if quote == '"' && c == '\\' {
                    let decoded = self.escape()?;
                    out.push(decoded);
                } else {
                    out.push(c);
                    self.skip();
                }
            }
            if self.at(0) == quote {
                self.skip();
                return Ok(out);
            }
            while is_blank(self.at(0)) || is_break(self.at(0)) {
                if is_break(self.at(0)) {
                    let b = self.line_break();
                    fold.add_break(b);
                } else {
                    if !fold.broken {
                        fold.blanks.push(self.at(0));
                    }
                    self.skip();
                }
            }
            fold.join(&mut out);
        }
    }

    fn escape(&mut self) -> Result<char, Problem> {
        const CONTEXT: &str = "while parsing a quoted scalar";
        let digits = match self.at(1) {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let simple = match self.at(1) {
            '0' => '\0',
            'a' => '\x07',
            'b' => '\x08',
            't' | '\t' => '\t',
            'n' => '\n',
            'v' => '\x0b',
            'f' => '\x0c',
            'r' => '\r',
            'e' => '\x1b',
            'N' => '\u{85}',
            '_' => '\u{a0}',
            'L' => '\u{2028}',
            'P' => '\u{2029}',
            c @ (' ' | '"' | '/' | '\\') => c,
            'x' | 'u' | 'U' => '\0',
            _ => return self.fail(CONTEXT, "found unknown escape character"),
        };
        self.skip();
        self.skip();
        let mut code = 0u32;
        for i in 0..digits {
            let Some(d) = self.at(i).to_digit(16) else {
                return self.fail(CONTEXT, "did not find expected hexdecimal number");
            };
            code = code.wrapping_shl(4) | d;
        }
        if digits == 0 {
            return Ok(simple);
        }
        let Some(c) = char::from_u32(code) else {
            return self.fail(CONTEXT, "found invalid Unicode character escape code");
        };
        (0..digits).for_each(|_| self.skip());
        Ok(c)
    }

    pub(crate) fn block_scalar(&mut self, literal: bool) -> Text {
        const CONTEXT: &str = "while scanning a block scalar";
        self.skip();
        let (mut keep, mut increment) = (None, 0);
        for _ in 0..2 {
            match self.at(0) {
                c @ ('+' | '-') if keep.is_none() => keep = Some(c == '+'),
                '0' if increment == 0 => return self.fail(CONTEXT, "found an indentation indicator equal to 0"),
                c @ '1'..='9' if increment == 0 => increment = i64::from(c as u32 - '0' as u32),
                _ => break,
            }
            self.skip();
        }
        while is_blank(self.at(0)) {
            self.skip();
        }
        if self.at(0) == '#' {
            while !(is_break(self.at(0)) || self.at(0) == '\0') {
                self.skip();
            }
        }
        if is_break(self.at(0)) {
            self.line_break();
        } else if self.at(0) != '\0' {
            return self.fail(CONTEXT, "did not find expected comment or line break");
        }
        let mut end = self.mark;
        let mut indent = if increment > 0 { self.indent.max(0) + increment } else { 0 };
        let (mut out, mut first, mut breaks) = (String::new(), None, String::new());
        let mut was_blank = false;
        self.block_breaks(&mut indent, &mut breaks, &mut end)?;
        while i64::from(self.mark.col) == indent && self.at(0) != '\0' {
            let blank = is_blank(self.at(0));
            if !literal && first == Some('\n') && !was_blank && !blank {
                if breaks.is_empty() {
                    out.push(' ');
                }
            } else {
                out.extend(first);
            }
            out.push_str(&std::mem::take(&mut breaks));
            was_blank = blank;
            while !(is_break(self.at(0)) || self.at(0) == '\0') {
                out.push(self.at(0));
                self.skip();
            }
            first = if self.at(0) == '\0' { None } else { Some(self.line_break()) };
            end = self.mark;
            self.block_breaks(&mut indent, &mut breaks, &mut end)?;
        }
        if keep != Some(false) {
            out.extend(first);
        }
        if keep == Some(true) {
            out.push_str(&breaks);
        }
        Ok((out, end))
    }

    /// Empty lines before the next line of a block scalar; finds the indentation out where it is not yet known.
    fn block_breaks(&mut self, indent: &mut i64, breaks: &mut String, end: &mut Mark) -> Result<(), Problem> {
        let mut deepest = 0;
        loop {
            while (*indent == 0 || i64::from(self.mark.col) < *indent) && self.at(0) == ' ' {
                self.skip();
            }
            deepest = deepest.max(i64::from(self.mark.col));
            if (*indent == 0 || i64::from(self.mark.col) < *indent) && self.at(0) == '\t' {
                let problem = "found a tab character where an indentation space is expected";
                return self.fail("while scanning a block scalar", problem);
            }
            if !is_break(self.at(0)) {
                break;
            }
            breaks.push(self.line_break());
            *end = self.mark;
        }
        if *indent == 0 {
            *indent = deepest.max(self.indent + 1).max(1);
        }
        Ok(())
    }

    pub(crate) fn anchor(&mut self, sigil: char) -> Result<String, Problem> {
        self.skip();
        let mut name = String::new();
        while is_word(self.at(0)) {
            name.push(self.at(0));
            self.skip();
        }
        if name.is_empty() || !(is_gap(self.at(0)) || "?:,]}%@`".contains(self.at(0))) {
            let context = if sigil == '&' { "while scanning an anchor" } else { "while scanning an alias" };
            return self.fail(context, "did not find expected alphabetic or numeric character");
        }
        Ok(name)
    }

    /// A tag as (handle, suffix). A verbatim tag has an empty handle.
    pub(crate) fn tag(&mut self) -> Result<(String, String), Problem> {
        const CONTEXT: &str = "while scanning a tag";
        let (handle, suffix);
        if self.at(1) == '<' {
            self.skip();
            self.skip();
            handle = String::new();
            suffix = self.uri("", true, "while parsing a tag")?;
            if self.at(0) != '>' {
                return self.fail(CONTEXT, "did not find the expected '>'");
            }
            self.skip();
        } else {
            let head = self.tag_handle(false)?;
            if head.len() > 1 && head.ends_with('!') {
                suffix = self.uri("", false, "while parsing a tag")?;
                handle = head;
            } else {
                let rest = self.uri(&head, false, "while parsing a tag")?;
                (handle, suffix) = if rest.is_empty() { (String::new(), "!".to_string()) } else { ("!".to_string(), rest) };
            }
        }
        if !is_gap(self.at(0)) && !(self.flow > 0 && self.at(0) == ',') {
            return self.fail(CONTEXT, "did not find expected whitespace or line break");
        }
        Ok((handle, suffix))
    }

    fn tag_handle(&mut self, directive: bool) -> Result<String, Problem> {
        if self.at(0) != '!' {
            let context = if directive { "while scanning a tag directive" } else { "while scanning a tag" };
            return self.fail(context, "did not find expected '!'");
        }
        let mut handle = String::from("!");
        self.skip();
        while is_word(self.at(0)) {
            handle.push(self.at(0));
            self.skip();
        }
        if self.at(0) == '!' {
            handle.push('!');
            self.skip();
        } else if directive && handle != "!" {
            return self.fail("while parsing a tag directive", "did not find expected '!'");
        }
        Ok(handle)
    }

    /// The rest of a tag after `head` (which begins with `!` where it is not empty).
    fn uri(&mut self, head: &str, verbatim: bool, context: &'static str) -> Result<String, Problem> {
        let mut out = head.get(1..).unwrap_or_default().to_string();
        let mut bytes = Vec::new();
        loop {
            let c = self.at(0);
            if c == '%' {
                let (Some(hi), Some(lo)) = (self.at(1).to_digit(16), self.at(2).to_digit(16)) else {
                    return self.fail(context, "did not find URI escaped octet");
                };
                let octet = (hi * 16 + lo) as u8;
                let problem = match (bytes.is_empty(), octet) {
                    (true, 0x80..=0xbf | 0xf8..) => "found an incorrect leading UTF-8 octet",
                    (false, ..0x80 | 0xc0..) => "found an incorrect trailing UTF-8 octet",
                    _ => "",
                };
                if !problem.is_empty() {
                    return self.fail(context, problem);
                }
                bytes.push(octet);
                (0..3).for_each(|_| self.skip());
                if let Ok(s) = std::str::from_utf8(&bytes) {
                    out.push_str(s);
                    bytes.clear();
                } else if bytes.len() >= 4 {
                    return self.fail(context, "found an incorrect trailing UTF-8 octet");
                }
            } else if is_word(c) || ";/?:@&=+$.!~*'()".contains(c) || (verbatim && ",[]".contains(c)) {
                out.push(c);
                self.skip();
            } else {
                break;
            }
        }
        if head.is_empty() && out.is_empty() {
            return self.fail(context, "did not find expected tag URI");
        }
        Ok(out)
    }

    /// `%YAML` or `%TAG` and its arguments.
    pub(crate) fn directive_body(&mut self) -> Result<Kind, Problem> {
        const CONTEXT: &str = "while scanning a directive";
        const VERSION: &str = "while scanning a %YAML directive";
        self.skip();
        let mut name = String::new();
        while is_word(self.at(0)) {
            name.push(self.at(0));
            self.skip();
        }
        if name.is_empty() {
            return self.fail(CONTEXT, "could not find expected directive name");
        }
        if !is_gap(self.at(0)) {
            return self.fail(CONTEXT, "found unexpected non-alphabetical character");
        }
        let blanks = |s: &mut Self| {
            while is_blank(s.at(0)) {
                s.skip();
            }
        };
        match name.as_str() {
            "YAML" => {
                blanks(self);
                let major = self.version_number(VERSION)?;
                if self.at(0) != '.' {
                    return self.fail(VERSION, "did not find expected digit or '.' character");
                }
                self.skip();
                self.version_number(VERSION)?;
                Ok(Kind::Version(major))
            }
            "TAG" => {
                blanks(self);
                let handle = self.tag_handle(true)?;
                if !is_blank(self.at(0)) {
                    return self.fail("while scanning a %TAG directive", "did not find expected whitespace");
                }
                blanks(self);
                let prefix = self.uri("", true, "while parsing a %TAG directive")?;
                if !is_gap(self.at(0)) {
                    return self.fail("while scanning a %TAG directive", "did not find expected whitespace or line break");
                }
                Ok(Kind::TagDirective { handle, prefix })
            }
            _ => self.fail(CONTEXT, "found unknown directive name"),
        }
    }

    fn version_number(&mut self, context: &'static str) -> Result<u32, Problem> {
        let mut n = None;
        let mut length = 0;
        while let Some(d) = self.at(0).to_digit(10) {
            length += 1;
            if length > 9 {
                return self.fail(context, "found extremely long version number");
            }
            n = Some(n.unwrap_or(0) * 10 + d);
            self.skip();
        }
        match n {
            Some(n) => Ok(n),
            None => self.fail(context, "did not find expected version number"),
        }
    }
}
