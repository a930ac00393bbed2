//! Uses of what Ansible will have no more one day, noted while templates are rendered and told with the task's result.
//!
//! Values carry no mark here: a copy of a fact that `set_fact` made is not noted, as it is in Ansible.

use crate::vars::Layers;
use rustle_value::{Dict, Origin, Value, dict};
use std::sync::{Mutex, PoisonError};

const INJECTED: &str =
    "INJECT_FACTS_AS_VARS default to `True` is deprecated, top-level facts will not be auto injected after the change.";
const USE_FACTS: &str = "Use `ansible_facts[\"fact_name\"]` (no `ansible_` prefix) instead.";
const VARS: &str = "The internal \"vars\" dictionary is deprecated.";
const USE_LOOKUPS: &str = "Use the `vars` and `varnames` lookups instead.";

const DELIMITERS: &str = "Conditionals should not be surrounded by templating delimiters such as {{ }} or {% %}.";
const PLAY_HOSTS: &str = "The `play_hosts` magic variable is deprecated.";
const USE_BATCH: &str = "Use `ansible_play_batch` instead.";

/// Key of a result, and keys of a deprecation that are told but not registered.
const KEY: &str = "deprecations";
const PLACE: &str = "_origin";
const HELP: &str = "_help";

/// What was used since the last result.
#[derive(Debug)]
pub struct Notes {
    facts: bool,
    noted: Mutex<Vec<Value>>,
}

impl Notes {
    /// `facts`: whether facts as variables are to be noted.
    pub(crate) fn new(facts: bool) -> Notes {
        Notes { facts, noted: Mutex::default() }
    }
    /// A template at `origin` reads `name`.
    pub(crate) fn used(&self, layers: &Layers<'_>, name: &str, origin: Option<&Origin>) {
        let Some(origin) = origin else { return };
        if name == rustle_jinja::DELIMITED {
            return self.note(DELIMITERS, "", "2.23", origin);
        }
        if self.facts && layers.is_injected(name) {
            self.note(INJECTED, USE_FACTS, "2.24", origin);
        } else if name == "vars" && layers.get(name).is_none() {
            self.note(VARS, USE_LOOKUPS, "2.24", origin);
        } else if name == "play_hosts" && layers.get(name).is_none() {
            self.note(PLAY_HOSTS, USE_BATCH, "2.23", origin);
        }
    }
    fn note(&self, msg: &str, help: &str, version: &str, origin: &Origin) {
        let place = dict! { "file" => &*origin.file, "line" => i64::from(origin.line), "column" => i64::from(origin.column) };
        let new = Value::dict(dict! {
            "msg" => msg,
            "collection_name" => "ansible.builtin",
            "deprecator" => dict! { "resolved_name" => "ansible.builtin", "type" => Value::Null },
            "version" => version,
            PLACE => place,
            HELP => help,
        });
        self.heard(vec![new]);
    }
    /// Takes over what was noted elsewhere.
    pub(crate) fn heard(&self, more: Vec<Value>) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        for new in more {
            if !noted.contains(&new) {
                noted.push(new);
            }
        }
    }
    /// What was noted since the last time.
    pub(crate) fn take(&self) -> Vec<Value> {
        std::mem::take(&mut *self.noted.lock().unwrap_or_else(PoisonError::into_inner))
    }
    /// Moves what was noted to a result.
    pub(crate) fn tell(&self, result: &mut Dict) {
        add(result, self.take());
    }
}

/// Adds deprecations to a result.
pub(crate) fn add(result: &mut Dict, more: Vec<Value>) {
    if !more.is_empty() {
        let told = result.get(KEY).and_then(Value::as_list).unwrap_or_default();
        let all: Vec<Value> = told.iter().cloned().chain(more).collect();
        result.insert(KEY, all);
    }
}

/// The deprecations of a result.
pub(crate) fn of(result: &Dict) -> Vec<Value> {
    result.get(KEY).and_then(Value::as_list).map(<[Value]>::to_vec).unwrap_or_default()
}

/// Takes away what only reports are told: what `register` stores has no places.
pub fn without_places(result: &mut Dict) {
    let Some(told) = result.get(KEY).and_then(Value::as_list) else { return };
    let plain = told.iter().map(|d| match d.as_dict() {
        Some(d) => {
            let mut d = d.clone();
            d.remove(PLACE);
            d.remove(HELP);
            Value::dict(d)
        }
        None => d.clone(),
    });
    let plain: Vec<Value> = plain.collect();
    result.insert(KEY, plain);
}
