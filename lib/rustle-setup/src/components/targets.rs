//! Ready standard libraries for other platforms, by rustup.

use crate::{Component, Plan, SetupError, Step};

pub static COMPONENT: Component = Component {
    name: "targets",
    about: "standard libraries for other platforms, by rustup",
    rank: 30,
    usual: |site| site.toolchain().is_some() && site.tool("rust-src").is_none(),
    plan: |site| {
        let missing: Vec<String> = site.options.triples.iter().filter(|t| !site.caps.installed_targets.contains(t)).cloned().collect();
        if missing.is_empty() {
            return Plan::There(format!("all {} are installed", site.options.triples.len()));
        }
        let (Some(toolchain), Some(rustup)) = (site.toolchain(), site.tool("rustup").map(|t| t.command.clone())) else {
            if site.tool("rust-src").is_some() {
                return Plan::There("none is needed: builds compile the standard library's source".into());
            }
            return Plan::Cannot {
                why: "the compiler was not installed by rustup, which has them".into(),
                way: Some("rustle-caps --install rust-src".into()),
            };
        };
        Plan::Steps(vec![Step::new(format!("rustup target add --toolchain {toolchain} {}", missing.join(" ")), move |site| {
            // One by one: a platform that this version lacks is no reason to go without the others.
            let mut failed = Vec::new();
            for triple in &missing {
                let mut c = site.command(&rustup[0]);
                c.args(&rustup[1..]).args(["target", "add", "--toolchain", &toolchain, triple]);
                if let Err(e) = site.run(c) {
                    failed.push(triple.as_str());
                    // A network that is not there is so for all of them.
                    if e.to_string().contains("download") || failed.len() > 2 {
                        return Err(e);
                    }
                }
            }
            if failed.is_empty() {
                return Ok(());
            }
            Err(SetupError::Missing(format!("rustup has no standard library for {}", failed.join(", "))))
        })])
    },
};
