//! JSON Schemas of the records.

use crate::tree::Tree;
use rustle_stream::record;
use std::io;

/// Adds `schema/<type>.schema.json`.
pub fn generate(tree: &mut Tree) -> io::Result<()> {
    for (tag, schema) in record::schemas() {
        let text = serde_json::to_string_pretty(&schema)? + "\n";
        tree.add(format!("schema/{tag}.schema.json"), text);
    }
    Ok(())
}
