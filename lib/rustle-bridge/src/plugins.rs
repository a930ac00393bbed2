//! Filters, tests and lookups written in Python: called in the helper process, with values that JSON can carry.

use crate::{Bridge, BridgeError};
use rustle_value::{Dict, Value, from_json, to_serde_json};
use serde_json::json;

/// What is called.
#[derive(Clone, Debug)]
pub enum Plugin<'a> {
    /// With the value that is piped into it.
    Filter(&'a Value),
    Test(&'a Value),
    /// With the variables that it may look at.
    Lookup(&'a Dict),
}

/// Where a plugin is looked for besides the installed collections.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    /// The playbook's folder.
    pub playbook: String,
    /// Folders of roles.
    pub folders: Vec<String>,
}

impl Bridge {
    /// Calls a plugin; `None` where there is none of that name, or no ansible-core. A test's answer is a boolean, a
    /// lookup's a list.
    ///
    /// # Errors
    /// What the plugin raised, as text.
    pub fn call(&self, plugin: &Plugin<'_>, name: &str, place: &Sought, args: &[Value], named: &[(String, Value)]) -> Result<Option<Value>, BridgeError> {
        let folders: Vec<&String> = [&place.playbook].into_iter().chain(&place.folders).filter(|f| !f.is_empty()).collect();
        let mut question = json!({
            "name": name,
            "playbooks": [place.playbook],
            "folders": folders,
            "args": args.iter().map(to_serde_json).collect::<Vec<_>>(),
            "named": named.iter().map(|(k, v)| (k.clone(), to_serde_json(v))).collect::<serde_json::Map<_, _>>(),
        });
        match plugin {
            Plugin::Filter(input) => {
                question["ask"] = "filter".into();
                question["input"] = to_serde_json(input);
            }
            Plugin::Test(input) => {
                question["ask"] = "test".into();
                question["input"] = to_serde_json(input);
            }
            Plugin::Lookup(variables) => {
                question["ask"] = "lookup".into();
                question["variables"] = to_serde_json(&Value::dict((*variables).clone()));
            }
        }
        match self.ask(question) {
            Ok(answer) if answer.get("broken").is_some() => Err(BridgeError::Broken(answer["broken"].as_str().unwrap_or_default().to_owned())),
            Ok(mut answer) if answer.get("missing").is_none() => Ok(Some(from_json(answer["value"].take()))),
            Ok(_) | Err(BridgeError::NoAnsible) => Ok(None),
            Err(e) => Err(e),
        }
    }
}
