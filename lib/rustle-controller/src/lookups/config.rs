//! `config`: settings of `ansible.cfg` and the environment.

use super::Lookup;
use crate::shared::Note;
use rustle_jinja::Error;
use rustle_value::Value;

pub(crate) static LOOKUP: Lookup = Lookup {
    name: "config",
    run: |world, mut args, cx| {
        // Settings of plugins are described by the plugins themselves.
        if ["plugin_type", "plugin_name", "show_origin"].iter().any(|k| args.kw.iter().any(|(name, _)| &**name == *k)) {
            let found = crate::plugins::lookup(world, "config", &args, cx);
            let found = found.unwrap_or_else(|| Err(Error::runtime("settings of plugins, and where a setting comes from, are known to ansible-core alone, which is not installed on the controller")));
            return found.map(|v| v.as_list().map(<[Value]>::to_vec).unwrap_or_else(|| vec![v.clone()]));
        }
        let default = args.take("default");
        let missing = super::text(&mut args, "on_missing").unwrap_or_else(|| "error".into());
        let mut out = Vec::new();
        let failed = |why: String| Error::runtime(format!("The lookup plugin 'config' failed: {why}")).complete();
        for term in &args.pos {
            let Value::Str(name) = term else {
                let (shown, kind) = (rustle_value::py_str(term), term.type_name());
                return Err(failed(format!("Invalid setting identifier, {shown} is not a <class 'str'>, its a <class '{kind}'>.")));
            };
            match world.shared.setting(name).or_else(|| default.clone()) {
                Some(v) => out.push(v),
                None if missing == "error" => return Err(failed(format!("No config definition exists for '{name}'."))),
                None if missing == "warn" => world.shared.note(Note::Warning(format!("Skipping {name}."))),
                None => {}
            }
        }
        Ok(out)
    },
};
