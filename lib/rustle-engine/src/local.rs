//! Filters and tests that look at the controller's file system and environment.

use rustle_jinja::{Args, Error};
use rustle_value::{Value, py_str};
use std::path::{Component, Path, PathBuf};

/// The filter's answer; `None` where it is none of these.
pub(crate) fn filter(name: &str, input: &Value, _: &Args) -> Option<Result<Value, Error>> {
    let text = py_str(input);
    Some(Ok(match name {
        "realpath" => Value::from(real(&text)),
        "expanduser" => Value::from(home(&text)),
        "expandvars" => Value::from(variables(&text)),
        "abspath" => Value::from(std::path::absolute(&text).map_or(text, |p| p.to_string_lossy().into_owned())),
        _ => return None,
    }))
}

/// The test's answer; `None` where it is none of these.
pub(crate) fn test(name: &str, input: &Value, args: &Args) -> Option<Result<bool, Error>> {
    let text = py_str(input);
    let path = Path::new(&text);
    Some(Ok(match name {
        "exists" => path.exists(),
        "file" | "is_file" => path.is_file(),
        "directory" | "is_dir" => path.is_dir(),
        "link" | "is_link" => path.is_symlink(),
        "link_exists" => path.symlink_metadata().is_ok(),
        #[cfg(not(unix))]
        "same_file" | "is_same_file" => path.canonicalize().is_ok_and(|a| std::fs::canonicalize(args.pos.first().map(py_str).unwrap_or_default()).is_ok_and(|b| a == b)),
        #[cfg(not(unix))]
        "mount" | "is_mount" => path.parent().is_none(),
        #[cfg(unix)]
        "same_file" | "is_same_file" => {
            use std::os::unix::fs::MetadataExt;
            let other = args.pos.first().map(py_str).unwrap_or_default();
            match (std::fs::metadata(path), std::fs::metadata(other)) {
                (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
                (Err(e), _) | (_, Err(e)) => return Some(Err(Error::runtime(format!("{text}: {e}")))),
            }
        }
        #[cfg(unix)]
        "mount" | "is_mount" => {
            use std::os::unix::fs::MetadataExt;
            match (std::fs::symlink_metadata(path), std::fs::symlink_metadata(path.join(".."))) {
                (Ok(a), Ok(b)) => a.is_dir() && (a.dev() != b.dev() || a.ino() == b.ino()),
                _ => false,
            }
        }
        _ => return None,
    }))
}

/// All links followed, as far as the path is there; the rest is taken by its letters.
fn real(text: &str) -> String {
    let whole = std::path::absolute(if text.is_empty() { "." } else { text }).unwrap_or_else(|_| text.into());
    let mut known = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::CurDir => {}
            // What lies above a folder that is not there is what stands before it.
            Component::ParentDir => {
                known.pop();
            }
            part => {
                known.push(part);
                if let Ok(found) = known.canonicalize() {
                    known = found;
                }
            }
        }
    }
    known.to_string_lossy().into_owned()
}

fn home(text: &str) -> String {
    let Some(rest) = text.strip_prefix('~') else { return text.to_owned() };
    let (user, tail) = rest.find('/').map_or((rest, ""), |i| rest.split_at(i));
    let folder = if user.is_empty() {
        std::env::var("HOME").ok()
    } else {
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        users.lines().find_map(|l| {
            let fields: Vec<&str> = l.split(':').collect();
            (fields.first() == Some(&user)).then(|| fields.get(5).map(|s| (*s).to_owned())).flatten()
        })
    };
    folder.map_or_else(|| text.to_owned(), |f| format!("{}{tail}", f.trim_end_matches('/')))
}

/// `$NAME` and `${NAME}`; what is not set stays.
fn variables(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(i) = rest.find('$') {
        out.push_str(&rest[..i]);
        let tail = &rest[i + 1..];
        let word = |s: &str| s.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(s.len());
        let (name, used) = match tail.strip_prefix('{') {
            Some(inner) => match inner.find('}') {
                Some(end) => (&inner[..end], end + 2),
                None => ("", 0),
            },
            None => (&tail[..word(tail)], word(tail)),
        };
        match std::env::var(name) {
            Ok(v) if !name.is_empty() => out.push_str(&v),
            _ => {
                out.push('$');
                out.push_str(&tail[..used]);
            }
        }
        rest = &tail[used..];
    }
    out.push_str(rest);
    out
}
