//! Transports: how a command is started on a host, and its streams reached.
//!
//! [`HostSpec::from_vars`] reads Ansible's connection variables and settings; [`connect`] opens the connection that
//! they name; [`Connection::exec`] starts a command whose three streams are a [`Channel`]. One connection carries any
//! number of commands, also at the same time.
//!
//! Limits: knows nothing of tasks, runners or playbooks; moves no files (whoever needs that pipes them).

mod askpass;
mod channel;
mod child;
mod door;
mod error;
mod known_hosts;
pub(crate) mod libssh;
mod plugin;
pub(crate) mod resolved;
mod secret;
mod spec;
/// The connections, one file each; the list is made from the folder.
pub mod connections {
    include!(concat!(env!("OUT_DIR"), "/connections.rs"));
}

pub use channel::{Channel, Control, Exit, Killer, Stderr};
pub use error::{ConnectError, PREFIX};
pub use plugin::{Connection, Plugin, connect, plugin};
pub use secret::Secret;
pub use spec::{HostSpec, Settings};
