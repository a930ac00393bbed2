//! Hosts and groups, and the rules between them: every group descends from `all`, a host without groups of its own
//! is in `ungrouped`, no group contains itself.

use crate::options::GroupChars;
use crate::vars::{FileCache, combine};
use crate::{InventoryError, LoadOptions};
use indexmap::{IndexMap, IndexSet};
use rustle_value::{Dict, Origin, Value};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock};

/// Names that mean this machine even where no source names them.
pub(crate) const LOCALHOST: [&str; 3] = ["127.0.0.1", "localhost", "::1"];

/// A host and the variables that sources gave it (those of its groups and files are elsewhere).
#[derive(Clone, Debug)]
pub struct Host {
    pub name: String,
    pub vars: Arc<Dict>,
    /// Not from any source: the `localhost` that is always there.
    pub implicit: bool,
}

/// A group, with its direct members.
#[derive(Clone, Debug)]
pub struct Group {
    pub name: String,
    pub vars: Arc<Dict>,
    /// `ansible_group_priority`.
    pub priority: i64,
    /// Longest way down from `all`.
    pub depth: u32,
    pub hosts: IndexSet<String>,
    pub children: IndexSet<String>,
    pub parents: IndexSet<String>,
}

/// A group's name without the characters that none should have: each is an underscore, and so is a digit at its start.
pub fn replaced_group_name(name: &str) -> String {
    let mut out: String = name.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if let Some(first) = out.chars().next().filter(|c| c.is_numeric()) {
        out.replace_range(..first.len_utf8(), "_");
    }
    out
}

/// Everything that the sources said. See the crate's page.
#[derive(Debug)]
pub struct Inventory {
    pub hosts: IndexMap<String, Host>,
    pub groups: IndexMap<String, Group>,
    /// The sources, in order: absolute paths and comma lists.
    pub sources: Vec<String>,
    pub(crate) options: LoadOptions,
    /// Direct groups of each host.
    pub(crate) membership: HashMap<String, Vec<String>>,
    /// The first host whose name means this machine.
    pub(crate) localhost: Option<String>,
    /// The name by which the implicit localhost was first asked for.
    pub(crate) implicit: OnceLock<String>,
    pub(crate) current_source: Option<String>,
    pub(crate) files: FileCache,
    /// What `add_host` and `group_by` did.
    pub(crate) changes: Vec<crate::dynamic::Change>,
    /// It came from records: no file is read.
    pub(crate) recorded: bool,
    /// Files that had to be decrypted.
    pub(crate) decrypted: Mutex<std::collections::BTreeSet<std::path::PathBuf>>,
    notices: Mutex<Notices>,
}

#[derive(Debug, Default)]
struct Notices {
    warnings: Vec<String>,
    deprecations: Vec<String>,
}

impl Inventory {
    /// An inventory with nothing but `all` and `ungrouped`.
    pub fn empty(options: LoadOptions) -> Inventory {
        let mut inventory = Inventory {
            hosts: IndexMap::new(),
            groups: IndexMap::new(),
            sources: Vec::new(),
            options,
            membership: HashMap::new(),
            localhost: None,
            implicit: OnceLock::new(),
            current_source: None,
            files: FileCache::default(),
            changes: Vec::new(),
            recorded: false,
            decrypted: Mutex::default(),
            notices: Mutex::default(),
        };
        for name in ["all", "ungrouped"] {
            inventory.groups.insert(name.into(), Group::new(name));
        }
        inventory.link("all", "ungrouped");
        inventory
    }

    /// The sources and files of variables that were vaulted as a whole, of those that were read so far.
    pub fn decrypted(&self) -> std::collections::BTreeSet<std::path::PathBuf> {
        self.decrypted.lock().map(|d| d.clone()).unwrap_or_default()
    }

    /// What there was to warn of since the last call, as Ansible prints it after `[WARNING]: `.
    pub fn take_warnings(&self) -> Vec<String> {
        self.notices.lock().map(|mut n| std::mem::take(&mut n.warnings)).unwrap_or_default()
    }
    /// Likewise what it prints after `[DEPRECATION WARNING]: `.
    pub fn take_deprecations(&self) -> Vec<String> {
        self.notices.lock().map(|mut n| std::mem::take(&mut n.deprecations)).unwrap_or_default()
    }
    pub(crate) fn warn(&self, text: impl Into<String>) {
        let text = text.into();
        if let Ok(mut n) = self.notices.lock() {
            // Ansible prints each text once.
            if !n.warnings.contains(&text) {
                n.warnings.push(text);
            }
        }
    }
    pub(crate) fn deprecate(&self, text: impl Into<String>) {
        let text = text.into();
        if let Ok(mut n) = self.notices.lock()
            && !n.deprecations.contains(&text) {
                n.deprecations.push(text);
            }
    }

    /// The host of that name; names of this machine always find one.
    pub fn host(&self, name: &str) -> Option<std::borrow::Cow<'_, Host>> {
        use std::borrow::Cow;
        if let Some(h) = self.hosts.get(name) {
            return Some(Cow::Borrowed(h));
        }
        if !LOCALHOST.contains(&name) {
            return None;
        }
        if let Some(h) = self.localhost.as_ref().and_then(|n| self.hosts.get(n)) {
            return Some(Cow::Borrowed(h));
        }
        let name = self.implicit.get_or_init(|| name.to_string()).clone();
        let mut vars = Dict::new();
        vars.insert("ansible_python_interpreter", self.options.localhost_python.as_str());
        vars.insert("ansible_connection", "local");
        Some(Cow::Owned(Host { name, vars: Arc::new(vars), implicit: true }))
    }

    /// Adds a group unless it is there. Returns the name that it really has.
    pub(crate) fn add_group(&mut self, name: &str) -> Result<String, String> {
        if name.is_empty() {
            return Err(format!("Invalid empty/false group name provided: {name}"));
        }
        let name = self.group_name(name);
        self.groups.entry(name.clone()).or_insert_with(|| Group::new(&name));
        Ok(name)
    }

    /// The name that a group has, or would have, when a source calls it `name`.
    pub(crate) fn group_name(&self, name: &str) -> String {
        if self.groups.contains_key(name) { name.to_string() } else { self.safe_group_name(name) }
    }

    /// A group's name after `TRANSFORM_INVALID_GROUP_CHARS`, with the warning that goes with it.
    pub(crate) fn safe_group_name(&self, name: &str) -> String {
        let replaced = replaced_group_name(name);
        if replaced == name {
            return replaced;
        }
        match self.options.group_chars {
            GroupChars::Ignore => name.to_string(),
            GroupChars::Never => {
                self.warn("Invalid characters were found in group names but not replaced, use -vvvv to see details");
                name.to_string()
            }
            GroupChars::Silently => replaced,
            GroupChars::Always => {
                self.warn("Invalid characters were found in group names and automatically replaced, use -vvvv to see details");
                replaced
            }
        }
    }

    /// Adds a host unless it is there, and puts it into `group`.
    pub(crate) fn insert_host(&mut self, name: &str, group: Option<&str>, port: Option<u32>) -> Result<(), String> {
        if name.is_empty() {
            return Err(format!("Invalid empty host name provided: {name}"));
        }
        if let Some(g) = group.filter(|g| !self.groups.contains_key(*g)) {
            return Err(format!("Could not find group {g} in inventory"));
        }
        if !self.hosts.contains_key(name) {
            let mut vars = Dict::new();
            if let Some(port) = port {
                vars.insert("ansible_port", port);
            }
            let source = self.current_source.as_deref();
            let dir = source.and_then(base_dir);
            vars.insert("inventory_file", source);
            vars.insert("inventory_dir", dir);
            self.hosts.insert(name.into(), Host { name: name.into(), vars: Arc::new(vars), implicit: false });
            if LOCALHOST.contains(&name) {
                match &self.localhost {
                    None => self.localhost = Some(name.into()),
                    Some(first) => {
                        self.warn(format!("A duplicate localhost-like entry was found ({name}). First found localhost was {first}"));
                    }
                }
            }
        }
        if let Some(g) = group {
            self.join(g, name);
        }
        Ok(())
    }

    /// Puts a host into a group; true where it was not there.
    pub(crate) fn join(&mut self, group: &str, host: &str) -> bool {
        let Some(g) = self.groups.get_mut(group) else { return false };
        let added = g.hosts.insert(host.to_string());
        if added {
            self.membership.entry(host.to_string()).or_default().push(group.to_string());
        }
        added
    }

    fn leave(&mut self, group: &str, host: &str) {
        if let Some(g) = self.groups.get_mut(group) {
            g.hosts.shift_remove(host);
        }
        if let Some(m) = self.membership.get_mut(host) {
            m.retain(|g| g != group);
        }
    }

    /// Makes a group or host a member of a group; true where it was none.
    pub(crate) fn add_child(&mut self, group: &str, child: &str) -> Result<bool, String> {
        if !self.groups.contains_key(group) {
            return Err(format!("{group} is not a known group"));
        }
        if self.groups.contains_key(child) {
            if group == child {
                return Err("can't add group to itself".into());
            }
            if self.groups[group].children.contains(child) {
                return Ok(false);
            }
            if self.ancestors(group).contains(child) {
                return Err(format!("Adding group '{child}' as child to '{group}' creates a recursive dependency loop."));
            }
            self.link(group, child);
            return Ok(true);
        }
        if self.hosts.contains_key(child) {
            return Ok(self.join(group, child));
        }
        Err(format!("{child} is not a known host nor group"))
    }

    fn link(&mut self, group: &str, child: &str) {
        if let Some(g) = self.groups.get_mut(group) {
            g.children.insert(child.to_string());
        }
        if let Some(c) = self.groups.get_mut(child) {
            c.parents.insert(group.to_string());
        }
    }

    /// Every group above `group`, itself left out.
    pub(crate) fn ancestors(&self, group: &str) -> IndexSet<String> {
        let mut seen = IndexSet::new();
        let mut todo: Vec<&str> = vec![group];
        while let Some(name) = todo.pop() {
            for parent in self.groups.get(name).into_iter().flat_map(|g| &g.parents) {
                if seen.insert(parent.clone()) {
                    todo.push(parent);
                }
            }
        }
        seen
    }

    /// `group` and every group below it, level by level.
    pub(crate) fn descendants(&self, group: &str) -> IndexSet<&str> {
        let mut seen: IndexSet<&str> = IndexSet::new();
        if let Some((name, _)) = self.groups.get_key_value(group) {
            seen.insert(name);
        }
        let mut i = 0;
        while let Some(name) = seen.get_index(i).copied() {
            seen.extend(self.groups[name].children.iter().map(String::as_str));
            i += 1;
        }
        seen
    }

    /// Names of the hosts in a group and in the groups below it. `all` leaves the implicit localhost out.
    pub fn hosts_in(&self, group: &str) -> Vec<&str> {
        let mut seen: IndexSet<&str> = IndexSet::new();
        for g in self.descendants(group) {
            seen.extend(self.groups[g].hosts.iter().map(String::as_str));
        }
        if group == "all" {
            seen.retain(|h| self.hosts.contains_key(*h));
        }
        seen.into_iter().collect()
    }

    /// The magic `groups` variable: every group with its hosts.
    pub fn groups_dict(&self) -> IndexMap<&str, Vec<&str>> {
        self.groups.keys().map(|g| (g.as_str(), self.hosts_in(g))).collect()
    }

    /// The groups of a host, direct and above, without `all`, in the order of `group_names`: by name.
    pub fn groups_of(&self, host: &str) -> Vec<&str> {
        let mut names: Vec<&str> = self.all_groups_of(host).into_iter().filter(|g| *g != "all").collect();
        names.sort_unstable();
        names
    }

    pub(crate) fn all_groups_of(&self, host: &str) -> IndexSet<&str> {
        let mut seen: IndexSet<&str> = IndexSet::new();
        for g in self.membership.get(host).into_iter().flatten() {
            seen.extend(self.groups.get_key_value(g).map(|(k, _)| k.as_str()));
        }
        let mut i = 0;
        while let Some(name) = seen.get_index(i).copied() {
            seen.extend(self.groups[name].parents.iter().map(String::as_str));
            i += 1;
        }
        seen
    }

    /// Sets a variable of a group or, where there is no such group, a host.
    pub(crate) fn set_variable(&mut self, entity: &str, key: &str, value: Value, place: Option<&Origin>) -> Result<(), String> {
        if !valid_variable_name(key) {
            let repr = rustle_value::str_repr(key);
            let mut text = format!("Accepting inventory variable with invalid name {repr}. This feature will be removed from ansible-core version 2.23.");
            if let Some(place) = place {
                text.push('\n');
                text.push_str(&rustle_yaml::excerpt_from_file(place));
            }
            text.push_str("\n\nVariable names must be strings starting with a letter or underscore character, and contain only letters, numbers and underscores.");
            self.deprecate(text);
        }
        if let Some(g) = self.groups.get_mut(entity) {
            if key != "ansible_group_priority" {
                put(&mut g.vars, key, value, self.options.merge_dicts);
                return Ok(());
            }
            let text = rustle_value::py_str(&value);
            match (&value, text.trim().parse::<i64>()) {
                (Value::Float(f), _) => g.priority = *f as i64,
                (Value::Bool(b), _) => g.priority = i64::from(*b),
                (_, Ok(n)) => g.priority = n,
                _ => {
                    let cause = format!("invalid literal for int() with base 10: {}", rustle_value::py_repr(&value));
                    self.warn(format!("Invalid priority value '{text}' for group '{entity}'.Setting priority to default value: {cause}"));
                }
            }
            return Ok(());
        }
        match self.hosts.get_mut(entity) {
            Some(h) => {
                put(&mut h.vars, key, value, self.options.merge_dicts);
                Ok(())
            }
            None => Err(format!("Could not identify group or host named {entity}")),
        }
    }

    /// Restores the rules after changes: groups under `all`, hosts in `ungrouped` or not, depths.
    pub(crate) fn reconcile(&mut self) {
        self.current_source = None;
        let orphans: Vec<String> =
            self.groups.values().filter(|g| g.name != "all" && g.parents.is_empty()).map(|g| g.name.clone()).collect();
        for g in orphans {
            self.link("all", &g);
        }
        let hosts: Vec<String> = self.hosts.keys().cloned().collect();
        for h in hosts {
            let groups = self.all_groups_of(&h);
            let others = groups.iter().any(|g| !matches!(*g, "all" | "ungrouped"));
            match (others, groups.contains("ungrouped")) {
                (true, true) => self.leave("ungrouped", &h),
                (false, false) => _ = self.join("ungrouped", &h),
                _ => {}
            }
        }
        let conflicts: Vec<String> = self.groups.keys().filter(|g| self.hosts.contains_key(*g)).cloned().collect();
        for name in conflicts {
            self.warn(format!("Found both group and host with same name: {name}"));
        }
        let mut depths = HashMap::new();
        for g in self.groups.keys() {
            self.depth(g, &mut depths, &mut HashSet::new());
        }
        for (name, group) in &mut self.groups {
            group.depth = depths.get(name).copied().unwrap_or(0);
        }
    }

    fn depth(&self, group: &str, known: &mut HashMap<String, u32>, open: &mut HashSet<String>) -> u32 {
        if let Some(d) = known.get(group) {
            return *d;
        }
        if !open.insert(group.to_string()) {
            return 0;
        }
        let parents = self.groups.get(group).into_iter().flat_map(|g| &g.parents);
        let depth = parents.map(|p| self.depth(p, known, open) + 1).max().unwrap_or(0);
        known.insert(group.to_string(), depth);
        depth
    }

    pub(crate) fn refuse(text: String) -> InventoryError {
        InventoryError::Model(text)
    }
}

impl Group {
    pub(crate) fn new(name: &str) -> Group {
        Group {
            name: name.into(),
            vars: Arc::default(),
            priority: 1,
            depth: 0,
            hosts: IndexSet::new(),
            children: IndexSet::new(),
            parents: IndexSet::new(),
        }
    }
}

/// Sets a variable; a dict onto a dict is combined as `hash_behaviour` says.
fn put(vars: &mut Arc<Dict>, key: &str, value: Value, merge: bool) {
    let vars = Arc::make_mut(vars);
    if let (true, Some(Value::Dict(old)), Value::Dict(new)) = (merge, vars.get(key), &value) {
        let both = combine(old, new, true);
        vars.insert(key, both);
        return;
    }
    vars.insert(key, value);
}

fn valid_variable_name(name: &str) -> bool {
    let start = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(start) && name.chars().all(|c| start(c) || c.is_ascii_digit())
}

/// The directory of a source: itself, or the one it is in; none for what is no file.
fn base_dir(source: &str) -> Option<String> {
    let path = std::path::Path::new(source);
    let dir = if path.is_dir() { path } else if path.is_file() { path.parent()? } else { return None };
    std::path::absolute(dir).ok().map(|d| d.display().to_string())
}
