//! Which collectors `gather_subset` asks for.

use crate::{Collector, FactsError};
use std::collections::BTreeSet;

/// Names that Ansible accepts although nothing is gathered for them here.
const FOREIGN: &[&str] = &["facter", "ohai"];

/// Subset names in the order of the list: a Linux-only name stays valid elsewhere because playbooks name it anyway.
const LINUX_NAMES: &[&str] = &[
    "all_ipv4_addresses", "all_ipv6_addresses", "default_ipv4", "default_ipv6", "devices", "hardware", "interfaces",
    "mounts", "network", "processor", "processor_cores", "processor_count", "virtual", "virtualization_role",
    "virtualization_tech_guest", "virtualization_tech_host", "virtualization_type",
];

/// Every name that `gather_subset` may have besides `all` and `min`, sorted.
pub fn subset_names(all: &[&'static Collector]) -> BTreeSet<&'static str> {
    let own = all.iter().flat_map(|c| std::iter::once(c.subset).chain(c.aliases.iter().copied()));
    own.chain(FOREIGN.iter().copied()).chain(LINUX_NAMES.iter().copied()).collect()
}

/// The chosen collectors, in the order of the list, with what they require.
pub(crate) fn choose(
    all: &[&'static Collector],
    asked: &[String],
) -> Result<Vec<&'static Collector>, FactsError> {
    let names = subset_names(all);
    let minimal: BTreeSet<&str> = all.iter().filter(|c| c.minimal).map(|c| c.subset).collect();
    // Everything is decided on the collectors' own names; an alias stands for its collector.
    let own: BTreeSet<&str> = all.iter().map(|c| c.subset).collect();
    let canonical = |name: &str| -> Option<&'static str> {
        all.iter().find(|c| c.subset == name || c.aliases.contains(&name)).map(|c| c.subset)
    };
    let (mut added, mut excluded, mut explicit) = (minimal.clone(), BTreeSet::new(), BTreeSet::new());
    let everything = [String::from("all")];
    for name in if asked.is_empty() { &everything[..] } else { asked } {
        match (name.strip_prefix('!'), name.as_str()) {
            (Some("all"), _) => excluded.extend(own.iter().copied().filter(|n| !minimal.contains(n))),
            (Some("min"), _) => excluded.extend(minimal.iter().copied()),
            (Some(n), _) => {
                // Excluding one alias excludes nothing else: only the collector's own name removes it whole.
                excluded.extend(own.get(n).copied());
            }
            (None, "all") => added.extend(own.iter().copied()),
            (None, "min") => {}
            (None, n) => {
                if !names.contains(n) {
                    return Err(FactsError::BadSubset { name: n.into(), allowed: names.into_iter().collect() });
                }
                if let Some(c) = canonical(n) {
                    added.insert(c);
                    explicit.insert(c);
                }
            }
        }
    }
    added.retain(|n| !excluded.contains(n) || explicit.contains(n));
    loop {
        let missing: Vec<&str> = all
            .iter()
            .filter(|c| added.contains(c.subset))
            .flat_map(|c| c.requires.iter().copied())
            .filter(|r| !added.contains(r))
            .collect();
        if missing.is_empty() {
            break;
        }
        added.extend(missing);
    }
    Ok(all.iter().copied().filter(|c| added.contains(c.subset)).collect())
}
