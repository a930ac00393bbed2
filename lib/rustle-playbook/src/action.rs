//! Which action a task names, and with which arguments: `copy: src=a`, `action: copy src=a`, `local_action:`, `args:`.

use crate::error::{PlaybookError, Result};
use crate::keywords::{self, Owner};
use crate::loader::{Loader, Scope};
use crate::names::nearest;
use rustle_stream::freeform::{parse_kv, split_args};
use crate::values::{class, value};
use rustle_value::{Dict, Origin, Value};
use rustle_yaml::Node;
use std::sync::Arc;

/// Actions whose text is a command line.
const FREE_FORM: &[&str] = &["command", "shell", "script", "raw", "win_command", "win_shell"];
/// Further actions that take text as it is.
const TAKES_TEXT: &[&str] = &[
    "include_vars", "include_tasks", "include_role", "import_tasks", "import_role", "add_host", "group_by", "set_fact", "meta",
];

/// An action as written, with its arguments.
pub(crate) struct Action {
    pub written: String,
    /// The full name, where it is known.
    pub resolved: Arc<str>,
    pub args: Dict,
    pub local: bool,
    /// Where the action's name stands.
    pub place: Option<Origin>,
}

/// A name without `ansible.builtin.` or `ansible.legacy.`.
pub(crate) fn short(name: &str) -> &str {
    name.strip_prefix("ansible.builtin.").or_else(|| name.strip_prefix("ansible.legacy.")).unwrap_or(name)
}

/// `k=v` text as arguments; templates keep the place of the whole text.
fn text_args(text: &str, action: &str, node: &Node, task: &Node) -> Result<Dict> {
    let free = FREE_FORM.contains(&short(action));
    let pairs = parse_kv(text, free).map_err(|e| {
        PlaybookError::parser(format!("Error loading tasks: {}", e.message()), Some(&task.origin))
    })?;
    let mut args = Dict::with_capacity(pairs.len());
    for (key, text) in pairs {
        let v = if node.is_unsafe { Value::from(text) } else { Value::trusted(text, Some(node.origin.clone())) };
        let whole = key == "_raw_params" && matches!(v, Value::Template(_));
        let takes = free || TAKES_TEXT.contains(&short(action));
        let key = if whole && !takes { "_variable_params".to_owned() } else { key };
        args.insert(key, v);
    }
    Ok(args)
}

fn wrong_type(node: &Node, task: &Node) -> PlaybookError {
    PlaybookError::parser(format!("unexpected parameter type in action: {}", class(node)), Some(&task.origin))
}

/// `module: arguments`.
fn new_style(node: &Node, action: &str, task: &Node) -> Result<Dict> {
    match (&value(node), node.as_str()) {
        (Value::Dict(d), _) => Ok((**d).clone()),
        (Value::Null, _) => Ok(Dict::new()),
        (_, Some(text)) => text_args(text, action, node, task),
        _ => Err(wrong_type(node, task)),
    }
}

/// `module rest of the text`.
fn split_module(text: &str, task: &Node) -> Result<(String, String)> {
    let parts = split_args(text)
        .map_err(|e| PlaybookError::parser(format!("Error loading tasks: {}", e.message()), Some(&task.origin)))?;
    let mut parts = parts.into_iter();
    let name = parts.next().unwrap_or_default();
    Ok((name.trim().to_owned(), parts.collect::<Vec<_>>().join(" ")))
}

/// `action: module arguments` or `action: {module: …}`. The name is empty where none is given.
fn old_style(node: &Node, task: &Node) -> Result<(String, Dict)> {
    if let Some(text) = node.as_str() {
        let (name, rest) = split_module(text, task)?;
        let args = text_args(&rest, &name, node, task)?;
        return Ok((name, args));
    }
    let Value::Dict(d) = value(node) else { return Err(wrong_type(node, task)) };
    let mut args = (*d).clone();
    let mut name = String::new();
    if let Some(module) = args.remove("module") {
        let (n, rest) = split_module(module.as_str().unwrap_or_default(), task)?;
        args.update(&text_args(&rest, &n, node, task)?);
        name = n;
    }
    Ok((name, args))
}

/// `debug: var=x`: an expression that the user wrote, unless it is marked unsafe.
fn written_expression(args: &mut Dict, task: &Node, written: &str) {
    let places = [written, "args", "action"];
    let node = places.iter().filter_map(|p| task.entry(p)).map(|(_, n)| n).find_map(|n| n.entry("var").map(|(_, v)| v).or_else(|| n.as_str().map(|_| n)));
    if let Some(Value::Str(source)) = args.get("var").cloned()
        && node.is_none_or(|n| !n.is_unsafe)
    {
        let origin = node.map_or(&task.origin, |n| &n.origin);
        args.insert("var", crate::values::expression(Value::Str(source), origin));
    }
}

/// `assert: {that: x == 1}`: conditions that the user wrote, each with its place.
fn written_conditions(args: &mut Dict, task: &Node, written: &str) {
    let node = [written, "args"].iter().filter_map(|p| task.entry(p)).find_map(|(_, n)| n.entry("that").map(|(_, v)| v));
    let Some(node) = node else { return };
    let written = |n: &Node| if n.is_unsafe { value(n) } else { crate::values::expression(value(n), &n.origin) };
    match node.as_seq() {
        Some(items) => _ = args.insert("that", Value::list(items.iter().map(written).collect())),
        None if node.as_str().is_some() => _ = args.insert("that", written(node)),
        None => {}
    }
}

impl Loader {
    /// The action of a task.
    pub(crate) fn action(&mut self, task: &Node, scope: &Scope) -> Result<Action> {
        let entries = task.as_map().unwrap_or_default();
        let mut found: Option<(String, Dict, Option<Origin>)> = None;
        let mut local = false;
        for word in ["action", "local_action"] {
            let Some((_, node)) = task.entry(word) else { continue };
            if found.is_some() {
                let message = "action and local_action are mutually exclusive";
                return Err(PlaybookError::parser(message, Some(&task.origin)));
            }
            let (name, args) = old_style(node, task)?;
            if node.as_map().is_some() {
                self.deprecate("Using a mapping for `action` is deprecated.", "2.23", &node.origin, "Use a string value for `action`.");
            }
            local = word == "local_action";
            found = Some((name, args, None));
        }
        for (key, node) in entries {
            let Some(word) = key.as_str() else {
                let message = format!("a keyword or a module's name is text, not '{}'", key.type_name());
                return Err(PlaybookError::parser(message, Some(&key.origin)));
            };
            if keywords::is_task_key(word) {
                continue;
            }
            if let Some((name, ..)) = &found {
                let message = format!("conflicting action statements: {name}, {word}");
                return Err(PlaybookError::parser(message, Some(&task.origin)).hint(self.suspect(name, word, scope)));
            }
            found = Some((word.to_owned(), new_style(node, word, task)?, Some(key.origin.clone())));
        }
        let nothing = || PlaybookError::parser("no module/action detected in task.", Some(&task.origin));
        let (written, own, place) = found.filter(|f| !f.0.is_empty()).ok_or_else(nothing)?;
        let mut args = Dict::new();
        if let Some((_, node)) = task.entry("args") {
            match value(node) {
                Value::Null => {}
                Value::Dict(d) => args.update(&d),
                Value::Template(t) => _ = args.insert("_variable_params", Value::Template(t)),
                _ => {
                    let message = "The value of the task `args` keyword is invalid.";
                    let help = "A mapping or template which resolves to a mapping is required.";
                    return Err(PlaybookError::parser(message, Some(&node.origin)).help(help));
                }
            }
        }
        args.update(&own);
        // `action: {module: x, args: {…}}`
        if let Some(Value::Dict(more)) = args.get("args").cloned() {
            args.remove("args");
            args.update(&more);
        }
        if short(&written) == "debug" {
            written_expression(&mut args, task, &written);
        }
        if short(&written) == "assert" {
            written_conditions(&mut args, task, &written);
        }
        for key in args.keys().filter_map(Value::as_str) {
            if key.starts_with("_ansible_") && !FREE_FORM.contains(&short(&written)) {
                let message = format!(
                    "Invalid parameter specified beginning with keyword '_ansible_' for action '{written}': '{key}'. The prefix \
                     '_ansible_' is reserved for internal use only."
                );
                return Err(PlaybookError::general(message, None));
            }
        }
        let resolved = self.resolve_at(&written, scope, Some(&task.origin))?;
        // A name under `action:` may be a template; it is looked at when the task runs.
        if resolved.is_none() && place.is_some() && self.options.check_modules {
            let message = format!(
                "couldn't resolve module/action '{written}'. This often indicates a misspelling, missing collection, or \
                 incorrect module path."
            );
            let hint = self.near(&written).map(|n| format!("Did you mean '{n}'?"));
            return Err(PlaybookError::parser(message, Some(&task.origin)).hint(hint));
        }
        let resolved = resolved.unwrap_or_else(|| written.as_str().into());
        Ok(Action { written, resolved, args, local, place })
    }

    /// A known module or task keyword that looks like `word`.
    fn near(&self, word: &str) -> Option<String> {
        let modules = self.module_names();
        let known = modules.iter().map(String::as_str).chain(Owner::Task.keywords().map(|k| k as &str));
        nearest(word, known).map(Into::into)
    }

    /// Of two names of which one is wrong: what the wrong one should be.
    fn suspect(&mut self, first: &str, second: &str, scope: &Scope) -> Option<String> {
        let wrong = [second, first].into_iter().find(|w| self.resolve(w, scope).is_none())?;
        self.near(wrong).map(|n| format!("'{wrong}' is neither a keyword nor a module. Did you mean '{n}'?"))
    }
}
