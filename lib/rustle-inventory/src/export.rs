//! The inventory as `ansible-inventory --list` and `--graph` show it.

use crate::{Inventory, InventoryError};
use rustle_value::{Dict, Value};
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

impl Inventory {
    /// `ansible-inventory --list`: groups, and each host's merged variables under `_meta`.
    pub fn list(&self, playbook_dir: Option<&Path>) -> Result<Dict, InventoryError> {
        let mut out = Dict::new();
        self.list_group("all", &mut out, &mut HashSet::new());
        let mut hostvars = Dict::new();
        for host in self.hosts_in("all") {
            let mut vars = self.vars_of(host, playbook_dir)?;
            vars.retain(|k, _| k.as_str().is_none_or(|k| !INTERNAL.contains(&k)));
            if !vars.is_empty() {
                hostvars.insert(host, exported(&vars.into()));
            }
        }
        out.insert("_meta", rustle_value::dict! { "hostvars" => hostvars, "profile" => "inventory_legacy" });
        Ok(out)
    }

    fn list_group(&self, name: &str, out: &mut Dict, seen: &mut HashSet<String>) {
        let Some(group) = self.groups.get(name) else { return };
        let mut entry = Dict::new();
        if name != "all" && !group.hosts.is_empty() {
            entry.insert("hosts", group.hosts.iter().map(|h| Value::from(h.as_str())).collect::<Vec<_>>());
        }
        if !group.children.is_empty() {
            entry.insert("children", group.children.iter().map(|c| Value::from(c.as_str())).collect::<Vec<_>>());
        }
        for child in &group.children {
            if seen.insert(child.clone()) {
                self.list_group(child, out, seen);
            }
        }
        if !entry.is_empty() {
            out.insert(name, entry);
        }
    }

    /// `ansible-inventory --graph` of a group.
    pub fn graph(&self, group: &str) -> String {
        let mut lines = Vec::new();
        self.graph_group(group, 0, &mut lines);
        lines.join("\n")
    }

    fn graph_group(&self, name: &str, depth: usize, lines: &mut Vec<String>) {
        let line = |depth: usize, text: String| if depth == 0 { text } else { format!("{}--{text}", "  |".repeat(depth)) };
        lines.push(line(depth, format!("@{name}:")));
        let Some(group) = self.groups.get(name) else { return };
        for child in &group.children {
            self.graph_group(child, depth + 1, lines);
        }
        if name != "all" {
            lines.extend(group.hosts.iter().map(|h| line(depth + 1, h.clone())));
        }
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
