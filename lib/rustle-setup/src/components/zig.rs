//! zig, which links runners for every platform: from PyPI, or from an archive whose digest the user gives.

use crate::{Component, Plan, SetupError, Step, archive, python};
use rustle_toolchain::older;

/// Tried with every platform.
const VERSION: &str = "0.15.2";

pub static COMPONENT: Component = Component {
    name: "zig",
    about: "links runners for other platforms",
    rank: 10,
    usual: |site| site.tool("cargo").is_some(),
    plan: |site| {
        let given = site.options.zig_archive.clone();
        // Older ones lack FreeBSD's C library.
        let good = site.tool("zig").filter(|t| !t.version.as_deref().is_some_and(|v| older(v, "0.15.1")));
        if let (Some(tool), None) = (good, &given) {
            return Plan::There(format!("{} at {}", tool.version.as_deref().unwrap_or("zig"), tool.command.join(" ")));
        }
        let mut steps = Vec::new();
        match given {
            Some((source, sha256)) => {
                steps.push(Step::new(format!("unpack {} with the SHA-256 {sha256} into {}", archive::shown(&source), crate::assistant::shown(site)), move |site| {
                    let dir = archive::unpack(site, "zig", &source, &sha256)?;
                    let program = [dir.join("zig"), dir.join("bin/zig")].into_iter().find(|p| p.is_file());
                    let program = program.ok_or_else(|| SetupError::Missing(format!("{} has no program 'zig' in its top folder", archive::shown(&source))))?;
                    site.adopt("zig", &program, &["version"])
                }));
            }
            None if site.env.which("python3").is_none() => {
                return Plan::Cannot {
                    why: "there is no python3, with which it comes from PyPI".into(),
                    way: Some("rustle-caps --install zig --zig-archive FILE-OR-URL --zig-sha256 DIGEST".into()),
                };
            }
            None => steps.push(Step::new(format!("install ziglang {VERSION} from PyPI into {}/python", crate::assistant::shown(site)), |site| {
                let installed = python::install(site, "ziglang", VERSION)?;
                site.adopt("zig", &installed.modules.join("ziglang/zig"), &["version"])
            })),
        }
        match crate::assistant::settle(site, "zig", &[("RUSTLE_ZIG_PATH", "build.zig"), ("CARGO_ZIGBUILD_ZIG_PATH", "")]) {
            Ok(more) => steps.extend(more),
            Err(plan) => return plan,
        }
        Plan::Steps(steps)
    },
};
