//! Entries of `roles:` and of `dependencies:`: a name, or a mapping with keywords and parameters.

use crate::error::{PlaybookError, Result};
use crate::keywords::Owner;
use crate::loader::{Loader, Scope};
use crate::roles::Use;
use crate::shared;
use crate::values::value;
use rustle_value::{Dict, Value};
use rustle_yaml::Node;

impl Loader {
    /// Reads one entry of `roles:`.
    pub(crate) fn mention(&mut self, node: &Node, scope: &Scope) -> Result<Use> {
        let mut wanted = Use { origin: Some(node.origin.clone()), public: !self.options.private_role_vars, validate: true, ..Use::default() };
        let nameless = || PlaybookError::general("role definitions must contain a role name", Some(&node.origin));
        let written = match (node.as_map(), node.as_scalar()) {
            (Some(entries), _) => {
                let name = ["role", "name"].iter().find_map(|k| node.get(k)).filter(|n| !n.is_null());
                // Entries of `ansible-galaxy`: a source, whose last part is the name.
                let name = name.or_else(|| node.get("src").filter(|_| !scope.search.is_empty())).ok_or_else(nameless)?;
                for (key, v) in entries {
                    let word = shared::keyword(key, Owner::Role)?;
                    match word {
                        "role" | "name" => {}
                        _ if Owner::Role.allows(word) => _ = shared::take(&mut wanted.keywords, word, v, Owner::Role)?,
                        _ => _ = wanted.params.insert(word, value(v)),
                    }
                }
                wanted.origin = Some(name.origin.clone());
                if name.as_str().is_none() {
                    wanted.origin = Some(node.origin.clone());
                }
                name.as_str().map(|_| value(name)).ok_or_else(nameless)?
            }
            (None, Some(Value::Str(s))) if s.contains(',') && !s.contains("{{") => {
                return Err(PlaybookError::general(format!("Invalid old style role requirement: {s}"), Some(&node.origin)));
            }
            (None, Some(v)) if !matches!(v, Value::Bool(_)) => value(node),
            _ => return Err(nameless()),
        };
        let vars = self.import_vars(scope, &wanted.keywords.vars);
        let name = (self.options.render)(&written, &vars);
        let name = name.map_err(|e| PlaybookError::general(e, wanted.origin.as_ref()))?;
        wanted.name = name.to_string();
        Ok(wanted)
    }

    /// The `roles:` section.
    pub(crate) fn roles_section(&mut self, list: &Node, scope: &Scope, play: &Node) -> Result<Vec<crate::roles::Loaded>> {
        if list.is_null() {
            return Ok(Vec::new());
        }
        let Some(items) = list.as_seq() else {
            let message = format!(
                "A malformed role declaration was encountered: ds ({}) should be a list but was a {}",
                crate::values::shown(list), crate::values::class(list)
            );
            return Err(PlaybookError::parser(message, Some(&play.origin)));
        };
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            let wanted = self.mention(item, scope)?;
            out.push(self.role(&wanted, scope)?);
        }
        Ok(out)
    }
}

/// Parameters of a role in the order in which they were given.
pub(crate) fn params(wanted: &Use) -> Dict {
    wanted.params.clone()
}
