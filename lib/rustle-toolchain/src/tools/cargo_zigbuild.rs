//! cargo-zigbuild, which lets cargo link with zig: `RUSTLE_CARGO_ZIGBUILD`, or PATH. A wrong wheel is found, too,
//! and does not run; so it is asked.

use crate::{Detector, Found, level::recommend};

pub static TOOL: Detector = Detector {
    name: "cargo-zigbuild",
    look: |env| match env.var("RUSTLE_CARGO_ZIGBUILD") {
        Some(path) => Found::ask(env, vec![path.to_owned()], &["--version"]),
        None => Found::on_path(env, "cargo-zigbuild", &["--version"]),
    },
    advise: |a| {
        if !a.has("cargo") || a.has("cargo-zigbuild") {
            return None;
        }
        recommend(
            "high",
            "no cargo-zigbuild: runners for other platforms need a linker of their own each",
            Some("pip install cargo-zigbuild".into()),
        )
    },
};
