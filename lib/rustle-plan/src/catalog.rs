//! What is known of actions and modules before a run: where they run, and who can notice.

use rustle_modules::Scope;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Where an action has its home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// Nothing runs on the host.
    Engine,
    Controller,
    /// An action that the engine has.
    Action,
    /// A module.
    Module,
}

/// What is known of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    pub home: Home,
    /// `None`: unknown, so that anything must be feared.
    pub scope: Option<Scope>,
    /// Whether no Python is needed for it.
    pub native: bool,
}

/// Home, scope, and the modules that an action runs where these are others than the one of its name.
type Row = (Home, Scope, Option<&'static str>);

fn table() -> &'static HashMap<&'static str, Row> {
    static TABLE: OnceLock<HashMap<&'static str, Row>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let lines = include_str!("../data/actions.txt").lines().filter(|l| !l.starts_with('#'));
        let rows = lines.filter_map(|line| {
            let mut words = line.split_whitespace();
            let name = words.next()?;
            let home = match words.next()? {
                "engine" => Home::Engine,
                "controller" => Home::Controller,
                "host" => Home::Action,
                _ => Home::Module,
            };
            let scope = match words.next()? {
                "host" => Scope::Host,
                "looks" => Scope::Looks,
                _ => Scope::World,
            };
            Some((name, (home, scope, words.next())))
        });
        rows.collect()
    })
}

/// A name without `ansible.builtin.`.
pub(crate) fn short(action: &str) -> &str {
    action.strip_prefix("ansible.builtin.").unwrap_or(action)
}

/// What is known of the action with this (full) name.
pub fn facts(action: &str) -> Facts {
    // A name of `ansible.legacy` is a module of the user's own, whatever else has that name.
    let module = if action.starts_with("ansible.legacy.") { None } else { rustle_modules::find(action) };
    let row = table().get(short(action));
    let native_scope = module.map(|m| m.scope);
    match row {
        Some((home, scope, _)) => Facts {
            home: *home,
            scope: if *home == Home::Module { native_scope.or(Some(*scope)) } else { Some(*scope) },
            native: *home != Home::Module || module.is_some(),
        },
        None => Facts { home: Home::Module, scope: native_scope, native: module.is_some() },
    }
}

/// Full names of the native modules that the action with this (full) name runs.
pub fn runs(action: &str) -> Vec<&'static str> {
    let own = |name: &str| if name.starts_with("ansible.legacy.") { None } else { rustle_modules::find(name).map(|m| m.name) };
    match table().get(short(action)) {
        Some((_, _, Some(list))) => list.split(',').filter_map(own).collect(),
        Some((Home::Engine | Home::Controller, ..)) => Vec::new(),
        _ => own(action).into_iter().collect(),
    }
}

/// Whether the action with this (full) name is a module, run on the host as it is.
pub fn is_module(action: &str) -> bool {
    facts(action).home == Home::Module
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_is_in_the_table() {
        let imports = ["import_tasks", "import_role", "import_playbook"];
        for name in rustle_playbook::builtin_names() {
            assert!(table().contains_key(name) || imports.contains(name), "{name} is not in data/actions.txt");
        }
        for (name, (_, _, runs)) in table() {
            for module in runs.iter().flat_map(|r| r.split(',')) {
                assert!(rustle_modules::find(module).is_some(), "{name} runs {module}, which is none");
            }
        }
        assert_eq!(facts("ns.coll.unknown"), Facts { home: Home::Module, scope: None, native: false });
    }
}
