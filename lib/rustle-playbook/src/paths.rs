//! Path arithmetic as Python's `os.path` does it, on text: Ansible shows paths, so their spelling matters.

use std::path::Path;

/// `os.path.join(a, b)`.
pub fn join(a: &str, b: &str) -> String {
    if b.starts_with('/') || a.is_empty() {
        b.into()
    } else if a.ends_with('/') {
        format!("{a}{b}")
    } else {
        format!("{a}/{b}")
    }
}

/// `os.path.normpath`: no `.`, `..` or doubled slashes.
pub fn normalize(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => _ = parts.pop(),
            ".." if absolute => {}
            other => parts.push(other),
        }
    }
    let body = parts.join("/");
    match (absolute, body.is_empty()) {
        (true, _) => format!("/{body}"),
        (false, true) => ".".into(),
        (false, false) => body,
    }
}

/// `os.path.dirname`.
pub fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) => "/",
        Some(i) => path[..i].trim_end_matches('/'),
        None => "",
    }
}

/// `os.path.basename`.
pub fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `~` and `$VARIABLE`s replaced, made absolute against `cwd` and normalised.
pub fn absolute(path: &str, cwd: &str) -> String {
    normalize(&join(cwd, &expand(path)))
}

/// `os.path.expanduser` for one's own home, and `os.path.expandvars`.
pub fn expand(path: &str) -> String {
    let mut out = path.to_owned();
    if let (Some(rest), Ok(home)) = (path.strip_prefix('~'), std::env::var("HOME"))
        && (rest.is_empty() || rest.starts_with('/'))
    {
        out = format!("{home}{rest}");
    }
    while let Some(i) = out.find('$') {
        let tail = &out[i + 1..];
        let braced = tail.starts_with('{');
        let name: String =
            tail[usize::from(braced)..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let Some(value) = std::env::var(&name).ok().filter(|_| !name.is_empty()) else { break };
        let end = i + 1 + name.len() + if braced { 2 } else { 0 };
        out = format!("{}{value}{}", &out[..i], out.get(end..).unwrap_or_default());
    }
    out
}

pub(crate) fn exists(path: &str) -> bool {
    Path::new(path).exists()
}
pub(crate) fn is_dir(path: &str) -> bool {
    Path::new(path).is_dir()
}
pub(crate) fn is_file(path: &str) -> bool {
    Path::new(path).is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_behave_as_in_python() {
        assert_eq!(join("a", "/b"), "/b");
        assert_eq!(join("a/", "b"), "a/b");
        assert_eq!(normalize("/a/./b/../c//d"), "/a/c/d");
        assert_eq!(normalize("../x/.."), "..");
        assert_eq!((parent("/a"), parent("a"), parent("/a/b")), ("/", "", "/a"));
    }
}
