//! Goes on with a run that came as records: what could not travel in them is made again.
//!
//! Limits: dynamic includes and files of tasks are read from disk, where the first stage found them (`cwd`); vault
//! passwords are read again from their sources.

use crate::error::ParseError;
use crate::read::{ReadRun, Settings, bridge, loader_options};
use rustle_inventory::{Inventory, LoadOptions};
use rustle_playbook::{Loader, Options as LoaderOptions, ParsedRun};
use rustle_vault::{VaultId, load_secrets};
use std::sync::Arc;

/// The run that these records describe, ready to be executed. `prompt` asks a person for a vault password.
///
/// # Errors
/// [`ParseError::Vault`] where a source of a vault password is missing or wrong.
pub fn resume(run: ParsedRun, settings: &Settings, prompt: &mut dyn FnMut(&str) -> Result<String, String>) -> Result<ReadRun, ParseError> {
    let ids: Vec<VaultId> = run.options.vault_ids.iter().map(|t| VaultId::parse(t)).collect();
    let secrets = load_secrets(&ids, false, prompt)?;
    let vault = Arc::new(secrets.vault);
    let bridge = bridge(&run.options.cwd, settings);
    let options = LoaderOptions { extra_vars: run.extra_vars.vars.clone(), ..loader_options(&run.options.cwd, settings, &vault, &bridge) };
    let loader = Loader::resume(options, &run.plays, &run.fragment);
    let inventory = Inventory::from_records(&run.groups, &run.hosts, LoadOptions { vault: Some(vault.clone()), ..LoadOptions::default() });
    Ok(ReadRun { run, inventory, loader, vault, bridge, warnings: secrets.warnings, decrypted: Default::default() })
}
