//! An error's chain of causes for a person: the joined messages, then each with its place in the source.

use rustle_stream::event::ErrorPart;
use rustle_value::Origin;

/// The messages as one: `outer: inner: innermost`.
pub(crate) fn joined(parts: &[ErrorPart]) -> String {
    let last = parts.len().saturating_sub(1);
    let texts: Vec<&str> = parts
        .iter()
        .enumerate()
        // The innermost is shown as it was said, with line ends at its end.
        .map(|(i, p)| if i == last { p.message.as_str() } else { p.message.trim().trim_end_matches('.') })
        .filter(|t| !t.trim().is_empty())
        .collect();
    texts.join(": ")
}

/// Everything after `[ERROR]: `. Ends with an empty line where places are shown.
pub(crate) fn describe(parts: &[ErrorPart]) -> String {
    let merged = merge(parts);
    let whole = joined(parts);
    if let [only] = &merged[..] {
        let context = context(only);
        return if context.is_empty() { whole } else { format!("{whole}{context}") };
    }
    let last = merged.len().saturating_sub(1);
    let sections: Vec<String> = merged
        .iter()
        .enumerate()
        .map(|(i, p)| {
            let mut message = p.message.trim().to_owned();
            if i != last && !message.ends_with(['.', '!', '?']) {
                message.push('.');
            }
            // A cause of one line that stands nowhere has its advice in the same line.
            if let (1.., None, Some(help), false) = (i, &p.origin, &p.help, message.contains('\n')) {
                return format!("{message} {}\n", help.trim());
            }
            let context = context(p);
            if context.is_empty() { message + "\n" } else { message + &context }
        })
        .collect();
    format!("{whole}\n\n{}", sections.join("\n<<< caused by >>>\n\n"))
}

/// Joins each cause that adds no place and no advice to the message before it.
fn merge(parts: &[ErrorPart]) -> Vec<ErrorPart> {
    let mut merged: Vec<ErrorPart> = Vec::new();
    for part in parts {
        match merged.last_mut() {
            Some(before) if !part.apart && part.help.is_none() && (part.origin.is_none() || part.origin == before.origin) => {
                before.message = joined(&[before.clone(), part.clone()]);
            }
            _ => merged.push(part.clone()),
        }
    }
    merged
}

/// The place and the advice of one part, beginning and ending with a line break; or nothing.
fn context(part: &ErrorPart) -> String {
    let mut text = String::new();
    if let Some(origin) = &part.origin {
        let file = if origin.file.starts_with('<') { origin.file.to_string() } else { absolute(&origin.file) };
        let origin = Origin { file: file.into(), ..origin.clone() };
        text.push_str(&format!("\n{}\n", rustle_yaml::excerpt_from_file(&origin)));
    }
    if let Some(help) = &part.help {
        let gap = if text.is_empty() { "\n\n" } else { "\n" };
        text.push_str(&format!("{gap}{}\n", help.trim()));
    }
    text
}

/// A path as Ansible shows it.
pub(crate) fn absolute(file: &str) -> String {
    std::path::absolute(file).map_or_else(|_| file.to_owned(), |p| p.display().to_string())
}
