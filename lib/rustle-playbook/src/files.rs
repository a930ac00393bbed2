//! Reading the files of a playbook: YAML or JSON, perhaps vaulted, and the search for `main` files of roles.

use crate::error::{PlaybookError, Result};
use crate::loader::Loader;
use crate::paths;
use rustle_stream::record::Warning;
use rustle_value::{Dict, Origin, Value};
use rustle_yaml::{Node, Trust};

/// Extensions of files that hold variables or tasks.
const EXTENSIONS: &[&str] = &[".yml", ".yaml", ".json"];

/// A file that is not UTF-8, as Python tells it, and where.
fn not_text(path: &str, e: &std::string::FromUtf8Error) -> PlaybookError {
    let bytes = e.as_bytes();
    let start = e.utf8_error().valid_up_to();
    let before = String::from_utf8_lossy(&bytes[..start]).into_owned();
    let at = before.chars().count();
    // Python counts the bytes that follow and are none either.
    let count = bytes[start..].iter().take_while(|b| **b >= 0x80).count().max(1);
    let what = if count == 1 { format!("character '\\udc{:02x}' in position {at}", bytes[start]) } else { format!("characters in position {at}-{}", at + count - 1) };
    let (line, column) = (before.matches('\n').count() + 1, before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1);
    PlaybookError::parser(format!("YAML parsing failed: 'utf-8' codec can't encode {what}: surrogates not allowed"), Some(&Origin::new(path, 0, 0)))
        .hint(Some(format!("{path}:{line}:{column}: this file is not UTF-8; save it as UTF-8, or convert it with iconv")))
}

impl Loader {
    /// The text of a file, in clear, and whether it was encrypted on disk.
    fn text(&self, path: &str) -> Result<(String, bool)> {
        let bytes = std::fs::read(path).map_err(|e| {
            let number = e.raw_os_error().unwrap_or_default();
            let words = e.to_string();
            let words = words.split(" (os error").next().unwrap_or_default();
            if e.kind() == std::io::ErrorKind::NotFound {
                let message = format!(
                    "Unable to retrieve file contents. Could not find or access '{path}' on the Ansible Controller: \
                     [Errno {number}] {words}: '{path}' If you are using a module and expect the file to exist on the \
                     remote, see the remote_src option."
                );
                return PlaybookError::general(message, None);
            }
            let message = format!("an error occurred while trying to read the file '{path}': [Errno {number}] {words}: '{path}'");
            PlaybookError::parser(message, None)
        })?;
        let text = String::from_utf8(bytes).map_err(|e| not_text(path, &e))?;
        if !text.starts_with("$ANSIBLE_VAULT;") {
            return Ok((text, false));
        }
        let clear = (self.options.decrypt)(&text, path).map_err(|e| PlaybookError::general(e, Some(&Origin::new(path, 0, 0))))?;
        Ok((clear, true))
    }

    /// The tree of a YAML or JSON file.
    pub(crate) fn read(&mut self, path: &str) -> Result<Node> {
        let (label, text, encrypted) = match self.options.given.get(path) {
            Some((label, text)) => (label.as_str(), text.clone(), false),
            None => {
                let (text, encrypted) = self.text(path)?;
                (path, text, encrypted)
            }
        };
        let options = rustle_yaml::Options { encrypted, duplicate_keys: self.options.duplicate_keys, ..Default::default() };
        let (node, warnings) = rustle_yaml::load(&text, label, &options)?;
        for w in warnings {
            self.warnings.push(Warning { text: w.report(), origin: Some(w.origin) });
        }
        Ok(node)
    }

    /// The variables of a file, or `None` where it holds something else than a mapping. An empty file has none.
    pub(crate) fn read_vars(&mut self, path: &str) -> Result<Option<Dict>> {
        let tree = self.read(path)?;
        self.reserved_names(&tree);
        Ok(match tree.to_value(Trust::Trusted) {
            Value::Null => Some(Dict::new()),
            Value::Dict(d) => Some(std::sync::Arc::unwrap_or_clone(d)),
            _ => None,
        })
    }

    pub(crate) fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(Warning { text: text.into(), origin: None });
    }
}

/// The files of `folder` that stand for `name`: `name`, `name.yml`, …; where folders are allowed, all files below a
/// folder of that name, sorted.
pub(crate) fn main_files(folder: &str, name: &str, given: bool, folders: bool) -> Vec<String> {
    let stem = paths::join(folder, name);
    let plain = if given { &["", ".yml", ".yaml", ".json"][..] } else { &[".yml", ".yaml", ".json", ""][..] };
    for extension in plain {
        let path = format!("{stem}{extension}");
        if paths::is_file(&path) && (given || !extension.is_empty()) {
            return vec![path];
        }
        if folders && paths::is_dir(&path) {
            let mut found = Vec::new();
            below(&path, &mut found);
            return found;
        }
    }
    Vec::new()
}

/// Files below a folder with a known extension, hidden and backup files left out, in the order of their names.
fn below(folder: &str, found: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut names: Vec<String> = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    for name in names.iter().filter(|n| !n.starts_with('.') && !n.ends_with('~')) {
        let path = paths::join(folder, name);
        if paths::is_dir(&path) {
            below(&path, found);
        } else if EXTENSIONS.iter().any(|e| name.ends_with(e)) {
            found.push(path);
        }
    }
}
