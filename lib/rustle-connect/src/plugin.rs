//! What a connection is, and finding it by name.

use crate::connections;
use crate::{Channel, ConnectError, HostSpec};

/// An open (or lazily opened) connection to one host.
pub trait Connection: Send {
    /// Starts `command` (a line for the login shell of the remote user) and connects its streams. OpenSSH may tell
    /// only at the command's end that it could not connect; then [`crate::Control::wait_for`] has the error.
    fn exec(&mut self, command: &str) -> Result<Channel, ConnectError>;
    /// Words for a person: `ssh2 user@host:22`.
    fn describe(&self) -> String;
    /// How long a round trip to the host takes, where that was seen in passing: nothing is sent to find out.
    fn round_trip(&self) -> Option<std::time::Duration> {
        None
    }
    /// Whether the host is the controller's own machine, reached without a network.
    fn is_local(&self) -> bool {
        false
    }
}

/// A kind of connection: what each file of `connections/` declares as `CONNECTION`.
pub struct Plugin {
    /// The names that select it in `ansible_connection`; the first is its own.
    pub names: &'static [&'static str],
    /// One line for a person.
    pub about: &'static str,
    /// Opens a connection.
    pub open: fn(&HostSpec) -> Result<Box<dyn Connection>, ConnectError>,
}

/// Connections that Ansible has (itself or in well-known collections) and rustle has not.
const KNOWN_ELSEWHERE: &[&str] = &[
    "winrm", "psrp", "docker", "docker_api", "podman", "buildah", "chroot", "jail", "iocage", "zone", "lxc", "lxd",
    "kubectl", "oc", "libvirt_lxc", "qubes", "saltstack", "funcd", "aws_ssm", "network_cli", "netconf", "httpapi",
    "nsenter", "machinectl", "incus", "proxmox_pct_remote", "wsl",
];

/// The connection that `name` (an `ansible_connection`, with or without its collection) selects.
pub fn plugin(name: &str) -> Result<&'static Plugin, ConnectError> {
    let short = name.rsplit('.').next().unwrap_or(name);
    let builtin = !name.contains('.') || name.starts_with("ansible.builtin.") || name.starts_with("ansible.legacy.");
    if let Some(found) = connections::ALL.iter().find(|p| builtin && p.names.contains(&short)) {
        return Ok(found);
    }
    let native: Vec<&str> = connections::ALL.iter().flat_map(|p| p.names.iter().copied()).collect();
    if KNOWN_ELSEWHERE.contains(&short) {
        return Err(ConnectError::Unsupported(format!(
            "the connection '{name}' is not supported yet; use ssh (a sshd in the guest), or run \
             ansible-playbook for these hosts. Supported: {}",
            native.join(", ")
        )));
    }
    Err(ConnectError::Unsupported(format!(
        "the connection plugin '{name}' was not found. Supported: {}",
        native.join(", ")
    )))
}

/// Opens the connection that the host's variables ask for.
pub fn connect(spec: &HostSpec) -> Result<Box<dyn Connection>, ConnectError> {
    (plugin(&spec.kind)?.open)(spec)
}
