//! YAML inventories: groups at the top, each with `hosts`, `children` and `vars`.

use super::{Failure, Kind, class_of, extension};
use crate::{Inventory, address};
use rustle_value::{Value, py_str};
use rustle_yaml::{Node, NodeKind, Options, Trust};

pub(super) static KIND: Kind = Kind {
    name: "yaml",
    wants: |source| matches!(extension(source), "" | ".yml" | ".yaml" | ".json") && std::fs::File::open(source).is_ok(),
    read,
};

fn read(inventory: &mut Inventory, source: &str) -> Result<(), Failure> {
    let (text, encrypted) = inventory.read_text(std::path::Path::new(source))?;
    let options = Options { encrypted, duplicate_keys: inventory.options.duplicate_keys, ..Options::default() };
    let (node, warnings) = rustle_yaml::load(&text, source, &options)?;
    warnings.iter().for_each(|w| inventory.warn(w.report()));
    if !node.to_value(Trust::Data).truthy() {
        return Err("Parsed empty YAML file".into());
    }
    let Some(groups) = node.as_map() else {
        let class = class_of(&node);
        return Err(format!("YAML inventory has invalid structure, it should be a dictionary, got: {class}").into());
    };
    if node.get("plugin").is_some_and(|p| p.to_value(Trust::Data).truthy()) {
        return Err("Plugin configuration YAML file, not YAML inventory".into());
    }
    for (name, data) in groups {
        group(inventory, name, data)?;
    }
    Ok(())
}

fn name_of(key: &Node) -> String {
    key.text().unwrap_or_else(|| "None".into())
}

/// Reads one group and those below it; returns the name that it got.
fn group(inventory: &mut Inventory, key: &Node, data: &Node) -> Result<String, Failure> {
    let shown = name_of(key);
    if !matches!(data.value, NodeKind::Map(_) | NodeKind::Null) {
        inventory.warn(format!("Skipping '{shown}' as this is not a valid group definition"));
        return Ok(shown);
    }
    let Some(name) = key.as_str() else {
        let what = if key.is_null() { "empty/false group name provided: None".to_string() } else {
            format!("group name supplied, expected a string but got {} for {shown}", class_of(key))
        };
        return Err(format!("Unable to add group {shown}: Invalid {what}").into());
    };
    let name = inventory.add_group(name).map_err(|e| format!("Unable to add group {shown}: {e}"))?;
    for section in ["vars", "children", "hosts"] {
        let Some(node) = data.get(section) else { continue };
        if !matches!(node.value, NodeKind::Map(_) | NodeKind::Null) && node.as_str().is_none() {
            let class = class_of(node);
            return Err(format!("Invalid \"{section}\" entry for \"{name}\" group, requires a dictionary, found \"{class}\" instead.").into());
        }
    }
    for (key, node) in data.as_map().unwrap_or_default() {
        let section = name_of(key);
        // A string where a mapping belongs is the one key of it.
        let one;
        let entries = match (&node.value, section.as_str()) {
            (NodeKind::Null, _) => continue,
            (NodeKind::Map(m), _) => m.as_slice(),
            (NodeKind::Scalar(Value::Str(_)), "vars" | "children" | "hosts") => {
                let null = Node { value: NodeKind::Null, origin: node.origin.clone(), is_unsafe: false };
                one = [(node.clone(), null)];
                &one
            }
            _ => {
                let class = class_of(node);
                inventory.warn(format!("Skipping key ({section}) in group ({name}) as it is not a mapping, it is a {class}"));
                continue;
            }
        };
        match section.as_str() {
            "vars" => {
                for (k, v) in entries {
                    inventory.set_variable(&name, &name_of(k), v.to_value(Trust::Trusted), Some(&k.origin))?;
                }
            }
            "children" => {
                for (k, v) in entries {
                    let child = group(inventory, k, v)?;
                    inventory.add_child(&name, &child)?;
                }
            }
            "hosts" => {
                for (k, v) in entries {
                    hosts(inventory, &name, k, v)?;
                }
            }
            _ => inventory.warn(format!(
                "Skipping unexpected key ({section}) in group ({name}), only \"vars\", \"children\" and \"hosts\" are valid"
            )),
        }
    }
    Ok(name)
}

fn hosts(inventory: &mut Inventory, group: &str, key: &Node, data: &Node) -> Result<(), Failure> {
    let Some(pattern) = key.as_str() else {
        let shown = name_of(key);
        return Err(format!("Host pattern {shown} must be a string. Enclose integers/floats in quotation marks.").into());
    };
    let (names, port) = address::expand_pattern(pattern)?;
    let value = data.to_value(Trust::Trusted);
    if data.as_map().is_none() && value.truthy() {
        return Err(format!("Invalid data from file, expected dictionary and got:\n\n{}", py_str(&value)).into());
    }
    let vars: Vec<(String, Value)> =
        data.as_map().unwrap_or_default().iter().map(|(k, v)| (name_of(k), v.to_value(Trust::Trusted))).collect();
    inventory.add_hosts(&names, port, &vars, Some(group), Some(&key.origin))?;
    Ok(())
}
