//! Ansible's own fact cache (`fact_caching = jsonfile`): what an earlier run learnt about a host.

use crate::probe::{self, Platform};
use rustle_value::Dict;
use std::path::Path;

/// The platform from the host's cached facts, where the settings name such a cache and it has the host.
pub(crate) fn cached(config: &Dict, host: &str) -> Option<Platform> {
    let text = |name: &str| config.get(name).and_then(|v| v.as_str());
    if !matches!(text("CACHE_PLUGIN"), Some("jsonfile" | "ansible.builtin.jsonfile")) {
        return None;
    }
    let file = format!("{}{host}", text("CACHE_PLUGIN_PREFIX").unwrap_or(""));
    let json = std::fs::read(Path::new(text("CACHE_PLUGIN_CONNECTION")?).join(file)).ok()?;
    platform(&serde_json::from_slice(&json).ok()?)
}

/// The same answer that the host would give, as far as facts go.
fn platform(facts: &serde_json::Value) -> Option<Platform> {
    let text = |name: &str| facts.get(name).and_then(|v| v.as_str()).unwrap_or("");
    let musl = matches!(text("ansible_distribution"), "Alpine" | "Void" | "OpenWrt" | "Adelie");
    let answer = format!(
        "rustle.uname={} {}\nrustle.bits={}\n{}",
        text("ansible_system"),
        text("ansible_machine"),
        text("ansible_userspace_bits"),
        if musl { "rustle.musl=/lib/ld-musl" } else { "rustle.ldd=GLIBC" },
    );
    probe::parse(&answer).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_tell_the_platform() {
        for (system, machine, bits, distribution, want) in [
            ("Linux", "x86_64", "64", "Debian", Some("x86_64-unknown-linux-gnu")),
            ("Linux", "aarch64", "32", "Debian", Some("armv7-unknown-linux-gnueabihf")),
            ("Linux", "aarch64", "64", "Alpine", Some("aarch64-unknown-linux-musl")),
            ("Darwin", "arm64", "64", "MacOSX", Some("aarch64-apple-darwin")),
            ("", "", "", "", None),
        ] {
            let facts = serde_json::json!({"ansible_system": system, "ansible_machine": machine,
                "ansible_userspace_bits": bits, "ansible_distribution": distribution});
            assert_eq!(platform(&facts).map(|p| p.triple).as_deref(), want);
        }
    }
}
