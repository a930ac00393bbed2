//! `local`: commands run on the controller itself, as children of this process.

use crate::{Channel, ConnectError, Connection, Plugin, child};
use std::process::Command;

/// The declaration.
pub static CONNECTION: Plugin =
    Plugin { names: &["local"], about: "run on the controller itself", open: |_| Ok(Box::new(Local)) };

struct Local;

impl Connection for Local {
    fn exec(&mut self, command: &str) -> Result<Channel, ConnectError> {
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(command);
        child::spawn(shell, Box::new(|exit, _, _| Ok(exit)), Box::new(()))
    }
    fn describe(&self) -> String {
        "local".into()
    }
    fn is_local(&self) -> bool {
        true
    }
}

/// Starts a program of this machine with arguments, without a shell (the runner for `connection: local`).
pub fn exec_program(program: &std::path::Path, arguments: &[String]) -> Result<Channel, ConnectError> {
    let mut command = Command::new(program);
    command.args(arguments);
    child::spawn(command, Box::new(|exit, _, _| Ok(exit)), Box::new(()))
}
