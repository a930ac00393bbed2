//! The controller's part of actions: what needs its inventory, files or terminal. One file each.

use crate::world::ControllerWorld;
use rustle_engine::{Failure, TaskContext};
use rustle_value::{Dict, Value, dict, py_str};

include!(concat!(env!("OUT_DIR"), "/actions.rs"));

/// An action by its short name.
pub(crate) struct Action {
    pub name: &'static str,
    pub run: fn(&ControllerWorld, &TaskContext, &Dict) -> Result<Dict, Failure>,
}

/// Runs an action; `None` where there is none of that name.
pub(crate) fn run(world: &ControllerWorld, name: &str, cx: &TaskContext, args: &Dict) -> Option<Result<Dict, Failure>> {
    ALL.iter().find(|a| a.name == name).map(|a| (a.run)(world, cx, args))
}

/// A failed result.
pub(crate) fn failed(message: impl Into<String>) -> Result<Dict, Failure> {
    let message: String = message.into();
    Ok(dict! { "failed" => true, "changed" => false, "msg" => message })
}

/// An argument as text.
pub(crate) fn text(args: &Dict, key: &str) -> Option<String> {
    args.get(key).filter(|v| !v.is_null()).map(py_str)
}

/// An argument as a list of texts; a string is split at commas.
pub(crate) fn list(args: &Dict, key: &str) -> Vec<String> {
    match args.get(key) {
        Some(Value::List(l)) => l.iter().map(py_str).collect(),
        Some(v) if !v.is_null() => py_str(v).split(',').map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect(),
        _ => Vec::new(),
    }
}
