//! `cargo zigbuild`: cargo, with zig as the linker and its libc. For every target whose standard library is
//! installed.

use crate::{Backend, Job};

pub static BACKEND: Backend = Backend {
    name: "zigbuild",
    // zig links no static glibc, which the runner for this machine shall be.
    rank: |r| (!(r.own && r.template.triple.contains("-gnu"))).then_some(10),
    job: |r| {
        let words = r.tool("cargo-zigbuild")?.iter().cloned().chain(["zigbuild".into()]).collect();
        let env = r.zig_env()?;
        if r.template.triple.ends_with("-msvc") {
            return Err("zig does not link for MSVC".into());
        }
        r.std_installed()?;
        Ok(Job { words, env, target: r.zig_target(), rustflags: r.zig_rustflags(), ..Job::default() })
    },
};
