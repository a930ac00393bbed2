//! Inventory plugins: those of ansible-core are native (a file each), the others are read by ansible-core itself where it
//! is installed.

mod constructed;
mod generator;
mod python;

use crate::names::Names;
use rustle_bridge::Bridge;
use rustle_inventory::{Builder, Call, Outcome, PluginHook};
use rustle_jinja::Environment;
use rustle_playbook::truth;
use rustle_value::{Dict, Value};
use rustle_yaml::{Node, Trust};
use std::path::Path;
use std::sync::Arc;

/// What plugins may need of a run.
pub(crate) struct Around {
    pub bridge: Arc<Bridge>,
    /// The playbooks' folders.
    pub folders: Vec<String>,
    pub extra_vars: Dict,
}

/// Fills the inventory in as the configuration says; what is wrong with it, as text.
type Native = fn(&mut Builder<'_>, &Node, &Around) -> Result<(), String>;

const NATIVE: [(&str, Native); 2] = [("constructed", constructed::read), ("generator", generator::read)];

/// The hook for [`rustle_inventory::LoadOptions`].
pub(crate) fn hook(around: Around) -> PluginHook {
    PluginHook(Arc::new(move |builder, call| dispatch(builder, call, &around)))
}

fn dispatch(builder: &mut Builder<'_>, call: &Call<'_>, around: &Around) -> Outcome {
    let short = call.plugin.strip_prefix("ansible.builtin.").unwrap_or(call.plugin);
    let Some((name, read)) = NATIVE.iter().find(|(name, _)| *name == short) else { return python::read(builder, call, around) };
    let own;
    let config = match call.config {
        Some(node) => node,
        None => match configuration(builder.source(), name) {
            Some(node) => {
                own = node;
                &own
            }
            None => return Outcome::Unwanted,
        },
    };
    match read(builder, config, around) {
        Ok(()) => Outcome::Read,
        Err(why) => Outcome::Failed(format!("Failed to parse '{}': {why}", builder.source())),
    }
}

/// The source as the configuration of a native plugin, where it is that.
fn configuration(source: &str, name: &str) -> Option<Node> {
    let path = Path::new(source);
    path.extension().filter(|e| *e == "yml" || *e == "yaml" || *e == "config")?;
    let text = std::fs::read_to_string(path).ok()?;
    let (node, _) = rustle_yaml::load(&text, source, &rustle_yaml::Options::default()).ok()?;
    let plugin = node.get("plugin")?.text()?;
    (plugin.strip_prefix("ansible.builtin.").unwrap_or(&plugin) == name).then_some(node)
}

/// A setting that is a dictionary; an empty one where it is not there.
fn dictionary(config: &Node, key: &str) -> Result<Dict, String> {
    match config.get(key).map(|n| n.to_value(Trust::Trusted)) {
        None | Some(Value::Null) => Ok(Dict::new()),
        Some(Value::Dict(d)) => Ok((*d).clone()),
        Some(other) => Err(format!("'{key}' has to be a dictionary, not {}", rustle_value::py_repr(&other))),
    }
}

fn flag(config: &Node, key: &str, default: bool) -> bool {
    config.get(key).map(|n| n.to_value(Trust::Data)).filter(|v| !matches!(v, Value::Null)).map_or(default, |v| truth(&v))
}

/// Whether variables of the command line count here.
fn wants_extra_vars(config: &Node, also: &[&str]) -> bool {
    let variables = [&["ANSIBLE_INVENTORY_USE_EXTRA_VARS"], also].concat();
    let set = variables.iter().find_map(|v| std::env::var(v).ok()).is_some_and(|v| truth(&Value::from(v)));
    flag(config, "use_extra_vars", set)
}

/// An expression's value.
fn expression(env: &Environment, source: &Value, vars: &Dict) -> Result<Value, String> {
    let text: Arc<str> = rustle_value::py_str(source).into();
    env.eval_expression(&text, None, &Names { vars }).map_err(|e| e.to_string())
}
