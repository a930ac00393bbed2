//! How inventories are read: the settings of `ansible.cfg` that matter here.

use crate::hook::PluginHook;
use rustle_vault::Vault;
use rustle_yaml::DuplicateKeys;
use std::sync::Arc;

/// `TRANSFORM_INVALID_GROUP_CHARS`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupChars {
    #[default]
    Never,
    Ignore,
    Always,
    Silently,
}

/// `HOST_PATTERN_MISMATCH`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mismatch {
    #[default]
    Warn,
    Error,
    Ignore,
}

/// Settings for [`crate::Inventory::load`]. The default is Ansible's.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// Decrypts vaulted sources and variable files.
    pub vault: Option<Arc<Vault>>,
    /// `hash_behaviour = merge`.
    pub merge_dicts: bool,
    pub duplicate_keys: DuplicateKeys,
    /// Kinds of source that are tried, in order.
    pub enabled: Vec<String>,
    /// Endings of names that are passed over in a directory.
    pub ignored_endings: Vec<String>,
    /// Regular expressions for names that are passed over in a directory.
    pub ignored_patterns: Vec<String>,
    pub any_unparsed_is_failed: bool,
    pub unparsed_is_failed: bool,
    pub unparsed_warning: bool,
    pub group_chars: GroupChars,
    pub mismatch: Mismatch,
    /// Reads what no native kind of source reads: files that configure an inventory plugin.
    pub plugins: Option<PluginHook>,
    /// `ansible_python_interpreter` of the implicit localhost.
    pub localhost_python: String,
}

impl Default for LoadOptions {
    fn default() -> Self {
        let strings = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        LoadOptions {
            vault: None,
            merge_dicts: false,
            duplicate_keys: DuplicateKeys::Warn,
            enabled: strings(&["host_list", "script", "auto", "yaml", "ini", "toml"]),
            ignored_endings: strings(&[
                ".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry",
            ]),
            ignored_patterns: Vec::new(),
            any_unparsed_is_failed: false,
            unparsed_is_failed: false,
            unparsed_warning: true,
            group_chars: GroupChars::Never,
            mismatch: Mismatch::Warn,
            plugins: None,
            localhost_python: "/usr/bin/python3".into(),
        }
    }
}
