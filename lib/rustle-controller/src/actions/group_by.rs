//! `group_by`: puts the host into a group that is made if need be.

use super::{Action, failed, list, text};
use rustle_value::dict;
use std::sync::PoisonError;

pub(crate) static ACTION: Action = Action {
    name: "group_by",
    run: |world, _, args| {
        let Some(key) = text(args, "key") else {
            return failed("the 'key' param is required when using group_by");
        };
        let name = key.replace(' ', "-");
        let parents: Vec<String> = match list(args, "parents") {
            l if l.is_empty() => vec!["all".into()],
            l => l.into_iter().map(|p| p.replace(' ', "-")).collect(),
        };
        let changed = world.shared.inventory.write().unwrap_or_else(PoisonError::into_inner).group_by(&world.host, &name, &parents);
        let changed = match changed {
            Ok(c) => c,
            Err(e) => return failed(e.to_string()),
        };
        world.shared.inventory_changed();
        Ok(dict! { "changed" => changed, "add_group" => name, "parent_groups" => parents })
    },
};
