//! What all executables share: the stage harness, `ansible.cfg` and the environment.
//!
//! - [`config`]: settings by name, with their defaults;
//! - [`settings`]: `config.toml` and the environment;
//! - [`stage`]: runs a stage as a process; the only code that touches stdin, stdout and the exit code.
//!
//! Limits: nothing here knows what a playbook or a host is.

pub mod config;
pub mod settings;
pub mod stage;
