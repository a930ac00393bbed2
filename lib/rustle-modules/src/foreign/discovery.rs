//! Which interpreter runs a module: what the variables say, what the module's first line says, or the first Python of a
//! list that is there.

use super::arguments::with_flags;
use rustle_stream::foreign::ModulePayload;
use rustle_stream::protocol::ModuleRequest;
use rustle_value::{Dict, Value, dict, py_str};

/// Python where none was found: the module's failure will name it.
pub const FALLBACK: &str = "/usr/bin/python3";

/// Names of Python, in the order in which they are tried.
const NAMES: &[&str] = &["python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python3.9", "/usr/bin/python3", "python3"];

/// What the host must start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interpreter {
    /// These words, for a shell.
    Given(String),
    /// The first Python of [`names`] that the host has.
    Discover { silent: bool },
    /// The program itself.
    None,
}

/// What the variables and the payload say about the interpreter.
pub fn interpreter(payload: &ModulePayload, request: &ModuleRequest) -> Interpreter {
    let hint = |name: &str| request.hints.get(name).filter(|v| !v.is_null()).map(py_str).map(|t| t.trim().to_owned());
    let python = payload.is_python().then(|| "/usr/bin/python".to_owned());
    let Some(first) = payload.interpreter.first().cloned().or(python) else { return Interpreter::None };
    let name = first.rsplit('/').next().unwrap_or(&first).to_owned();
    if name != "python" {
        let given = hint(&format!("ansible_{name}_interpreter")).filter(|v| !v.is_empty()).unwrap_or(first);
        return Interpreter::Given(with_flags(&given, payload));
    }
    let wish = hint("ansible_python_interpreter").or_else(|| hint("interpreter_python")).unwrap_or_else(|| "auto".into());
    match wish.as_str() {
        "" | "auto" | "auto_silent" | "auto_legacy" | "auto_legacy_silent" => match hint("discovered_interpreter_python") {
            Some(known) => Interpreter::Given(with_flags(&known, payload)),
            None => Interpreter::Discover { silent: wish.ends_with("_silent") },
        },
        words => Interpreter::Given(with_flags(words, payload)),
    }
}

/// The names to try, first to last.
pub fn names(request: &ModuleRequest) -> Vec<String> {
    match request.hints.get("interpreter_python_fallback").and_then(Value::as_list) {
        Some(own) => own.iter().map(py_str).collect(),
        None => NAMES.iter().map(ToString::to_string).collect(),
    }
}

/// The first of the names that this machine has, with its path.
pub(super) fn here(names: &[String]) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".into());
    let runs = |p: &str| std::fs::metadata(p).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    names.iter().find_map(|name| {
        if name.contains('/') {
            return runs(name).then(|| name.clone());
        }
        path.split(':').filter(|d| d.starts_with('/')).map(|d| format!("{}/{name}", d.trim_end_matches('/'))).find(|p| runs(p))
    })
}

/// Notes which Python modules that are not native would run with here, where the hint `discover_python` asks for it.
pub fn look_for_python(request: &ModuleRequest, result: &mut Dict) {
    if request.hints.get("discover_python").is_some_and(Value::truthy)
        && let Some(path) = here(&names(request))
    {
        // Nobody uses it yet: that is worth no warning.
        add(result, discovered(request, Some(&path), true));
    }
}

/// What a result says about an interpreter that had to be looked for: a fact, and a warning unless silent.
pub fn discovered(request: &ModuleRequest, path: Option<&str>, silent: bool) -> Dict {
    let host = request.hints.get("inventory_hostname").map_or_else(|| "localhost".into(), py_str);
    let host = rustle_value::str_repr(&host);
    let text = match path {
        Some(path) => format!(
            "Host {host} is using the discovered Python interpreter at {}, but future installation of another Python interpreter could \
             cause a different interpreter to be discovered. See \
             https://docs.ansible.com/ansible-core/2.21/reference_appendices/interpreter_discovery.html for more information.",
            rustle_value::str_repr(path)
        ),
        None => {
            let tried: Vec<Value> = names(request).into_iter().map(Value::from).collect();
            format!("No python interpreters found for host {host} (tried {}).", rustle_value::py_repr(&Value::list(tried)))
        }
    };
    let mut notes = dict! { "ansible_facts" => dict! { "discovered_interpreter_python" => path.unwrap_or(FALLBACK) } };
    if !silent {
        notes.insert("warnings", vec![text]);
    }
    notes
}

/// Adds [`discovered`]'s notes to a result.
pub fn add(result: &mut Dict, notes: Dict) {
    if let Some(Value::Dict(new)) = notes.get("ansible_facts") {
        let mut facts = result.get("ansible_facts").and_then(Value::as_dict).cloned().unwrap_or_default();
        facts.update(new);
        result.insert("ansible_facts", facts);
    }
    if let Some(new) = notes.get("warnings").and_then(Value::as_list) {
        let old = result.get("warnings").and_then(Value::as_list).unwrap_or_default();
        result.insert("warnings", new.iter().chain(old).cloned().collect::<Vec<_>>());
    }
}

/// The words of a command line, as far as they can be told.
pub(super) fn shell_words(text: &str) -> Vec<String> {
    crate::command::split(text).unwrap_or_else(|_| text.split_whitespace().map(Into::into).collect())
}
