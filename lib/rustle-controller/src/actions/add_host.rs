//! `add_host`: a host, and perhaps groups, for the rest of the run.

use super::{Action, failed, list, text};
use rustle_value::{Dict, Value, dict};
use std::sync::PoisonError;

pub(crate) static ACTION: Action = Action {
    name: "add_host",
    run: |world, _, args| {
        let Some(name) = text(args, "name").or_else(|| text(args, "hostname")).or_else(|| text(args, "host")) else {
            return Err(rustle_engine::Failure::raised("name, host or hostname needs to be provided"));
        };
        let mut vars = Dict::new();
        // `name:port`, as in an inventory.
        let mut host = name.clone();
        if let Some((h, port)) = name.rsplit_once(':')
            && !h.contains(':')
            && let Ok(port) = port.parse::<u16>()
        {
            host = h.to_owned();
            vars.insert("ansible_ssh_port", i64::from(port));
        }
        let mut groups = list(args, "groups");
        for key in ["groupname", "group"] {
            groups.extend(list(args, key));
        }
        let special = ["name", "hostname", "host", "groupname", "groups", "group"];
        for (k, v) in args.str_iter() {
            if !special.contains(&k) {
                vars.insert(k, v.clone());
            }
        }
        let changed = world.shared.inventory.write().unwrap_or_else(PoisonError::into_inner).add_host(&host, &groups, &vars);
        let changed = match changed {
            Ok(c) => c,
            Err(e) => return failed(e.to_string()),
        };
        world.shared.inventory_changed();
        world.shared.tell_inventory(&host);
        Ok(dict! {
            "changed" => changed,
            "add_host" => dict! { "host_name" => host, "groups" => groups, "host_vars" => Value::dict(vars) },
        })
    },
};
