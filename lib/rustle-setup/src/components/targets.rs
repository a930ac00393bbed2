//! Ready standard libraries for other platforms, by rustup; and the source of those that it lacks.

use crate::{COMPONENTS, Component, Plan, SetupError, Site, Step};

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
        let says = format!("rustup target add --toolchain {toolchain} {}; for those that it cannot bring, the standard library's source", missing.join(" "));
        Plan::Steps(vec![Step::new(says, move |site| {
            // One by one: a platform that this version, or a mirror, lacks is no reason to go without the others.
            let mut lacking: Vec<&str> = Vec::new();
            for (done, triple) in missing.iter().enumerate() {
                let mut c = site.command(&rustup[0]);
                c.args(&rustup[1..]).args(["target", "add", "--toolchain", &toolchain, triple]);
                if let Err(e) = site.run(c) {
                    lacking.push(triple);
                    // A network that is not there is so for all of them.
                    if lacking.len() == 3 && done == 2 {
                        return Err(e);
                    }
                }
            }
            if lacking.is_empty() { Ok(()) } else { source(site, &lacking) }
        })])
    },
};

/// The source of the standard library, of which builds compile what nobody has ready: of the same compiler, else of
/// another that brings its own.
fn source(site: &mut Site, lacking: &[&str]) -> Result<(), SetupError> {
    let mut last = String::new();
    for name in ["rust-src", "debian-rust"] {
        let Some(component) = COMPONENTS.iter().find(|c| c.name == name) else { continue };
        match (component.plan)(site) {
            Plan::There(_) => return Ok(()),
            Plan::Cannot { .. } => {}
            Plan::Steps(steps) => match steps.into_iter().try_for_each(|step| (step.act)(site)) {
                Ok(()) => return Ok(()),
                Err(e) => last = format!(": {e}"),
            },
        }
    }
    Err(SetupError::Missing(format!("rustup has no standard library for {}, and its source cannot be had{last}", lacking.join(", "))))
}
