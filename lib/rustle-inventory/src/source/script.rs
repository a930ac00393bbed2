//! Executable sources: `--list` prints JSON; without `_meta` in it, `--host NAME` is asked for each host.

use super::{Failure, Kind};
use crate::Inventory;
use rustle_value::{Dict, Origin, Value, Vaulted};
use serde_json::Value as Json;
use std::process::{Command, Stdio};
use std::sync::Arc;

pub(super) static KIND: Kind = Kind { name: "script", wants: executable, read };

fn executable(source: &str) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(source).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
    }
    #[cfg(not(unix))]
    {
        _ = source;
        false
    }
}

/// What a script printed, and its complaints as help for errors.
struct Output {
    text: String,
    help: Option<String>,
}

fn run(source: &str, args: &[&str]) -> Result<Output, Failure> {
    let shown = || [&[source], args].concat().join(" ");
    let output = Command::new(source).args(args).stdin(Stdio::inherit()).output().map_err(|e| {
        let why = e.to_string();
        let why = why.split(" (os error").next().unwrap_or_default().to_string();
        let number = e.raw_os_error().map(|n| format!("[Errno {n}] ")).unwrap_or_default();
        format!("Failed to execute inventory script command '{}': {number}{why}: '{source}'", shown())
    })?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    let help = (!stderr.trim().is_empty()).then(|| format!("Standard error from inventory script:\n{}", stderr.trim_end()));
    let fail = |message: String| Failure { message, context: None, help: help.clone() };
    if !output.status.success() {
        let code = output.status.code().unwrap_or(-1);
        return Err(fail(format!("Inventory script returned non-zero exit code {code}.")));
    }
    match String::from_utf8(output.stdout) {
        Ok(text) => Ok(Output { text, help }),
        Err(_) => Err(fail("Inventory script result contained characters that cannot be interpreted as UTF-8.".into())),
    }
}

fn type_name(j: &Json) -> &'static str {
    match j {
        Json::Null => "NoneType",
        Json::Bool(_) => "bool",
        Json::Number(n) if n.is_f64() => "float",
        Json::Number(_) => "int",
        Json::String(_) => "str",
        Json::Array(_) => "list",
        Json::Object(_) => "dict",
    }
}

fn read(inventory: &mut Inventory, source: &str) -> Result<(), Failure> {
    let output = run(source, &["--list"])?;
    let place = Origin::new(format!("<inventory script output from '{source}'>"), 0, 0);
    take(inventory, &output, place, &|host| run(source, &["--host", host]))
}

/// Asks for one host's variables.
type Ask<'a> = &'a dyn Fn(&str) -> Result<Output, Failure>;

fn take(inventory: &mut Inventory, output: &Output, place: Origin, ask: Ask<'_>) -> Result<(), Failure> {
    let fail = |why: String| Failure {
        message: format!("Unable to get JSON decoder for inventory script result: {why}"),
        context: None,
        help: output.help.clone(),
    };
    let data: Json = serde_json::from_str(&output.text).map_err(|e| fail(format!("Value could not be parsed as JSON: {e}")))?;
    let Json::Object(groups) = data else { return Err(fail(format!("Value is '{}' instead of 'dict'.", type_name(&data)))) };
    let mut script = Script { inventory, place, hosts: Vec::new() };
    let mut meta = None;
    for (name, data) in &groups {
        if name == "_meta" {
            let Json::Object(m) = data else {
                return Err(fail(format!("Value contains '_meta' which is '{}' instead of 'dict'.", type_name(data))));
            };
            match m.get("hostvars") {
                Some(Json::Object(vars)) => meta = Some(vars),
                other => {
                    let kind = other.map_or("NoneType", type_name);
                    return Err(format!("Value contains '_meta.hostvars' which is '{kind}' instead of 'dict'.").into());
                }
            }
        } else {
            script.group(name, data)?;
        }
    }
    if meta.is_none() {
        script.deprecate("Inventory scripts should always provide 'meta.hostvars'. Host variables will be collected by running the inventory script with the '--host' option for each host.");
    }
    for host in std::mem::take(&mut script.hosts) {
        let asked;
        let vars = match meta {
            Some(meta) => meta.get(&host),
            None => {
                let output = ask(&host)?;
                asked = if output.text.trim().is_empty() { Json::Null } else {
                    serde_json::from_str(&output.text).map_err(|e| Failure {
                        message: format!("Inventory script result for host '{host}' could not be parsed as JSON: {e}"),
                        context: None,
                        help: output.help,
                    })?
                };
                Some(&asked)
            }
        };
        match vars {
            None | Some(Json::Null) => {}
            Some(Json::Object(vars)) => {
                for (k, v) in vars {
                    let variable = value(v, true, &script.place);
                    script.inventory.set_variable(&host, k, variable, Some(&script.place))?;
                }
            }
            Some(other) => return Err(format!("Invalid data from file, expected dictionary and got:\n\n{other}").into()),
        }
    }
    Ok(())
}

struct Script<'a> {
    inventory: &'a mut Inventory,
    place: Origin,
    hosts: Vec<String>,
}

impl Script<'_> {
    fn deprecate(&self, text: &str) {
        self.inventory.deprecate(format!(
            "{text} This feature will be removed from inventory plugin 'script' in ansible-core version 2.23.\nOrigin: {}",
            self.place.file
        ));
    }

    fn group(&mut self, name: &str, data: &Json) -> Result<(), Failure> {
        let name = self.inventory.add_group(name)?;
        let known = |o: &serde_json::Map<String, Json>| ["hosts", "vars", "children"].iter().any(|k| o.contains_key(*k));
        let (hosts, vars, children, trusted) = match data {
            Json::Object(o) if known(o) => (o.get("hosts").cloned(), o.get("vars").cloned(), o.get("children"), true),
            Json::Object(_) => {
                self.deprecate(&format!(
                    "Treating malformed group '{name}' as the sole host of that group. Variables provided in this manner cannot be templated."
                ));
                (Some(Json::from(vec![name.as_str()])), Some(data.clone()), None, false)
            }
            other => {
                self.deprecate(&format!("Group '{name}' was converted to 'dict' from '{}'.", type_name(other)));
                (Some(other.clone()), None, None, true)
            }
        };
        let wrong = |what: &str, j: &Json, want: &str| -> Failure {
            format!("Value contains '{name}.{what}' which is '{}' instead of '{want}'.", type_name(j)).into()
        };
        if let Some(hosts) = hosts {
            let Json::Array(list) = &hosts else { return Err(wrong("hosts", &hosts, "list")) };
            for h in list {
                let Some(host) = h.as_str() else {
                    return Err(format!("Invalid host name supplied, expected a string but got <class '{}'> for {h}", type_name(h)).into());
                };
                self.inventory.insert_host(host, Some(&name), None)?;
                self.hosts.push(host.to_string());
            }
        }
        if let Some(vars) = vars {
            let Json::Object(map) = &vars else { return Err(wrong("vars", &vars, "dict")) };
            for (k, v) in map {
                let variable = value(v, trusted, &self.place);
                self.inventory.set_variable(&name, k, variable, Some(&self.place))?;
            }
        }
        for child in children.and_then(Json::as_array).into_iter().flatten() {
            let child = self.inventory.add_group(child.as_str().unwrap_or_default())?;
            self.inventory.add_child(&name, &child)?;
        }
        Ok(())
    }
}

/// JSON to a value. Only variables are trusted; `__ansible_unsafe` and `__ansible_vault` are what they say.
pub(crate) fn value(j: &Json, trusted: bool, place: &Origin) -> Value {
    match j {
        Json::String(s) if trusted => Value::trusted(s.as_str(), Some(place.clone())),
        Json::Array(a) => Value::list(a.iter().map(|v| value(v, trusted, place)).collect()),
        Json::Object(o) => {
            if let (1, Some(Json::String(s))) = (o.len(), o.get("__ansible_unsafe")) {
                return Value::str(s.as_str());
            }
            if let (1, Some(Json::String(s))) = (o.len(), o.get("__ansible_vault")) {
                return Value::Vaulted(Arc::new(Vaulted { ciphertext: s.as_str().into(), origin: Some(place.clone()) }));
            }
            Value::dict(o.iter().map(|(k, v)| (Value::from(k.as_str()), value(v, trusted, place))).collect::<Dict>())
        }
        other => rustle_value::from_json(other.clone()),
    }
}
