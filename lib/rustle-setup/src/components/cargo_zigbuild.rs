//! cargo-zigbuild, with which cargo takes zig as its linker: from PyPI, or compiled where there is no Python.

use crate::{Component, Plan, Step, python};

/// Tried with every platform, and with the zig that `zig` installs.
const VERSION: &str = "0.24.0";

pub static COMPONENT: Component = Component {
    name: "cargo-zigbuild",
    about: "lets cargo link with zig",
    rank: 20,
    usual: |site| site.tool("cargo").is_some(),
    plan: |site| {
        if let Some(tool) = site.tool("cargo-zigbuild") {
            return Plan::There(format!("{} at {}", tool.version.as_deref().unwrap_or("cargo-zigbuild"), tool.command.join(" ")));
        }
        let into = crate::assistant::shown(site);
        let mut steps = Vec::new();
        if site.env.which("python3").is_some() {
            steps.push(Step::new(format!("install cargo-zigbuild {VERSION} from PyPI into {into}/python"), |site| {
                let installed = python::install(site, "cargo-zigbuild", VERSION)?;
                site.adopt("cargo-zigbuild", &installed.bin.join("cargo-zigbuild"), &["--version"])
            }));
        } else if let Some(cargo) = site.tool("cargo").map(|t| t.command.clone()) {
            steps.push(Step::new(format!("compile cargo-zigbuild {VERSION} into {into}/cargo"), move |site| {
                let root = site.tools_dir()?.join("cargo");
                let mut c = site.command(&cargo[0]);
                c.args(&cargo[1..]).args(["install", "--quiet", "--locked", "--force", "--root"]).arg(&root);
                c.arg(format!("cargo-zigbuild@{VERSION}"));
                site.run(c)?;
                site.adopt("cargo-zigbuild", &root.join("bin/cargo-zigbuild"), &["--version"])
            }));
        } else {
            return Plan::Cannot { why: "there is neither python3 nor cargo to get it with".into(), way: None };
        }
        match crate::assistant::settle(site, "cargo-zigbuild", &[("RUSTLE_CARGO_ZIGBUILD", "build.cargo_zigbuild")]) {
            Ok(more) => steps.extend(more),
            Err(plan) => return plan,
        }
        Plan::Steps(steps)
    },
};
