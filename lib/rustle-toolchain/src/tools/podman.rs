//! Podman, which needs no daemon.

use crate::{Detector, Found};

pub static TOOL: Detector = Detector {
    name: "podman",
    look: |env| match Found::on_path(env, "podman", &["version", "--format", "{{.Version}}"]) {
        Found::Broken { command, problem } => {
            Found::Broken { command, problem: format!("the engine cannot be reached: {problem}") }
        }
        found => found,
    },
    advise: |_| None,
};
