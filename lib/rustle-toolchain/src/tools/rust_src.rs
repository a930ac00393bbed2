//! The standard library's source, with which `-Zbuild-std` builds it for a target that has no ready one.

use crate::{Detector, Found, level::recommend};

pub static TOOL: Detector = Detector {
    name: "rust-src",
    look: |env| {
        let Some(sysroot) = env.sysroot() else { return Found::Nothing };
        let library = sysroot.join("lib/rustlib/src/rust/library");
        if library.join("std/Cargo.toml").is_file() {
            Found::Works { command: Vec::new(), version: Some(library.display().to_string()) }
        } else {
            Found::Nothing
        }
    },
    advise: |a| {
        if !a.has("rustc") || a.foreign_std() {
            return None;
        }
        let rustup = a.tools.iter().any(|t| t.name == "rustc" && t.from.as_deref() == Some("rustup")) && a.has("rustup");
        let command = if rustup { "rustle-caps --install targets" } else { "rustle-caps --install rust-src" };
        recommend("high", "no standard library for other platforms: runners can only be built for this one", Some(command.into()))
    },
};
