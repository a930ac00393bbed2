//! `lines`: lines of a command's output on the controller.

use super::{Lookup, terms};
use rustle_jinja::Error;
use rustle_value::Value;
use std::process::Command;

pub(crate) static LOOKUP: Lookup = Lookup {
    name: "lines",
    run: |world, args, _| {
        let dir = world.shared.playbook_dir(&world.play.play);
        let mut out = Vec::new();
        for term in terms(&args) {
            let output = Command::new("/bin/sh")
                .arg("-c")
                .arg(&term)
                .current_dir(&dir)
                .stdin(std::process::Stdio::null())
                .stderr(std::process::Stdio::inherit())
                .output()
                .map_err(|e| Error::runtime(format!("lookup_plugin.lines({term}) could not be started: {e}")))?;
            if !output.status.success() {
                return Err(Error::runtime(format!("lookup_plugin.lines({term}) returned {}", output.status.code().unwrap_or(-1))));
            }
            out.extend(String::from_utf8_lossy(&output.stdout).lines().map(|l| Value::from(l.trim_end())));
        }
        Ok(out)
    },
};
