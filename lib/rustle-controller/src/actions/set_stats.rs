//! `set_stats`: numbers and texts for the end of the run.

use super::{Action, failed};
use crate::session::lock;
use rustle_value::{Value, dict};

pub(crate) static ACTION: Action = Action {
    name: "set_stats",
    run: |world, _, args| {
        let Some(Value::Dict(data)) = args.get("data") else {
            return failed("The 'data' option needs to be a dictionary/hash");
        };
        lock(&world.shared.stats).update(data);
        Ok(dict! {
            "changed" => false,
            "ansible_stats" => dict! {
                "data" => Value::Dict(data.clone()),
                "per_host" => args.get("per_host").is_some_and(Value::truthy),
                "aggregate" => args.get("aggregate").is_none_or(Value::truthy),
            },
        })
    },
};
