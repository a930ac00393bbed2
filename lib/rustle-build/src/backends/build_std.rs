//! cargo with `-Zbuild-std`: compiles the standard library, too, for targets that have no ready one. Links with zig,
//! or for this machine with its own linker. A stable toolchain is told to allow it (`RUSTC_BOOTSTRAP`).

use crate::{Backend, Job};

pub static BACKEND: Backend = Backend {
    name: "build-std",
    rank: |_| Some(30),
    job: |r| {
        r.tool("rustc")?;
        r.tool("rust-src")?;
        let mut job = Job::default();
        if r.own {
            job.words = r.tool("cargo")?.to_vec();
            job.words.push("build".into());
        } else {
            job.words = r.tool("cargo-zigbuild")?.to_vec();
            job.words.push("zigbuild".into());
            job.env = r.zig_env()?;
            job.target = r.zig_target();
        }
        if r.template.triple.contains("-linux-musl") {
            // zig brings musl's start files and libc; rustc's copies of them come with the ready library only.
            job.rustflags.push("-Clink-self-contained=no".into());
        }
        job.words.push("-Zbuild-std=std,panic_abort".into());
        job.env.push(("RUSTC_BOOTSTRAP".into(), "1".into()));
        Ok(job)
    },
};
