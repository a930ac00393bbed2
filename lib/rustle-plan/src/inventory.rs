//! Hosts of plays from the inventory.

use crate::planner::HostSource;
use rustle_inventory::{Inventory, LoadOptions};
use rustle_playbook::ParsedRun;

/// An inventory and the limit of the command line.
pub struct Hosts<'a> {
    pub inventory: &'a Inventory,
    /// Patterns of `--limit`; `None`: no limit.
    pub limit: Option<Vec<String>>,
}

impl<'a> Hosts<'a> {
    /// # Errors
    /// A limit file that is not there.
    pub fn new(inventory: &'a Inventory, limit: Option<&str>) -> Result<Self, String> {
        let limit = limit.map(Inventory::limit).transpose().map_err(|e| e.to_string())?;
        Ok(Hosts { inventory, limit })
    }
}

impl HostSource for Hosts<'_> {
    fn hosts(&self, patterns: &[String], order: &str) -> Result<Vec<String>, String> {
        let order = order.parse().map_err(|e: rustle_inventory::InventoryError| e.to_string())?;
        self.inventory.hosts_for(&patterns.join(","), self.limit.as_deref(), order).map_err(|e| e.to_string())
    }
}

/// The inventory that a run's records describe.
pub fn inventory_of(run: &ParsedRun) -> Inventory {
    Inventory::from_records(&run.groups, &run.hosts, LoadOptions::default())
}

