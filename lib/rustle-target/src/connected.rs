//! Asks hosts over the connections that Ansible's variables name.
//!
//! Limits: no passwords (`-k`); those are asked for by the stages that run the plan.

use crate::Ask;
use rustle_connect::{HostSpec, Settings, connect};
use rustle_value::Dict;
use std::io::Read;
use std::time::Duration;

/// A host that takes longer than this for a few `uname`s is treated as unknown.
const LIMIT: Duration = Duration::from_secs(30);
/// An answer is a few hundred bytes; a host may not fill our memory.
const LONGEST: u64 = 64 * 1024;

/// [`Ask`] through `rustle-connect`.
pub struct Connected {
    pub settings: Settings,
}

impl Ask for Connected {
    fn ask(&self, host: &str, vars: &Dict, script: &str) -> Result<String, String> {
        let spec = HostSpec::from_vars(host, vars, &self.settings).map_err(|e| e.to_string())?;
        let mut connection = connect(&spec).map_err(|e| e.to_string())?;
        let mut channel = connection.exec(script).map_err(|e| e.to_string())?;
        drop(std::mem::replace(&mut channel.stdin, Box::new(std::io::sink())));
        let killer = channel.control.killer();
        let (done, wait) = std::sync::mpsc::channel::<()>();
        std::thread::spawn(move || {
            if wait.recv_timeout(LIMIT) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                killer.kill();
            }
        });
        let mut answer = Vec::new();
        let read = channel.stdout.by_ref().take(LONGEST).read_to_end(&mut answer);
        let ended = channel.control.wait_for(Some(Duration::from_secs(5)));
        drop(done);
        read.map_err(|e| e.to_string())?;
        let text = String::from_utf8_lossy(&answer).into_owned();
        if text.trim().is_empty() {
            ended.map_err(|e| e.to_string())?;
            // A shell that knows no uname complains on its standard error.
            return Ok(channel.stderr.text());
        }
        Ok(text)
    }
}
