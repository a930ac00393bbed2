//! `~/.rustle/config.toml`: made with every setting as a comment, or given the settings of `--set`.

use crate::{Component, Plan, Step, assistant};

pub static COMPONENT: Component = Component {
    name: "config",
    about: "the settings file",
    rank: 50,
    usual: |site| !site.options.set.is_empty() || assistant::config_path(site).is_ok_and(|p| !p.exists()),
    plan: |site| {
        let path = match assistant::config_path(site) {
            Ok(path) => path,
            Err(e) => return Plan::Cannot { why: e.to_string(), way: None },
        };
        let set = site.options.set.clone();
        if set.is_empty() && path.exists() {
            return Plan::There(path.display().to_string());
        }
        // What is wrong is said before anything is done.
        if let Err(e) = assistant::amended(&path, &set) {
            return Plan::Cannot { why: e.to_string(), way: None };
        }
        let verb = if path.exists() { "amend" } else { "make" };
        let what: Vec<String> = set.iter().map(|(k, v)| format!("{k} = {v}")).collect();
        let what = if what.is_empty() { "every setting as a comment".to_owned() } else { what.join(", ") };
        Plan::Steps(vec![Step::new(format!("{verb} {}: {what}", path.display()), move |site| assistant::write_config(site, &set))])
    },
};
