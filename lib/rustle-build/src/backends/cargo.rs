//! Plain cargo: for this machine's own platform, for musl of the same processor (rustc brings its own linking), and
//! wherever the user configured a linker (`CARGO_TARGET_<TRIPLE>_LINKER`).

use crate::{Backend, Job};

pub static BACKEND: Backend = Backend {
    name: "cargo",
    rank: |r| Some(if r.own { 5 } else { 20 }),
    job: |r| {
        r.tool("rustc")?;
        let words = r.tool("cargo")?.iter().cloned().chain(["build".into()]).collect();
        r.std_installed()?;
        let triple = &r.template.triple;
        let variable = format!("CARGO_TARGET_{}_LINKER", triple.to_uppercase().replace(['-', '.'], "_"));
        let same_processor = triple.starts_with(&format!("{}-", std::env::consts::ARCH));
        let self_contained = triple.contains("-linux-musl") && same_processor;
        if !r.own && !self_contained && r.env.var(&variable).is_none() {
            return Err(format!("no linker for {triple} ({variable} is not set)"));
        }
        Ok(Job { words, ..Job::default() })
    },
};
