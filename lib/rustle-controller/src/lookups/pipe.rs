//! `pipe`: output of a command on the controller, run by the shell in the playbook's folder.

use super::{Lookup, terms};
use rustle_jinja::Error;
use rustle_value::Value;
use std::process::Command;

pub(crate) static LOOKUP: Lookup = Lookup {
    name: "pipe",
    run: |world, args, _| {
        let dir = world.shared.playbook_dir(&world.play.play);
        terms(&args)
            .into_iter()
            .map(|term| {
                let output = Command::new("/bin/sh")
                    .arg("-c")
                    .arg(&term)
                    .current_dir(&dir)
                    .stdin(std::process::Stdio::null())
                    .stderr(std::process::Stdio::inherit())
                    .output()
                    .map_err(|e| Error::runtime(format!("lookup_plugin.pipe({term}) could not be started: {e}")))?;
                if !output.status.success() {
                    let code = output.status.code().unwrap_or(-1);
                    return Err(Error::runtime(format!("lookup_plugin.pipe({term}) returned {code}")));
                }
                Ok(Value::from(String::from_utf8_lossy(&output.stdout).trim_end().to_owned()))
            })
            .collect()
    },
};
