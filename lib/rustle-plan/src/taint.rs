//! Variables and templates that look beyond their own host: at values of other hosts, or at the controller.
//!
//! A variable is *foreign* if any definition of it, anywhere in the run, is a template that looks beyond the host or
//! reads a foreign variable. Over-approximated: a task that reads one waits, though on its host another definition may
//! win.

use rustle_jinja::{Environment, Uses};
use rustle_value::{Dict, Value, is_template};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Magic variables that other hosts' progress changes.
const OTHERS: &[&str] = &["hostvars", "ansible_play_hosts", "ansible_play_batch", "play_hosts"];

/// Lookups whose result depends on their arguments only, or on the host's own variables.
const PURE: &[&str] = &[
    "cartesian", "dict", "indexed_items", "items", "list", "nested", "random_choice", "sequence", "subelements",
    "together", "varnames", "vars",
];

/// Names of foreign variables, and why.
#[derive(Debug, Default)]
pub struct Foreign {
    env: Environment,
    names: HashMap<String, String>,
}

/// Whether a lookup (without `ansible.builtin.`) runs on the host.
pub fn is_pure_lookup(name: &str) -> bool {
    PURE.contains(&name.strip_prefix("ansible.builtin.").unwrap_or(name))
}

impl Foreign {
    /// Finds the foreign variables among all definitions of a run.
    pub fn of<'a>(definitions: impl IntoIterator<Item = &'a Dict>) -> Foreign {
        Foreign::default().with(definitions)
    }
    /// The same with further definitions.
    pub fn with<'a>(&self, definitions: impl IntoIterator<Item = &'a Dict>) -> Foreign {
        let mut foreign = Foreign { env: Environment::new(), names: self.names.clone() };
        let mut open: Vec<(String, BTreeSet<String>)> = Vec::new();
        let mut seen = HashSet::new();
        for dict in definitions {
            for (name, value) in dict.str_iter() {
                if !has_template(value) || !seen.insert((name, std::ptr::from_ref(value))) {
                    continue;
                }
                let Ok(uses) = foreign.env.uses_value(value) else { continue };
                match direct(&uses) {
                    Some(why) => _ = foreign.names.insert(name.to_owned(), why),
                    None => open.push((name.to_owned(), uses.names)),
                }
            }
        }
        loop {
            let before = foreign.names.len();
            for (name, reads) in &open {
                if !foreign.names.contains_key(name)
                    && let Some(via) = reads.iter().find(|r| foreign.names.contains_key(*r))
                {
                    foreign.names.insert(name.clone(), format!("{} (through {via})", foreign.names[via]));
                }
            }
            if foreign.names.len() == before {
                return foreign;
            }
        }
    }

    fn judge(&self, uses: &Uses) -> Option<String> {
        direct(uses).or_else(|| uses.names.iter().find_map(|n| self.names.get(n).map(|why| format!("reads {n}, which {why}"))))
    }

    /// Why a value's templates look beyond the host, if they do.
    pub fn in_value(&self, v: &Value) -> Option<String> {
        if !has_template(v) {
            return None;
        }
        self.judge(&self.env.uses_value(v).ok()?)
    }

    /// The same for a condition: text is an expression.
    pub fn in_condition(&self, v: &Value) -> Option<String> {
        let Value::Template(t) = v else { return None };
        let uses = if is_template(&t.source) { self.env.uses(&t.source) } else { self.env.uses_expression(&t.source) };
        self.judge(&uses.ok()?)
    }

    /// The same for a template file's text; the names of templates that it includes come along.
    pub fn in_text(&self, text: &str) -> (Option<String>, BTreeSet<String>) {
        let Ok(uses) = self.env.uses(&text.into()) else { return (None, BTreeSet::new()) };
        let why = self.judge(&uses).or_else(|| uses.dynamic_include.then(|| "includes templates whose names are computed".into()));
        (why, uses.includes)
    }
}

/// Whether a template is anywhere in a value.
pub(crate) fn has_template(v: &Value) -> bool {
    match v {
        Value::Template(_) => true,
        Value::List(l) | Value::Tuple(l) => l.iter().any(has_template),
        Value::Dict(d) => d.iter().any(|(k, v)| has_template(k) || has_template(v)),
        _ => false,
    }
}

fn direct(uses: &Uses) -> Option<String> {
    if let Some(n) = uses.names.iter().find(|n| OTHERS.contains(&n.as_str())) {
        return Some(format!("reads {n}"));
    }
    if let Some(l) = uses.lookups.iter().find(|l| !is_pure_lookup(l)) {
        return Some(format!("uses the lookup {l}"));
    }
    uses.dynamic_lookup.then(|| "uses a lookup whose name is computed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustle_value::dict;

    #[test]
    fn foreign_variables_are_found_through_others() {
        let t = |s: &str| Value::trusted(s, None);
        let vars = dict! {
            "a" => t("{{ hostvars[inventory_hostname]['x'] }}"), "b" => Value::list(vec![t("{{ c }}")]), "c" => t("x{{ a }}"),
            "d" => t("{{ lookup('dict', e) }}"), "f" => t("{{ lookup('env', 'HOME') }}"), "g" => "hostvars",
        };
        let f = Foreign::of([&vars]);
        let names = |s: &str| f.in_value(&t(s));
        assert_eq!(names("{{ a }}").as_deref(), Some("reads a, which reads hostvars"));
        assert!(names("{{ b[0] }}").is_some());
        assert_eq!(names("{{ d }} {{ g }}"), None);
        assert_eq!(names("{{ f }}").as_deref(), Some("reads f, which uses the lookup env"));
        let when = Value::Template(std::sync::Arc::new(rustle_value::Template { source: "inventory_hostname == ansible_play_hosts[0]".into(), origin: None }));
        assert!(f.in_condition(&when).is_some());
    }
}
