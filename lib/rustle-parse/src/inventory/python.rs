//! Inventory plugins written in Python: those of collections (clouds), and a site's own in `inventory_plugins`. ansible-core
//! reads the source, and what it found is taken over: hosts, groups, and variables as data unless Ansible itself would
//! render them.

use super::Around;
use rustle_bridge::{InventoryData, InventoryGroup, InventoryHost, InventoryRead};
use rustle_inventory::{Builder, Call, Inventory, InventoryError, Outcome};
use rustle_value::{Dict, Value};
use serde_json::{Map, Value as Json, json};

pub(super) fn read(builder: &mut Builder<'_>, call: &Call<'_>, around: &Around) -> Outcome {
    // Plugins of collections are configured by files that name them: nothing is started to learn that.
    if call.config.is_none() && call.plugin.contains('.') && !names_a_plugin(builder.source()) {
        return Outcome::Unwanted;
    }
    let kind = if call.config.is_some() { "auto" } else { call.plugin };
    let source = builder.source().to_owned();
    match around.bridge.inventory(kind, &source, &known(builder.inventory()), &around.folders) {
        Ok(found) => {
            found.warnings.iter().for_each(|w| builder.warn(w));
            if let Err(e) = take(builder, &found) {
                return Outcome::Failed(e.to_string());
            }
            match found.failed {
                Some(why) => Outcome::Failed(why),
                None if found.parsed => Outcome::Read,
                None => Outcome::Unwanted,
            }
        }
        Err(e) => Outcome::Failed(format!("inventory plugin '{}' is not native, and {e}", call.plugin)),
    }
}

fn names_a_plugin(source: &str) -> bool {
    let yaml = source.ends_with(".yml") || source.ends_with(".yaml");
    yaml && std::fs::read_to_string(source).is_ok_and(|text| text.lines().any(|l| l.trim_start().starts_with("plugin:")))
}

/// What the plugin may build on.
fn known(inventory: &Inventory) -> InventoryData {
    let groups = inventory.groups.values().map(|g| InventoryGroup {
        name: g.name.clone(),
        vars: variables(&g.vars),
        hosts: g.hosts.iter().cloned().collect(),
        children: g.children.iter().cloned().collect(),
    });
    let hosts = inventory.hosts.values().map(|h| InventoryHost { name: h.name.clone(), vars: variables(&h.vars) });
    InventoryData { groups: groups.collect(), hosts: hosts.collect() }
}

fn variables(vars: &Dict) -> Map<String, Json> {
    let own = |k: &str| matches!(k, "inventory_file" | "inventory_dir");
    vars.str_iter().filter(|(k, _)| !own(k)).map(|(k, v)| (k.to_owned(), marked(v))).collect()
}

/// A variable with what JSON cannot say of it.
fn marked(value: &Value) -> Json {
    match value {
        Value::Template(t) => Json::from(&*t.source),
        Value::Str(s) if rustle_value::is_template(s) => json!({ "__ansible_unsafe": &**s }),
        Value::Vaulted(v) => json!({ "__ansible_vault": &*v.ciphertext }),
        Value::List(l) | Value::Tuple(l) => l.iter().map(marked).collect(),
        Value::Dict(d) => Json::Object(d.iter().map(|(k, v)| (rustle_value::py_str(k), marked(v))).collect()),
        other => rustle_value::to_serde_json(other),
    }
}

fn take(builder: &mut Builder<'_>, found: &InventoryRead) -> Result<(), InventoryError> {
    // Groups first: hosts are put into them; then their members, whose order may be any.
    let mut names = std::collections::HashMap::new();
    for group in &found.data.groups {
        names.insert(group.name.as_str(), builder.group(&group.name)?);
    }
    for host in &found.data.hosts {
        builder.host(&host.name, None, None)?;
        for (key, value) in &host.vars {
            builder.set_json(&host.name, key, value)?;
        }
    }
    for group in &found.data.groups {
        let Some(name) = names.get(group.name.as_str()) else { continue };
        for child in group.children.iter().filter_map(|c| names.get(c.as_str())) {
            builder.child(name, child)?;
        }
        for host in &group.hosts {
            builder.host(host, Some(name), None)?;
        }
        for (key, value) in &group.vars {
            builder.set_json(name, key, value)?;
        }
    }
    Ok(())
}
