//! An inventory as records of a stream, and back. Variables of files beside sources and playbooks travel with their
//! group or host, so that the reader needs no file; of several folders with files, one layer is made.

use crate::model::LOCALHOST;
use crate::vars::combine;
use crate::{Inventory, InventoryError, LayerKind, LoadOptions};
use rustle_stream::record;
use rustle_value::Dict;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Stands for the folders beside sources, in an inventory that came from records.
pub(crate) const SOURCES: &str = "/<records>/inventory";
/// Stands for the folders beside playbooks.
pub(crate) const PLAYBOOKS: &str = "/<records>/playbook";

impl Inventory {
    /// The groups and hosts as records. `play_dirs`: folders whose `group_vars` and `host_vars` count as the
    /// playbooks'. The implicit localhost is among the hosts where a pattern asked for it.
    ///
    /// # Errors
    /// A variable file that cannot be read.
    pub fn to_records(&self, play_dirs: &[&Path]) -> Result<(Vec<record::Group>, Vec<record::Host>), InventoryError> {
        // (of the playbook, entity is a group, entity)
        let mut files: HashMap<(bool, bool, String), Dict> = HashMap::new();
        let implicit = self.implicit.get().and_then(|n| self.host(n)).map(std::borrow::Cow::into_owned).filter(|h| h.implicit);
        let mut seen = std::collections::HashSet::new();
        for host in self.hosts.keys().chain(implicit.as_ref().map(|h| &h.name)) {
            for layer in self.layers_of(host, play_dirs)? {
                let (play, group) = match layer.kind {
                    LayerKind::AllInventory | LayerKind::GroupInventory | LayerKind::HostInventory => continue,
                    LayerKind::AllFiles | LayerKind::GroupFiles => (false, true),
                    LayerKind::AllPlayFiles | LayerKind::GroupPlayFiles => (true, true),
                    LayerKind::HostFiles => (false, false),
                    LayerKind::HostPlayFiles => (true, false),
                };
                if seen.insert((play, group, layer.entity.clone(), layer.dir.clone())) {
                    let slot = files.entry((play, group, layer.entity)).or_default();
                    *slot = combine(slot, &layer.vars, self.options.merge_dicts);
                }
            }
        }
        let mut of = |play: bool, group: bool, name: &str| files.remove(&(play, group, name.to_owned())).unwrap_or_default();
        let groups = self.groups.values().map(|g| record::Group {
            name: g.name.clone(),
            hosts: g.hosts.iter().cloned().collect(),
            children: g.children.iter().cloned().collect(),
            vars: (*g.vars).clone(),
            inventory_group_vars: of(false, true, &g.name),
            playbook_group_vars: of(true, true, &g.name),
            priority: g.priority,
        });
        let groups = groups.collect();
        let hosts = self.hosts.values().chain(&implicit).map(|h| record::Host {
            name: h.name.clone(),
            vars: (*h.vars).clone(),
            inventory_host_vars: of(false, false, &h.name),
            playbook_host_vars: of(true, false, &h.name),
            implicit: h.implicit,
        });
        let hosts = hosts.collect();
        Ok((groups, hosts))
    }

    /// The inventory that [`Inventory::to_records`] described. It reads no files.
    pub fn from_records(groups: &[record::Group], hosts: &[record::Host], options: LoadOptions) -> Inventory {
        let mut inventory = Inventory::empty(options);
        inventory.recorded = true;
        for h in hosts {
            if h.implicit {
                _ = inventory.implicit.set(h.name.clone());
            } else {
                let host = crate::Host { name: h.name.clone(), vars: Arc::new(h.vars.clone()), implicit: false };
                if LOCALHOST.contains(&h.name.as_str()) && inventory.localhost.is_none() {
                    inventory.localhost = Some(h.name.clone());
                }
                inventory.hosts.insert(h.name.clone(), host);
            }
            inventory.record_files("host_vars", &h.name, &h.inventory_host_vars, &h.playbook_host_vars);
        }
        for g in groups {
            // Only an empty name is refused, and no record of ours has one.
            _ = inventory.groups.entry(g.name.clone()).or_insert_with(|| crate::Group::new(&g.name));
        }
        for g in groups {
            for host in &g.hosts {
                if inventory.hosts.contains_key(host) {
                    inventory.join(&g.name, host);
                }
            }
            for child in &g.children {
                // A loop, from a stream that lies, is left out.
                _ = inventory.add_child(&g.name, child);
            }
            if let Some(group) = inventory.groups.get_mut(&g.name) {
                group.vars = Arc::new(g.vars.clone());
                group.priority = g.priority;
            }
            inventory.record_files("group_vars", &g.name, &g.inventory_group_vars, &g.playbook_group_vars);
        }
        inventory.reconcile();
        inventory
    }

    fn record_files(&self, sub: &str, name: &str, sources: &Dict, playbooks: &Dict) {
        for (dir, vars) in [(SOURCES, sources), (PLAYBOOKS, playbooks)] {
            self.remember(PathBuf::from(dir).join(sub).join(name), vars.clone());
        }
    }
}
