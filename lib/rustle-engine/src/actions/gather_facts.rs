//! `gather_facts`: the facts of the host.

use super::Action;
use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::manner::Manner;
use rustle_value::{Dict, Value, dict};

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.gather_facts"], raw: false, run };

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, mut args: Dict, manner: &Manner) -> Result<Dict, Failure> {
    args.remove("parallel");
    let mut result = engine.module(cx, manner, "ansible.builtin.setup", args, Vec::new())?;
    if result.get("failed").is_some_and(Value::truthy) {
        return Ok(without_facts(result));
    }
    if let Some(Value::Dict(facts)) = result.get("ansible_facts") {
        let mut facts = (**facts).clone();
        facts.insert("_ansible_facts_gathered", true);
        result.insert("ansible_facts", facts);
    }
    result.insert("_ansible_verbose_override", true);
    Ok(result)
}

/// The result where the module failed: it may have been one of several.
fn without_facts(mut result: Dict) -> Dict {
    const NAME: &str = "ansible.legacy.setup";
    let message = format!("The following modules failed to execute: {NAME}.");
    result.retain(|k, _| !k.as_str().is_some_and(|k| k.starts_with("_ansible_") || k == "invocation"));
    for (key, value) in [("exception", "(traceback unavailable)".into()), ("deprecations", Value::list(Vec::new())), ("warnings", Value::list(Vec::new()))] {
        if !result.contains_key(key) {
            result.insert(key, value);
        }
    }
    let chain = dict! { "kind" => "Action failed", "messages" => vec![message.clone()] };
    dict! {
        "failed" => true,
        "changed" => false,
        "ansible_facts" => Dict::new(),
        "failed_modules" => dict! { NAME => result },
        "msg" => message,
        "_ansible_chain" => chain,
    }
}
