//! `ssh`, Ansible's default: the fastest transport that does what the host's settings ask for.

use crate::connections::openssh::OpenSsh;
use crate::{ConnectError, Connection, HostSpec, Plugin};

/// The declaration.
pub static CONNECTION: Plugin = Plugin {
    names: &["ssh", "smart", "paramiko", "paramiko_ssh"],
    about: "SSH, in process where the settings allow it, else through the OpenSSH client",
    open,
};

fn open(spec: &HostSpec) -> Result<Box<dyn Connection>, ConnectError> {
    Ok(Box::new(OpenSsh::new(spec)?))
}
