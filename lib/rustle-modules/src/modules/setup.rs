//! Gathers facts of the host.
//!
//! Runs anywhere.

use crate::{Failure, Module, Outcome, Params, PathArg, Scope, Support, Value, params};
use rustle_facts::{GatherOptions, gather};

params! {
    /// Options of `setup`.
    pub struct Args {
        /// Which facts: `all`, `min`, subsets, and `!subset` to leave one out.
        gather_subset: Vec<String> => default("all");
        /// Seconds that one slow source may take.
        gather_timeout: i64 => default("10");
        /// Patterns of the facts to return.
        filter: Vec<String> => default("");
        /// Folder of local facts.
        fact_path: PathArg => default("/etc/ansible/facts.d");
    }
}

const EXAMPLES: &str = "
- name: Only the network
  ansible.builtin.setup:
    gather_subset:
      - '!all'
      - network
";

pub static MODULE: Module = Module {
    check: Support::Full,
    scope: Scope::Looks,
    ..Module::new::<Args>("ansible.builtin.setup", "Gathers facts of the host", EXAMPLES, |ctx, v| {
        let a = Args::read(v)?;
        let options = GatherOptions {
            gather_subset: a.gather_subset,
            gather_timeout: u64::try_from(a.gather_timeout).unwrap_or(10),
            filter: a.filter,
            fact_path: a.fact_path.0,
            module_setup: true,
            python: ctx.hint("ansible_python_interpreter").map(str::to_owned),
        };
        let mut facts = gather(&options).map_err(|e| Failure::new(e.to_string()))?;
        if let Some(Value::Dict(d)) = facts.get_mut("ansible_env") {
            let d = std::sync::Arc::make_mut(d);
            for (k, v) in &ctx.environment {
                d.insert(k.as_str(), v.as_str());
            }
        }
        Ok(Outcome::ok().with("ansible_facts", facts))
    })
};
