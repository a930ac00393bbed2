//! `fileglob`: files of the controller that match a pattern; no folders.

use super::{Lookup, finder, terms};
use rustle_playbook::paths;
use rustle_value::Value;

pub(crate) static LOOKUP: Lookup = Lookup {
    name: "fileglob",
    run: |world, args, cx| {
        let finder = finder(world, cx);
        let mut out = Vec::new();
        for term in terms(&args) {
            let pattern = paths::base(&term).to_owned();
            let dir = paths::parent(&term);
            let folders: Vec<String> = if term.contains('/') {
                finder.places("files", if dir.is_empty() { "/" } else { dir })
            } else {
                let mut all: Vec<String> = finder.search_path.iter().chain([&finder.basedir]).flat_map(|p| [paths::join(p, "files"), p.clone()]).collect();
                all.dedup();
                all
            };
            if let Some(found) = folders.iter().map(|f| files_like(&paths::join(f, &pattern))).find(|l| !l.is_empty()) {
                out.extend(found.into_iter().map(Value::from));
            }
        }
        Ok(out)
    },
};

/// Files whose last part matches, in the order of their names.
pub(crate) fn files_like(term: &str) -> Vec<String> {
    let (folder, pattern) = (paths::parent(term), paths::base(term));
    let mut names: Vec<String> = std::fs::read_dir(if folder.is_empty() { "." } else { folder })
        .into_iter()
        .flatten()
        .filter_map(|e| e.ok()?.file_name().into_string().ok())
        .filter(|n| matches(pattern, n) && std::path::Path::new(&paths::join(folder, n)).is_file())
        .collect();
    names.sort();
    names.into_iter().map(|n| paths::join(folder, &n)).collect()
}

/// `glob.glob`'s rule for one name: `*`, `?`, `[…]`; a leading dot must be written.
fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let mut re = String::from("^");
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' => re.push_str(".*"),
            '?' => re.push('.'),
            '[' => {
                re.push('[');
                if chars.peek() == Some(&'!') {
                    chars.next();
                    re.push('^');
                }
                for c in chars.by_ref() {
                    re.push(c);
                    if c == ']' {
                        break;
                    }
                }
            }
            c => re.push_str(&regex::escape(&c.to_string())),
        }
    }
    re.push('$');
    regex::Regex::new(&re).is_ok_and(|r| r.is_match(name))
}
