//! `ssh2`: SSH in this process. One TCP connection, one thread; no client process per command.

use crate::libssh::{self, Pump};
use crate::resolved::Resolved;
use crate::{Channel, ConnectError, Connection, HostSpec, PREFIX, Plugin};

/// The declaration.
pub static CONNECTION: Plugin = Plugin { names: &["ssh2"], about: "SSH in process (libssh2)", open };

/// A host reached by libssh2.
pub struct InProcess {
    pump: Pump,
    label: String,
}

fn open(spec: &HostSpec) -> Result<Box<dyn Connection>, ConnectError> {
    let resolved = Resolved::of(spec)?;
    if let Some(why) = libssh::fit::obstacle(spec, &resolved) {
        return Err(ConnectError::Unsupported(format!("{PREFIX}the connection 'ssh2' can't do this: {why}")));
    }
    Ok(Box::new(InProcess::open(spec, &resolved)?))
}

impl InProcess {
    /// Connects and logs in.
    pub fn open(spec: &HostSpec, resolved: &Resolved) -> Result<InProcess, ConnectError> {
        let label = format!("ssh2 {}@{}:{}", resolved.user(), resolved.hostname(), resolved.port());
        Ok(InProcess { pump: libssh::open(spec, resolved)?, label })
    }
}

impl Connection for InProcess {
    fn exec(&mut self, command: &str) -> Result<Channel, ConnectError> {
        self.pump.exec(command)
    }
    fn round_trip(&self) -> Option<std::time::Duration> {
        Some(self.pump.round_trip)
    }
    fn describe(&self) -> String {
        self.label.clone()
    }
}
