//! `openssh`: the user's own SSH client, with the options that Ansible passes. Everything that the client can do
//! (jump hosts, certificates, smart cards, Kerberos, …) works.

use crate::askpass::Askpass;
use crate::error::ConnectError;
use crate::spec::split;
use crate::{Channel, Connection, Exit, HostSpec, Plugin, child};
use sha1::{Digest, Sha1};
use std::os::unix::fs::DirBuilderExt;
use std::process::Command;

/// The declaration.
pub static CONNECTION: Plugin =
    Plugin { names: &["openssh"], about: "the OpenSSH client", open: |spec| Ok(Box::new(OpenSsh::new(spec)?)) };

/// A host reached through `ssh`. Each command is a client process; the client's own multiplexing
/// (`ControlMaster`) makes one TCP connection of them.
pub struct OpenSsh {
    spec: HostSpec,
}

impl OpenSsh {
    /// Prepares; connects at the first command.
    pub fn new(spec: &HostSpec) -> Result<OpenSsh, ConnectError> {
        if spec.private_key.is_some() {
            return Err(ConnectError::Unsupported(
                "ansible_ssh_private_key (a key's text) is not supported yet; use ansible_ssh_private_key_file".into(),
            ));
        }
        Ok(OpenSsh { spec: spec.clone() })
    }

    fn command(&self, line: &str) -> Result<Command, ConnectError> {
        let spec = &self.spec;
        let mut ssh = Command::new(&spec.ssh_executable);
        for argument in arguments(spec)? {
            ssh.arg(argument);
        }
        ssh.arg(&spec.address).arg(line);
        Ok(ssh)
    }
}

impl Connection for OpenSsh {
    fn exec(&mut self, command: &str) -> Result<Channel, ConnectError> {
        let spec = &self.spec;
        let mut ssh = self.command(command)?;
        let mut keep: Box<dyn std::any::Any + Send> = Box::new(());
        if spec.password.is_some() || spec.private_key_passphrase.is_some() {
            let ask = Askpass::new(spec.password.as_ref(), spec.private_key_passphrase.as_ref())?;
            ask.apply(&mut ssh);
            keep = Box::new(ask);
        } else {
            // No terminal and nobody to ask: a question is a failure, not a window on somebody's desktop.
            ssh.env_remove("SSH_ASKPASS").env_remove("DISPLAY");
        }
        child::spawn(ssh, Box::new(judge), keep)
    }
    fn describe(&self) -> String {
        format!("openssh {}", self.spec.label())
    }
}

/// 255 is the client's own failure; everything else the command's.
fn judge(exit: Exit, stderr: &str, heard: bool) -> Result<Exit, ConnectError> {
    if exit.code == 255 { Err(ConnectError::from_openssh(stderr, heard)) } else { Ok(exit) }
}

/// The client's arguments before the host's name, as Ansible passes them. The first value of an option counts, so the
/// user's own come first.
pub fn arguments(spec: &HostSpec) -> Result<Vec<String>, ConnectError> {
    let mut all = split(&spec.ssh_args)?;
    let mut option = |text: String| all.extend(["-o".to_owned(), text]);
    if !spec.host_key_checking {
        option("StrictHostKeyChecking=no".into());
    }
    if let Some(port) = spec.port {
        option(format!("Port={port}"));
    }
    if let Some(file) = &spec.private_key_file {
        option(format!("IdentityFile=\"{file}\""));
    }
    if spec.password.is_none() {
        option("KbdInteractiveAuthentication=no".into());
        option("PreferredAuthentications=gssapi-with-mic,gssapi-keyex,hostbased,publickey".into());
        option("PasswordAuthentication=no".into());
    }
    if let Some(user) = &spec.user {
        option(format!("User=\"{user}\""));
    }
    if let Some(provider) = &spec.pkcs11_provider {
        option(format!("PKCS11Provider={provider}"));
    }
    option(format!("ConnectTimeout={}", spec.timeout.as_secs()));
    all.extend(split(&spec.ssh_common_args)?);
    all.extend(split(&spec.ssh_extra_args)?);
    let given = |name: &str, all: &[String]| all.iter().any(|a| a.to_ascii_lowercase().contains(name));
    if given("controlpersist", &all) && !given("controlpath", &all) {
        all.extend(["-o".to_owned(), format!("ControlPath=\"{}\"", control_path(spec)?)]);
    }
    let mut option = |text: &str| all.extend(["-o".to_owned(), text.to_owned()]);
    option("NumberOfPasswordPrompts=1");
    // A dead host is noticed after a minute, unless the user's arguments say otherwise.
    option("ServerAliveInterval=15");
    option("ServerAliveCountMax=4");
    for _ in 0..spec.verbosity.min(3) {
        all.push("-v".into());
    }
    all.push("-T".into());
    Ok(all)
}

fn control_path(spec: &HostSpec) -> Result<String, ConnectError> {
    if let Some(path) = &spec.control_path {
        return Ok(path.replace("%(directory)s", &spec.control_path_dir));
    }
    let folder = std::path::Path::new(&spec.control_path_dir);
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|e| {
        ConnectError::Local(format!("can't create {}: {}", folder.display(), child::os_words(&e)))
    })?;
    let text = |o: Option<String>| o.unwrap_or_else(|| "None".into());
    let key = format!("{}-{}-{}", spec.address, text(spec.port.map(|p| p.to_string())), text(spec.user.clone()));
    let digest = Sha1::digest(key.as_bytes());
    let hex: String = digest.iter().take(5).map(|b| format!("{b:02x}")).collect();
    Ok(format!("{}/{hex}", spec.control_path_dir))
}
