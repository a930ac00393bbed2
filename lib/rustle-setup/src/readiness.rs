//! What a person can do on this machine as it is.

use crate::fetching;
use rustle_build::{own_triple, prebuilt, routes::ROUTED};
use rustle_stream::record::{Readiness, Target};
use rustle_toolchain::{Capabilities, Env, working};

/// `deploy` (at all), `build` (runners for hosts like this machine), `cross-build` (for the platforms of the routes),
/// `offline-build`, `bridge` (Ansible's own modules), from what was found and the routes that were tried. `offline`
/// asks cargo, which takes some tenths of a second.
pub fn readiness(env: &Env, caps: &Capabilities, offline: bool) -> Vec<Readiness> {
    let ready = |what: &str, ready: bool, reason: String| Readiness { what: what.into(), ready, reason };
    let own = own_triple();
    let libc = own.contains("-linux-gnu").then(|| "glibc".to_owned());
    let installed = prebuilt::find(env, &own, &Target { triple: own.clone(), libc, ..Target::default() }).0;
    let compiles = working(caps, "rustc").is_some() && working(caps, "cargo").is_some();
    let containers = working(caps, "docker").is_some() || working(caps, "podman").is_some();
    let bridge = working(caps, "ansible-core");
    let ways: Vec<_> = caps.routes.iter().filter(|r| r.by != "fallback").collect();
    let mut list = Vec::new();
    list.push(match (&installed, ways.iter().find(|r| r.triple == own).or(ways.first()), compiles || containers, bridge) {
        (Some(runner), ..) => ready("deploy", true, format!("a runner for hosts like this machine is installed: {}", runner.path)),
        (_, Some(way), ..) => ready("deploy", true, format!("a runner for {} comes by the way of {}", way.triple, way.by)),
        (_, _, true, _) if caps.routes.is_empty() => ready("deploy", true, "runners can be built".into()),
        (_, _, _, Some(_)) => ready("deploy", true, "over SSH alone, with the hosts' Python and Ansible's modules".into()),
        _ => ready("deploy", false, "no runner is installed or can be built, and there is no ansible-core to do without one".into()),
    });
    list.push(match (compiles, containers) {
        (true, _) => ready("build", true, "rustc and cargo are here".into()),
        (false, true) => ready("build", true, "in containers".into()),
        (false, false) => ready("build", false, "there is no compiler that works, and no container engine".into()),
    });
    if !caps.routes.is_empty() {
        let lost: Vec<&str> = caps.routes.iter().filter(|r| r.by == "fallback").map(|r| r.triple.as_str()).collect();
        let mut reason = format!("{} of {} platforms", ways.len(), caps.routes.len());
        if !lost.is_empty() {
            reason.push_str(&format!("; not {}", lost.join(", ")));
        }
        list.push(ready("cross-build", lost.is_empty(), reason));
    }
    if offline && compiles {
        let triples = ROUTED.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        list.push(if fetching::all_there(env, caps, &triples) {
            ready("offline-build", true, "cargo has all that a build needs".into())
        } else {
            ready("offline-build", false, "cargo has not all that a build needs: rustle-caps --install fetch".into())
        });
    }
    list.push(match bridge {
        Some(tool) => ready("bridge", true, format!("ansible-core {}", tool.version.as_deref().unwrap_or(""))),
        None => ready("bridge", false, "there is no ansible-core".into()),
    });
    list
}

/// The level that the tools promise, corrected by the routes that were tried: no tool counts that leads nowhere.
pub(crate) fn level(caps: &Capabilities) -> String {
    // The static runner of this machine serves others of its system and processor, whatever their libc: no other platform.
    let kind = |triple: &str| triple.rsplit_once('-').map_or(triple.to_owned(), |(kind, _)| kind.to_owned());
    let mine = kind(&own_triple());
    let works = |own: bool| caps.routes.iter().any(|r| r.by != "fallback" && (kind(&r.triple) == mine) == own);
    let ssh = working(caps, "ssh").is_some();
    match (caps.level.as_str(), works(false), works(true)) {
        ("Full", false, true) => "Limited".into(),
        ("Full" | "Limited", false, false) => if ssh { "Minimal".into() } else { "Insufficient".into() },
        (level, ..) => level.into(),
    }
}

/// Whether this machine can deploy at all.
pub(crate) fn deploys(caps: &Capabilities) -> bool {
    caps.readiness.iter().any(|r| r.what == "deploy" && r.ready)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustle_stream::record::Route;

    #[test]
    fn a_level_is_what_the_routes_lead_to() {
        let own = own_triple();
        let sibling = own.replace("-gnu", "-musl");
        let caps = |ways: &[(&str, &str)]| {
            let route = |(triple, by): &(&str, &str)| Route { triple: (*triple).into(), by: (*by).into(), ..Route::default() };
            Capabilities { level: "Full".into(), routes: ways.iter().map(route).collect(), ..Capabilities::default() }
        };
        let other = "riscv64gc-unknown-linux-musl";
        assert_eq!(level(&caps(&[(&own, "prebuilt"), (&sibling, "prebuilt"), (other, "fallback")])), "Limited");
        assert_eq!(level(&caps(&[(&own, "prebuilt"), (other, "zigbuild")])), "Full");
        assert_eq!(level(&caps(&[(&own, "fallback"), (other, "fallback")])), "Insufficient");
        assert_eq!(level(&caps(&[])), "Insufficient");
    }
}
