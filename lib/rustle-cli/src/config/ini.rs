//! Ini files as Python's `configparser` reads `ansible.cfg`: `#` and `;` begin comment lines, ` ;` ends a value,
//! indented lines continue it.

use std::collections::HashMap;

/// `section.key` → value. Keys are lower-case.
pub(super) fn parse(text: &str) -> Result<HashMap<String, String>, String> {
    let mut out: HashMap<String, String> = HashMap::new();
    let mut section = None;
    let mut last: Option<String> = None;
    for (n, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        let value_of = |v: &str| {
            let v = v.trim();
            v.find(" ;").or_else(|| v.find("\t;")).map_or(v, |i| v[..i].trim_end()).to_owned()
        };
        if line.starts_with([' ', '\t'])
            && let Some(key) = &last
        {
            if let Some(v) = out.get_mut(key) {
                v.push('\n');
                v.push_str(&value_of(trimmed));
            }
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[') {
            let Some(end) = name.find(']') else { return Err(format!("line {}: section without ']': {trimmed}", n + 1)) };
            section = Some(name[..end].to_owned());
            last = None;
            continue;
        }
        let Some(section) = &section else {
            return Err(format!("File contains no section headers. line {}: {trimmed:?}", n + 1));
        };
        let (key, value) = trimmed.split_once(['=', ':']).unwrap_or((trimmed, ""));
        let key = format!("{section}.{}", key.trim().to_lowercase());
        out.insert(key.clone(), value_of(value));
        last = Some(key);
    }
    Ok(out)
}
