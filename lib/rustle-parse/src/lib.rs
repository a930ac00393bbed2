//! From a command line to a run: inventory, extra variables, vault secrets and playbooks.
//!
//! [`read()`] is the library call that `rustle-deploy` uses; [`ParseStage`] is the filter, which writes what was read as
//! records.
//!
//! Limits: of the configuration, only the environment's paths are looked at here; a caller that has read `ansible.cfg`
//! fills [`Settings`]. A filter asks nobody for passwords. Variables of files that are encrypted as a whole travel in
//! clear in the records of the filter.

mod error;
mod extra;
mod flags;
mod read;
mod stage;

pub use error::ParseError;
pub use extra::extra_vars;
pub use flags::{options, run_flags};
pub use read::{duplicate_keys, ReadRun, Request, Settings, read, renderer};
pub use stage::ParseStage;
