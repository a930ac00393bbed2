//! `package` and `service`: choose the module that fits the host.

use super::{Action, failed_result, text};
use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::manner::Manner;
use rustle_value::{Dict, Value, dict, py_str};

pub(crate) static ACTION: Action = Action { names: &["ansible.builtin.package", "ansible.builtin.service"], raw: false, run };

fn run(engine: &mut Engine<'_>, cx: &mut TaskContext, mut args: Dict, manner: &Manner) -> Result<Dict, Failure> {
    let package = &*cx.task.action == "ansible.builtin.package";
    let (fact, what) = if package { ("pkg_mgr", "package manager") } else { ("service_mgr", "service manager") };
    let chosen = text(&args, "use").filter(|u| u != "auto");
    args.remove("use");
    let known = |engine: &Engine<'_>| engine.vars.namespaced().get(fact).map(py_str);
    let name = match chosen.or_else(|| known(engine)) {
        Some(n) => n,
        None => {
            let subset = dict! { "gather_subset" => Value::list(vec!["!all".into()]), "filter" => format!("ansible_{fact}") };
            let facts = engine.module(cx, manner, "ansible.builtin.setup", subset, Vec::new())?;
            facts.get("ansible_facts").and_then(|f| f.get(&format!("ansible_{fact}"))).map(py_str).unwrap_or_else(|| "unknown".into())
        }
    };
    let module = match (package, name.as_str()) {
        (true, "unknown") | (true, "auto") => return Ok(failed_result(format!("Could not detect which {what} to use. Try gathering facts or setting the \"use\" option."))),
        (true, n) if n.contains('.') => n.to_owned(),
        (true, n) => format!("ansible.builtin.{n}"),
        (false, "systemd") => "ansible.builtin.systemd_service".to_owned(),
        (false, n) if n.contains('.') => n.to_owned(),
        (false, _) => "ansible.builtin.service".to_owned(),
    };
    let mut ignored = Vec::new();
    if module == "ansible.builtin.systemd_service" {
        for key in ["pattern", "runlevel", "sleep", "arguments", "args"] {
            if args.remove(key).is_some() {
                ignored.push(Value::from(format!("Ignoring \"{key}\" as it is not used in \"systemd\"")));
            }
        }
    }
    let mut result = engine.module(cx, manner, &module, args, Vec::new())?;
    if !ignored.is_empty() {
        let told = result.get("warnings").and_then(Value::as_list).unwrap_or_default();
        let all: Vec<Value> = told.iter().cloned().chain(ignored).collect();
        result.insert("warnings", all);
    }
    Ok(result)
}
