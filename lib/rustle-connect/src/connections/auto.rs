//! `ssh`, Ansible's default: the fastest transport that does what the host's settings ask for.
//!
//! In process where nothing speaks against it. Whatever goes wrong there in a way that the OpenSSH client might do
//! better (an unknown host key that it may learn, a key in a format that libssh2 does not read) is tried again with
//! the client, whose word is the last. Not so a wrong password: some servers count.

use crate::connections::openssh::OpenSsh;
use crate::connections::ssh2::InProcess;
use crate::libssh::fit;
use crate::resolved::Resolved;
use crate::{ConnectError, Connection, HostSpec, Plugin};

/// The declaration.
pub static CONNECTION: Plugin = Plugin {
    names: &["ssh", "smart", "paramiko", "paramiko_ssh"],
    about: "SSH, in process where the settings allow it, else through the OpenSSH client",
    open,
};

fn open(spec: &HostSpec) -> Result<Box<dyn Connection>, ConnectError> {
    let client = || OpenSsh::new(spec).map(|c| Box::new(c) as Box<dyn Connection>);
    // For those who want the client whatever happens.
    if std::env::var("RUSTLE_SSH").is_ok_and(|v| v == "openssh") {
        return client();
    }
    // Where there is no client to ask, nothing that it might be configured for can be honoured; it gives the error.
    let Ok(resolved) = Resolved::of(spec) else { return client() };
    if fit::obstacle(spec, &resolved).is_some() {
        return client();
    }
    match InProcess::open(spec, &resolved) {
        Ok(connection) => Ok(Box::new(connection)),
        Err(ConnectError::Auth(text)) if spec.password.is_some() => Err(ConnectError::Auth(text)),
        Err(ConnectError::Auth(_) | ConnectError::HostKey(_) | ConnectError::Unsupported(_)) if spec.private_key.is_none() => {
            client()
        }
        Err(e) => Err(e),
    }
}
