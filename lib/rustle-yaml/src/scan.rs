//! Text to tokens: YAML 1.1 as libyaml reads it, indentation turned into explicit start and end tokens.
//!
//! Written here and not taken from a YAML 1.2 library because playbooks are defined by what PyYAML accepts: flow
//! collections closed at any column, tabs after a token, `key: a:b`, and errors raised at the same place with the same
//! words. Scalars, tags and anchors are read in `text.rs`.

use std::collections::VecDeque;

/// A place in the text; all three count from 0, in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub index: usize,
    pub line: u32,
    pub col: u32,
}

/// What libyaml would raise: context and problem make the message, the mark is where the problem is.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub context: &'static str,
    pub text: String,
    pub mark: Mark,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    StreamEnd,
    /// `%YAML`, with its major number.
    Version(u32),
    TagDirective { handle: String, prefix: String },
    DocStart,
    DocEnd,
    BlockSeq,
    BlockMap,
    BlockEnd,
    FlowSeq,
    FlowSeqEnd,
    FlowMap,
    FlowMapEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(String),
    Anchor(String),
    Tag { handle: String, suffix: String },
    /// Text, and whether it was written plain (unquoted, not a block).
    Scalar { text: String, plain: bool },
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub kind: Kind,
    pub start: Mark,
    pub end: Mark,
}

/// A place where a `key:` may have begun, until the line ends or something else settles it.
#[derive(Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    required: bool,
    token: usize,
    mark: Mark,
}

/// Longest distance between the start of an implicit key and its colon.
const MAX_KEY: usize = 1024;

pub(crate) struct Scanner {
    pub(crate) chars: Vec<char>,
    pub(crate) mark: Mark,
    tokens: VecDeque<Token>,
    taken: usize,
    pub(crate) indent: i64,
    indents: Vec<i64>,
    pub(crate) flow: usize,
    pub(crate) key_allowed: bool,
    keys: Vec<SimpleKey>,
    done: bool,
}

pub(crate) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}
pub(crate) fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}
/// Blank, line break or end of text.
pub(crate) fn is_gap(c: char) -> bool {
    is_blank(c) || is_break(c) || c == '\0'
}

impl Scanner {
    /// A scanner over `text`, which must hold no NUL (it stands for the end).
    pub(crate) fn new(text: &str) -> Self {
        let mut chars: Vec<char> = text.chars().collect();
        chars.extend(['\0'; 4]);
        Scanner {
            chars,
            mark: Mark::default(),
            tokens: VecDeque::new(),
            taken: 0,
            indent: -1,
            indents: Vec::new(),
            flow: 0,
            key_allowed: true,
            keys: vec![SimpleKey::default()],
            done: false,
        }
    }

    pub(crate) fn at(&self, n: usize) -> char {
        self.chars.get(self.mark.index + n).copied().unwrap_or('\0')
    }

    /// Steps over one character that is not a line break.
    pub(crate) fn skip(&mut self) {
        self.mark.index += 1;
        self.mark.col += 1;
    }

    /// Steps over a line break and returns what it counts as.
    pub(crate) fn line_break(&mut self) -> char {
        let c = self.at(0);
        self.mark.index += if c == '\r' && self.at(1) == '\n' { 2 } else { 1 };
        self.mark.line += 1;
        self.mark.col = 0;
        if matches!(c, '\u{2028}' | '\u{2029}') { c } else { '\n' }
    }

    pub(crate) fn fail<T>(&self, context: &'static str, text: &str) -> Result<T, Problem> {
        Err(Problem { context, text: text.into(), mark: self.mark })
    }

    /// Whether a `---` or `...` of its own stands here.
    pub(crate) fn at_document_mark(&self) -> bool {
        let c = self.at(0);
        self.mark.col == 0 && (c == '-' || c == '.') && self.at(1) == c && self.at(2) == c && is_gap(self.at(3))
    }

    /// The next token, not yet taken.
    pub(crate) fn peek(&mut self) -> Result<&Token, Problem> {
        self.fill()?;
        match self.tokens.front() {
            Some(t) => Ok(t),
            None => Err(Problem { context: "", text: "unexpected end of the stream".into(), mark: self.mark }),
        }
    }

    /// Takes the next token.
    pub(crate) fn next(&mut self) -> Result<Token, Problem> {
        self.fill()?;
        self.taken += 1;
        match self.tokens.pop_front() {
            Some(t) => Ok(t),
            None => self.fail("", "unexpected end of the stream"),
        }
    }

    /// Scans until the first token in the queue is settled: no later colon can put a key before it.
    fn fill(&mut self) -> Result<(), Problem> {
        loop {
            if !self.tokens.is_empty() {
                self.drop_stale_keys()?;
                if !self.keys.iter().any(|k| k.possible && k.token == self.taken) {
                    return Ok(());
                }
            }
            if self.done {
                return Ok(());
            }
            self.fetch()?;
        }
    }

    fn push(&mut self, kind: Kind, start: Mark) {
        self.tokens.push_back(Token { kind, start, end: self.mark });
    }

    fn fetch(&mut self) -> Result<(), Problem> {
        self.skip_gap();
        self.drop_stale_keys()?;
        self.unroll(i64::from(self.mark.col));
        let (c, next) = (self.at(0), self.at(1));
        if c == '\0' && self.mark.index + 4 >= self.chars.len() {
            return self.stream_end();
        }
        if self.mark.col == 0 && c == '%' {
            self.settle()?;
            return self.directive();
        }
        if self.at_document_mark() {
            self.settle()?;
            let start = self.mark;
            (0..3).for_each(|_| self.skip());
            self.push(if c == '-' { Kind::DocStart } else { Kind::DocEnd }, start);
            return Ok(());
        }
        let flow = self.flow > 0;
        match c {
            '[' | '{' => {
                self.save_key()?;
                self.keys.push(SimpleKey::default());
                self.flow += 1;
                self.key_allowed = true;
                self.single(if c == '[' { Kind::FlowSeq } else { Kind::FlowMap });
            }
            ']' | '}' => {
                self.remove_key()?;
                if flow {
                    self.flow -= 1;
                    self.keys.pop();
                }
                self.key_allowed = false;
                self.single(if c == ']' { Kind::FlowSeqEnd } else { Kind::FlowMapEnd });
            }
            ',' => {
                self.remove_key()?;
                self.key_allowed = true;
                self.single(Kind::FlowEntry);
            }
            '-' if is_gap(next) => self.block_entry()?,
            '?' if flow || is_gap(next) => self.key()?,
            ':' if flow || is_gap(next) => self.value()?,
            '*' | '&' => {
                self.save_key()?;
                self.key_allowed = false;
                let start = self.mark;
                let name = self.anchor(c)?;
                self.push(if c == '*' { Kind::Alias(name) } else { Kind::Anchor(name) }, start);
            }
            '!' => {
                self.save_key()?;
                self.key_allowed = false;
                let start = self.mark;
                let (handle, suffix) = self.tag()?;
                self.push(Kind::Tag { handle, suffix }, start);
            }
            '|' | '>' if !flow => {
                self.remove_key()?;
                self.key_allowed = true;
                let start = self.mark;
                let (text, end) = self.block_scalar(c == '|')?;
                self.tokens.push_back(Token { kind: Kind::Scalar { text, plain: false }, start, end });
            }
            '\'' | '"' => {
                self.save_key()?;
                self.key_allowed = false;
                let start = self.mark;
                let text = self.quoted(c)?;
                self.push(Kind::Scalar { text, plain: false }, start);
            }
            _ if self.starts_plain(c, next) => {
                self.save_key()?;
                self.key_allowed = false;
                let start = self.mark;
                let (text, end) = self.plain()?;
                self.tokens.push_back(Token { kind: Kind::Scalar { text, plain: true }, start, end });
            }
            _ => return self.fail("while scanning for the next token", "found character that cannot start any token"),
        }
        Ok(())
    }

    fn starts_plain(&self, c: char, next: char) -> bool {
        match c {
            '-' => !is_blank(next),
            '?' | ':' => self.flow == 0 && !is_gap(next),
            _ => !is_gap(c) && !"-?:,[]{}#&*!|>'\"%@`".contains(c),
        }
    }

    fn single(&mut self, kind: Kind) {
        let start = self.mark;
        self.skip();
        self.push(kind, start);
    }

    /// Blanks, comments and line breaks between tokens. A tab may not stand where it could be taken for indentation.
    fn skip_gap(&mut self) {
        loop {
            if self.mark.index == 0 && self.at(0) == '\u{feff}' {
                self.mark.index += 1;
            }
            while self.at(0) == ' ' || (self.at(0) == '\t' && (self.flow > 0 || !self.key_allowed)) {
                self.skip();
            }
            if self.at(0) == '#' {
                while !(is_break(self.at(0)) || self.at(0) == '\0') {
                    self.skip();
                }
            }
            if !is_break(self.at(0)) {
                return;
            }
            self.line_break();
            if self.flow == 0 {
                self.key_allowed = true;
            }
        }
    }

    fn drop_stale_keys(&mut self) -> Result<(), Problem> {
        let mark = self.mark;
        for k in self.keys.iter_mut().filter(|k| k.possible) {
            if k.mark.line < mark.line || k.mark.index + MAX_KEY < mark.index {
                if k.required {
                    return self.fail("while scanning a simple key", "could not find expected ':'");
                }
                k.possible = false;
            }
        }
        Ok(())
    }

    fn save_key(&mut self) -> Result<(), Problem> {
        let required = self.flow == 0 && self.indent == i64::from(self.mark.col);
        if self.key_allowed {
            self.remove_key()?;
            let key = SimpleKey { possible: true, required, token: self.taken + self.tokens.len(), mark: self.mark };
            if let Some(k) = self.keys.last_mut() {
                *k = key;
            }
        }
        Ok(())
    }

    fn remove_key(&mut self) -> Result<(), Problem> {
        let Some(k) = self.keys.last_mut() else { return Ok(()) };
        if k.possible && k.required {
            return self.fail("while scanning a simple key", "could not find expected ':'");
        }
        k.possible = false;
        Ok(())
    }

    /// Closes every block that is indented deeper than `col`.
    fn unroll(&mut self, col: i64) {
        while self.flow == 0 && self.indent > col {
            self.push(Kind::BlockEnd, self.mark);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    /// Opens a block at `mark` where that is deeper than the current one; `before` is the number of the token that
    /// the opening goes in front of.
    fn roll(&mut self, mark: Mark, before: Option<usize>, kind: Kind) {
        let col = i64::from(mark.col);
        if self.flow == 0 && self.indent < col {
            self.indents.push(std::mem::replace(&mut self.indent, col));
            let place = before.map_or(self.tokens.len(), |n| n - self.taken);
            self.tokens.insert(place, Token { kind, start: mark, end: mark });
        }
    }

    /// Ends all blocks, before a directive, a document mark or the end.
    fn settle(&mut self) -> Result<(), Problem> {
        self.unroll(-1);
        self.remove_key()?;
        self.key_allowed = false;
        Ok(())
    }

    fn stream_end(&mut self) -> Result<(), Problem> {
        if self.mark.col != 0 {
            self.mark.col = 0;
            self.mark.line += 1;
        }
        self.settle()?;
        self.push(Kind::StreamEnd, self.mark);
        self.done = true;
        Ok(())
    }

    fn block_entry(&mut self) -> Result<(), Problem> {
        if self.flow == 0 {
            if !self.key_allowed {
                return self.fail("", "block sequence entries are not allowed in this context");
            }
            self.roll(self.mark, None, Kind::BlockSeq);
        }
        self.remove_key()?;
        self.key_allowed = true;
        self.single(Kind::BlockEntry);
        Ok(())
    }

    fn key(&mut self) -> Result<(), Problem> {
        if self.flow == 0 {
            if !self.key_allowed {
                return self.fail("", "mapping keys are not allowed in this context");
            }
            self.roll(self.mark, None, Kind::BlockMap);
        }
        self.remove_key()?;
        self.key_allowed = self.flow == 0;
        self.single(Kind::Key);
        Ok(())
    }

    fn value(&mut self) -> Result<(), Problem> {
        let key = self.keys.last().copied().unwrap_or_default();
        if key.possible {
            let token = Token { kind: Kind::Key, start: key.mark, end: key.mark };
            self.tokens.insert(key.token - self.taken, token);
            self.roll(key.mark, Some(key.token), Kind::BlockMap);
            if let Some(k) = self.keys.last_mut() {
                k.possible = false;
            }
            self.key_allowed = false;
        } else {
            if self.flow == 0 {
                if !self.key_allowed {
                    return self.fail("", "mapping values are not allowed in this context");
                }
                self.roll(self.mark, None, Kind::BlockMap);
            }
            self.key_allowed = self.flow == 0;
        }
        self.single(Kind::Value);
        Ok(())
    }

    fn directive(&mut self) -> Result<(), Problem> {
        let start = self.mark;
        let kind = self.directive_body()?;
        self.push(kind, start);
        while is_blank(self.at(0)) {
            self.skip();
        }
        if self.at(0) == '#' {
            while !(is_break(self.at(0)) || self.at(0) == '\0') {
                self.skip();
            }
        }
        if !(is_break(self.at(0)) || self.at(0) == '\0') {
            return self.fail("while scanning a directive", "did not find expected comment or line break");
        }
        if is_break(self.at(0)) {
            self.line_break();
        }
        Ok(())
    }
}
