//! INI as Python's `configparser` reads it, as far as local facts need it: sections, `=` or `:`, comments, lower-cased
//! option names, continuation lines, `[DEFAULT]`.

use rustle_value::{Dict, Value};

/// Sections → options → text. `Err` has a reason in words.
pub fn parse(text: &str) -> Result<Dict, String> {
    let mut sections: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut defaults: Vec<(String, String)> = Vec::new();
    let mut in_default = false;
    let mut started = false;
    for (number, raw) in text.lines().enumerate() {
        let line = raw.trim();
        if line.is_empty() || line.starts_with('#') || line.starts_with(';') {
            continue;
        }
        if raw.starts_with([' ', '\t']) && started {
            let options = if in_default { Some(&mut defaults) } else { sections.last_mut().map(|s| &mut s.1) };
            if let Some((_, value)) = options.and_then(|o| o.last_mut()) {
                value.push('\n');
                value.push_str(line);
                continue;
            }
        }
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.split_once(']')).map(|(n, _)| n) {
            started = true;
            in_default = name == "DEFAULT";
            if !in_default {
                if sections.iter().any(|(n, _)| n == name) {
                    return Err(format!("section '{name}' already exists (line {})", number + 1));
                }
                sections.push((name.to_owned(), Vec::new()));
            }
            continue;
        }
        if !started {
            return Err(format!("File contains no section headers (line {}: {line:?})", number + 1));
        }
        let at = line.find(['=', ':']).ok_or_else(|| format!("parsing error in line {}: {line:?}", number + 1))?;
        let (key, value) = (line[..at].trim().to_lowercase(), line[at + 1..].trim().to_owned());
        if in_default { &mut defaults } else { sections.last_mut().map(|s| &mut s.1).ok_or("no section")? }
            .push((key, value));
    }
    let mut out = Dict::new();
    for (name, options) in sections {
        let mut d = Dict::new();
        for (k, v) in defaults.iter().cloned().chain(options) {
            d.insert(k, v);
        }
        out.insert(name, Value::dict(d));
    }
    Ok(out)
}
