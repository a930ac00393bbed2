//! `-i host1,host2:2222,`: names with commas between them, that are no file.

use super::{Failure, Kind};
use crate::{Inventory, address};

pub(super) static KIND: Kind = Kind {
    name: "host_list",
    wants: |source| source.contains(',') && !std::path::Path::new(source).exists(),
    read,
};

fn read(inventory: &mut Inventory, source: &str) -> Result<(), Failure> {
    for text in source.split(',').map(str::trim).filter(|h| !h.is_empty()) {
        let (host, port) = address::parse(text, false).unwrap_or_else(|| (text.to_string(), None));
        if !inventory.hosts.contains_key(&host) {
            let added = inventory.insert_host(&host, Some("ungrouped"), port);
            added.map_err(|e| format!("Invalid data from string, could not parse: {e}"))?;
        }
    }
    Ok(())
}
