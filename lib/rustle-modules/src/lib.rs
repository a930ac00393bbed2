//! Modules: the units of work that a playbook's tasks name, native, one file each in `src/modules`.
//!
//! A request ([`rustle_stream::protocol::ModuleRequest`]) has final arguments; [`run`] finds the module, decodes the
//! arguments by the module's table (Ansible's argument specs, with its error messages), runs it and returns the
//! result that Ansible's module would print. Modules never talk to the controller: contents of its files come along
//! as blobs.
//!
//! On systems that are no Unix there are few modules: those that need nothing of one (see `build.rs`).
//!
//! To add a module: copy `src/modules/_template.rs` to `src/modules/<name>.rs` and fill it in. The list is made from
//! the folder.

// Modules name this crate's parts as `rustle_modules::…` would from outside.
mod api;
#[cfg(unix)]
pub mod archive;
#[cfg(unix)]
mod attrs;
mod catalogue;
#[cfg(unix)]
pub mod command;
pub mod convert;
mod ctx;
mod decode;
#[cfg(unix)]
pub mod dpkg;
#[cfg(unix)]
pub mod editing;
pub mod errors;
#[cfg(unix)]
pub mod execute;
#[cfg(unix)]
pub mod foreign;
#[cfg(unix)]
pub mod git;
pub mod hash;
#[cfg(unix)]
pub mod http;
#[cfg(unix)]
mod inode;
#[cfg(unix)]
pub mod mode;
#[cfg(unix)]
pub mod moving;
#[cfg(unix)]
pub mod paths;
#[cfg(unix)]
pub mod lines;
mod params;
#[cfg(unix)]
pub mod pyre;
mod registry;
mod run;
pub mod secrets;
#[cfg(unix)]
pub mod selinux;
#[cfg(unix)]
pub mod text;
#[cfg(unix)]
pub mod times;
#[cfg(unix)]
pub mod systemd;
#[cfg(unix)]
pub mod sysv;
#[cfg(unix)]
pub mod users;
#[cfg(unix)]
pub mod zip;

pub use api::{Failure, Module, Outcome, Run, Scope, Support};
#[cfg(unix)]
pub use attrs::{Diff, FileArgs, add_path_info};
pub use catalogue::catalogue;
#[cfg(unix)]
pub use command::{Cmd, Output};
pub use ctx::Ctx;
pub use decode::{Notes, decode};
#[cfg(unix)]
pub use inode::Lsattr;
pub use params::{BitSize, ByteSize, FromParam, JsonArg, Kind, NoArgs, Param, Params, PathArg, Rule, Values};
pub use run::{all, carried, find, left_out, names, near, run};
pub use rustle_value::{Dict, Value};

#[cfg(all(test, unix))]
#[path = "modules/_template.rs"]
mod template;
