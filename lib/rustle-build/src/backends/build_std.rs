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
        if r.own || r.template.spec.is_some() {
            linker(r)?;
            job.words = r.tool("cargo")?.to_vec();
            job.words.push("build".into());
        } else {
            job.words = r.tool("cargo-zigbuild")?.to_vec();
            job.words.push("zigbuild".into());
            job.env = r.zig_env()?;
            job.rustflags = r.zig_rustflags();
            job.target = r.zig_target();
        }
        if r.template.triple.contains("-linux-musl") && r.template.spec.is_none() {
            // zig brings musl's start files and libc; rustc's copies of them come with the ready library only.
            job.rustflags.push("-Clink-self-contained=no".into());
        }
        job.words.push("-Zbuild-std=std,panic_abort".into());
        if small(r) {
            job.words.push("-Zbuild-std-features=optimize_for_size".into());
            job.rustflags.push("-Cforce-unwind-tables=no".into());
        }
        if r.template.spec.is_some() {
            // That cargo may take it stands in the project's configuration: older ones know no flag for it.
            job.target = Some(r.template.cargo_target());
        }
        job.env.push(("RUSTC_BOOTSTRAP".into(), "1".into()));
        Ok(job)
    },
};

/// cargo-zigbuild takes no specification, so this says what links: itself, the user, or `cc` for one's own processor.
fn linker(r: &Request) -> Result<(), String> {
    let Some(spec) = &r.template.spec else { return Ok(()) };
    let named = serde_json::from_str::<serde_json::Value>(spec).is_ok_and(|s| s.get("linker").is_some());
    let triple = &r.template.triple;
    let variable = format!("CARGO_TARGET_{}_LINKER", triple.to_uppercase().replace(['-', '.'], "_"));
    let same_processor = triple.starts_with(&format!("{}-", std::env::consts::ARCH));
    if named || same_processor || r.env.var(&variable).is_some() {
        return Ok(());
    }
    Err(format!("the specification of {triple} names no 'linker', and {variable} is not set"))
}

fn small(r: &Request) -> bool {
    r.template.profile == "small"
}
