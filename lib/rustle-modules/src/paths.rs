//! Paths as Python's `os.path` treats them, where Rust's library differs.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// `os.path.realpath`: links resolved as far as they lead, also where the end is not there.
pub fn realpath(path: &str) -> String {
    let mut todo: Vec<std::ffi::OsString> = Path::new(path).components().rev().map(|c| c.as_os_str().to_owned()).collect();
    let mut done = if path.starts_with('/') { PathBuf::new() } else { std::env::current_dir().unwrap_or_else(|_| "/".into()) };
    let mut hops = 0;
    while let Some(part) = todo.pop() {
        match Path::new(&part).components().next() {
            Some(Component::RootDir) => done = PathBuf::from("/"),
            Some(Component::ParentDir) => {
                done.pop();
            }
            Some(Component::Normal(n)) => {
                let next = done.join(n);
                match fs::read_link(&next) {
                    Ok(target) if hops < 40 => {
                        hops += 1;
                        todo.extend(target.components().rev().map(|c| c.as_os_str().to_owned()));
                    }
                    _ => done = next,
                }
            }
            _ => {}
        }
    }
    done.to_string_lossy().into_owned()
}

/// `os.path.dirname`.
pub fn dirname(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) => "/",
        Some(i) => path[..i].trim_end_matches('/'),
        None => "",
    }
}

/// `os.path.basename`: empty behind a final slash.
pub fn basename(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `os.path.join`.
pub fn join(a: &str, b: &str) -> String {
    if b.starts_with('/') || a.is_empty() {
        b.to_string()
    } else if a.ends_with('/') {
        format!("{a}{b}")
    } else {
        format!("{a}/{b}")
    }
}

/// `os.path.normpath`.
pub fn normpath(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for p in path.split('/') {
        match p {
            "" | "." => {}
            ".." if parts.last().is_some_and(|l| *l != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            p => parts.push(p),
        }
    }
    let body = parts.join("/");
    match (absolute, body.is_empty()) {
        (true, _) => format!("/{body}"),
        (false, true) => ".".into(),
        (false, false) => body,
    }
}

/// Whether something is there, links not followed.
pub fn lexists(path: &str) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Whether a link is there.
pub fn is_link(path: &str) -> bool {
    fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_symlink())
}

/// Whether the user that we are may read it.
pub fn readable(path: &str) -> bool {
    rustix::fs::access(path, rustix::fs::Access::READ_OK).is_ok()
}

/// Whether the user that we are may write it.
pub fn writable(path: &str) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_python() {
        assert_eq!(dirname("/a"), "/");
        assert_eq!(dirname("/a/b/"), "/a/b");
        assert_eq!(dirname("a"), "");
        assert_eq!(normpath("/a/./b/../c//"), "/a/c");
        assert_eq!(join("/a", "b"), "/a/b");
        assert_eq!(realpath("/nonexistent/../x"), "/x");
    }
}
