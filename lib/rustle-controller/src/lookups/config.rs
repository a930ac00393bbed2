//! `config`: settings of `ansible.cfg` and the environment.

use super::{Lookup, terms};
use rustle_jinja::Error;

pub(crate) static LOOKUP: Lookup = Lookup {
    name: "config",
    run: |world, mut args, _| {
        let default = args.take("default");
        let missing = super::text(&mut args, "on_missing").unwrap_or_else(|| "error".into());
        let mut out = Vec::new();
        for term in terms(&args) {
            match world.shared.setting(&term).or_else(|| default.clone()) {
                Some(v) => out.push(v),
                None if missing == "error" => return Err(Error::runtime(format!("Setting '{term}' was not found."))),
                None => {}
            }
        }
        Ok(out)
    },
};
