//! `dnf`: the module for the release of dnf that the host has.

use super::{Action, failed_result, text};
use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::manner::Manner;
use rustle_value::{Dict, Value, dict, py_str};

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.dnf"], raw: false, run };

const KNOWN: &[&str] = &["yum", "yum4", "dnf4", "dnf", "dnf5"];

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, mut args: Dict, manner: &Manner) -> Result<Dict, Failure> {
    let (wished, other) = (text(&args, "use"), text(&args, "use_backend"));
    if wished.is_some() && other.is_some() {
        return Ok(failed_result("parameters are mutually exclusive: ('use', 'use_backend')"));
    }
    args.remove("use");
    args.remove("use_backend");
    let wished = wished.or(other).filter(|u| !matches!(u.as_str(), "auto" | "yum"));
    let known = engine.vars.namespaced().get("pkg_mgr").map(py_str);
    let backend = match wished.or(known) {
        Some(name) => name,
        None => {
            let subset = dict! { "gather_subset" => Value::list(vec!["!all".into()]), "filter" => "ansible_pkg_mgr" };
            let facts = engine.module(cx, manner, "ansible.builtin.setup", subset, Vec::new())?;
            facts.get("ansible_facts").and_then(|f| f.get("ansible_pkg_mgr")).map(py_str).unwrap_or_default()
        }
    };
    if !KNOWN.contains(&backend.as_str()) {
        return Ok(failed_result(
            "Could not detect which major revision of dnf is in use, which is required to determine module backend. You should \
             manually specify use_backend to tell the module whether to use the dnf4 or dnf5 backend.",
        ));
    }
    let module = if backend == "dnf5" { "ansible.builtin.dnf5" } else { "ansible.builtin.dnf" };
    engine.module(cx, manner, module, args, Vec::new())
}
