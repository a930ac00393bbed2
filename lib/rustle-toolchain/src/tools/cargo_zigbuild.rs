//! cargo-zigbuild, which lets cargo link with zig: `RUSTLE_CARGO_ZIGBUILD`, rustle's own, or PATH. A wheel for another
//! machine is found, too, and does not run; so it is asked.

use crate::{Detector, Found, level::recommend};

pub static TOOL: Detector = Detector {
    name: "cargo-zigbuild",
    look: |env| Found::best(env, &["RUSTLE_CARGO_ZIGBUILD"], "cargo-zigbuild", &["--version"]),
    advise: |a| {
        if !a.has("cargo") || a.has("cargo-zigbuild") {
            return None;
        }
        let text = a.trouble(
            "cargo-zigbuild",
            "no cargo-zigbuild: runners for other platforms need a linker of their own each",
            "cargo-zigbuild",
        );
        recommend("high", &text, Some("rustle-caps --install cargo-zigbuild".into()))
    },
};
