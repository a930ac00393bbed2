//! Cargo: `RUSTLE_CARGO`, or `cargo` on PATH.

use crate::{Detector, Found, level::recommend};

pub static TOOL: Detector = Detector {
    name: "cargo",
    look: |env| Found::on_path(env, env.var("RUSTLE_CARGO").unwrap_or("cargo"), &["-V"]),
    advise: |a| {
        if a.has("cargo") || !a.has("rustc") {
            return None;
        }
        let text = a.trouble("cargo", "a compiler is here, but no cargo to build runners with", "cargo");
        recommend("high", &text, a.install("cargo"))
    },
};
