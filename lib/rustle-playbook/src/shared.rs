//! The keywords that plays, roles, blocks and tasks share.

use crate::error::{PlaybookError, Result};
use crate::keywords::{Owner, SHARED_OTHER};
use crate::names::did_you_mean;
use crate::values::{self, value};
use rustle_stream::model::Keywords;
use rustle_yaml::Node;

/// The text of a keyword; an error for anything else.
pub(crate) fn keyword<'a>(key: &'a Node, owner: Owner) -> Result<&'a str> {
    key.as_str().ok_or_else(|| invalid(key, &values::shown(key), owner))
}

/// "'x' is not a valid attribute for a Y", with the nearest right name.
pub(crate) fn invalid(key: &Node, word: &str, owner: Owner) -> PlaybookError {
    let mut message = format!("'{word}' is not a valid attribute for a {}", owner.name());
    if matches!(owner, Owner::Task | Owner::Handler) {
        message.push_str("\nThis error can be suppressed as a warning using the \"invalid_task_attribute_failed\" configuration");
    }
    PlaybookError::parser(message, Some(&key.origin)).hint(did_you_mean(word, owner.keywords()))
}

/// Takes a shared keyword into `out`; false where `word` is none.
pub(crate) fn take(out: &mut Keywords, word: &str, node: &Node, owner: Owner) -> Result<bool> {
    match word {
        "vars" => out.vars = values::vars(node, owner.name())?,
        "tags" => out.tags = values::tags(node)?,
        "when" => out.when = values::expressions(node),
        "environment" => out.environment = values::listed(node),
        "module_defaults" => out.module_defaults = values::module_defaults(node)?,
        "collections" => out.collections = values::strings(node, "collections")?,
        _ if SHARED_OTHER.contains(&word) => {
            if !node.is_null() {
                out.other.insert(word, value(node));
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}
