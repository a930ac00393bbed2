//! A YAML file with a `plugin:` key configures an inventory plugin. None of them lies in this crate: the hook of the
//! options is asked, and without it the missing plugin is named.

use super::{Failure, Kind, extension};
use crate::Inventory;
use crate::hook::Call;

pub(super) static KIND: Kind = Kind {
    name: "auto",
    wants: |source| matches!(extension(source), ".yml" | ".yaml") && std::fs::File::open(source).is_ok(),
    read,
};

fn read(inventory: &mut Inventory, source: &str) -> Result<(), Failure> {
    let (text, encrypted) = inventory.read_text(std::path::Path::new(source))?;
    let options = rustle_yaml::Options { encrypted, duplicate_keys: rustle_yaml::DuplicateKeys::Ignore, ..Default::default() };
    let (node, _) = rustle_yaml::load(&text, source, &options)?;
    let Some(plugin) = node.get("plugin").and_then(|n| n.text()).filter(|p| !p.is_empty()) else {
        return Err(format!("no root 'plugin' key found, '{source}' is not a valid YAML inventory plugin config file").into());
    };
    match inventory.by_plugin(source, &Call { plugin: &plugin, config: Some(&node) }) {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("inventory source '{source}' could not be verified by inventory plugin '{plugin}'").into()),
        Err(Some(failure)) => Err(failure),
        Err(None) => Err(format!("inventory config '{source}' specifies unknown plugin '{plugin}'").into()),
    }
}
