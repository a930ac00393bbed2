//! `constructed`: variables and groups of hosts that are known already, from expressions over their variables.
//! <https://docs.ansible.com/ansible/latest/collections/ansible/builtin/constructed_inventory.html>
//!
//! Limit: facts of a cache are not among the variables.

use super::{Around, dictionary, expression, flag, wants_extra_vars};
use crate::names::Names;
// This plugin always replaces characters, whatever `TRANSFORM_INVALID_GROUP_CHARS` says.
use rustle_inventory::{Builder, replaced_group_name as safe};
use rustle_jinja::Environment;
use rustle_value::{Dict, Value, py_str};
use rustle_yaml::{Node, Trust};

/// What is asked for, once for all hosts.
struct Wanted {
    strict: bool,
    compose: Dict,
    groups: Dict,
    keyed: Vec<Keyed>,
    leading_separator: bool,
}

/// One of `keyed_groups`.
struct Keyed {
    key: Value,
    prefix: Value,
    separator: String,
    parent: Option<Value>,
    default: Option<String>,
    trailing_separator: bool,
}

pub(super) fn read(builder: &mut Builder<'_>, config: &Node, around: &Around) -> Result<(), String> {
    let wanted = Wanted {
        strict: flag(config, "strict", false),
        compose: dictionary(config, "compose")?,
        groups: dictionary(config, "groups")?,
        keyed: keyed_groups(config)?,
        leading_separator: flag(config, "leading_separator", true),
    };
    let files = flag(config, "use_vars_plugins", false);
    let extra = wants_extra_vars(config, &[]).then_some(&around.extra_vars);
    let env = Environment::new();
    for host in builder.inventory().hosts.keys().cloned().collect::<Vec<_>>() {
        let variables = |builder: &Builder<'_>| {
            let mut vars = builder.vars_of(&host, files).map_err(|e| e.to_string())?;
            extra.into_iter().for_each(|e| vars.update(e));
            Ok::<_, String>(vars)
        };
        let vars = variables(builder)?;
        for (name, source) in wanted.compose.iter() {
            let name = py_str(name);
            match expression(&env, source, &vars) {
                Ok(value) => builder.set(&host, &name, value, None).map_err(|e| e.to_string())?,
                Err(why) if wanted.strict => return Err(format!("Could not set {name} for host {host}: {why}")),
                Err(_) => {}
            }
        }
        // What was composed counts for groups.
        let vars = variables(builder)?;
        for (name, condition) in wanted.groups.iter() {
            let name = safe(&py_str(name));
            match env.eval_condition(condition, None, &Names { vars: &vars }) {
                Ok(true) => join(builder, &name, &host)?,
                Ok(false) => {}
                Err(why) if wanted.strict => return Err(format!("Could not add host {host} to group {name}: {why}")),
                Err(_) => {}
            }
        }
        for keyed in &wanted.keyed {
            keyed_host(builder, &wanted, keyed, &host, &vars, &env)?;
        }
    }
    Ok(())
}

fn keyed_groups(config: &Node) -> Result<Vec<Keyed>, String> {
    let list = match config.get("keyed_groups").map(|n| n.to_value(Trust::Trusted)) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::List(l)) => l,
        Some(other) => return Err(format!("'keyed_groups' has to be a list, not {}", rustle_value::py_repr(&other))),
    };
    let one = |entry: &Value| {
        let Value::Dict(d) = entry else { return Err(format!("Invalid keyed group entry, must be a dictionary: {}", py_str(entry))) };
        let given = |key: &str| d.get(key).filter(|v| !matches!(v, Value::Null));
        if given("default_value").is_some() && given("trailing_separator").is_some() {
            return Err("parameters are mutually exclusive for keyed groups: default_value|trailing_separator".to_owned());
        }
        Ok(Keyed {
            key: given("key").cloned().unwrap_or_default(),
            prefix: given("prefix").cloned().unwrap_or_else(|| "".into()),
            separator: given("separator").map_or_else(|| "_".into(), py_str),
            parent: given("parent_group").cloned(),
            default: given("default_value").map(py_str),
            trailing_separator: given("trailing_separator").is_none_or(rustle_playbook::truth),
        })
    };
    list.iter().map(one).collect()
}

/// Puts a host into the groups that a key's value names.
fn keyed_host(builder: &mut Builder<'_>, wanted: &Wanted, keyed: &Keyed, host: &str, vars: &Dict, env: &Environment) -> Result<(), String> {
    let source = py_str(&keyed.key);
    if matches!(keyed.key, Value::Null) {
        return if wanted.strict { Err(format!("No key or key resulted empty for None in host {host}, invalid entry")) } else { Ok(()) };
    }
    let key = match expression(env, &keyed.key, vars) {
        Ok(key) => key,
        Err(why) if wanted.strict => return Err(format!("Could not generate group for host {host} from {source} entry: {why}")),
        Err(_) => return Ok(()),
    };
    let empty = |v: &Value| matches!(v, Value::Null) || v.as_str() == Some("");
    let default = keyed.default.as_ref();
    if !key.truthy() && !(empty(&key) && default.is_some()) {
        return if wanted.strict { Err(format!("No key or key resulted empty for {source} in host {host}, invalid entry")) } else { Ok(()) };
    }
    let filled = |v: &Value| default.filter(|_| empty(v)).cloned().unwrap_or_else(|| py_str(v));
    let names: Vec<String> = match &key {
        Value::Str(_) | Value::Null => vec![filled(&key)],
        Value::List(l) | Value::Tuple(l) => l.iter().map(filled).collect(),
        Value::Dict(d) => d
            .iter()
            .map(|(name, value)| match (empty(value), default) {
                (true, None) if !keyed.trailing_separator => py_str(name),
                _ => format!("{}{}{}", py_str(name), keyed.separator, filled(value)),
            })
            .collect(),
        other => {
            let kind = other.type_name();
            return Err(format!("Invalid group name format, expected a string or a list of them or dictionary, got: <class '{kind}'>"));
        }
    };
    let render = |v: &Value| env.render_value(v, &Names { vars }).map(|v| py_str(&v)).map_err(|e| e.to_string());
    let prefix = render(&keyed.prefix)?;
    let separator = if prefix.is_empty() && !wanted.leading_separator { "" } else { &keyed.separator };
    for name in names {
        let group = safe(&format!("{prefix}{separator}{name}"));
        join(builder, &group, host)?;
        if let Some(parent) = &keyed.parent {
            match render(parent) {
                Ok(parent) => {
                    let parent = builder.group(&safe(&parent)).map_err(|e| e.to_string())?;
                    builder.child(&parent, &group).map_err(|e| e.to_string())?;
                }
                Err(why) if wanted.strict => return Err(format!("Could not generate parent group {} for group {group}: {why}", py_str(parent))),
                Err(_) => {}
            }
        }
    }
    Ok(())
}

fn join(builder: &mut Builder<'_>, group: &str, host: &str) -> Result<(), String> {
    let group = builder.group(group).map_err(|e| e.to_string())?;
    builder.host(host, Some(&group), None).map_err(|e| e.to_string())
}
