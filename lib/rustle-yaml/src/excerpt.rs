//! The block under an error: where it is, the line and two before it, and a mark under the column.

use rustle_value::Origin;

const LINES_BEFORE: u32 = 2;
const MAX_WIDTH: usize = 120;
const CUT: &str = "...";

/// The source that belongs to an origin, as far as it may be shown.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Excerpt<'a> {
    Text(&'a str),
    /// The file on disk is encrypted: its content must not appear in messages.
    Encrypted,
    /// The text comes from no file: only the place is named.
    Nothing,
}

/// The block that Ansible prints under errors and warnings:
///
/// ```text
/// Origin: site.yml:3:19
///
/// 1 - hosts: all
/// 2   tasks:
/// 3     - debug: msg=a: b
///                     ^ column 19
/// ```
///
/// `source` is the whole text of the file. A column of 0 underlines the line, a line of 0 shows no source.
pub fn excerpt(origin: &Origin, source: &str) -> String {
    excerpt_parts(origin, &Excerpt::Text(source)).0
}

/// Like [`excerpt`], reading the file that the origin names; says why where it cannot.
pub fn excerpt_from_file(origin: &Origin) -> String {
    if origin.line == 0 {
        return excerpt(origin, "");
    }
    if origin.file.starts_with('<') {
        return excerpt_parts(origin, &Excerpt::Nothing).0;
    }
    match std::fs::read_to_string(&*origin.file) {
        Ok(text) => excerpt(origin, &text),
        Err(e) => {
            let why = match e.kind() {
                std::io::ErrorKind::NotFound => "FileNotFoundError",
                std::io::ErrorKind::PermissionDenied => "PermissionError",
                std::io::ErrorKind::IsADirectory => "IsADirectoryError",
                std::io::ErrorKind::InvalidData => "UnicodeDecodeError",
                _ => "OSError",
            };
            hidden(origin, why)
        }
    }
}

fn place(origin: &Origin) -> String {
    match (origin.line, origin.column) {
        (0, _) => origin.file.to_string(),
        (line, 0) => format!("{}:{line}", origin.file),
        _ => origin.to_string(),
    }
}

fn hidden(origin: &Origin, why: &str) -> String {
    format!("Origin: {}\n\n(source not shown: {why})", place(origin))
}

/// The block, and the line that the origin names.
pub(crate) fn excerpt_parts(origin: &Origin, source: &Excerpt<'_>) -> (String, Option<String>) {
    let text = match source {
        _ if origin.line == 0 => return (format!("Origin: {}", place(origin)), None),
        Excerpt::Nothing => return (format!("Origin: {}", place(origin)), None),
        Excerpt::Encrypted => return (hidden(origin, "content encrypted"), None),
        Excerpt::Text(t) if t.starts_with("$ANSIBLE_VAULT") => return (hidden(origin, "content encrypted"), None),
        Excerpt::Text(t) => t,
    };
    let first = origin.line.saturating_sub(LINES_BEFORE).max(1);
    let lines: Vec<&str> = lines(text).skip(first as usize - 1).take((origin.line - first + 1) as usize).collect();
    if lines.len() != (origin.line - first + 1) as usize {
        return (hidden(origin, "file truncated"), None);
    }
    let label = origin.line.to_string().len();
    let max = MAX_WIDTH - label - 1;
    let mut usable = max;
    let mut out = format!("Origin: {}\n", place(origin));
    let mut last = 0;
    for (i, line) in lines.iter().enumerate() {
        let mut shown: String = line.replace('\t', " ");
        if shown.chars().count() > max {
            usable = max - CUT.len();
            shown = shown.chars().take(usable).chain(CUT.chars()).collect();
        }
        last = shown.chars().count();
        let gap = if shown.is_empty() { "" } else { " " };
        out.push_str(&format!("\n{:>label$}{gap}{shown}", first as usize + i));
    }
    let column = origin.column as usize;
    let margin = " ".repeat(label + 1);
    if (1..=usable).contains(&column) {
        let text = format!("column {column}");
        let before = column - 1;
        if before + 2 + text.len() > max {
            out.push_str(&format!("\n{margin}{}{text} ^", " ".repeat(before.saturating_sub(text.len() + 1))));
        } else {
            out.push_str(&format!("\n{margin}{}^ {text}", " ".repeat(before)));
        }
    } else if column == 0 {
        out.push_str(&format!("\n{margin}{}", "^".repeat(last)));
    }
    (out, lines.last().map(ToString::to_string))
}

/// Lines as Python's text files have them: ended by `\n`, `\r\n` or `\r`.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text).filter(|t| !t.is_empty());
    std::iter::from_fn(move || {
        let t = rest?;
        let end = t.find(['\n', '\r']);
        let Some(i) = end else {
            rest = None;
            return Some(t);
        };
        let skip = if t[i..].starts_with("\r\n") { 2 } else { 1 };
        rest = Some(&t[i + skip..]).filter(|t| !t.is_empty());
        Some(&t[..i])
    })
}
