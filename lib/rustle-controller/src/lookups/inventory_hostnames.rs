//! `inventory_hostnames`: hosts that a pattern selects.

use super::{Lookup, terms};
use rustle_jinja::Error;
use rustle_value::Value;

pub(crate) static LOOKUP: Lookup = Lookup {
    name: "inventory_hostnames",
    run: |world, args, _| {
        let pattern = terms(&args).join(",");
        let hosts = world.shared.inventory().select(&pattern).map_err(|e| Error::runtime(e.to_string()))?;
        Ok(hosts.into_iter().map(Value::from).collect())
    },
};
