//! Delimiters and white-space rules of a template, and the `#jinja2:` line that overrides them.

use crate::error::{Error, Result};

/// How a template is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Syntax {
    pub block_start: String,
    pub block_end: String,
    pub variable_start: String,
    pub variable_end: String,
    pub comment_start: String,
    pub comment_end: String,
    /// The newline after a statement is dropped.
    pub trim_blocks: bool,
    /// White space before a statement, from the start of its line, is dropped.
    pub lstrip_blocks: bool,
    /// What every newline of the source becomes.
    pub newline_sequence: String,
    /// A newline at the very end of the source is part of it (else it only comes back where the result is text).
    pub keep_trailing_newline: bool,
    /// Backslashes in string literals stand for themselves, as in values of a playbook; not so in template files.
    pub raw_strings: bool,
}

impl Default for Syntax {
    /// Ansible's defaults: `trim_blocks` on. Newlines at the end of the source come back at the end of a text result.
    fn default() -> Self {
        Syntax {
            block_start: "{%".into(),
            block_end: "%}".into(),
            variable_start: "{{".into(),
            variable_end: "}}".into(),
            comment_start: "{#".into(),
            comment_end: "#}".into(),
            trim_blocks: true,
            lstrip_blocks: false,
            newline_sequence: "\n".into(),
            keep_trailing_newline: false,
            raw_strings: false,
        }
    }
}

impl Syntax {
    /// Applies a first line such as `#jinja2: trim_blocks:False, variable_start_string:'[['` and returns the rest of
    /// the source; the whole source where there is no such line.
    ///
    /// # Errors
    /// A syntax error for an unknown key or a value that is no literal.
    pub fn take_header<'a>(&mut self, source: &'a str) -> Result<&'a str> {
        let Some(after) = source.strip_prefix("#jinja2:") else { return Ok(source) };
        let (line, rest) = after.split_once('\n').unwrap_or((after, ""));
        for pair in split_pairs(line) {
            let bad = |why: &str| Err(Error::syntax(format!("{why} '{}' in the jinja2 override line", pair.trim()), 1));
            let Some((key, value)) = pair.split_once(':') else { return bad("missing ':' after") };
            let (key, value) = (key.trim(), value.trim());
            let text = literal(value);
            let flag = match value {
                "True" | "true" => Some(true),
                "False" | "false" => Some(false),
                _ => None,
            };
            let slot = match key {
                "block_start_string" => &mut self.block_start,
                "block_end_string" => &mut self.block_end,
                "variable_start_string" => &mut self.variable_start,
                "variable_end_string" => &mut self.variable_end,
                "comment_start_string" => &mut self.comment_start,
                "comment_end_string" => &mut self.comment_end,
                "newline_sequence" => &mut self.newline_sequence,
                "trim_blocks" | "lstrip_blocks" | "keep_trailing_newline" => {
                    let Some(b) = flag else { return bad("expected True or False in") };
                    match key {
                        "trim_blocks" => self.trim_blocks = b,
                        "lstrip_blocks" => self.lstrip_blocks = b,
                        _ => self.keep_trailing_newline = b,
                    }
                    continue;
                }
                _ => return bad("unknown option"),
            };
            match text {
                Some(t) => *slot = t,
                None => return bad("expected a string in"),
            }
        }
        Ok(rest)
    }
}

/// Splits at commas outside quotes.
fn split_pairs(line: &str) -> Vec<&str> {
    let (mut out, mut start, mut quote) = (Vec::new(), 0, None);
    for (i, c) in line.char_indices() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            (None, ',') => {
                out.push(&line[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    out.push(&line[start..]);
    out.retain(|p| !p.trim().is_empty());
    out
}

/// A quoted string with the escapes that occur here (`\n`, `\r`, `\t`, `\\`).
fn literal(s: &str) -> Option<String> {
    let quote = s.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let inner = s.strip_prefix(quote)?.strip_suffix(quote)?;
    Some(inner.replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\"))
}
