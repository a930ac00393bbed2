//! `-e`: variables from the command line.

use crate::error::ParseError;
use rustle_playbook::{Loader, parse_kv, paths};
use rustle_value::{Dict, Origin, Value};
use rustle_yaml::Trust;

/// All `-e` in order; `merge`: `hash_behaviour = merge`. Their texts are the user's own: templates in them are rendered.
///
/// # Errors
/// Something that is no mapping, or a file that can't be read.
pub fn extra_vars(given: &[String], cwd: &str, loader: &mut Loader, merge: bool) -> Result<Dict, ParseError> {
    let mut out = Dict::new();
    let add = |out: &mut Dict, more: &Dict| if merge { out.merge(more) } else { out.update(more) };
    for text in given.iter().filter(|t| !t.is_empty()) {
        let not_a_mapping = || ParseError::ExtraVars(text.clone());
        if let Some(file) = text.strip_prefix('@') {
            let path = paths::absolute(file, cwd);
            add(&mut out, &loader.load_vars_file(&path)?.ok_or_else(not_a_mapping)?);
        } else if text.starts_with(['/', '.']) {
            return Err(ParseError::ExtraVarsFile(text.clone()));
        } else if text.starts_with(['{', '[']) {
            let (node, _) = rustle_yaml::load(text, "<CLI option '-e'>", &rustle_yaml::Options::default())
                .map_err(|e| ParseError::Playbook(e.into()))?;
            match node.to_value(Trust::Trusted) {
                Value::Dict(d) => add(&mut out, &d),
                _ => return Err(not_a_mapping()),
            }
        } else {
            let pairs = parse_kv(text, false).map_err(|e| ParseError::Unbalanced(e.message()))?;
            for (key, value) in pairs {
                out.insert(key, Value::trusted(value, Some(Origin::new("<CLI option '-e'>", 0, 0))));
            }
        }
    }
    Ok(out)
}
