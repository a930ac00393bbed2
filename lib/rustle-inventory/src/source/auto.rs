//! A YAML file with a `plugin:` key configures an inventory plugin. None of them is native here: the hook of the
//! options is asked (Python's plugins are run by the bridge), and without it the missing plugin is named.

use super::{Failure, Kind, extension};
use crate::Inventory;

pub(super) static KIND: Kind = Kind {
    name: "auto",
    wants: |source| matches!(extension(source), ".yml" | ".yaml") && std::fs::File::open(source).is_ok(),
    read,
};

/// Plugins of ansible-core that a user may rightly expect.
const KNOWN: [&str; 2] = ["constructed", "generator"];

fn read(inventory: &mut Inventory, source: &str) -> Result<(), Failure> {
    let (text, encrypted) = inventory.read_text(std::path::Path::new(source))?;
    let options = rustle_yaml::Options { encrypted, duplicate_keys: rustle_yaml::DuplicateKeys::Ignore, ..Default::default() };
    let (node, _) = rustle_yaml::load(&text, source, &options)?;
    let Some(plugin) = node.get("plugin").and_then(|n| n.text()).filter(|p| !p.is_empty()) else {
        return Err(format!("no root 'plugin' key found, '{source}' is not a valid YAML inventory plugin config file").into());
    };
    if let Some(hook) = inventory.options.plugins.clone() {
        let builder = crate::hook::Builder::new(inventory, source);
        if let Some(result) = (hook.0)(builder, &plugin, &node) {
            return result.map_err(Failure::from);
        }
    }
    if KNOWN.contains(&plugin.strip_prefix("ansible.builtin.").unwrap_or(&plugin)) {
        return Err(format!("inventory config '{source}' needs the plugin '{plugin}', which is not supported yet").into());
    }
    Err(format!("inventory config '{source}' specifies unknown plugin '{plugin}'").into())
}
