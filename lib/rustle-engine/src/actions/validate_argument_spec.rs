//! `validate_argument_spec`: checks variables against the specification of a role's entry point.
//!
//! Source: <https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_reuse_roles.html#role-argument-validation>.
//! Types, required options, choices and nested options are checked; names that only modules use (`mutually_exclusive`
//! and the like) have no place in a role's specification.

use super::{Action, failed};
use crate::context::{TaskContext, to_bool};
use crate::engine::Engine;
use crate::failure::Failure;
use crate::manner::Manner;
use rustle_modules::convert::{self, Environment};
use rustle_modules::Kind;
use rustle_value::{Dict, Value, dict, py_str};

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.validate_argument_spec"], raw: false, run };

/// Paths are judged by their type alone, so nothing of the environment matters.
struct Nowhere;

impl Environment for Nowhere {
    fn var(&self, _: &str) -> Option<String> {
        None
    }
    fn home(&self, _: &str) -> Option<String> {
        None
    }
}

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, args: Dict, _: &Manner) -> Result<Dict, Failure> {
    let spec = match args.get("argument_spec") {
        Some(Value::Dict(d)) => (**d).clone(),
        Some(other) => return Err(failed(format!("Incorrect type for argument_spec, expected dict and got <class '{}'>", other.type_name()))),
        None => return Err(failed(format!("\"argument_spec\" arg is required in args: {}", py_str(&Value::dict(args))))),
    };
    let given = match args.get("provided_arguments") {
        None | Some(Value::Null) => Dict::new(),
        Some(Value::Dict(d)) => (**d).clone(),
        Some(other) => return Err(failed(format!("Incorrect type for provided_arguments, expected dict and got <class '{}'>", other.type_name()))),
    };
    // The options are variables of the task; what the role was given by name comes first.
    let mut values = Dict::new();
    for (name, _) in spec.str_iter() {
        let raw = engine.scope(cx).layers.get(name);
        if let Some(raw) = raw {
            values.insert(name, engine.render(cx, &raw).map_err(Failure::from)?);
        }
    }
    values.update(&given);
    let mut check = Check { errors: Vec::new(), unknown: Vec::new(), supported: Vec::new() };
    check.level(&spec, &values, &[]);
    let mut errors = check.errors;
    if !check.unknown.is_empty() {
        check.unknown.sort();
        check.supported.sort();
        errors.push(format!("{}. Supported parameters include: {}.", check.unknown.join(", "), check.supported.join(", ")));
    }
    let context = args.get("validate_args_context").cloned().unwrap_or_else(|| Value::dict(Dict::new()));
    if errors.is_empty() {
        return Ok(dict! { "changed" => false, "msg" => "The arg spec validation passed", "validate_args_context" => context });
    }
    Ok(dict! {
        "failed" => true,
        "changed" => false,
        "msg" => format!("Validation of arguments failed:\n{}", errors.join("\n")),
        "argument_errors" => errors,
        "argument_spec_data" => Value::dict(spec),
        "validate_args_context" => context,
    })
}

struct Check {
    errors: Vec<String>,
    unknown: Vec<String>,
    /// The options of the level that was seen last with an unknown one in it.
    supported: Vec<String>,
}

fn kind(word: &str) -> Option<Kind> {
    [Kind::Str, Kind::Bool, Kind::Int, Kind::Float, Kind::List, Kind::Dict, Kind::Path, Kind::Raw, Kind::JsonArg, Kind::Bytes, Kind::Bits]
        .into_iter()
        .find(|k| k.word() == word)
        .or_else(|| (word == "json").then_some(Kind::JsonArg))
}

fn python_type(v: &Value) -> &'static str {
    match v {
        Value::Null => "NoneType",
        other => other.type_name(),
    }
}

impl Check {
    /// Options and values of one level; `path` leads to it.
    fn level(&mut self, spec: &Dict, values: &Dict, path: &[String]) {
        let inside = if path.is_empty() { String::new() } else { format!(" found in {}", path.join(" -> ")) };
        fn option<'a>(s: &'a Value, key: &str) -> Option<&'a Value> {
            s.as_dict()?.get(key).filter(|v| !v.is_null())
        }
        let names = |name: &str, s: &Value| -> Vec<String> {
            let aliases = option(s, "aliases").and_then(|a| a.as_list().map(|l| l.iter().map(py_str).collect::<Vec<_>>())).unwrap_or_default();
            std::iter::once(name.to_owned()).chain(aliases).collect()
        };
        let known: Vec<(String, &Value, Vec<String>)> = spec.str_iter().map(|(n, s)| (n.to_owned(), s, names(n, s))).collect();
        let mut bad = Vec::new();
        for (key, _) in values.iter() {
            let key = py_str(key);
            if !known.iter().any(|(_, _, names)| names.contains(&key)) {
                bad.push(path.iter().map(String::as_str).chain([key.as_str()]).collect::<Vec<_>>().join("."));
            }
        }
        if !bad.is_empty() {
            self.unknown.extend(bad);
            self.supported = known.iter().map(|(n, ..)| n.clone()).collect();
        }
        let value = |names: &[String]| names.iter().find_map(|n| values.get(n.as_str()));
        let mut missing: Vec<&str> = known
            .iter()
            .filter(|(_, s, names)| option(s, "required").and_then(to_bool).unwrap_or(false) && value(names).is_none())
            .map(|(n, ..)| n.as_str())
            .collect();
        if !missing.is_empty() {
            missing.sort_unstable();
            self.errors.push(format!("missing required arguments: {}{inside}", missing.join(", ")));
        }
        let mut converted = Dict::new();
        for (name, s, names) in &known {
            let Some(v) = value(names) else { continue };
            let required = option(s, "required").and_then(to_bool).unwrap_or(false);
            if v.is_null() && !required && option(s, "default").is_none() {
                continue;
            }
            let word = option(s, "type").map_or_else(|| "str".to_owned(), py_str);
            // A value that need not be given may be null, and free text may be anything.
            if v.is_null() && matches!(word.as_str(), "str" | "raw") {
                continue;
            }
            let place = if path.is_empty() { String::new() } else { format!(" found in '{}'.", path.join(" -> ")) };
            let result = match kind(&word) {
                Some(k) if v.is_null() && matches!(k, Kind::List | Kind::Dict) => Err(format!("<class 'NoneType'> cannot be converted to a {word}")),
                Some(k) => convert::convert(v, k, &Nowhere),
                None => Err("'NoneType' object is not callable".to_owned()),
            };
            match result {
                Err(e) => {
                    self.errors.push(format!("argument '{name}' is of type {}{place} and we were unable to convert to {word}: {e}", python_type(v)));
                }
                Ok(new) => {
                    let elements = option(s, "elements").map(py_str);
                    if let (Some(each), Value::List(l)) = (&elements, &new)
                        && let Some(k) = kind(each)
                    {
                        for v in l.iter() {
                            if let Err(e) = convert::convert(v, k, &Nowhere) {
                                self.errors.push(format!("Elements value for option '{name}' is of type {}{place} and we were unable to convert to {each}: {e}", python_type(v)));
                            }
                        }
                    }
                    converted.insert(name.as_str(), new);
                }
            }
        }
        for (name, s, _) in &known {
            let (Some(choices), Some(v)) = (option(s, "choices").and_then(Value::as_list), converted.get(name.as_str())) else { continue };
            let allowed: Vec<String> = choices.iter().map(py_str).collect();
            let fits = |v: &Value| allowed.contains(&py_str(v));
            match v.as_list() {
                Some(l) => {
                    let wrong: Vec<String> = l.iter().filter(|v| !fits(v)).map(py_str).collect();
                    if !wrong.is_empty() {
                        self.errors.push(format!("value of {name} must be one or more of: {}. Got no match for: {}{inside}", allowed.join(", "), wrong.join(", ")));
                    }
                }
                None if !fits(v) => self.errors.push(format!("value of {name} must be one of: {}, got: {}{inside}", allowed.join(", "), py_str(v))),
                None => {}
            }
        }
        for (name, s, _) in &known {
            let (Some(Value::Dict(inner)), Some(v)) = (option(s, "options"), converted.get(name.as_str())) else { continue };
            let deeper: Vec<String> = path.iter().cloned().chain([name.clone()]).collect();
            match v {
                Value::Dict(d) => self.level(inner, d, &deeper),
                Value::List(l) => l.iter().filter_map(Value::as_dict).for_each(|d| self.level(inner, d, &deeper)),
                _ => {}
            }
        }
    }
}
