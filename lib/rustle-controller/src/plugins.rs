//! Filters, tests and lookups that are not native: Ansible's own, called through the bridge.

use crate::payloads::folders;
use crate::world::ControllerWorld;
use rustle_bridge::{BridgeError, Plugin, Sought};
use rustle_jinja::{Args, Error, Interp};
use rustle_value::{Dict, Value};
use std::sync::Arc;

fn call(world: &ControllerWorld, plugin: &Plugin<'_>, name: &str, args: &Args) -> Option<Result<Value, Error>> {
    let place = Sought { playbook: world.shared.playbook_dir(&world.play.play), folders: folders(&world.play, &[]) };
    let named: Vec<(String, Value)> = args.kw.iter().map(|(k, v)| (k.to_string(), v.clone())).collect();
    let kind = match plugin {
        Plugin::Filter(_) => "filter",
        Plugin::Test(_) => "test",
        Plugin::Lookup(_) => "lookup",
    };
    let told = |e| match e {
        BridgeError::Broken(_) => Error::runtime(format!("The {kind} plugin '{name}' {e}")).complete(),
        e => Error::runtime(format!("The {kind} plugin '{name}' failed: {e}")).complete(),
    };
    world.shared.bridge.call(plugin, name, &place, &args.pos, &named).map_err(told).transpose()
}

pub(crate) fn filter(world: &ControllerWorld, name: &str, input: &Value, args: &Args) -> Option<Result<Value, Error>> {
    call(world, &Plugin::Filter(input), name, args)
}

pub(crate) fn test(world: &ControllerWorld, name: &str, input: &Value, args: &Args) -> Option<Result<bool, Error>> {
    call(world, &Plugin::Test(input), name, args).map(|r| r.map(|v| v.truthy()))
}

/// A lookup gets the variables that say where it stands, and those that set plugins' options.
pub(crate) fn lookup(world: &ControllerWorld, name: &str, args: &Args, cx: &mut Interp<'_>) -> Option<Result<Value, Error>> {
    let mut variables = Dict::new();
    for key in cx.host_names() {
        let wanted = matches!(key.as_str(), "inventory_hostname" | "playbook_dir" | "role_path" | "role_name" | "inventory_dir" | "inventory_file")
            || (key.starts_with("ansible_") && key != "ansible_facts");
        if wanted
            && let Ok(Some(v)) = cx.known_variable(&Arc::from(key.as_str()))
            && let Ok(v) = cx.settle(v)
            && !v.is_undefined()
        {
            variables.insert(key, v);
        }
    }
    call(world, &Plugin::Lookup(&variables), name, args)
}
