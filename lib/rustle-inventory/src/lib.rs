//! Inventories: sources are read into hosts and groups, each host's variables are found in Ansible's order of
//! precedence, and host patterns select hosts.
//!
//! * `source/` has one file per kind of source (INI, YAML, TOML, scripts, comma lists);
//! * `model.rs` keeps hosts and groups and the rules between them;
//! * `vars.rs` finds `group_vars` and `host_vars` and lays a host's variables in layers;
//! * `records.rs` turns an inventory into records of a stream and back;
//! * `pattern.rs` selects hosts; `dynamic.rs` is `add_host` and `group_by`; `export.rs` is `ansible-inventory`.
//!
//! A source that cannot be read is a warning, as in Ansible, and not an error. Inventory plugins other than the ones
//! in `source/` are left to a hook in the options, and refused by name without it.

mod address;
mod dynamic;
mod export;
mod hook;
mod literal;
mod model;
mod options;
mod pattern;
mod records;
mod shell;
mod source;
mod vars;

pub use export::Listing;
pub use hook::{Builder, Call, Outcome, PluginHook};
pub use model::{Group, Host, Inventory, replaced_group_name};
pub use options::{GroupChars, LoadOptions, Mismatch};
pub use pattern::{Order, split_patterns};
pub use vars::{Layer, LayerKind, combine};

use std::path::PathBuf;

/// What stops a run.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    #[error("No inventory was parsed, please check your configuration and options.")]
    NothingParsed,
    #[error("Completely failed to parse inventory source {0}")]
    SourceFailed(String),
    #[error("Invalid host list pattern: {0}")]
    BadPattern(String),
    #[error("No hosts matched the subscripted pattern '{0}'")]
    BadSubscript(String),
    #[error("Could not match supplied host pattern, ignoring: {0}")]
    NoMatch(String),
    #[error("Invalid 'order' specified for inventory hosts: {0}")]
    BadOrder(String),
    #[error("Unable to find limit file b'{0}'")]
    NoLimitFile(String),
    #[error("Limit starting with \"@\" must be a file, not a directory: {0}")]
    LimitDirectory(String),
    #[error("cannot read {}: {error}", path.display())]
    Io { path: PathBuf, error: std::io::Error },
    /// A `group_vars` or `host_vars` file; the text is a whole report.
    #[error("{0}")]
    VarsFile(String),
    /// A change at run time that the model refuses.
    #[error("{0}")]
    Model(String),
}
