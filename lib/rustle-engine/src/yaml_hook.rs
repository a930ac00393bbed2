//! Gives templates a YAML reader (`from_yaml`).

use rustle_value::Value;
use rustle_yaml::Trust;

/// All documents of a text, as plain data.
pub(crate) fn read_all(text: &str) -> Result<Vec<Value>, String> {
    let nodes = rustle_yaml::parse_nodes(text, "<string>").map_err(|e| e.to_string())?;
    Ok(nodes.iter().map(|n| n.to_value(Trust::Data)).collect())
}
