//! TOML inventories: tables of groups, with `vars`, a list of `children`, and `hosts`.

use super::{Failure, Kind, extension};
use crate::{Inventory, address};
use rustle_value::{Dict, Origin, Value, py_str, resolve_plain};
use toml::Value as Toml;

pub(super) static KIND: Kind =
    Kind { name: "toml", wants: |source| extension(source) == ".toml" && std::fs::File::open(source).is_ok(), read };

fn read(inventory: &mut Inventory, source: &str) -> Result<(), Failure> {
    let (text, _) = inventory.read_text(std::path::Path::new(source))?;
    let data: toml::Table = text.parse().map_err(|e: toml::de::Error| {
        let message = e.message().lines().collect::<Vec<_>>().join(" ");
        Failure { message: format!("TOML file '{source}' is invalid: {message}"), context: Some(place(&e, &text, source)), help: None }
    })?;
    if data.is_empty() {
        return Err("Parsed empty TOML file".into());
    }
    if data.contains_key("plugin") {
        return Err("Plugin configuration TOML file, not TOML inventory".into());
    }
    for (name, data) in &data {
        group(inventory, name, Some(data), &Origin::new(source, 0, 0))?;
    }
    Ok(())
}

fn place(e: &toml::de::Error, text: &str, source: &str) -> String {
    let before = e.span().and_then(|s| text.get(..s.start)).unwrap_or_default();
    let line = before.matches('\n').count() as u32 + 1;
    let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) as u32 + 1;
    rustle_yaml::excerpt(&Origin::new(source, line, column), text)
}

fn group(inventory: &mut Inventory, name: &str, data: Option<&Toml>, at: &Origin) -> Result<(), Failure> {
    let table = match data {
        Some(Toml::Table(t)) => Some(t),
        None => None,
        Some(_) => {
            inventory.warn(format!("Skipping '{name}' as this is not a valid group definition"));
            return Ok(());
        }
    };
    let name = inventory.add_group(name)?;
    let wrong = |what: &str, want: &str, found: &Toml| -> Failure {
        let class = class_of(found);
        format!("Invalid \"{what}\" entry for \"{name}\" group, requires a {want}, found \"<class '{class}'>\" instead.").into()
    };
    for (key, data) in table.into_iter().flatten() {
        match (key.as_str(), data) {
            ("vars", Toml::Table(vars)) => {
                for (k, v) in vars {
                    inventory.set_variable(&name, k, value(v, at), Some(at))?;
                }
            }
            ("children", Toml::Array(list)) => {
                for child in list {
                    let child = py_str(&value(child, at));
                    group(inventory, &child, None, at)?;
                    inventory.add_child(&name, &child)?;
                }
            }
            ("hosts", Toml::Table(hosts)) => {
                for (pattern, data) in hosts {
                    let (names, port) = address::expand_pattern(pattern)?;
                    let Toml::Table(vars) = data else {
                        let shown = py_str(&value(data, at));
                        return Err(format!("Invalid data from file, expected dictionary and got:\n\n{shown}").into());
                    };
                    let vars: Vec<(String, Value)> = vars.iter().map(|(k, v)| (k.clone(), value(v, at))).collect();
                    inventory.add_hosts(&names, port, &vars, Some(&name), Some(at))?;
                }
            }
            ("children", other) => return Err(wrong("children", "list", other)),
            ("vars" | "hosts", other) => return Err(wrong(key, "dict", other)),
            _ => inventory.warn(format!(
                "Skipping unexpected key \"{key}\" in group \"{name}\", only \"vars\", \"children\" and \"hosts\" are valid"
            )),
        }
    }
    Ok(())
}

fn class_of(t: &Toml) -> &'static str {
    match t {
        Toml::String(_) => "str",
        Toml::Integer(_) => "int",
        Toml::Float(_) => "float",
        Toml::Boolean(_) => "bool",
        Toml::Datetime(_) => "datetime.datetime",
        Toml::Array(_) => "list",
        Toml::Table(_) => "dict",
    }
}

fn value(t: &Toml, at: &Origin) -> Value {
    match t {
        Toml::String(s) => Value::trusted(s.as_str(), Some(at.clone())),
        Toml::Integer(i) => Value::Int(*i),
        Toml::Float(f) => Value::Float(*f),
        Toml::Boolean(b) => Value::Bool(*b),
        Toml::Datetime(d) if d.date.is_some() => resolve_plain(&d.to_string()),
        Toml::Datetime(d) => Value::from(d.to_string()),
        Toml::Array(a) => Value::list(a.iter().map(|v| value(v, at)).collect()),
        Toml::Table(t) => Value::dict(t.iter().map(|(k, v)| (Value::from(k.as_str()), value(v, at))).collect::<Dict>()),
    }
}
