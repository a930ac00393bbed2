//! The modules' options as JSON, for documentation.

use crate::api::Module;
use crate::params::{Param, Rule};
use crate::registry::ALL;
use serde_json::{Map, Value, json};

/// Every module with its options, as a JSON list.
pub fn catalogue() -> Value {
    Value::Array(ALL.iter().map(|m| module(m)).collect())
}

fn module(m: &Module) -> Value {
    json!({
        "name": m.name,
        "aliases": m.aliases,
        "summary": m.summary,
        "check_mode": m.check.word(),
        "diff_mode": m.diff.word(),
        "scope": m.scope.word(),
        "options": options(m.params),
        "rules": m.rules.iter().map(rule).collect::<Vec<_>>(),
        "examples": m.examples.trim(),
    })
}

fn options(groups: &[&[Param]]) -> Value {
    let list = groups.iter().flat_map(|g| g.iter()).filter(|p| !p.internal);
    Value::Object(list.map(|p| (p.name.to_string(), option(p))).collect())
}

fn option(p: &Param) -> Value {
    let mut m = Map::new();
    m.insert("type".into(), p.kind.word().into());
    if let Some(e) = p.elements {
        m.insert("elements".into(), e.word().into());
    }
    let text: Vec<&str> = p.doc.iter().map(|l| l.trim()).collect();
    m.insert("description".into(), text.join(" ").into());
    if p.required {
        m.insert("required".into(), true.into());
    }
    if let Some(d) = p.default {
        m.insert("default".into(), d.into());
    }
    if !p.aliases.is_empty() {
        m.insert("aliases".into(), p.aliases.into());
    }
    if !p.choices.is_empty() {
        m.insert("choices".into(), p.choices.into());
    }
    if p.no_log {
        m.insert("no_log".into(), true.into());
    }
    if !p.options.is_empty() {
        m.insert("options".into(), options(p.options));
    }
    Value::Object(m)
}

fn rule(r: &Rule) -> Value {
    match r {
        Rule::RequiredTogether(n) => json!({ "required_together": n }),
        Rule::RequiredOneOf(n) => json!({ "required_one_of": n }),
        Rule::MutuallyExclusive(n) => json!({ "mutually_exclusive": n }),
        Rule::RequiredIf { param, is, needs } => json!({ "required_if": { "option": param, "is": is, "all_of": needs } }),
        Rule::RequiredIfAny { param, is, needs } => json!({ "required_if": { "option": param, "is": is, "one_of": needs } }),
        Rule::RequiredBy(key, needs) => json!({ "required_by": { "option": key, "needs": needs } }),
    }
}
