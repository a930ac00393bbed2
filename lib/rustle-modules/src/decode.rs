//! The shared decoder: a task's arguments, checked and converted by a module's table of options.
//!
//! Order of checks and words of errors are Ansible's, since playbooks show both.

use crate::api::Failure;
use crate::convert::{Environment, convert, parse_bool};
use crate::params::{Kind, Param, Rule, Values};
use rustle_value::{Dict, Value, py_str};

/// What decoding found besides the values.
#[derive(Debug, Default)]
pub struct Notes {
    pub warnings: Vec<String>,
    /// Texts that must not be shown.
    pub secrets: Vec<String>,
    /// Names of options whose values must not be shown.
    pub secret_names: Vec<&'static str>,
}

/// Decodes `args` by `groups` and `rules`. `module` is the name to show. Arguments beginning with `_ansible_` are
/// ignored.
pub fn decode(
    module: &str,
    groups: &'static [&'static [Param]],
    rules: &[Rule],
    args: &Dict,
    env: &dyn Environment,
    notes: &mut Notes,
) -> Result<Values, Failure> {
    let mut dict = Dict::new();
    for (k, v) in args.iter() {
        let name = py_str(k);
        if !name.starts_with("_ansible_") {
            dict.insert(name, v.clone());
        }
    }
    let mut level = Level { module, context: Vec::new(), env, notes };
    level.run(groups, rules, dict).map(|dict| Values { dict })
}

struct Level<'a> {
    module: &'a str,
    /// Names of the options that we are in.
    context: Vec<String>,
    env: &'a dyn Environment,
    notes: &'a mut Notes,
}

fn all(groups: &'static [&'static [Param]]) -> impl Iterator<Item = &'static Param> {
    groups.iter().flat_map(|g| g.iter())
}

fn given(d: &Dict, name: &str) -> bool {
    d.get(name).is_some_and(|v| !v.is_null())
}

impl Level<'_> {
    fn fail(&self, msg: String) -> Failure {
        if self.context.is_empty() { Failure::new(msg) } else { Failure::new(format!("{msg} found in {}", self.context.join(" -> "))) }
    }

    fn run(&mut self, groups: &'static [&'static [Param]], rules: &[Rule], mut d: Dict) -> Result<Dict, Failure> {
        self.aliases(groups, &mut d);
        self.secrets(groups, &d);
        let exclusive: Vec<String> = rules
            .iter()
            .filter_map(|r| match r {
                Rule::MutuallyExclusive(names) if names.iter().filter(|n| given(&d, n)).count() > 1 => Some(names.join("|")),
                _ => None,
            })
            .collect();
        if !exclusive.is_empty() {
            return Err(self.fail(format!("parameters are mutually exclusive: {}", exclusive.join(", "))));
        }
        for p in all(groups) {
            if let Some(text) = p.default.filter(|_| !given(&d, p.name)) {
                // An explicit null stays null and is judged by its type; a missing option gets its default.
                if !d.contains_key(p.name) {
                    d.insert(p.name, default_value(p, text));
                }
            }
        }
        let mut missing: Vec<_> = all(groups).filter(|p| p.required && !given(&d, p.name)).map(|p| p.name).collect();
        if !missing.is_empty() {
            missing.sort_unstable();
            return Err(self.fail(format!("missing required arguments: {}", missing.join(", "))));
        }
        for p in all(groups) {
            self.convert(p, &mut d)?;
        }
        for p in all(groups) {
            self.choices(p, &mut d)?;
        }
        for r in rules {
            self.rule(r, &d)?;
        }
        for p in all(groups) {
            if !d.contains_key(p.name) {
                d.insert(p.name, Value::Null);
            }
        }
        for p in all(groups).filter(|p| !p.options.is_empty()) {
            self.nested(p, &mut d)?;
        }
        self.unsupported(groups, &d)?;
        Ok(d)
    }

    fn aliases(&mut self, groups: &'static [&'static [Param]], d: &mut Dict) {
        for p in all(groups) {
            for a in p.aliases {
                if let Some(v) = d.get(a).cloned() {
                    if d.contains_key(p.name) {
                        self.notes.warnings.push(format!("Both option {} and its alias {a} are set.", p.name));
                    }
                    d.insert(p.name, v);
                }
            }
        }
    }

    fn secrets(&mut self, groups: &'static [&'static [Param]], d: &Dict) {
        for p in all(groups).filter(|p| p.no_log) {
            self.notes.secret_names.push(p.name);
            if let Some(v) = d.get(p.name) {
                collect_text(v, &mut self.notes.secrets);
            }
        }
    }

    fn convert(&self, p: &Param, d: &mut Dict) -> Result<(), Failure> {
        let Some(v) = d.get(p.name).cloned() else { return Ok(()) };
        if v.is_null() && !p.required && p.default.is_none() {
            return Ok(());
        }
        let context = if self.context.is_empty() { String::new() } else { format!(" found in '{}'.", self.context.join(" -> ")) };
        let mut new = convert(&v, p.kind, self.env).map_err(|e| {
            Failure::new(format!(
                "argument '{}' is of type {}{context} and we were unable to convert to {}: {e}",
                p.name,
                v.type_name(),
                p.kind.word()
            ))
        })?;
        if let (Some(kind), Some(items)) = (p.elements, new.as_list()) {
            let mut out = Vec::with_capacity(items.len());
            for item in items {
                out.push(convert(item, kind, self.env).map_err(|e| {
                    let context = if self.context.is_empty() { String::new() } else { format!(" found in '{}'", self.context.join(" -> ")) };
                    Failure::new(format!(
                        "Elements value for option '{}'{context} is of type {} and we were unable to convert to {}: {e}",
                        p.name,
                        item.type_name(),
                        kind.word()
                    ))
                })?);
            }
            new = Value::list(out);
        }
        d.insert(p.name, new);
        Ok(())
    }

    fn choices(&self, p: &Param, d: &mut Dict) -> Result<(), Failure> {
        if p.choices.is_empty() {
            return Ok(());
        }
        let Some(v) = d.get(p.name).filter(|v| !v.is_null()).cloned() else { return Ok(()) };
        let list = p.choices.join(", ");
        if let Some(items) = v.as_list() {
            let bad: Vec<String> = items.iter().map(py_str).filter(|i| !p.choices.contains(&i.as_str())).collect();
            if !bad.is_empty() {
                return Err(self.fail(format!("value of {} must be one or more of: {list}. Got no match for: {}", p.name, bad.join(", "))));
            }
            return Ok(());
        }
        let text = py_str(&v);
        if p.choices.contains(&text.as_str()) {
            return Ok(());
        }
        // YAML turns `state: yes` into True: the only choice that means the same is taken.
        if text == "True" || text == "False" {
            let same: Vec<_> = p.choices.iter().filter(|c| parse_bool(c) == Some(text == "True")).collect();
            if let [one] = same[..] {
                d.insert(p.name, *one);
                return Ok(());
            }
        }
        Err(self.fail(format!("value of {} must be one of: {list}, got: {text}", p.name)))
    }

    fn rule(&self, r: &Rule, d: &Dict) -> Result<(), Failure> {
        let equals = |param: &str, is: &str| d.get(param).is_some_and(|v| !v.is_null() && (py_str(v) == is || bool_word(v) == Some(is)));
        match r {
            Rule::MutuallyExclusive(_) => {}
            Rule::RequiredTogether(names) => {
                let n = names.iter().filter(|n| given(d, n)).count();
                if n > 0 && n < names.len() {
                    return Err(self.fail(format!("parameters are required together: {}", names.join(", "))));
                }
            }
            Rule::RequiredOneOf(names) => {
                if !names.iter().any(|n| given(d, n)) {
                    return Err(self.fail(format!("one of the following is required: {}", names.join(", "))));
                }
            }
            Rule::RequiredIf { param, is, needs } if equals(param, is) => {
                let missing: Vec<_> = needs.iter().filter(|n| !given(d, n)).copied().collect();
                if !missing.is_empty() {
                    return Err(self.fail(format!("{param} is {} but all of the following are missing: {}", py_str(d.get(param).unwrap_or(&Value::Null)), missing.join(", "))));
                }
            }
            Rule::RequiredIfAny { param, is, needs } if equals(param, is) => {
                if !needs.iter().any(|n| given(d, n)) {
                    return Err(self.fail(format!("{param} is {} but any of the following are missing: {}", py_str(d.get(param).unwrap_or(&Value::Null)), needs.join(", "))));
                }
            }
            Rule::RequiredIf { .. } | Rule::RequiredIfAny { .. } => {}
            Rule::RequiredBy(key, needs) => {
                if given(d, key) {
                    let missing: Vec<_> = needs.iter().filter(|n| !given(d, n)).copied().collect();
                    if !missing.is_empty() {
                        return Err(self.fail(format!("missing parameter(s) required by '{key}': {}", missing.join(", "))));
                    }
                }
            }
        }
        Ok(())
    }

    fn nested(&mut self, p: &'static Param, d: &mut Dict) -> Result<(), Failure> {
        let Some(v) = d.get(p.name).filter(|v| !v.is_null()).cloned() else { return Ok(()) };
        self.context.push(p.name.to_string());
        let new = match (&v, p.kind) {
            (Value::List(items), Kind::List) => {
                let mut out = Vec::with_capacity(items.len());
                for item in items.iter() {
                    let Some(sub) = item.as_dict() else {
                        return Err(self.fail(format!("value of '{}' must be of type dict or list of dicts", p.name)));
                    };
                    out.push(Value::dict(self.run(p.options, p.sub_rules, sub.clone())?));
                }
                Value::list(out)
            }
            (Value::Dict(sub), _) => Value::dict(self.run(p.options, p.sub_rules, (**sub).clone())?),
            _ => return Err(self.fail(format!("value of '{}' must be of type dict or list of dicts", p.name))),
        };
        self.context.pop();
        d.insert(p.name, new);
        Ok(())
    }

    fn unsupported(&self, groups: &'static [&'static [Param]], d: &Dict) -> Result<(), Failure> {
        let known = |n: &str| all(groups).any(|p| p.name == n || p.aliases.contains(&n));
        let path = if self.context.is_empty() { String::new() } else { format!("{}.", self.context.join(".")) };
        let mut unknown: Vec<String> = d.str_iter().map(|(k, _)| k).filter(|k| !known(k)).map(|k| format!("{path}{k}")).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        unknown.sort();
        let mut names: Vec<&str> = all(groups).map(|p| p.name).collect();
        names.sort_unstable();
        let mut aliases: Vec<&str> = all(groups).flat_map(|p| p.aliases.iter().copied()).collect();
        aliases.sort_unstable();
        let aliases = if aliases.is_empty() { String::new() } else { format!(" ({})", aliases.join(", ")) };
        Err(Failure::new(format!(
            "Unsupported parameters for ({}) module: {}. Supported parameters include: {}{aliases}.",
            self.module,
            unknown.join(", "),
            names.join(", ")
        )))
    }
}

fn bool_word(v: &Value) -> Option<&'static str> {
    v.as_bool().map(|b| if b { "true" } else { "false" })
}

fn default_value(p: &Param, text: &str) -> Value {
    match p.kind {
        Kind::List if text.is_empty() => Value::list(Vec::new()),
        Kind::Dict if text.is_empty() => Value::dict(Dict::new()),
        _ => Value::from(text),
    }
}

fn collect_text(v: &Value, out: &mut Vec<String>) {
    match v {
        Value::List(l) | Value::Tuple(l) => l.iter().for_each(|x| collect_text(x, out)),
        Value::Dict(d) => d.values().for_each(|x| collect_text(x, out)),
        Value::Null | Value::Bool(_) => {}
        _ => {
            let s = py_str(v);
            if !s.is_empty() {
                out.push(s);
            }
        }
    }
}
