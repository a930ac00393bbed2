//! Docker: the client and, which is what counts, its daemon.

use crate::{Detector, Found};

pub static TOOL: Detector = Detector {
    name: "docker",
    look: |env| match Found::on_path(env, "docker", &["version", "--format", "{{.Server.Version}}"]) {
        Found::Broken { command, problem } => {
            Found::Broken { command, problem: format!("the engine cannot be reached: {problem}") }
        }
        found => found,
    },
    advise: |_| None,
};
