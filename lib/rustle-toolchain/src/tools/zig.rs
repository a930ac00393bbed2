//! zig, the linker for every target: `RUSTLE_ZIG_PATH`, `CARGO_ZIGBUILD_ZIG_PATH`, PATH, or the Python package.

use crate::{Detector, Found, level::recommend};

pub static TOOL: Detector = Detector {
    name: "zig",
    look: |env| {
        for name in ["RUSTLE_ZIG_PATH", "CARGO_ZIGBUILD_ZIG_PATH"] {
            if let Some(path) = env.var(name) {
                return Found::ask(env, vec![path.to_owned()], &["version"]);
            }
        }
        if let Some(path) = env.which("zig") {
            return Found::ask(env, vec![path.display().to_string()], &["version"]);
        }
        let Some(python) = env.which("python3") else { return Found::Nothing };
        let command = vec![python.display().to_string(), "-m".into(), "ziglang".into()];
        // A Python without the package is no broken zig.
        match Found::ask(env, command, &["version"]) {
            Found::Broken { problem, .. } if problem.contains("No module named") => Found::Nothing,
            found => found,
        }
    },
    advise: |a| {
        if !a.has("rustc") || a.has("zig") {
            return None;
        }
        recommend("high", "no zig: nothing links for other platforms", Some("pip install ziglang".into()))
    },
};
