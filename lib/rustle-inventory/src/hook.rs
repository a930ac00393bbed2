//! The way in for inventory plugins that are not native: a function that fills the inventory in.

use crate::{Inventory, InventoryError};
use rustle_value::{Origin, Value};
use rustle_yaml::Node;
use std::fmt;
use std::sync::Arc;

type Hook = dyn Fn(Builder<'_>, &str, &Node) -> Option<Result<(), String>> + Send + Sync;

/// Called with the plugin's name and its configuration file. `None` says that it does not know the plugin.
#[derive(Clone)]
pub struct PluginHook(pub Arc<Hook>);

impl fmt::Debug for PluginHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PluginHook(…)")
    }
}

/// An inventory that is being read.
pub struct Builder<'a> {
    inventory: &'a mut Inventory,
    source: &'a str,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(inventory: &'a mut Inventory, source: &'a str) -> Self {
        Builder { inventory, source }
    }
    /// The path of the configuration.
    pub fn source(&self) -> &str {
        self.source
    }
    /// What is known so far.
    pub fn inventory(&self) -> &Inventory {
        self.inventory
    }
    /// Adds a group unless it is there; returns the name that it really has.
    pub fn group(&mut self, name: &str) -> Result<String, InventoryError> {
        self.inventory.add_group(name).map_err(InventoryError::Model)
    }
    /// Adds a host unless it is there, and puts it into a group that must exist.
    pub fn host(&mut self, name: &str, group: Option<&str>, port: Option<u32>) -> Result<(), InventoryError> {
        self.inventory.insert_host(name, group, port).map_err(InventoryError::Model)
    }
    /// Makes a group or host a member of a group; true where it was none.
    pub fn child(&mut self, group: &str, child: &str) -> Result<bool, InventoryError> {
        self.inventory.add_child(group, child).map_err(InventoryError::Model)
    }
    /// Sets a variable of a group or, where there is no such group, a host.
    pub fn set(&mut self, entity: &str, key: &str, value: Value, place: Option<&Origin>) -> Result<(), InventoryError> {
        self.inventory.set_variable(entity, key, value, place).map_err(InventoryError::Model)
    }
    /// Takes everything from JSON in the form of `ansible-inventory --list` and of inventory scripts.
    pub fn json(&mut self, text: &str) -> Result<(), InventoryError> {
        crate::source::script::take_json(self.inventory, text, self.source).map_err(InventoryError::Model)
    }
}
