//! From a command line to a run: inventory, extra variables, vault secrets and playbooks.
//!
//! [`read()`] is the library call that `rustle-deploy` uses; [`ParseStage`] is the filter, which writes what was read as
//! records.
//!
//! [`resume()`] goes on with a run that came through a pipe. [`configured()`] is what `ansible.cfg` says of both.
//!
//! Limits: a filter asks nobody for passwords. What was vaulted as a whole it writes vaulted: see the
//! module `seal`.

mod error;
mod extra;
mod flags;
mod inventory;
mod names;
mod read;
mod resume;
mod seal;
mod settings;
mod stage;

pub use error::ParseError;
pub use extra::extra_vars;
pub use flags::{options, run_flags};
pub use read::{Given, ReadRun, Request, Settings, duplicate_keys, read, renderer};
pub use resume::resume;
pub use seal::Decrypted;
pub use settings::configured;
pub use stage::ParseStage;
