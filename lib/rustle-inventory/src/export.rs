//! The inventory as `ansible-inventory` shows it: `--list` as JSON or YAML, `--host`, `--graph`.

use crate::{Inventory, InventoryError};
use crate::vars::LayerKind;
use rustle_value::{Dict, Value, py_str};
use std::collections::HashSet;
use std::path::Path;

/// Variables that are Ansible's own and never listed.
const INTERNAL: &[&str] = &[
    "ansible_async_path", "ansible_collection_name", "ansible_config_file", "ansible_dependent_role_names", "ansible_diff_mode",
    "ansible_facts", "ansible_forks", "ansible_inventory_sources", "ansible_limit", "ansible_play_batch", "ansible_play_hosts",
    "ansible_play_hosts_all", "ansible_play_role_names", "ansible_playbook_python", "ansible_role_name", "ansible_role_names",
    "ansible_run_tags", "ansible_skip_tags", "ansible_verbosity", "ansible_version", "group_names", "groups", "hostvars",
    "inventory_dir", "inventory_file", "inventory_hostname", "inventory_hostname_short", "play_hosts", "playbook_dir", "role_name",
    "role_names", "role_path", "role_uuid",
];

/// What of an inventory is shown, and how.
#[derive(Clone, Debug, Default)]
pub struct Listing<'a> {
    /// Only these hosts (`--limit`).
    pub hosts: Option<HashSet<String>>,
    /// `--export`: variables stay with their groups, so that the listing can be read back.
    pub export: bool,
    pub playbook_dir: Option<&'a Path>,
    /// `-e`: over all others.
    pub extra_vars: Dict,
}

impl Listing<'_> {
    fn shows(&self, host: &str) -> bool {
        self.hosts.as_ref().is_none_or(|h| h.contains(host))
    }
    /// A host's variables.
    fn host(&self, inventory: &Inventory, host: &str) -> Result<Dict, InventoryError> {
        let mut vars = Dict::new();
        if self.export {
            for layer in inventory.layers_of(host, self.playbook_dir.as_slice())? {
                if matches!(layer.kind, LayerKind::HostInventory | LayerKind::HostFiles | LayerKind::HostPlayFiles) {
                    vars.update(&layer.vars);
                }
            }
        } else {
            vars = inventory.vars_of(host, self.playbook_dir)?;
        }
        vars.update(&self.extra_vars);
        Ok(shown(vars))
    }
    fn group(&self, inventory: &Inventory, group: &str) -> Result<Dict, InventoryError> {
        Ok(shown(inventory.group_vars_of(group, self.playbook_dir)?))
    }
}

/// Variables without Ansible's own, as a listing spells them.
fn shown(mut vars: Dict) -> Dict {
    vars.retain(|k, _| k.as_str().is_none_or(|k| !INTERNAL.contains(&k)));
    vars.iter().map(|(k, v)| (k.clone(), exported(v))).collect()
}

impl Inventory {
    /// `ansible-inventory --list`: groups, and each host's merged variables under `_meta`.
    ///
    /// # Errors
    /// A file of variables that cannot be read.
    pub fn list(&self, listing: &Listing<'_>) -> Result<Dict, InventoryError> {
        let mut out = Dict::new();
        self.list_group("all", listing, &mut out, &mut HashSet::new())?;
        let mut hostvars = Dict::new();
        for host in self.hosts_in("all").into_iter().filter(|h| listing.shows(h)) {
            let vars = listing.host(self, host)?;
            if !vars.is_empty() {
                hostvars.insert(host, vars);
            }
        }
        out.insert("_meta", rustle_value::dict! { "hostvars" => hostvars, "profile" => "inventory_legacy" });
        Ok(out)
    }

    fn list_group(&self, name: &str, listing: &Listing<'_>, out: &mut Dict, seen: &mut HashSet<String>) -> Result<(), InventoryError> {
        let Some(group) = self.groups.get(name) else { return Ok(()) };
        let mut entry = Dict::new();
        let hosts: Vec<Value> = group.hosts.iter().filter(|h| listing.shows(h)).map(|h| Value::from(h.as_str())).collect();
        if name != "all" && !hosts.is_empty() {
            entry.insert("hosts", hosts);
        }
        if !group.children.is_empty() {
            entry.insert("children", group.children.iter().map(|c| Value::from(c.as_str())).collect::<Vec<_>>());
        }
        for child in &group.children {
            if seen.insert(child.clone()) {
                self.list_group(child, listing, out, seen)?;
            }
        }
        if listing.export {
            let vars = listing.group(self, name)?;
            if !vars.is_empty() {
                entry.insert("vars", vars);
            }
        }
        if !entry.is_empty() {
            out.insert(name, entry);
        }
        Ok(())
    }

    /// `ansible-inventory --list --yaml`: a tree of groups, with each host's variables where it first stands.
    ///
    /// # Errors
    /// As [`Inventory::list`].
    pub fn tree(&self, listing: &Listing<'_>) -> Result<Dict, InventoryError> {
        let all = self.tree_of("all", listing, &mut HashSet::new(), &mut HashSet::new())?;
        Ok(rustle_value::dict! { "all" => all })
    }

    fn tree_of(&self, name: &str, listing: &Listing<'_>, groups: &mut HashSet<String>, hosts: &mut HashSet<String>) -> Result<Dict, InventoryError> {
        let mut out = Dict::new();
        let Some(group) = self.groups.get(name) else { return Ok(out) };
        let mut children = Dict::new();
        let mut names: Vec<&String> = group.children.iter().collect();
        names.sort_unstable();
        for child in names {
            let known = !groups.insert(child.clone());
            let below = if known { Dict::new() } else { self.tree_of(child, listing, groups, hosts)? };
            if known || !below.is_empty() {
                children.insert(child.as_str(), below);
            }
        }
        if !children.is_empty() {
            out.insert("children", children);
        }
        let mut own = Dict::new();
        for host in group.hosts.iter().filter(|h| name != "all" && listing.shows(h)) {
            let vars = if hosts.insert(host.clone()) { listing.host(self, host)? } else { Dict::new() };
            own.insert(host.as_str(), vars);
        }
        if !own.is_empty() {
            out.insert("hosts", own);
        }
        if listing.export {
            let vars = listing.group(self, name)?;
            if !vars.is_empty() {
                out.insert("vars", vars);
            }
        }
        Ok(out)
    }

    /// `ansible-inventory --host`.
    ///
    /// # Errors
    /// As [`Inventory::list`].
    pub fn of_host(&self, host: &str, listing: &Listing<'_>) -> Result<Dict, InventoryError> {
        listing.host(self, host)
    }

    /// `ansible-inventory --graph` of a group; with variables where a listing says which.
    ///
    /// # Errors
    /// As [`Inventory::list`].
    pub fn graph(&self, group: &str, vars: Option<&Listing<'_>>) -> Result<String, InventoryError> {
        let mut lines = Vec::new();
        self.graph_group(group, 0, vars, &mut lines)?;
        Ok(lines.join("\n"))
    }

    fn graph_group(&self, name: &str, depth: usize, vars: Option<&Listing<'_>>, lines: &mut Vec<String>) -> Result<(), InventoryError> {
        let line = |depth: usize, text: String| if depth == 0 { text } else { format!("{}--{text}", "  |".repeat(depth)) };
        let variables = |depth: usize, vars: Dict, lines: &mut Vec<String>| {
            let mut text: Vec<(String, String)> = vars.iter().map(|(k, v)| (py_str(k), py_str(v))).collect();
            text.sort();
            lines.extend(text.into_iter().map(|(k, v)| line(depth, format!("{{{k} = {v}}}"))));
        };
        lines.push(line(depth, format!("@{name}:")));
        let Some(group) = self.groups.get(name) else { return Ok(()) };
        for child in &group.children {
            self.graph_group(child, depth + 1, vars, lines)?;
        }
        for host in group.hosts.iter().filter(|_| name != "all") {
            lines.push(line(depth + 1, host.clone()));
            if let Some(listing) = vars {
                variables(depth + 2, listing.host(self, host)?, lines);
            }
        }
        if let Some(listing) = vars {
            variables(depth + 1, listing.group(self, name)?, lines);
        }
        Ok(())
    }
}

/// A variable as the listing spells it, so that it can be read back as an inventory: vaulted values and text that must
/// not be rendered are marked, dates are text.
fn exported(value: &Value) -> Value {
    let marked = |key: &str, text: &str| Value::from(rustle_value::dict! { key => text });
    match value {
        Value::Vaulted(v) => marked("__ansible_vault", &v.ciphertext),
        Value::Str(s) if rustle_value::is_template(s) => marked("__ansible_unsafe", s),
        Value::Time(t) => Value::from(t.isoformat()),
        Value::List(l) | Value::Tuple(l) => Value::list(l.iter().map(exported).collect()),
        Value::Dict(d) => Value::dict(d.iter().map(|(k, v)| (k.clone(), exported(v))).collect::<Dict>()),
        other => other.clone(),
    }
}
