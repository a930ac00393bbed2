//! The standard library's source, of which builds compile what no package has ready: by rustup, or the system's package.

use crate::{Component, Plan, Step};

pub static COMPONENT: Component = Component {
    name: "rust-src",
    about: "the standard library's source, for platforms that have no ready one",
    rank: 40,
    usual: |site| site.tool("rustc").is_some() && site.toolchain().is_none() && site.caps.installed_targets.len() < 2,
    plan: |site| {
        if let Some(tool) = site.tool("rust-src") {
            return Plan::There(tool.version.clone().unwrap_or_default());
        }
        if let (Some(toolchain), Some(rustup)) = (site.toolchain(), site.tool("rustup").map(|t| t.command.clone())) {
            return Plan::Steps(vec![Step::new(format!("rustup component add --toolchain {toolchain} rust-src"), move |site| {
                let mut c = site.command(&rustup[0]);
                c.args(&rustup[1..]).args(["component", "add", "--toolchain", &toolchain, "rust-src"]);
                site.run(c).map(drop)
            })]);
        }
        let packaged = site.found("rustc").is_some_and(|t| t.from.as_deref() == Some("distribution"));
        let Some(line) = rustle_toolchain::package_command(&site.env, "rust-src").filter(|_| packaged) else {
            return Plan::Cannot {
                why: "neither rustup nor the system's packages brought the compiler, so nobody has the source that belongs to it".into(),
                way: Some("curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y".into()),
            };
        };
        // SAFETY: geteuid has no effects and cannot fail.
        if unsafe { libc::geteuid() } != 0 {
            return Plan::Cannot { why: "it is a package of the system, which root installs".into(), way: Some(format!("sudo {line}")) };
        }
        Plan::Steps(vec![Step::new(line.clone(), move |site| {
            let mut words = line.split(' ');
            let mut c = site.command(words.next().unwrap_or_default());
            c.args(words).env("DEBIAN_FRONTEND", "noninteractive");
            site.run(c).map(drop)
        })])
    },
};
