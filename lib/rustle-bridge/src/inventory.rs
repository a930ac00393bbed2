//! Inventory plugins written in Python: a source that configures one is read in the helper process.
//!
//! Limit: vaulted variables of hosts that are known already are not readable for a plugin, nor is a configuration that is
//! vaulted itself.

use crate::{Bridge, BridgeError};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A group, with its own variables and direct members.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct InventoryGroup {
    pub name: String,
    /// Text of `__ansible_unsafe` is not to be rendered, that of `__ansible_vault` is vaulted; as inventory scripts have it.
    pub vars: serde_json::Map<String, serde_json::Value>,
    pub hosts: Vec<String>,
    pub children: Vec<String>,
}

/// A host, with its own variables (see [`InventoryGroup`]).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct InventoryHost {
    pub name: String,
    pub vars: serde_json::Map<String, serde_json::Value>,
}

/// What is known of hosts and groups.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct InventoryData {
    pub groups: Vec<InventoryGroup>,
    pub hosts: Vec<InventoryHost>,
}

/// What a plugin made of a source.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct InventoryRead {
    /// All groups and hosts; of variables those that are new.
    #[serde(flatten)]
    pub data: InventoryData,
    pub warnings: Vec<String>,
    /// False where it failed, and where it does not read such sources.
    pub parsed: bool,
    /// Why it stopped; what it had done until then stays.
    pub failed: Option<String>,
}

impl Bridge {
    /// Has `plugin` (`auto`, or the name of one that is switched on) read a source. `folders`: those whose
    /// `inventory_plugins` count.
    ///
    /// # Errors
    /// [`BridgeError::NoAnsible`], and what went wrong outside of the plugin.
    pub fn inventory(&self, plugin: &str, source: &str, known: &InventoryData, folders: &[String]) -> Result<InventoryRead, BridgeError> {
        let question = json!({ "ask": "inventory", "plugin": plugin, "source": source, "known": known, "playbooks": folders, "folders": folders });
        serde_json::from_value(self.ask(question)?).map_err(|e| BridgeError::Ansible(format!("the helper answered nonsense: {e}")))
    }
}
