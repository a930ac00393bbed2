//! `-e`: variables as `key=value` words, as YAML or JSON, or from a file (`@name`). Later ones win.
//!
//! Values of words are text, as Ansible has it; templates in them are rendered, since the user wrote them.

use rustle_value::{Dict, Origin, Value};
use rustle_yaml::Trust;

const PLACE: &str = "<CLI option '-e'>";

/// Reads a file's text (decrypted where it is vaulted).
pub type ReadFile<'r> = &'r dyn Fn(&str) -> Result<String, String>;

/// Why extra variables cannot be used; the message is for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadExtraVars(pub String);

/// All `-e` arguments as one dict.
///
/// # Errors
/// A file that cannot be read, text that is no YAML, or data that is no dict.
pub fn extra_vars(given: &[String], read: ReadFile<'_>) -> Result<Dict, BadExtraVars> {
    let mut all = Dict::new();
    for text in given {
        let first = text.trim_start().chars().next();
        let data = match first {
            None => continue,
            Some('@') => {
                let name = &text.trim_start()[1..];
                yaml(&read(name).map_err(BadExtraVars)?, name)?
            }
            Some('/' | '.') => {
                let hint = "Please prepend extra_vars filename '{}' with '@'".replace("{}", text);
                return Err(BadExtraVars(hint));
            }
            Some('{' | '[') => yaml(text, PLACE)?,
            Some(_) => words(text)?.into(),
        };
        match data {
            Value::Dict(d) => all.update(&d),
            // An empty file says nothing.
            Value::Null => {}
            _ => {
                let text = format!("Invalid extra vars data supplied. '{text}' could not be made into a dictionary");
                return Err(BadExtraVars(text));
            }
        }
    }
    Ok(all)
}

fn yaml(text: &str, name: &str) -> Result<Value, BadExtraVars> {
    rustle_yaml::parse_value(text, name, Trust::Trusted).map_err(|e| BadExtraVars(e.to_string()))
}

/// `a=1 b='two words' c={{ x + y }}`. Words without `=` are passed over, as Ansible passes them over.
fn words(text: &str) -> Result<Dict, BadExtraVars> {
    let mut d = Dict::new();
    for word in split(text)? {
        let Some((key, value)) = word.split_once('=') else { continue };
        let value = value.strip_prefix(['\'', '"']).and_then(|v| {
            let quote = word.as_bytes()[key.len() + 1] as char;
            v.strip_suffix(quote)
        }).unwrap_or(value);
        d.insert(key.trim(), Value::trusted(value, Some(Origin::new(PLACE, 0, 0))));
    }
    Ok(d)
}

/// Words at blanks, but not within quotes or `{{ }}`.
fn split(text: &str) -> Result<Vec<String>, BadExtraVars> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut quote, mut depth) = (None, 0_u32);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() && depth == 0 => {
                words.push(std::mem::take(&mut word));
                continue;
            }
            (None, '\'' | '"') if depth == 0 => quote = Some(c),
            (Some(q), c) if c == q => quote = None,
            (None, '{') if chars.peek() == Some(&'{') => depth += 1,
            (None, '}') if chars.peek() == Some(&'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        word.push(c);
    }
    if quote.is_some() || depth > 0 {
        return Err(BadExtraVars(format!("failed at splitting arguments, either an unbalanced jinja2 block or quotes: {text}")));
    }
    words.push(word);
    words.retain(|w| !w.is_empty());
    Ok(words)
}
