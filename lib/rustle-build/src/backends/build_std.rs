//! cargo with `-Zbuild-std`: compiles the standard library, too, for targets that have no ready one. Links with zig,
//! or for this machine with its own linker. A stable toolchain is told to allow it (`RUSTC_BOOTSTRAP`). The first choice
//! for the smallest runners: the ready library is made for speed, and has tables for unwinding.

use crate::{Backend, Job, Request};

pub static BACKEND: Backend = Backend {
    name: "build-std",
    rank: |r| Some(if small(r) && r.tool("rust-src").is_ok() { 3 } else { 30 }),
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
        if small(r) {
            job.words.push("-Zbuild-std-features=optimize_for_size".into());
            job.rustflags.push("-Cforce-unwind-tables=no".into());
        }
        if r.template.spec.is_some() {
            job.target = Some(r.template.cargo_target());
            job.words.push("-Zjson-target-spec".into());
        }
        job.env.push(("RUSTC_BOOTSTRAP".into(), "1".into()));
        Ok(job)
    },
};

fn small(r: &Request) -> bool {
    r.template.profile == "small"
}
