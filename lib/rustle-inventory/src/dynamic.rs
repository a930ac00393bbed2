//! Changes while a play runs: `add_host` and `group_by`.

use crate::vars::combine;
use crate::{Inventory, InventoryError};
use rustle_value::Dict;
use std::sync::Arc;

/// A change that a reading of the sources again must not undo.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Host { name: String, groups: Vec<String>, vars: Dict },
    Group { host: String, group: String, parents: Vec<String> },
}

impl Inventory {
    /// Makes the changes of `other` here, too; those that make no sense any more are left out.
    pub(crate) fn repeat(&mut self, changes: &[Change]) {
        for change in changes {
            _ = match change {
                Change::Host { name, groups, vars } => self.add_host(name, groups, vars),
                Change::Group { host, group, parents } => self.group_by(host, group, parents),
            };
        }
    }

    /// `add_host`: adds or updates a host and puts it into groups, which are made where needed. True where anything
    /// changed.
    pub fn add_host(&mut self, name: &str, groups: &[String], vars: &Dict) -> Result<bool, InventoryError> {
        self.changes.push(Change::Host { name: name.into(), groups: groups.to_vec(), vars: vars.clone() });
        let mut changed = !self.hosts.contains_key(name);
        if changed {
            self.current_source = None;
            self.insert_host(name, Some("all"), None).map_err(Self::refuse)?;
        }
        let merge = self.options.merge_dicts;
        if let Some(h) = self.hosts.get_mut(name) {
            let both = combine(&h.vars, vars, merge);
            if *h.vars != both {
                h.vars = Arc::new(both);
                changed = true;
            }
        }
        for g in groups {
            changed |= !self.groups.contains_key(g);
            let g = self.add_group(g).map_err(Self::refuse)?;
            changed |= self.join(&g, name);
        }
        if changed {
            self.reconcile();
        }
        Ok(changed)
    }

    /// Adds a group with nothing in it, under `parents`. True where anything changed.
    pub fn new_group(&mut self, name: &str, parents: &[String]) -> Result<bool, InventoryError> {
        let mut changed = !self.groups.contains_key(name);
        let name = self.add_group(name).map_err(Self::refuse)?;
        for p in parents {
            changed |= !self.groups.contains_key(p);
            let p = self.add_group(p).map_err(Self::refuse)?;
            changed |= self.add_child(&p, &name).map_err(Self::refuse)?;
        }
        if changed {
            self.reconcile();
        }
        Ok(changed)
    }

    /// `group_by`: puts a host into a group, which is made under `parents` where needed. True where anything changed.
    pub fn group_by(&mut self, host: &str, group: &str, parents: &[String]) -> Result<bool, InventoryError> {
        let Some(host) = self.host(host).map(|h| h.name.clone()) else {
            return Err(InventoryError::Model(format!("{host} cannot be matched in inventory")));
        };
        self.changes.push(Change::Group { host: host.clone(), group: group.into(), parents: parents.to_vec() });
        let mut changed = self.new_group(group, parents)?;
        let group = self.add_group(group).map_err(Self::refuse)?;
        if !self.hosts_in(&group).contains(&host.as_str()) {
            changed |= self.join(&group, &host);
        }
        if changed {
            self.reconcile();
        }
        Ok(changed)
    }
}
