//! What kind of program a module's file is, by what stands in it.

use regex::bytes::Regex;
use std::sync::OnceLock;

/// Kinds of modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Python on Ansible's library: ansible-core must build its payload.
    Python,
    PowerShell,
    Binary,
    /// Arguments go into its text.
    InText,
    /// Arguments in a file of JSON.
    WantJson,
    /// Arguments in a file of `key=value`.
    Old,
}

fn python() -> Option<&'static Regex> {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    let text = r"from +(\.{2,} *module_utils|ansible_collections\.[^.\s]+\.[^.\s]+\.plugins\.module_utils|ansible\.module_utils)[^\n]* +import |import +(ansible\.module_utils\.|ansible_collections\.[^.\s]+\.[^.\s]+\.plugins\.module_utils)";
    PATTERN.get_or_init(|| Regex::new(text).ok()).as_ref()
}

fn has(program: &[u8], word: &str) -> bool {
    program.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word.as_bytes()))
}

/// The kind of a program.
pub(crate) fn of(program: &[u8]) -> Style {
    let text = |b: &u8| matches!(b, 7..=10 | 12 | 13 | 27 | 32..=126 | 128..);
    if !program.iter().take(1024).all(text) {
        Style::Binary
    } else if has(program, "#<<INCLUDE_ANSIBLE_MODULE_COMMON>>") || python().is_some_and(|p| p.is_match(program)) {
        Style::Python
    } else if ["# POWERSHELL_COMMON", "#Requires -Module", "#Requires -Version", "#AnsibleRequires -"].iter().any(|w| has(program, w)) {
        Style::PowerShell
    } else if has(program, rustle_stream::foreign::IN_TEXT) {
        Style::InText
    } else if program.windows(9).any(|w| w == b"WANT_JSON") {
        Style::WantJson
    } else {
        Style::Old
    }
}

/// The words behind `#!` of a program's first line.
pub(crate) fn interpreter(program: &[u8]) -> Vec<String> {
    let line = program.split(|b| *b == b'\n').next().unwrap_or_default();
    let Some(words) = line.strip_prefix(b"#!") else { return Vec::new() };
    String::from_utf8_lossy(words).split_whitespace().map(Into::into).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        assert_eq!(of(b"#!/usr/bin/python\nfrom ansible.module_utils.basic import AnsibleModule\n"), Style::Python);
        assert_eq!(of(b"from ..module_utils.x import y\n"), Style::Python);
        assert_eq!(of(b"from ansible_collections.a.b.plugins.module_utils.c import d\n"), Style::Python);
        assert_eq!(of(b"#!/usr/bin/python\n# WANT_JSON\nimport json\n"), Style::WantJson);
        assert_eq!(of(b"#!/bin/sh\n. $1\n"), Style::Old);
        assert_eq!(of(b"#!/usr/bin/perl\n<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>\n"), Style::InText);
        assert_eq!(of(b"#!powershell\n#AnsibleRequires -CSharpUtil Ansible.Basic\n"), Style::PowerShell);
        assert_eq!(of(b"\x7fELF\x00\x01"), Style::Binary);
        assert_eq!(interpreter(b"#! /usr/bin/env python -u\nx"), ["/usr/bin/env", "python", "-u"]);
    }
}
