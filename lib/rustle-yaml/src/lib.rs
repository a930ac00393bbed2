//! Ansible-flavoured YAML: PyYAML's syntax and types, `!vault` and `!unsafe`, a position on every node, errors that
//! show the offending lines, and the dumper behind `to_yaml`.
//!
//! The reader follows libyaml 0.2.5 (what PyYAML's C loader uses), not YAML 1.2, because that is what playbooks are
//! written for. Known differences from PyYAML's `SafeLoader`:
//!
//! * recursive structures (`&a [*a]`) are refused;
//! * `!!set` becomes a list of its keys; `!!omap` and `!!pairs` stay lists of one-entry mappings;
//! * nesting deeper than 200 levels is refused;
//! * a date that does not exist (`2001-13-45`) stays text.
//!
//! Aliases share what they name, so a file of nested aliases costs what its text costs.

mod compose;
mod construct;
mod dump;
mod emit;
mod error;
mod excerpt;
mod node;
mod scan;
mod text;

use compose::Composer;
use construct::Constructor;
use excerpt::Excerpt;
use rustle_value::{Origin, Value};
use std::sync::Arc;

pub use dump::{DumpStyle, FlowStyle, dump};
pub use error::{YamlError, YamlWarning};
pub use excerpt::{excerpt, excerpt_from_file};
pub use node::{Node, NodeKind, Trust};

/// What to do about a key that a mapping has twice (`DUPLICATE_YAML_DICT_KEY`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DuplicateKeys {
    Ignore,
    #[default]
    Warn,
    Error,
}

/// How to read.
#[derive(Clone, Debug)]
pub struct Options {
    pub duplicate_keys: DuplicateKeys,
    /// Whether `!vault` and `!unsafe` are known. Ansible's `from_yaml` filter does not know them.
    pub ansible_tags: bool,
    /// The file on disk is encrypted, so that errors must not show its text.
    pub encrypted: bool,
    /// The text comes from no file (a filter's input): errors show no lines.
    pub anonymous: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { duplicate_keys: DuplicateKeys::Warn, ansible_tags: true, encrypted: false, anonymous: false }
    }
}

/// The documents of a text, and what was odd about them.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    pub documents: Vec<Node>,
    pub warnings: Vec<YamlWarning>,
}

/// Reads every document of `text`. `file` is the name that positions carry.
///
/// # Errors
/// The first thing that is not YAML, or that no constructor knows.
pub fn parse(text: &str, file: &str, options: &Options) -> Result<Parsed, YamlError> {
    read(text, file, options, false)
}

/// Reads the one document of a file as Ansible's loader does: JSON first, since JSON may hold what YAML does not
/// (tabs, `1e3`), then YAML. An empty text is null. More than one document is an error.
pub fn load(text: &str, file: &str, options: &Options) -> Result<(Node, Vec<YamlWarning>), YamlError> {
    let origin = || Origin::new(file, 1, 1);
    if let Some(json) = json(text) {
        return Ok((json_node(json, &origin(), options.ansible_tags), Vec::new()));
    }
    let mut parsed = read(text, file, options, true)?;
    let root = parsed.documents.pop();
    let null = || Node { value: NodeKind::Null, origin: origin(), is_unsafe: false };
    Ok((root.unwrap_or_else(null), parsed.warnings))
}

/// Every document of `text`, warnings dropped.
pub fn parse_nodes(text: &str, file: &str) -> Result<Vec<Node>, YamlError> {
    Ok(parse(text, file, &Options::default())?.documents)
}

/// The one document of `text` as a value (no JSON first, see [`load`]); warnings dropped.
pub fn parse_value(text: &str, file: &str, trust: Trust) -> Result<Value, YamlError> {
    let options = Options { ansible_tags: trust == Trust::Trusted, ..Options::default() };
    let parsed = read(text, file, &options, true)?;
    Ok(parsed.documents.first().map_or(Value::Null, |n| n.to_value(trust)))
}

/// JSON as Ansible's own decoder reads it: `{"__ansible_vault": "…"}` is vaulted, `{"__ansible_unsafe": "…"}` is never a
/// template. JSON has no positions.
fn json_node(json: serde_json::Value, origin: &Origin, tags: bool) -> Node {
    use serde_json::Value as Json;
    let node = |value, is_unsafe| Node { value, origin: origin.clone(), is_unsafe };
    let value = match json {
        Json::Array(items) => NodeKind::Seq(Arc::new(items.into_iter().map(|v| json_node(v, origin, tags)).collect())),
        Json::Object(o) => {
            let only = |key: &str| o.get(key).and_then(Json::as_str).filter(|_| tags && o.len() == 1);
            if let Some(ciphertext) = only("__ansible_vault") {
                let vaulted = rustle_value::Vaulted { ciphertext: ciphertext.into(), origin: Some(origin.clone()) };
                return node(NodeKind::Scalar(Value::Vaulted(Arc::new(vaulted))), false);
            }
            if let Some(text) = only("__ansible_unsafe") {
                return node(NodeKind::Scalar(Value::str(text)), true);
            }
            let key = |k: String| node(NodeKind::Scalar(Value::from(k)), false);
            NodeKind::Map(Arc::new(o.into_iter().map(|(k, v)| (key(k), json_node(v, origin, tags))).collect()))
        }
        Json::Null => NodeKind::Null,
        other => NodeKind::Scalar(rustle_value::from_json(other)),
    };
    node(value, false)
}

fn json(text: &str) -> Option<serde_json::Value> {
    let looks = text.trim_start().starts_with(['{', '[', '"']);
    // Integers beyond 64 bits would turn into floats; the YAML reader keeps them.
    let mut digits = 0;
    let long = text.bytes().any(|c| {
        digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
        digits > 18
    });
    if !looks || long {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// The first character that YAML does not allow, and its index.
fn forbidden(text: &str) -> Option<(usize, char)> {
    if text.bytes().all(|c| matches!(c, b'\t' | b'\n' | b'\r' | 0x20..=0x7e)) {
        return None;
    }
    text.chars().enumerate().find(|&(i, c)| {
        !(matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}')
            || matches!(c, '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
            || (i == 0 && c == '\u{feff}'))
    })
}

fn read(text: &str, file: &str, options: &Options, single: bool) -> Result<Parsed, YamlError> {
    let file: Arc<str> = file.into();
    if let Some((i, c)) = forbidden(text) {
        let code = c as u32;
        let text = format!("unacceptable character #x{code:04x}: control characters are not allowed in \"<unicode string>\", position {i}");
        return Err(YamlError::unreadable(&file, text));
    }
    let shown = match options {
        Options { encrypted: true, .. } => Excerpt::Encrypted,
        Options { anonymous: true, .. } => Excerpt::Nothing,
        _ => Excerpt::Text(text),
    };
    let syntax = |p: scan::Problem| YamlError::new(&p, &file, shown, true);
    let mut composer = Composer::new(text);
    let mut parsed = Parsed::default();
    while let Some((_, root)) = composer.document().map_err(syntax)? {
        // Where one document is wanted, the next is looked for before this one is understood, as PyYAML does.
        if single
            && let Some((mark, _)) = composer.document().map_err(syntax)? {
                let context = "expected a single document in the stream";
                return Err(syntax(scan::Problem { context, text: "but found another document".into(), mark }));
            }
        let mut construct = Constructor::new(Arc::clone(&file), options);
        let node = construct.root(&root).map_err(|f| YamlError::new(&f.problem, &file, shown, f.analyse))?;
        parsed.documents.push(node);
        // PyYAML builds level by level, and that is the order of the warnings.
        construct.duplicates.sort_by_key(|d| d.0);
        for (_, message, mark) in construct.duplicates {
            let origin = Origin { file: Arc::clone(&file), line: mark.line + 1, column: mark.col + 1 };
            let context = excerpt::excerpt_parts(&origin, &shown).0;
            parsed.warnings.push(YamlWarning { message, origin, context, help: "Using last defined value only." });
        }
    }
    Ok(parsed)
}
