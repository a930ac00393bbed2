//! `gather_facts`: the facts of the host.

use super::Action;
use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::manner::Manner;
use rustle_value::{Dict, Value};

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.gather_facts"], raw: false, run };

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, mut args: Dict, manner: &Manner) -> Result<Dict, Failure> {
    args.remove("parallel");
    let mut result = engine.module(cx, manner, "ansible.builtin.setup", args, Vec::new())?;
    if let Some(Value::Dict(facts)) = result.get("ansible_facts") {
        let mut facts = (**facts).clone();
        facts.insert("_ansible_facts_gathered", true);
        result.insert("ansible_facts", facts);
    }
    result.insert("_ansible_verbose_override", true);
    Ok(result)
}
