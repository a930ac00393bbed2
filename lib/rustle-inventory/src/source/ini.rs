//! INI inventories: `[group]`, `[group:vars]`, `[group:children]`, and lines of hosts with `key=value`.

use super::{Failure, Kind, extension};
use crate::{Inventory, address, literal, shell};
use indexmap::IndexMap;
use rustle_value::{Dict, Origin, Value};

pub(super) static KIND: Kind = Kind {
    name: "ini",
    wants: |source| extension(source) != ".toml" && std::fs::File::open(source).is_ok(),
    read,
};

/// What the lines of a section are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Hosts,
    Vars,
    Children,
}

/// A group that was named before it was declared.
struct Pending {
    line: u32,
    section: Section,
    parents: Vec<String>,
}

fn read(inventory: &mut Inventory, source: &str) -> Result<(), Failure> {
    let whole = |message: String| Failure {
        message: format!("Failed to parse inventory: {message}"),
        context: Some(format!("Origin: {source}")),
        help: None,
    };
    let (bytes, encrypted) = inventory.read_bytes(std::path::Path::new(source)).map_err(whole)?;
    let (text, replaced) = decode(bytes);
    if let Some(line) = replaced {
        inventory.warn(format!("{source}:{line} is not UTF-8: what cannot be read is replaced"));
    }
    let mut reader = Reader { inventory, file: source.into(), line: 0, pending: IndexMap::new() };
    reader.read(&text).map_err(|message| {
        let place = Origin { file: source.into(), line: reader.line, column: 0 };
        let context = if encrypted { format!("Origin: {source}:{}", reader.line) } else { rustle_yaml::excerpt(&place, &text) };
        Failure { message: format!("Failed to parse inventory: {message}"), context: Some(context), help: None }
    })
}

/// The text of a file, and its first line with something in it, comments apart, that is not UTF-8 and was replaced.
fn decode(bytes: Vec<u8>) -> (String, Option<usize>) {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return (text, None),
        Err(e) => e.into_bytes(),
    };
    let mut replaced = None;
    let mut lines = Vec::new();
    for (i, line) in bytes.split(|&c| c == b'\n').enumerate() {
        let comment = matches!(line.first(), Some(b';' | b'#'));
        let text = if comment { "".into() } else { String::from_utf8_lossy(line) };
        if matches!(text, std::borrow::Cow::Owned(_)) {
            replaced = replaced.or(Some(i + 1));
        }
        lines.push(text);
    }
    (lines.join("\n"), replaced)
}

struct Reader<'a> {
    inventory: &'a mut Inventory,
    file: std::sync::Arc<str>,
    line: u32,
    pending: IndexMap<String, Pending>,
}

impl Reader<'_> {
    fn origin(&self) -> Origin {
        Origin { file: self.file.clone(), line: self.line, column: 0 }
    }

    fn read(&mut self, text: &str) -> Result<(), String> {
        let (mut group, mut section) = ("ungrouped".to_string(), Section::Hosts);
        for line in lines(text) {
            self.line += 1;
            let line = line.trim();
            if line.is_empty() || line.starts_with([';', '#']) {
                continue;
            }
            if let Some((name, kind)) = header(line) {
                section = match kind {
                    "" | "hosts" => Section::Hosts,
                    "vars" => Section::Vars,
                    "children" => Section::Children,
                    other => return Err(format!("Section [{name}:{other}] has unknown type: {other}")),
                };
                group = self.inventory.group_name(name);
                self.open(&group, section)?;
                continue;
            }
            if line.starts_with('[') && line.ends_with(']') {
                return Err(format!(
                    "Invalid section entry: '{line}'. Please make sure that there are no spaces in the section entry, and that there are no other invalid characters"
                ));
            }
            match section {
                Section::Hosts => self.host(line, &group)?,
                Section::Vars => {
                    let (k, v) = line.split_once('=').ok_or_else(|| format!("Expected key=value, got: {line}"))?;
                    let (value, place) = (self.value(v.trim()), self.origin());
                    self.inventory.set_variable(&group, k.trim(), value, Some(&place))?;
                }
                Section::Children => self.child(line, &group)?,
            }
        }
        if let Some((name, p)) = self.pending.iter().next() {
            self.line = p.line;
            return Err(match p.section {
                Section::Children => {
                    let parent = p.parents.last().map(String::as_str).unwrap_or_default();
                    format!("Section [{parent}:children] includes undefined group '{name}'.")
                }
                _ => format!("Section [{name}:vars] not valid for undefined group '{name}'."),
            });
        }
        Ok(())
    }

    /// A section begins. `[x:vars]` alone does not declare a group, the other two do.
    fn open(&mut self, group: &str, section: Section) -> Result<(), String> {
        if !self.inventory.groups.contains_key(group) {
            if section == Section::Vars && !self.pending.contains_key(group) {
                self.pending.insert(group.into(), Pending { line: self.line, section, parents: Vec::new() });
            }
            self.inventory.add_group(group)?;
        }
        if section == Section::Vars {
            return Ok(());
        }
        match self.pending.get(group).map(|p| p.section) {
            Some(Section::Children) => self.adopt(group),
            Some(_) => {
                self.pending.shift_remove(group);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// A group that others have named as their child is declared at last.
    fn adopt(&mut self, group: &str) -> Result<(), String> {
        let Some(p) = self.pending.shift_remove(group) else { return Ok(()) };
        for parent in p.parents {
            self.inventory.add_child(&parent, group)?;
            if self.pending.get(&parent).is_some_and(|p| p.section == Section::Children) {
                self.adopt(&parent)?;
            }
        }
        Ok(())
    }

    fn child(&mut self, line: &str, group: &str) -> Result<(), String> {
        let end = line.find(|c: char| c == ':' || c == ']' || c.is_whitespace()).unwrap_or(line.len());
        let (name, rest) = line.split_at(end);
        let rest = rest.trim_start();
        if name.is_empty() || !(rest.is_empty() || rest.starts_with('#')) {
            return Err(format!("Expected group name, got: {line}"));
        }
        let name = self.inventory.group_name(name);
        let name = name.as_str();
        if self.inventory.groups.contains_key(name) {
            self.inventory.add_child(group, name)?;
            return Ok(());
        }
        let new = Pending { line: self.line, section: Section::Children, parents: Vec::new() };
        self.pending.entry(name.to_string()).or_insert(new).parents.push(group.to_string());
        Ok(())
    }

    fn host(&mut self, line: &str, group: &str) -> Result<(), String> {
        let words = shell::split(line).map_err(|e| format!("Error parsing host definition '{line}': {e}"))?;
        let Some((pattern, rest)) = words.split_first() else { return Err("list index out of range".into()) };
        let (names, port) = address::expand_pattern(pattern)?;
        if pattern.trim().ends_with(':') && port.is_none() {
            return Err(format!(
                "Invalid host pattern '{pattern}' supplied, ending in ':' is not allowed, this character is reserved to provide a port."
            ));
        }
        if names.iter().any(|n| n.trim() == "---") {
            return Err(format!("Invalid host pattern '{pattern}' supplied, '---' is normally a sign this is a YAML file."));
        }
        let mut vars = Vec::with_capacity(rest.len());
        for word in rest {
            let (k, v) =
                word.split_once('=').ok_or_else(|| format!("Expected key=value host variable assignment, got: {word}"))?;
            vars.push((k.to_string(), self.value(v)));
        }
        let place = self.origin();
        self.inventory.add_hosts(&names, port, &vars, Some(group), Some(&place))
    }

    /// A Python literal where the text is one, else the text; strings may be templates.
    fn value(&self, text: &str) -> Value {
        self.trust(literal::parse(text).unwrap_or_else(|| Value::str(text)))
    }

    fn trust(&self, value: Value) -> Value {
        match value {
            Value::Str(s) => Value::trusted(s, Some(self.origin())),
            // Python's bytes become text that is not trusted.
            Value::Bytes(b) => Value::from(String::from_utf8_lossy(&b).into_owned()),
            Value::List(l) => Value::list(l.iter().map(|v| self.trust(v.clone())).collect()),
            Value::Dict(d) => Value::dict(d.iter().map(|(k, v)| (k.clone(), self.trust(v.clone()))).collect::<Dict>()),
            other => other,
        }
    }
}

/// `[name]` or `[name:kind]`, with blanks and a comment behind it.
fn header(line: &str) -> Option<(&str, &str)> {
    let (inner, rest) = line.strip_prefix('[')?.split_once(']')?;
    let rest = rest.trim_start();
    if !(rest.is_empty() || rest.starts_with('#')) {
        return None;
    }
    let (name, kind) = inner.split_once(':').unwrap_or((inner, ""));
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let fits = !name.is_empty() && !name.contains(char::is_whitespace) && kind.chars().all(word) && !inner.ends_with(':');
    fits.then_some((name, kind))
}

/// Lines as Python's `str.splitlines` makes them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let ends = |c: char| matches!(c, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}');
        let at = rest.find(ends).unwrap_or(rest.len());
        let line = &rest[..at];
        let tail = &rest[at..];
        let skip = if tail.starts_with("\r\n") { 2 } else { tail.chars().next().map_or(0, char::len_utf8) };
        rest = &tail[skip..];
        Some(line)
    })
}
