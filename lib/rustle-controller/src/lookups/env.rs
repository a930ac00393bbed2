//! `env`: variables of the controller's environment.

use super::{Lookup, terms};
use rustle_value::Value;

pub(crate) static LOOKUP: Lookup = Lookup {
    name: "env",
    run: |_, mut args, _| {
        let default = args.take("default");
        Ok(terms(&args)
            .iter()
            .map(|term| match std::env::var(term.split_whitespace().next().unwrap_or("")) {
                Ok(v) => Value::from(v),
                Err(_) => default.clone().unwrap_or_else(|| Value::from("")),
            })
            .collect())
    },
};
