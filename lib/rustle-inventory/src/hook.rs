//! The way in for inventory plugins that are not kinds of source of this crate: a function that fills the inventory in.

use crate::source::{Failure, script};
use crate::{Inventory, InventoryError};
use rustle_value::{Dict, Origin, Value};
use rustle_yaml::Node;
use std::fmt;
use std::sync::Arc;

/// What a plugin is asked to do.
pub struct Call<'a> {
    /// The plugin's name, full or not.
    pub plugin: &'a str,
    /// What the source says, where it named the plugin itself (`plugin:`). Without it the plugin is one of those that are
    /// switched on, and is offered every source.
    pub config: Option<&'a Node>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Read,
    /// The plugin does not read such sources.
    Unwanted,
    /// Why not; what was filled in until then stays.
    Failed(String),
    /// There is no such plugin.
    Unknown,
}

type Hook = dyn Fn(&mut Builder<'_>, &Call<'_>) -> Outcome + Send + Sync;

/// Reads sources by plugins.
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
    /// The source: a path, or a list with commas.
    pub fn source(&self) -> &str {
        self.source
    }
    /// What is known so far.
    pub fn inventory(&self) -> &Inventory {
        self.inventory
    }
    /// Adds a group unless it is there; returns the name that it really has.
    ///
    /// # Errors
    /// A name that none can have.
    pub fn group(&mut self, name: &str) -> Result<String, InventoryError> {
        self.inventory.add_group(name).map_err(InventoryError::Model)
    }
    /// Adds a host unless it is there, and puts it into a group that must exist.
    ///
    /// # Errors
    /// A name that none can have.
    pub fn host(&mut self, name: &str, group: Option<&str>, port: Option<u32>) -> Result<(), InventoryError> {
        self.inventory.insert_host(name, group, port).map_err(InventoryError::Model)
    }
    /// Makes a group or host a member of a group; true where it was none.
    ///
    /// # Errors
    /// Names that are not there, and circles.
    pub fn child(&mut self, group: &str, child: &str) -> Result<bool, InventoryError> {
        self.inventory.add_child(group, child).map_err(InventoryError::Model)
    }
    /// Sets a variable of a group or, where there is no such group, a host.
    ///
    /// # Errors
    /// Neither is there.
    pub fn set(&mut self, entity: &str, key: &str, value: Value, place: Option<&Origin>) -> Result<(), InventoryError> {
        self.inventory.set_variable(entity, key, value, place).map_err(InventoryError::Model)
    }
    /// Sets a variable that stands in JSON as inventory scripts write it: text is a template unless `__ansible_unsafe` or
    /// `__ansible_vault` says otherwise.
    ///
    /// # Errors
    /// As [`Builder::set`].
    pub fn set_json(&mut self, entity: &str, key: &str, value: &serde_json::Value) -> Result<(), InventoryError> {
        let place = Origin::new(format!("<inventory plugin output for '{}'>", self.source), 0, 0);
        self.set(entity, key, script::value(value, true, &place), Some(&place))
    }
    /// A warning, as Ansible prints it after `[WARNING]: `.
    pub fn warn(&self, text: &str) {
        self.inventory.warn(text);
    }
    /// The sources' variables of a host: those of its groups, and its own over them. With `files` those of `group_vars` and
    /// `host_vars`, too, as far as the sources were read.
    ///
    /// # Errors
    /// A file of variables that cannot be read.
    pub fn vars_of(&self, host: &str, files: bool) -> Result<Dict, InventoryError> {
        self.inventory.vars_while_reading(host, files)
    }
}

impl Inventory {
    /// Has a plugin read a source.
    pub(crate) fn by_plugin(&mut self, source: &str, call: &Call<'_>) -> Result<bool, Option<Failure>> {
        let Some(hook) = self.options.plugins.clone() else { return Err(None) };
        match (hook.0)(&mut Builder { inventory: self, source }, call) {
            Outcome::Read => Ok(true),
            Outcome::Unwanted => Ok(false),
            Outcome::Failed(why) => Err(Some(why.into())),
            Outcome::Unknown => Err(None),
        }
    }
}
