//! What builds need of the registry, so that they need no network afterwards.

use crate::{Component, Plan, Step, fetching};

pub static COMPONENT: Component = Component {
    name: "fetch",
    about: "the runner's dependencies, for builds without network",
    rank: 90,
    usual: |site| site.tool("cargo").is_some() && site.tool("rustc").is_some(),
    plan: |site| {
        if site.tool("cargo").is_none() {
            return Plan::Cannot { why: "there is no cargo".into(), way: None };
        }
        let triples = site.options.triples.clone();
        let more = site.coming.contains("rust-src") || site.coming.contains("debian-rust");
        if !more && fetching::fetch(&site.env, &site.caps, &triples, true).is_ok() {
            return Plan::There("cargo has all that a build needs".into());
        }
        let std = if more || fetching::builds_std(&site.caps, &triples) { ", and the standard library's," } else { "" };
        Plan::Steps(vec![Step::new(format!("cargo fetch: the runner's dependencies{std} for {} platforms", triples.len()), move |site| {
            fetching::fetch(&site.env, &site.caps, &triples, false)
        })])
    },
};
