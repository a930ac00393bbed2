//! The few variables that say how a host is reached and what it is, merged from the inventory's records in Ansible's
//! order.
//!
//! Limits: templates are not rendered here. What somebody else has rendered is taken in ([`Inventory::rendered`]); of
//! other hosts [`Inventory::untold`] says what is not known of the way to them.

use rustle_stream::Record;
use rustle_stream::record::{Group, Host};
use rustle_value::{Dict, Value};
use std::collections::{BTreeSet, HashMap};

/// Hosts and groups of a stream.
#[derive(Debug, Default)]
pub struct Inventory<'a> {
    hosts: Vec<&'a Host>,
    groups: HashMap<&'a str, &'a Group>,
    extra: Option<&'a Dict>,
    connection: Option<&'a Dict>,
    rendered: HashMap<String, Dict>,
}

/// Variables without which a host might be another one.
const NEEDED: &[&str] = &[
    "ansible_connection", "ansible_host", "ansible_ssh_host", "ansible_port", "ansible_ssh_port", "ansible_user", "ansible_ssh_user", "ansible_password",
    "ansible_ssh_pass", "ansible_ssh_password", "ansible_ssh_private_key_file", "ansible_private_key_file", "ansible_ssh_args", "ansible_ssh_common_args",
    "ansible_ssh_extra_args",
];

impl<'a> Inventory<'a> {
    /// Picks what it needs from records.
    pub fn of(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut all = Inventory::default();
        for r in records {
            match r {
                Record::Host(h) => all.hosts.push(h),
                Record::Group(g) => _ = all.groups.insert(&g.name, g),
                Record::ExtraVars(x) => all.extra = Some(&x.vars),
                Record::Options(o) => all.connection = Some(&o.connection),
                _ => {}
            }
        }
        all
    }
    /// Takes connection variables in that count more than what the records say.
    pub fn rendered(mut self, hosts: HashMap<String, Dict>) -> Self {
        self.rendered = hosts;
        self
    }
    /// The first variable that says how the host is reached and is a template, or vaulted, which nobody has rendered.
    pub fn untold(&self, host: &str) -> Option<&'static str> {
        let (written, rendered) = (self.written(host), self.rendered.get(host));
        let hard = |name: &str| matches!(written.get(name), Some(Value::Template(_) | Value::Vaulted(_)));
        NEEDED.iter().copied().find(|n| hard(n) && !rendered.is_some_and(|r| r.contains_key(n)))
    }
    /// Every host's name, in order.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.hosts.iter().map(|h| h.name.as_str())
    }
    /// Connection options of the command line.
    pub fn cli(&self) -> Dict {
        self.connection.cloned().unwrap_or_default()
    }
    /// A host's variables: of its groups from the widest to the narrowest, its own, then `-e`; templates left out.
    pub fn vars(&self, host: &str) -> Dict {
        let mut vars = self.written(host);
        vars.retain(|_, v| !matches!(v, Value::Template(_) | Value::Vaulted(_)));
        if let Some(rendered) = self.rendered.get(host) {
            vars.update(rendered);
        }
        vars
    }
    fn written(&self, host: &str) -> Dict {
        let mut vars = Dict::new();
        for group in self.groups_of(host) {
            for layer in [&group.vars, &group.inventory_group_vars, &group.playbook_group_vars] {
                vars.update(layer);
            }
        }
        for h in self.hosts.iter().filter(|h| h.name == host) {
            for layer in [&h.vars, &h.inventory_host_vars, &h.playbook_host_vars] {
                vars.update(layer);
            }
        }
        if let Some(extra) = self.extra {
            vars.update(extra);
        }
        vars
    }
    /// The host's groups and theirs, weakest first: by depth below `all`, priority, name.
    fn groups_of(&self, host: &str) -> Vec<&'a Group> {
        let mut found: BTreeSet<&str> =
            self.groups.values().filter(|g| g.hosts.iter().any(|h| h == host)).map(|g| g.name.as_str()).collect();
        loop {
            let more: Vec<&str> = self
                .groups
                .values()
                .filter(|g| !found.contains(g.name.as_str()) && g.children.iter().any(|c| found.contains(c.as_str())))
                .map(|g| g.name.as_str())
                .collect();
            if more.is_empty() {
                break;
            }
            found.extend(more);
        }
        found.insert("all");
        let mut groups: Vec<&Group> = found.into_iter().filter_map(|n| self.groups.get(n).copied()).collect();
        groups.sort_by_key(|g| (self.depth(&g.name, 0), g.priority, g.name.clone()));
        groups
    }
    fn depth(&self, group: &str, level: usize) -> usize {
        if group == "all" || level > self.groups.len() {
            return 0;
        }
        let parents = self.groups.values().filter(|g| g.children.iter().any(|c| c == group));
        parents.map(|g| self.depth(&g.name, level + 1)).max().unwrap_or(0) + 1
    }
}

/// Hosts that the plan's batches name, in order; all hosts of the inventory where there is no plan.
pub fn hosts_to_reach<'a>(records: impl IntoIterator<Item = &'a Record> + Clone) -> Vec<String> {
    let mut planned = false;
    let mut list: Vec<String> = Vec::new();
    for r in records.clone() {
        if let Record::Batch(b) = r {
            planned = true;
            for h in &b.hosts {
                if !list.contains(h) {
                    list.push(h.clone());
                }
            }
        }
    }
    if !planned {
        list = records.into_iter().filter_map(|r| if let Record::Host(h) = r { Some(h.name.clone()) } else { None }).collect();
    }
    list
}
