//! `file`: contents of the controller's files.

use super::{Lookup, finder, flag, read, terms};
use rustle_jinja::Error;
use rustle_value::Value;

pub(crate) static LOOKUP: Lookup = Lookup {
    name: "file",
    run: |world, mut args, cx| {
        let (lstrip, rstrip) = (flag(&mut args, "lstrip", false), flag(&mut args, "rstrip", true));
        let finder = finder(world, cx);
        let mut out = Vec::new();
        for term in terms(&args) {
            let path = finder
                .find_needle("files", &term)
                .map_err(|_| Error::runtime(format!("Unable to access the file '{term}': File not found. Use -vvvvv to see paths searched.")))?;
            let bytes = read(world, &path)?;
            let text = String::from_utf8_lossy(&bytes);
            let mut text: &str = &text;
            if lstrip {
                text = text.trim_start();
            }
            if rstrip {
                text = text.trim_end();
            }
            out.push(Value::from(text));
        }
        Ok(out)
    },
};
