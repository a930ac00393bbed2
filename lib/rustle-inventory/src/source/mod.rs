//! Reading sources: each is offered to every kind in turn until one reads it. What fails is a warning.

mod advanced_host_list;
mod auto;
mod host_list;
mod ini;
pub(crate) mod script;
mod toml;
mod yaml;

use crate::hook::Call;
use crate::{Inventory, InventoryError, LoadOptions};
use rustle_value::Value;
use rustle_yaml::{Node, NodeKind};
use std::path::Path;

/// A kind of source: one file in this folder each.
pub(crate) struct Kind {
    pub name: &'static str,
    /// Whether the kind would read this source at all.
    pub wants: fn(&str) -> bool,
    pub read: fn(&mut Inventory, &str) -> Result<(), Failure>,
}

static KINDS: &[&Kind] = &[&advanced_host_list::KIND, &host_list::KIND, &script::KIND, &auto::KIND, &yaml::KIND, &ini::KIND, &toml::KIND];

/// Why a kind could not read a source.
#[derive(Debug)]
pub(crate) struct Failure {
    pub message: String,
    /// The `Origin: …` block; by default it names the kind and the source.
    pub context: Option<String>,
    pub help: Option<String>,
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Failure { message, context: None, help: None }
    }
}
impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        message.to_string().into()
    }
}
impl From<rustle_yaml::YamlError> for Failure {
    fn from(e: rustle_yaml::YamlError) -> Self {
        Failure { message: e.message, context: Some(e.context), help: e.help.map(|h| format!("\n{h}")) }
    }
}

impl Inventory {
    /// Reads every source in order. A source is a file, an executable, a directory of them, or a list with commas.
    ///
    /// # Errors
    /// Only where the options say that what cannot be read is an error.
    pub fn load(sources: &[String], options: &LoadOptions) -> Result<Inventory, InventoryError> {
        let mut inventory = Inventory::empty(options.clone());
        let mut parsed = false;
        for source in sources.iter().filter(|s| !s.is_empty()) {
            let source = if source.contains(',') { source.clone() } else { expand(source) };
            parsed |= inventory.read_source(&source)?;
            inventory.sources.push(source);
        }
        if !parsed && options.unparsed_is_failed {
            return Err(InventoryError::NothingParsed);
        }
        if !parsed && options.unparsed_warning {
            inventory.warn("No inventory was parsed, only implicit localhost is available");
        }
        // Where nothing could be read, what a broken source left behind stays outside `all`, as in Ansible.
        if parsed {
            inventory.reconcile();
        }
        Ok(inventory)
    }

    /// Reads the same sources again (`meta: refresh_inventory`); hosts and groups made at run time stay.
    pub fn reload(&self) -> Result<Inventory, InventoryError> {
        let mut fresh = Inventory::load(&self.sources, &self.options)?;
        fresh.repeat(&self.changes);
        Ok(fresh)
    }

    fn read_source(&mut self, source: &str) -> Result<bool, InventoryError> {
        let path = Path::new(source);
        let mut parsed = false;
        let mut failures = Vec::new();
        if path.is_dir() {
            let entries = std::fs::read_dir(path).map_err(|error| InventoryError::Io { path: path.into(), error })?;
            let mut names: Vec<String> = entries.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect();
            names.sort_unstable();
            for name in names {
                if !self.ignored(&name) {
                    parsed |= self.read_source(&path.join(&name).display().to_string())?;
                }
            }
        } else {
            self.current_source = Some(source.to_string());
            for name in self.options.enabled.clone() {
                let short = name.strip_prefix("ansible.builtin.").unwrap_or(&name);
                let Some(kind) = KINDS.iter().find(|k| k.name == short) else {
                    match self.by_plugin(source, &Call { plugin: &name, config: None }) {
                        Ok(read) => parsed = read,
                        Err(Some(f)) => failures.push((name.clone(), f)),
                        Err(None) => self.warn(format!("Failed to load inventory plugin, skipping {name}")),
                    }
                    if parsed {
                        break;
                    }
                    continue;
                };
                if !(kind.wants)(source) {
                    continue;
                }
                match (kind.read)(self, source) {
                    Ok(()) => {
                        parsed = true;
                        break;
                    }
                    Err(f) => failures.push((kind.name.to_owned(), f)),
                }
            }
        }
        self.current_source = None;
        if parsed || (source == "/etc/ansible/hosts" && !path.exists()) {
            return Ok(parsed);
        }
        for (kind, f) in failures {
            let place = f.context.unwrap_or_else(|| format!("Origin: <inventory plugin '{kind}' with source '{source}'>"));
            let head = format!("Failed to parse inventory with '{kind}' plugin");
            let help = f.help.map(|h| format!("\n\n{h}")).unwrap_or_default();
            let message = f.message;
            // Ends with an empty line, as what Ansible prints of a chain of errors.
            self.warn(format!("{head}: {message}\n\n{head}.\n\n<<< caused by >>>\n\n{message}\n{place}{help}\n"));
        }
        if self.options.any_unparsed_is_failed {
            return Err(InventoryError::SourceFailed(source.into()));
        }
        self.warn(format!("Unable to parse {source} as an inventory source"));
        Ok(false)
    }

    /// Whether a directory's entry is no source.
    fn ignored(&self, name: &str) -> bool {
        name.starts_with('.')
            || matches!(name, "host_vars" | "group_vars" | "vars_plugins")
            || self.options.ignored_endings.iter().any(|e| name.ends_with(e.as_str()))
            || self.options.ignored_patterns.iter().any(|p| {
                fancy_regex::Regex::new(p).ok().and_then(|r| r.is_match(name).ok()).unwrap_or(false)
            })
    }

    /// Adds the hosts of an expression with ranges, with their variables, to a group.
    pub(crate) fn add_hosts(
        &mut self,
        hosts: &[String],
        port: Option<u32>,
        vars: &[(String, Value)],
        group: Option<&str>,
        place: Option<&rustle_value::Origin>,
    ) -> Result<(), String> {
        for host in hosts {
            self.insert_host(host, group, port)?;
            for (k, v) in vars {
                self.set_variable(host, k, v.clone(), place)?;
            }
        }
        Ok(())
    }
}

/// A path with `~` and variables expanded, absolute, without `.` and `..`.
fn expand(source: &str) -> String {
    let mut text = String::new();
    let mut rest = source;
    while let Some(i) = rest.find('$') {
        text.push_str(&rest[..i]);
        let tail = &rest[i + 1..];
        let braced = tail.strip_prefix('{').and_then(|t| t.split_once('}'));
        let end = tail.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(tail.len());
        let (name, after) = braced.unwrap_or((&tail[..end], &tail[end..]));
        match std::env::var(name) {
            Ok(value) if !name.is_empty() => {
                text.push_str(&value);
                rest = after;
            }
            _ => {
                text.push('$');
                rest = tail;
            }
        }
    }
    text.push_str(rest);
    if let (Some(tail), Ok(home)) = (text.strip_prefix('~').filter(|t| t.is_empty() || t.starts_with('/')), std::env::var("HOME")) {
        text = home + tail;
    }
    let absolute = std::path::absolute(&text).unwrap_or_else(|_| text.clone().into());
    let mut out = std::path::PathBuf::new();
    for part in absolute.components() {
        match part {
            std::path::Component::ParentDir => _ = out.pop(),
            other => out.push(other),
        }
    }
    out.display().to_string()
}

fn extension(source: &str) -> &str {
    let name = source.rsplit('/').next().unwrap_or_default();
    name.rfind('.').filter(|i| *i > 0).map_or("", |i| &name[i..])
}

/// The class that Python would show for a node, as Ansible's messages print it.
fn class_of(node: &Node) -> String {
    let tagged = match &node.value {
        NodeKind::Null => return "<class 'NoneType'>".into(),
        NodeKind::Scalar(Value::Bool(_)) => return "<class 'bool'>".into(),
        NodeKind::Seq(_) => "List",
        NodeKind::Map(_) => "Dict",
        NodeKind::Scalar(Value::Int(_) | Value::BigInt(_)) => "Int",
        NodeKind::Scalar(Value::Float(_)) => "Float",
        NodeKind::Scalar(Value::Time(t)) if t.time.is_some() => "DateTime",
        NodeKind::Scalar(Value::Time(_)) => "Date",
        NodeKind::Scalar(_) => "Str",
    };
    format!("<class 'ansible.module_utils._internal._datatag._AnsibleTagged{tagged}'>")
}
