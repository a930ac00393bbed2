//! `-i 'web[01:20],db:2222,'`: names with commas between them that may have ranges, and are no file. Only where
//! `enable_plugins` switches it on, as in Ansible.

use super::{Failure, Kind};
use crate::{Inventory, address};

pub(super) static KIND: Kind = Kind {
    name: "advanced_host_list",
    wants: |source| source.contains(',') && !std::path::Path::new(source).exists(),
    read,
};

fn read(inventory: &mut Inventory, source: &str) -> Result<(), Failure> {
    let wrong = |e: String| format!("Invalid data from string, could not parse: {e}");
    for text in source.split(',').map(str::trim).filter(|h| !h.is_empty()) {
        let (hosts, port) = match address::expand_pattern(text) {
            Ok(found) => found,
            // What Ansible itself finds wrong with a range leaves the name as it is.
            Err(e) if e.starts_with("host range") => (vec![text.to_owned()], None),
            Err(e) => return Err(wrong(e).into()),
        };
        for host in hosts {
            if !inventory.hosts.contains_key(&host) {
                inventory.insert_host(&host, Some("ungrouped"), port).map_err(wrong)?;
            }
        }
    }
    Ok(())
}
