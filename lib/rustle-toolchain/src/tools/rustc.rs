//! The compiler: `RUSTLE_RUSTC`, `RUSTC`, or `rustc` on PATH.

use crate::{Detector, Found, level::recommend};

pub static TOOL: Detector = Detector {
    name: "rustc",
    look: |env| match env.rustc() {
        Some(path) => Found::ask(env, vec![path.display().to_string()], &["-V"]),
        None => Found::Nothing,
    },
    advise: |a| {
        if a.has("rustc") || a.containers() {
            return None;
        }
        recommend(
            "high",
            "no Rust compiler: runners can only be prebuilt ones",
            Some("curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y".into()),
        )
    },
};
