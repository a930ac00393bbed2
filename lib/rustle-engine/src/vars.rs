//! A host's variables, in layers, and what a name means for a task.
//!
//! Nothing is merged in advance: a name is looked for from the highest layer down. Source of the order:
//! <https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_variables.html#understanding-variable-precedence>.

use crate::keywords::Inherited;
use crate::program::Program;
use rustle_stream::model::{Play, Role};
use rustle_stream::protocol::VarChanges;
use rustle_value::{Dict, Value};
use std::sync::Arc;

/// Variables of one host, as far as they do not belong to a task.
#[derive(Clone, Debug, Default)]
pub struct HostVars {
    /// Inventory: groups and host, merged by precedence.
    pub inventory: Dict,
    /// `vars_prompt` and `vars_files` of the play.
    pub vars_files: Dict,
    /// `-e`.
    pub extra: Dict,
    /// Magic variables that hold for the whole play.
    pub magic: Dict,
    /// `include_vars`.
    pub included: Dict,
    /// `register` and `set_fact`.
    pub set: Dict,
    facts: Dict,
    namespaced: Dict,
}

impl HostVars {
    /// Facts by the names that modules gave them (`ansible_distribution`, `packages`, …).
    pub fn facts(&self) -> &Dict {
        &self.facts
    }
    /// The value of `ansible_facts`: facts without their prefix.
    pub fn namespaced(&self) -> &Dict {
        &self.namespaced
    }
    /// Adds or replaces facts.
    pub fn merge_facts(&mut self, facts: &Dict) {
        for (name, value) in facts.str_iter() {
            self.facts.insert(name, value.clone());
            let short = match name.strip_prefix("ansible_") {
                Some(rest) if name != "ansible_local" => rest,
                _ => name,
            };
            self.namespaced.insert(short, value.clone());
        }
    }
    /// Forgets all facts (`meta: clear_facts`).
    pub fn clear_facts(&mut self) {
        self.facts = Dict::new();
        self.namespaced = Dict::new();
    }
    /// Applies what a task changed.
    pub fn apply(&mut self, changes: &VarChanges) {
        self.merge_facts(&changes.facts);
        self.included.update(&changes.included);
        self.set.update(&changes.set);
    }
}

/// `new` as it is where dicts are merged with what `before` has under the same name.
pub fn merged_into(before: &Dict, new: &Dict) -> Dict {
    let mut out: Dict = new.iter().filter_map(|(name, _)| Some((name.clone(), before.get_value(name)?.clone()))).collect();
    out.merge(new);
    out
}

/// All that a task sees: the host's layers and its own.
pub struct Layers<'a> {
    pub host: &'a HostVars,
    pub play: &'a Play,
    pub program: &'a Program,
    /// The task's role and those that pulled it in, nearest first.
    pub roles: &'a [Arc<Role>],
    pub inherited: &'a Inherited,
    /// Variables of the dynamic includes around the task, outermost first.
    pub frames: &'a [Dict],
    /// Loop variables and the result in the making: above everything.
    pub locals: &'a Dict,
    /// Magic variables that depend on the task.
    pub task_magic: &'a Dict,
    pub inject_facts: bool,
    /// Dicts of one name are merged, from the lowest layer up.
    pub merge: bool,
}

impl Layers<'_> {
    /// The value of `name`, perhaps a template.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.known(name).or_else(|| self.connection(name))
    }
    /// What goes before facts.
    fn above_facts(&self, name: &str) -> Option<&Value> {
        let h = self.host;
        self.locals
            .get(name)
            .or_else(|| self.task_magic.get(name))
            .or_else(|| h.magic.get(name))
            .or_else(|| h.extra.get(name))
            .or_else(|| self.frames.iter().rev().find_map(|f| f.get(name)))
            .or_else(|| self.roles.iter().find_map(|r| r.params.get(name)))
            .or_else(|| h.set.get(name))
            .or_else(|| h.included.get(name))
            .or_else(|| self.inherited.vars.iter().rev().find_map(|v| v.get(name)))
            .or_else(|| self.role_vars().find_map(|d| d.get(name)))
            .or_else(|| self.program.public_roles().rev().find_map(|r| r.vars.get(name)))
            .or_else(|| h.vars_files.get(name))
            .or_else(|| self.play.keywords.vars.get(name))
    }
    /// Whether the name means a fact, without being asked for among `ansible_facts`.
    pub(crate) fn is_injected(&self, name: &str) -> bool {
        self.inject_facts && self.host.facts.contains_key(name) && name != "ansible_local" && self.above_facts(name).is_none()
    }
    fn known(&self, name: &str) -> Option<Value> {
        if self.merge && name != "ansible_facts" {
            return self.merged_value(name);
        }
        let h = self.host;
        self.above_facts(name)
            .cloned()
            .or_else(|| (name == "ansible_facts").then(|| Value::dict(h.namespaced.clone())))
            .or_else(|| self.inject_facts.then(|| h.facts.get(name).cloned()).flatten())
            .or_else(|| h.inventory.get(name).cloned())
            .or_else(|| self.roles.iter().find_map(|r| r.defaults.get(name)).cloned())
            .or_else(|| self.program.public_roles().rev().find_map(|r| r.defaults.get(name)).cloned())
    }
    /// Variables of the task's role and of those that pulled it in, from the highest layer down. What is said where the
    /// role is mentioned goes before `vars/main.yml`; of roles further out it is the other way round.
    fn role_vars(&self) -> impl Iterator<Item = &Dict> {
        self.roles.iter().enumerate().flat_map(|(i, r)| {
            if i == 0 { [&r.keywords.vars, &r.vars] } else { [&r.vars, &r.keywords.vars] }
        })
    }
    /// Connection variables that every task sees, set or not: the address, and the other name of user and port.
    fn connection(&self, name: &str) -> Option<Value> {
        // Outside of a task (`hostvars`) they are not there.
        if !self.task_magic.contains_key("ansible_search_path") {
            return None;
        }
        let h = self.host;
        let other = match name {
            "ansible_host" => "ansible_ssh_host",
            "ansible_ssh_host" => "ansible_host",
            "ansible_user" => "ansible_ssh_user",
            "ansible_ssh_user" | "ansible_connection_user" => "ansible_user",
            "ansible_port" => "ansible_ssh_port",
            "ansible_ssh_port" => "ansible_port",
            _ => return None,
        };
        if let Some(v) = self.known(other) {
            return Some(v);
        }
        if !name.ends_with("_host") {
            return None;
        }
        let host = h.magic.get("inventory_hostname").cloned();
        // The localhost that no inventory names has an address of its own.
        let implicit = host.as_ref().and_then(Value::as_str) == Some("localhost")
            && h.magic.get("groups").and_then(|g| g.get("all")).and_then(|l| l.as_list().map(|l| !l.contains(&Value::from("localhost")))).unwrap_or(false);
        if implicit { Some(Value::from("127.0.0.1")) } else { host }
    }
    /// The dicts of all layers as one, or what a layer has that is none. Blocks and tasks are one layer, and so are
    /// includes: there the nearest value counts.
    fn merged_value(&self, name: &str) -> Option<Value> {
        let mut found: Option<Value> = None;
        let mut group: Option<&Value> = None;
        let in_group = |d: &Dict| self.inherited.vars.iter().chain(self.frames).any(|g| std::ptr::eq(g, d));
        let put = |found: &mut Option<Value>, v: &Value| {
            *found = Some(match (found.take(), v) {
                (Some(Value::Dict(mut low)), Value::Dict(high)) => {
                    Arc::make_mut(&mut low).merge(high);
                    Value::Dict(low)
                }
                (_, v) => v.clone(),
            });
        };
        for d in self.dicts() {
            let Some(v) = d.get(name) else { continue };
            if in_group(d) {
                group = Some(v);
                continue;
            }
            if let Some(nearest) = group.take() {
                put(&mut found, nearest);
            }
            put(&mut found, v);
        }
        if let Some(nearest) = group {
            put(&mut found, nearest);
        }
        found
    }
    /// All layers from lowest to highest.
    pub fn dicts(&self) -> Vec<&Dict> {
        let h = self.host;
        let mut all: Vec<&Dict> = self.program.public_roles().map(|r| &r.defaults).collect();
        all.extend(self.roles.iter().rev().map(|r| &r.defaults));
        all.push(&h.inventory);
        if self.inject_facts {
            all.push(&h.facts);
        }
        all.push(&self.play.keywords.vars);
        all.push(&h.vars_files);
        all.extend(self.program.public_roles().map(|r| &r.vars));
        let own: Vec<&Dict> = self.role_vars().collect();
        all.extend(own.into_iter().rev());
        all.extend(self.inherited.vars.iter());
        all.extend([&h.included, &h.set]);
        all.extend(self.roles.iter().rev().map(|r| &r.params));
        all.extend(self.frames);
        all.extend([&h.extra, &h.magic, self.task_magic, self.locals]);
        all
    }
    /// Every name that has a value.
    pub fn names(&self) -> Vec<String> {
        let mut seen = Dict::new();
        for d in self.dicts() {
            for (k, _) in d.str_iter() {
                seen.insert(k, Value::Null);
            }
        }
        seen.insert("ansible_facts", Value::Null);
        seen.str_iter().map(|(k, _)| k.to_owned()).collect()
    }
    /// All variables in one dict, untemplated (`vars`).
    pub fn merged(&self) -> Dict {
        let mut out = Dict::new();
        out.insert("ansible_facts", Value::dict(self.host.namespaced.clone()));
        for d in self.dicts() {
            if self.merge { out.merge(d) } else { out.update(d) }
        }
        out
    }
}
