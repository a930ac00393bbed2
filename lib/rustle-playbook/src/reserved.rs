//! Variables whose names mean something else: allowed, with a warning.

use crate::keywords::Owner;
use crate::loader::Loader;
use rustle_stream::record::Warning;
use rustle_yaml::{Node, excerpt_from_file};

/// Functions of the template language, and inner names of keywords.
const FURTHER: &[&str] = &[
    "async_val", "cycler", "dict", "joiner", "lipsum", "lookup", "loop_with", "namespace", "now", "omit", "q", "query", "range",
    "undef",
];
/// Keywords that may name variables all the same.
const FREE: &[&str] = &["gather_subset", "user", "vars"];
/// Where plays, blocks and tasks may be nested in a file.
const NESTING: &[&str] =
    &["always", "block", "handlers", "post_tasks", "pre_tasks", "rescue", "roles", "tasks"];

fn is_reserved(name: &str) -> bool {
    let keyword = [Owner::Play, Owner::Block, Owner::Task].iter().any(|o| o.allows(name));
    (keyword && !FREE.contains(&name)) || FURTHER.contains(&name)
}

impl Loader {
    /// Warns of reserved names among the keys of a mapping of variables.
    pub(crate) fn reserved_names(&mut self, vars: &Node) {
        for (key, _) in vars.as_map().unwrap_or_default() {
            let Some(name) = key.as_str().filter(|n| is_reserved(n)) else { continue };
            let text = format!("Found variable using reserved name '{name}'.\n{}", excerpt_from_file(&key.origin));
            if self.warnings.iter().all(|w| w.text != text) {
                self.warnings.push(Warning { text, origin: Some(key.origin.clone()) });
            }
        }
    }

    /// Warns of a use of what ansible-core of version `version` will not know any more.
    pub(crate) fn deprecate(&mut self, what: &str, version: &str, origin: &rustle_value::Origin, help: &str) {
        let place = excerpt_from_file(origin);
        let text = format!(
            "[DEPRECATION WARNING]: {what} This feature will be removed from ansible-core version {version}.\n{place}\n\n{help}\n"
        );
        if self.warnings.iter().all(|w| w.text != text) {
            self.warnings.push(Warning { text, origin: Some(origin.clone()) });
        }
    }
    /// Warns of reserved names in every `vars:` in a file of plays or tasks.
    pub(crate) fn reserved_in_file(&mut self, tree: &Node) {
        let mut todo = vec![tree];
        while let Some(node) = todo.pop() {
            todo.extend(node.as_seq().unwrap_or_default().iter().rev());
            for (key, v) in node.as_map().unwrap_or_default() {
                match key.as_str() {
                    Some("vars") => self.reserved_names(v),
                    Some(k) if NESTING.contains(&k) => todo.push(v),
                    _ => {}
                }
            }
        }
    }
}
