//! Why a run can't be read.

use rustle_inventory::InventoryError;
use rustle_playbook::PlaybookError;
use rustle_stream::exit;
use rustle_vault::VaultError;

/// Why a run can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    #[error(transparent)]
    Playbook(#[from] PlaybookError),
    /// The same after the inventory was read: its warnings, and whether it has no host.
    #[error("{error}")]
    AfterInventory { warnings: Vec<String>, empty: bool, error: PlaybookError },
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A playbook that is not there.
    #[error("the playbook: {0} could not be found")]
    NoPlaybook(String),
    /// A playbook that is a folder.
    #[error("the playbook: {0} does not appear to be a file")]
    NotAFile(String),
    /// `-e` with something that is no mapping.
    #[error("Invalid extra vars data supplied. '{0}' could not be made into a dictionary")]
    ExtraVars(String),
    /// `-e` with a path without `@`.
    #[error("Please prepend extra_vars filename '{0}' with '@'")]
    ExtraVarsFile(String),
    /// `-e` that cannot be split.
    #[error("{0}")]
    Unbalanced(String),
}

impl ParseError {
    /// The whole text for a person, without `[ERROR]: `.
    pub fn report(&self) -> String {
        match self {
            ParseError::Playbook(e) | ParseError::AfterInventory { error: e, .. } => e.report(),
            other => other.to_string(),
        }
    }
    /// The same without what rustle adds to Ansible's words.
    pub fn plain_report(&self) -> String {
        match self {
            ParseError::Playbook(e) | ParseError::AfterInventory { error: e, .. } => e.plain_report(),
            other => other.to_string(),
        }
    }
    /// `ansible-playbook`'s exit code.
    pub fn code(&self) -> u8 {
        match self {
            ParseError::Playbook(e) | ParseError::AfterInventory { error: e, .. } => e.code(),
            ParseError::Unbalanced(_) => exit::PARSER_ERROR,
            ParseError::ExtraVars(_) => exit::BAD_OPTIONS,
            _ => exit::ERROR,
        }
    }
    /// A filter's exit code.
    pub fn filter_code(&self) -> u8 {
        match self {
            ParseError::NoPlaybook(_) => exit::NO_INPUT,
            ParseError::ExtraVars(_) | ParseError::ExtraVarsFile(_) | ParseError::Unbalanced(_) => exit::USAGE,
            _ => exit::DATA,
        }
    }
}
