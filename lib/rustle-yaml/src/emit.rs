//! How YAML text is laid out: indicators, indentation, and the four ways to write a scalar, as libyaml's emitter
//! chooses and folds them.

use crate::scan::{is_break, is_gap};
use std::borrow::Cow;
use std::fmt::Write as _;

/// A scalar to write.
pub(crate) struct Scalar<'a> {
    pub text: Cow<'a, str>,
    /// Whether the plain text, or the quoted text, would be read back as the same type without a tag.
    pub plain: bool,
    pub quoted: bool,
    /// A tag to write in front, where neither would.
    pub tag: Option<&'static str>,
    /// The style asked for: a quote, `|`, `>`, or plain.
    pub style: Option<char>,
}

/// What a text allows.
struct Analysis {
    multiline: bool,
    flow_plain: bool,
    block_plain: bool,
    single: bool,
    block: bool,
}

pub(crate) struct Emitter {
    out: String,
    column: i64,
    indent: i64,
    indents: Vec<i64>,
    best_indent: i64,
    width: i64,
    unicode: bool,
    flow: usize,
    /// The last character was a space or the like.
    whitespace: bool,
    /// Only indentation and indicators are on the line so far.
    indention: bool,
    /// The last thing written was a `|+` block, which only a document mark ends.
    open_ended: bool,
}

/// libyaml's idea of printable, which leaves out the characters beyond U+FFFF.
fn printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && c != '\u{feff}'
}

impl Emitter {
    pub(crate) fn new(indent: i64, width: i64, unicode: bool) -> Self {
        let best_indent = if (2..=9).contains(&indent) { indent } else { 2 };
        let width = match width {
            w if w < 0 => i64::MAX,
            w if w <= best_indent * 2 => 80,
            w => w,
        };
        Emitter {
            out: String::new(),
            column: 0,
            indent: -1,
            indents: Vec::new(),
            best_indent,
            width,
            unicode,
            flow: 0,
            whitespace: true,
            indention: true,
            open_ended: false,
        }
    }

    pub(crate) fn in_flow(&self) -> bool {
        self.flow > 0
    }

    pub(crate) fn document_start(&mut self) {
        self.indicator("---", true, false, false);
    }

    pub(crate) fn finish(mut self, explicit_end: bool) -> String {
        self.indent = 0;
        if !self.out.ends_with('\n') {
            self.new_line();
        }
        if explicit_end || self.open_ended {
            self.out.push_str("...\n");
        }
        self.out
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn new_line(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    fn put_break(&mut self, c: char) {
        self.out.push(if c == '\r' { '\n' } else { c });
        self.column = 0;
    }

    fn indicator(&mut self, text: &str, gap_before: bool, gap_after: bool, indention: bool) {
        if gap_before && !self.whitespace {
            self.put(' ');
        }
        text.chars().for_each(|c| self.put(c));
        self.whitespace = gap_after;
        self.indention = self.indention && indention;
        self.open_ended = false;
    }

    fn write_indent(&mut self) {
        let indent = self.indent.max(0);
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.new_line();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn increase_indent(&mut self, flow: bool, indentless: bool) {
        self.indents.push(self.indent);
        if self.indent < 0 {
            self.indent = if flow { self.best_indent } else { 0 };
        } else if !indentless {
            self.indent += self.best_indent;
        }
    }

    pub(crate) fn seq_start(&mut self, flow: bool, in_map: bool) {
        if flow {
            self.indicator("[", true, true, false);
            self.flow += 1;
        }
        self.increase_indent(flow, !flow && in_map && !self.indention);
    }

    pub(crate) fn map_start(&mut self, flow: bool) {
        if flow {
            self.indicator("{", true, true, false);
            self.flow += 1;
        }
        self.increase_indent(flow, false);
    }

    pub(crate) fn collection_end(&mut self, flow: bool, close: &str) {
        self.indent = self.indents.pop().unwrap_or(-1);
        if flow {
            self.flow -= 1;
            self.indicator(close, false, false, false);
        }
    }

    fn separate(&mut self, first: bool) {
        if !first {
            self.indicator(",", false, false, false);
        }
        if self.column > self.width {
            self.write_indent();
        }
    }

    pub(crate) fn item(&mut self, flow: bool, first: bool) {
        if flow {
            self.separate(first);
        } else {
            self.write_indent();
            self.indicator("-", true, false, true);
        }
    }

    pub(crate) fn key(&mut self, flow: bool, first: bool, simple: bool) {
        if flow {
            self.separate(first);
        } else {
            self.write_indent();
        }
        if !simple {
            self.indicator("?", true, false, !flow);
        }
    }

    pub(crate) fn value(&mut self, flow: bool, simple: bool) {
        if simple {
            return self.indicator(":", false, false, false);
        }
        if !flow || self.column > self.width {
            self.write_indent();
        }
        self.indicator(":", true, false, !flow);
    }

    pub(crate) fn scalar(&mut self, s: &Scalar<'_>, key: bool) {
        let a = self.analyse(&s.text);
        let (mut style, mut tag) = (s.style, s.tag);
        if key && a.multiline {
            style = Some('"');
        }
        if style.is_none() {
            let allowed = if self.in_flow() { a.flow_plain } else { a.block_plain };
            let empty = s.text.is_empty() && (self.in_flow() || key);
            if !allowed || empty || (tag.is_none() && !s.plain) {
                style = Some('\'');
            }
        }
        if style == Some('\'') && !a.single {
            style = Some('"');
        }
        if matches!(style, Some('|' | '>')) && (!a.block || self.in_flow() || key) {
            style = Some('"');
        }
        if tag.is_none() && !s.quoted && style.is_some() {
            tag = Some("!");
        }
        if let Some(tag) = tag {
            self.indicator(tag, true, false, false);
        }
        self.increase_indent(true, false);
        match style {
            None => self.plain(&s.text, !key),
            Some('\'') => self.single(&s.text, !key),
            Some('|') => self.literal(&s.text),
            Some('>') => self.folded(&s.text),
            Some(_) => self.double(&s.text, !key),
        }
        self.indent = self.indents.pop().unwrap_or(-1);
    }

    fn analyse(&self, text: &str) -> Analysis {
        if text.is_empty() {
            return Analysis { multiline: false, flow_plain: false, block_plain: true, single: true, block: false };
        }
        let mut flow_indicator = text.starts_with("---") || text.starts_with("...");
        let mut block_indicator = flow_indicator;
        let (mut breaks, mut special, mut space_break, mut break_space) = (false, false, false, false);
        let mut before = None;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let gap_after = chars.peek().is_none_or(|&n| is_gap(n));
            let gap_before = before.is_none_or(is_gap);
            match (c, before.is_none()) {
                ('#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`', true) => {
                    flow_indicator = true;
                    block_indicator = true;
                }
                ('?' | ':', true) | (':', false) => {
                    flow_indicator = true;
                    block_indicator |= gap_after;
                }
                ('-', true) if gap_after => {
                    flow_indicator = true;
                    block_indicator = true;
                }
                (',' | '?' | '[' | ']' | '{' | '}', false) => flow_indicator = true,
                ('#', false) if gap_before => {
                    flow_indicator = true;
                    block_indicator = true;
                }
                _ => {}
            }
            special |= !printable(c) || (!c.is_ascii() && !self.unicode);
            breaks |= is_break(c);
            break_space |= c == ' ' && before.is_some_and(is_break);
            space_break |= is_break(c) && before == Some(' ');
            before = Some(c);
        }
        let edge = |c: Option<char>| c.is_some_and(|c| c == ' ' || is_break(c));
        let edges = edge(text.chars().next()) || edge(text.chars().next_back());
        let odd = space_break || special;
        let plain = !edges && !break_space && !odd && !breaks;
        Analysis {
            multiline: breaks,
            flow_plain: plain && !flow_indicator,
            block_plain: plain && !block_indicator,
            single: !break_space && !odd,
            block: !text.ends_with(' ') && !odd,
        }
    }

    fn plain(&mut self, text: &str, fold: bool) {
        if !self.whitespace && (!text.is_empty() || self.in_flow()) {
            self.put(' ');
        }
        let mut spaces = false;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c == ' ' && fold && !spaces && self.column > self.width && chars.peek() != Some(&' ') {
                self.write_indent();
            } else {
                self.put(c);
            }
            spaces = c == ' ';
            self.indention &= c == ' ';
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn single(&mut self, text: &str, fold: bool) {
        self.indicator("'", true, false, false);
        let (mut spaces, mut breaks, mut first) = (false, false, true);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let next = chars.peek().copied();
            if c == ' ' {
                if fold && !spaces && self.column > self.width && !first && next.is_some_and(|n| n != ' ') {
                    self.write_indent();
                } else {
                    self.put(c);
                }
                spaces = true;
            } else if is_break(c) {
                if !breaks && c == '\n' {
                    self.new_line();
                }
                self.put_break(c);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                }
                if c == '\'' {
                    self.put('\'');
                }
                self.put(c);
                self.indention = false;
                spaces = false;
                breaks = false;
            }
            first = false;
        }
        if breaks {
            self.write_indent();
        }
        self.indicator("'", false, false, false);
        self.whitespace = false;
        self.indention = false;
    }

    fn double(&mut self, text: &str, fold: bool) {
        self.indicator("\"", true, false, false);
        let (mut spaces, mut first) = (false, true);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let next = chars.peek().copied();
            if !printable(c) || (!self.unicode && !c.is_ascii()) || is_break(c) || matches!(c, '"' | '\\') {
                let escape = escape(c);
                escape.chars().for_each(|c| self.put(c));
                spaces = false;
            } else if c == ' ' {
                if fold && !spaces && self.column > self.width && !first && next.is_some() {
                    self.write_indent();
                    if next == Some(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(c);
                }
                spaces = true;
            } else {
                self.put(c);
                spaces = false;
            }
            first = false;
        }
        self.indicator("\"", false, false, false);
        self.whitespace = false;
        self.indention = false;
    }

    /// The indicator of a block scalar with its hints, and the end of that line.
    fn block_head(&mut self, mark: &str, text: &str) {
        self.indicator(mark, true, false, false);
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            let hint = self.best_indent.to_string();
            self.indicator(&hint, false, false, false);
        }
        let mut back = text.chars().rev();
        if !back.next().is_some_and(is_break) {
            self.indicator("-", false, false, false);
        } else if back.next().is_none_or(is_break) {
            self.indicator("+", false, false, false);
            self.open_ended = true;
        }
        self.new_line();
        self.indention = true;
        self.whitespace = true;
    }

    fn literal(&mut self, text: &str) {
        self.block_head("|", text);
        let mut breaks = true;
        for c in text.chars() {
            if is_break(c) {
                self.put_break(c);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                }
                self.put(c);
                self.indention = false;
                breaks = false;
            }
        }
    }

    fn folded(&mut self, text: &str) {
        self.block_head(">", text);
        let (mut breaks, mut leading) = (true, true);
        let chars: Vec<char> = text.chars().collect();
        for (i, &c) in chars.iter().enumerate() {
            if is_break(c) {
                if !breaks && !leading && c == '\n' {
                    let after = chars[i..].iter().find(|c| !is_break(**c));
                    if after.is_some_and(|&c| !is_gap(c)) {
                        self.new_line();
                    }
                }
                self.put_break(c);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                    leading = c == ' ' || c == '\t';
                }
                let next = chars.get(i + 1);
                if !breaks && c == ' ' && next != Some(&' ') && self.column > self.width {
                    self.write_indent();
                } else {
                    self.put(c);
                }
                self.indention = false;
                breaks = false;
            }
        }
    }
}

fn escape(c: char) -> String {
    let short = match c {
        '\0' => "\\0",
        '\x07' => "\\a",
        '\x08' => "\\b",
        '\t' => "\\t",
        '\n' => "\\n",
        '\x0b' => "\\v",
        '\x0c' => "\\f",
        '\r' => "\\r",
        '\x1b' => "\\e",
        '"' => "\\\"",
        '\\' => "\\\\",
        '\u{85}' => "\\N",
        '\u{a0}' => "\\_",
        '\u{2028}' => "\\L",
        '\u{2029}' => "\\P",
        _ => "",
    };
    let mut out = short.to_string();
    let code = c as u32;
    _ = match code {
        _ if !short.is_empty() => Ok(()),
        ..=0xff => write!(out, "\\x{code:02X}"),
        0x100..=0xffff => write!(out, "\\u{code:04X}"),
        _ => write!(out, "\\U{code:08X}"),
    };
    out
}
