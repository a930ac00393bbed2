//! zig, the linker for every target: `RUSTLE_ZIG_PATH`, `CARGO_ZIGBUILD_ZIG_PATH`, rustle's own, PATH, or the Python
//! package. The first of the last three that runs.

use crate::{Detector, Found, level::recommend, older};

pub static TOOL: Detector = Detector {
    name: "zig",
    look: |env| {
        let found = Found::best(env, &["RUSTLE_ZIG_PATH", "CARGO_ZIGBUILD_ZIG_PATH"], "zig", &["version"]);
        let named = env.var("RUSTLE_ZIG_PATH").or_else(|| env.var("CARGO_ZIGBUILD_ZIG_PATH")).is_some();
        if named || matches!(found, Found::Works { .. }) {
            return found;
        }
        let Some(python) = env.which("python3") else { return found };
        let command = vec![python.display().to_string(), "-m".into(), "ziglang".into()];
        // A Python without the package is no broken zig.
        match Found::ask(env, command, &["version"]) {
            works @ Found::Works { .. } => works,
            broken if matches!(found, Found::Nothing) && !matches!(&broken, Found::Broken { problem, .. } if problem.contains("No module named")) => broken,
            _ => found,
        }
    },
    advise: |a| {
        if !a.has("rustc") {
            return None;
        }
        if a.has("zig") {
            let version = a.tools.iter().find(|t| t.name == "zig").and_then(|t| t.version.as_deref()).filter(|v| older(v, "0.15.1"))?;
            let text = format!("zig {version} has no C library for FreeBSD, as 0.15.1 and newer have");
            return recommend("medium", &text, Some("rustle-caps --install zig".into()));
        }
        let text = a.trouble("zig", "no zig: nothing links for other platforms", "zig");
        recommend("high", &text, Some("rustle-caps --install zig".into()))
    },
};
