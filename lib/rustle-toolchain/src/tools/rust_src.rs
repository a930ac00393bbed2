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
        let command = a.has("rustup").then(|| "rustup target add x86_64-unknown-linux-musl aarch64-unknown-linux-musl".to_owned());
        recommend("high", "no standard library for other platforms: runners can only be built for this one", command)
    },
};
