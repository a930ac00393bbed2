//! Modules: the units of work that a playbook's tasks name, native, one file each in `src/modules`.
//!
//! A request ([`rustle_stream::protocol::ModuleRequest`]) has final arguments; [`run`] finds the module, decodes the
//! arguments by the module's table (Ansible's argument specs, with its error messages), runs it and returns the
//! result that Ansible's module would print. Modules never talk to the controller: contents of its files come along
//! as blobs.
//!
//! To add a module: copy `src/modules/_template.rs` to `src/modules/<name>.rs` and fill it in. The list is made from
//! the folder.

// Modules name this crate's parts as `rustle_modules::…` would from outside.
mod api;
pub mod archive;
mod attrs;
mod catalogue;
pub mod command;
pub mod convert;
mod ctx;
mod decode;
pub mod dpkg;
pub mod editing;
pub mod errors;
pub mod execute;
pub mod foreign;
pub mod hash;
pub mod http;
pub mod mode;
pub mod moving;
pub mod paths;
pub mod lines;
mod params;
pub mod pyre;
mod registry;
mod run;
pub mod secrets;
pub mod selinux;
pub mod text;
pub mod times;
pub mod systemd;
pub mod sysv;
pub mod users;
pub mod zip;

pub use api::{Failure, Module, Outcome, Run, Scope, Support};
pub use attrs::{Diff, FileArgs, Lsattr, add_path_info};
pub use catalogue::catalogue;
pub use command::{Cmd, Output};
pub use ctx::Ctx;
pub use decode::{Notes, decode};
pub use params::{BitSize, ByteSize, FromParam, JsonArg, Kind, NoArgs, Param, Params, PathArg, Rule, Values};
pub use run::{all, find, names, near, run};
pub use rustle_value::{Dict, Value};

#[cfg(test)]
#[path = "modules/_template.rs"]
mod template;
