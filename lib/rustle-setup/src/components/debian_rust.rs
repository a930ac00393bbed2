//! A compiler with the standard library's source from Debian's packages, for machines where rustup cannot fetch targets:
//! unpacked below rustle's folder, beside whatever compiler the machine has.

use crate::{Component, Plan, Step, assistant};

const SCRIPT: &str = include_str!("../debian-rust.sh");

pub static COMPONENT: Component = Component {
    name: "debian-rust",
    about: "a compiler with the standard library's source from Debian's packages, where rustup has none",
    rank: 5,
    // Whoever can have it from rustup is better off.
    usual: |_| false,
    plan: |site| {
        if let Some(path) = site.env.own_tool("rustc").filter(|_| site.tool("rust-src").is_some()) {
            return Plan::There(path.display().to_string());
        }
        if ["apt-get", "apt-cache", "dpkg"].iter().any(|tool| site.env.which(tool).is_none()) {
            return Plan::Cannot { why: "it comes from Debian's packages, and this is no Debian".into(), way: Some("rustle-caps --install rust-src".into()) };
        }
        let mut steps = vec![Step::new(format!("unpack Debian's rustc-web and its source into {}/debian-rust", assistant::shown(site)), |site| {
            let dir = site.tools_dir()?.join("debian-rust");
            let mut c = site.command("/bin/sh");
            c.args(["-c", SCRIPT, "debian-rust"]).arg(&dir);
            site.run(c)?;
            site.adopt("rustc", &dir.join("rustc"), &["-V"])
        })];
        match assistant::settle(site, "rustc", &[("RUSTLE_RUSTC", "build.rustc"), ("RUSTC", "")]) {
            Ok(more) => steps.extend(more),
            Err(plan) => return plan,
        }
        Plan::Steps(steps)
    },
};
