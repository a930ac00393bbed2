//! Which Python has ansible-core: the one that the user names, that of an installed `ansible-playbook`, the usual one.

use std::path::{Path, PathBuf};

/// Pythons to try, best first. Nothing is started to find out.
pub fn candidates() -> Vec<String> {
    if let Some(named) = std::env::var("RUSTLE_ANSIBLE_PYTHON").ok().filter(|p| !p.is_empty()) {
        return vec![named];
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut out: Vec<String> = Vec::new();
    for program in ["ansible-playbook", "ansible"] {
        for found in folders.iter().map(|d| d.join(program)) {
            out.extend(of_script(&found));
        }
    }
    out.push("python3".into());
    let mut seen = std::collections::HashSet::new();
    out.retain(|p| seen.insert(p.clone()));
    out
}

/// The Python of a script's first line; rustle itself, under Ansible's name, is no script.
fn of_script(path: &Path) -> Option<String> {
    let mut head = vec![0u8; 1024];
    let n = std::io::Read::read(&mut std::fs::File::open(path).ok()?, &mut head).ok()?;
    let head = String::from_utf8_lossy(&head[..n]).into_owned();
    let mut lines = head.lines();
    let mut words = lines.next()?.strip_prefix("#!")?.split_whitespace();
    let first = words.next()?;
    if first.ends_with("/sh") {
        // Installers write this where the path to Python is too long for a first line.
        let second = lines.next()?.strip_prefix("'''exec' ")?;
        return Some(second.split(" \"$0\"").next()?.trim_matches('"').to_owned());
    }
    if first.ends_with("/env") {
        return words.find(|w| !w.starts_with('-')).map(Into::into);
    }
    Some(first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts() {
        let dir = tempfile::tempdir().unwrap();
        let of = |text: &[u8]| {
            let path = dir.path().join("ansible");
            std::fs::write(&path, text).unwrap();
            of_script(&path)
        };
        assert_eq!(of(b"#!/v/bin/python3.13\nimport x\n").as_deref(), Some("/v/bin/python3.13"));
        assert_eq!(of(b"#!/usr/bin/env python3\n").as_deref(), Some("python3"));
        assert_eq!(of(b"#!/bin/sh\n'''exec' \"/a b/python\" \"$0\" \"$@\"\n' '''\n").as_deref(), Some("/a b/python"));
        assert_eq!(of(b"\x7fELF\x02\x01"), None);
        assert_eq!(of_script(Path::new("/nonexistent")), None);
    }
}
