//! `unvault`: contents of a vaulted file of the controller.

use super::{Lookup, finder, read, terms};
use rustle_jinja::Error;
use rustle_value::Value;

pub(crate) static LOOKUP: Lookup = Lookup {
    name: "unvault",
    run: |world, args, cx| {
        let finder = finder(world, cx);
        terms(&args)
            .into_iter()
            .map(|term| {
                let path = finder.find_needle("files", &term).map_err(|_| Error::runtime(format!("Unable to find file matching \"{term}\" ")))?;
                Ok(Value::from(String::from_utf8_lossy(&read(world, &path)?).into_owned()))
            })
            .collect()
    },
};
