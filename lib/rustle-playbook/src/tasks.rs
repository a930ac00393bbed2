//! Lists of tasks and blocks, and what may stand in them.

use crate::action::{Action, short};
use crate::error::{PlaybookError, Result};
use crate::keywords::Owner;
use crate::loader::{Loader, MAX_DEPTH, Scope};
use crate::shared;
use crate::values::{self, class, expressions, listed, shown, value};
use rustle_stream::model::{Block, Loop, Node as Child, Task};
use rustle_value::{Dict, Value};
use rustle_yaml::Node;

impl Loader {
    /// The children of a section or block. `what` is the section's name for messages, `place` what messages point at.
    pub(crate) fn task_list(&mut self, list: &Node, scope: &Scope, what: &str, place: &Node) -> Result<Vec<Child>> {
        if list.is_null() {
            return Ok(Vec::new());
        }
        let Some(items) = list.as_seq() else {
            let message = if what == "block" {
                format!(
                    "A malformed block was encountered while loading block: The ds ({}) should be a list but was a {}",
                    shown(list), class(list)
                )
            } else {
                format!(
                    "A malformed block was encountered while loading {what}: {} should be a list or None but is {}",
                    shown(list), class(list)
                )
            };
            return Err(PlaybookError::parser(message, Some(&place.origin)));
        };
        if scope.depth > MAX_DEPTH {
            let message = "the tasks are nested without end: does a file import itself?";
            return Err(PlaybookError::endless(message, Some(&list.origin)));
        }
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            if item.is_null() {
                continue;
            }
            if item.as_map().is_none() {
                let message = format!(
                    "A malformed block was encountered while loading block: The ds ([{}]) should be a dict but was a <class 'list'>",
                    rustle_value::py_repr(&item.to_value(rustle_yaml::Trust::Data))
                );
                return Err(PlaybookError::parser(message, Some(&item.origin)));
            }
            let is_block = ["block", "rescue", "always"].iter().any(|k| item.entry(k).is_some());
            if is_block {
                out.push(self.block(item, scope)?);
            } else {
                out.extend(self.task(item, scope)?);
            }
        }
        Ok(out)
    }

    fn block(&mut self, node: &Node, scope: &Scope) -> Result<Child> {
        let id = self.ids.block();
        let mut block = Block {
            id,
            parent: scope.parent,
            role: scope.role,
            origin: Some(node.origin.clone()),
            ..Block::default()
        };
        for (key, v) in node.as_map().unwrap_or_default() {
            let word = shared::keyword(key, Owner::Block)?;
            match word {
                "name" => block.name = values::name(v, "name")?,
                "block" | "rescue" | "always" => {}
                // Blocks may notify; the engine adds it to what each task of the block notifies.
                "notify" => _ = block.keywords.other.insert("notify", listed(v)),
                _ if shared::take(&mut block.keywords, word, v, Owner::Block)? => {}
                _ => return Err(shared::invalid(key, word, Owner::Block)),
            }
        }
        let inner = self.inside(scope, &block);
        let section = |loader: &mut Self, word: &str| match node.entry(word) {
            Some((_, list)) => loader.task_list(list, &inner, "block", node),
            None => Ok(Vec::new()),
        };
        block.body = section(self, "block")?;
        block.rescue = section(self, "rescue")?;
        block.always = section(self, "always")?;
        if block.body.is_empty() {
            for (word, list) in [("rescue", &block.rescue), ("always", &block.always)] {
                if !list.is_empty() {
                    let message = format!("'{word}' keyword cannot be used without 'block'");
                    return Err(PlaybookError::parser(message, Some(&node.origin)));
                }
            }
        }
        Ok(self.add_block(block))
    }

    /// The scope inside of a block.
    pub(crate) fn inside(&self, scope: &Scope, block: &Block) -> Scope {
        let mut inner = scope.clone();
        inner.parent = Some(block.id);
        inner.depth += 1;
        inner.vars.update(&block.keywords.vars);
        if !block.keywords.collections.is_empty() {
            inner.collections.clone_from(&block.keywords.collections);
        }
        inner
    }

    fn task(&mut self, node: &Node, scope: &Scope) -> Result<Option<Child>> {
        let mut scope = std::borrow::Cow::Borrowed(scope);
        if let Some((_, names)) = node.entry("collections") {
            scope.to_mut().collections = values::strings(names, "collections")?;
        }
        let action = self.action(node, &scope)?;
        let task = self.draft(node, action, &scope)?;
        match short(&task.action) {
            "include" => {
                let message = "The 'ansible.builtin.include' action plugin has been removed. Use include_tasks or import_tasks \
                               instead. This feature was removed from ansible-core in a release after 2023-05-16.";
                Err(PlaybookError::general(message, Some(&node.origin)))
            }
            "import_tasks" => self.import_tasks(task, node, &scope),
            "import_role" => self.import_role(task, node, &scope),
            _ => Ok(Some(self.add_task(task))),
        }
    }

    fn draft(&mut self, node: &Node, action: Action, scope: &Scope) -> Result<Task> {
        let is_builtin = !action.resolved.starts_with("ansible.legacy.");
        let kind = if is_builtin { short(&action.resolved) } else { "" };
        let owner = match (kind, scope.handler) {
            ("include_tasks", false) => Owner::Include,
            ("include_tasks", true) => Owner::HandlerInclude,
            ("include_role", _) => Owner::IncludeRole,
            (_, true) => Owner::Handler,
            (_, false) => Owner::Task,
        };
        let mut task = Task {
            written: action.written.as_str().into(),
            args: action.args,
            role: scope.role,
            parent: scope.parent,
            handler: scope.handler,
            origin: Some(node.origin.clone()),
            action_origin: action.place.filter(|p| *p != node.origin),
            search_path: search_path(scope, &node.origin.file),
            ..Task::new(self.ids.task(), action.resolved.clone())
        };
        for (key, v) in node.as_map().unwrap_or_default() {
            let word = key.as_str().unwrap_or_default();
            if matches!(word, "action" | "local_action" | "args") || word == action.written {
                continue;
            }
            if let Some(lookup) = word.strip_prefix("with_").filter(|l| self.is_lookup(l, scope)) {
                loop_over(&mut task, Some(lookup), v, node)?;
                continue;
            }
            if !owner.allows(word) {
                let mut error = shared::invalid(key, word, owner);
                if matches!(owner, Owner::Include | Owner::HandlerInclude | Owner::IncludeRole) {
                    // Ansible points at the whole task here.
                    error = shared::invalid(&Node { origin: node.origin.clone(), ..key.clone() }, word, owner);
                }
                return Err(error);
            }
            keyword(&mut task, word, v, node)?;
        }
        if action.local {
            task.keywords.other.insert("delegate_to", "localhost");
        }
        check_include(&mut task, kind, node)?;
        Ok(task)
    }
}

/// `ansible_search_path`: the folders of the task's role and of the roles that pulled that one in, of the task's own
/// file, of the playbook.
pub(crate) fn search_path(scope: &Scope, file: &str) -> Vec<String> {
    let mut out = scope.search.clone();
    let own = crate::paths::parent(file);
    if !out.iter().any(|p| p == own) {
        out.push(own.to_owned());
    }
    if !out.contains(&scope.basedir) {
        out.push(scope.basedir.clone());
    }
    out
}

/// Where a value stands that does not know that itself.
fn place(v: &Node) -> Option<rustle_value::Origin> {
    (!matches!(value(v), Value::Template(_))).then(|| v.origin.clone())
}

fn loop_over(task: &mut Task, with: Option<&str>, v: &Node, node: &Node) -> Result<()> {
    if let (Some(repeat), None) = (&mut task.repeat, with) {
        // Ansible lets a later `loop:` replace the terms of the lookup.
        repeat.value = value(v);
        repeat.origin = place(v);
        return Ok(());
    }
    if let (Some(_), Some(name)) = (&task.repeat, with) {
        return Err(PlaybookError::general(format!("duplicate loop in task: {name}"), Some(&node.origin)));
    }
    if v.is_null() {
        let Some(name) = with else { return Ok(()) };
        let message = format!("you must specify a value when using with_{name}");
        return Err(PlaybookError::general(message, Some(&node.origin)));
    }
    task.repeat = Some(Loop { with: with.map(Into::into), value: value(v), origin: place(v) });
    Ok(())
}

fn loop_control(v: &Node) -> Result<Dict> {
    let Some(entries) = v.as_map() else {
        let message = "the `loop_control` value must be specified as a dictionary and cannot be a variable itself (though it \
                       can contain variables)";
        return Err(PlaybookError::parser(message, Some(&v.origin)));
    };
    let mut out = Dict::new();
    for (key, v) in entries {
        let word = shared::keyword(key, Owner::LoopControl)?;
        if !Owner::LoopControl.allows(word) {
            return Err(shared::invalid(key, word, Owner::LoopControl));
        }
        let v = if word == "break_when" { Value::list(expressions(v)) } else { value(v) };
        out.insert(word, v);
    }
    Ok(out)
}

fn register(v: &Node) -> Result<Option<String>> {
    if v.is_null() {
        return Ok(None);
    }
    if let Some((message, help)) = values::bad_name(v) {
        let error = PlaybookError::parser("Invalid 'register' specified.", Some(&v.origin));
        return Err(error.caused_by(message, Some(v.origin.clone()), Some(help)));
    }
    Ok(v.as_str().map(Into::into))
}

/// `register:` with a mapping: each name stands for an expression over `_task`.
fn projections(v: &Node) -> Result<Dict> {
    let mut out = Dict::new();
    for (key, v) in v.as_map().unwrap_or_default() {
        if let Some((message, help)) = values::bad_name(key) {
            let error = PlaybookError::parser("Invalid 'register' specified.", Some(&key.origin));
            return Err(error.caused_by(message, Some(key.origin.clone()), Some(help)));
        }
        let template = match v.as_str() {
            Some(text) => {
                let source = format!("{{{{ {text} }}}}");
                Value::Template(std::sync::Arc::new(rustle_value::Template { source: source.into(), origin: Some(v.origin.clone()) }))
            }
            None => value(v),
        };
        out.insert(key.as_str().unwrap_or_default(), template);
    }
    Ok(out)
}

fn keyword(task: &mut Task, word: &str, v: &Node, node: &Node) -> Result<()> {
    let given = |v: &Node| (!v.is_null()).then(|| value(v));
    match word {
        "name" => task.name = values::name(v, "name")?,
        "delegate_to" => {
            if let Some(to) = values::name(v, "delegate_to")? {
                task.keywords.other.insert("delegate_to", to);
            }
        }
        "loop" => loop_over(task, None, v, node)?,
        "loop_control" => task.loop_control = if v.is_null() { Dict::new() } else { loop_control(v)? },
        "register" if v.as_map().is_some() => task.projections = projections(v)?,
        "register" => task.register = register(v)?,
        "changed_when" => task.changed_when = expressions(v),
        "failed_when" => task.failed_when = expressions(v),
        "until" => task.until = expressions(v),
        "retries" => task.retries = given(v),
        "delay" => task.delay = given(v),
        "notify" => task.notify = listed(v),
        "listen" => task.listen = listed(v),
        "async" => task.async_seconds = given(v),
        "poll" => task.poll = given(v),
        _ => _ = shared::take(&mut task.keywords, word, v, Owner::Task)?,
    }
    Ok(())
}

/// The arguments of includes and imports, which are checked before the run. A `file:` becomes `_raw_params`.
fn check_include(task: &mut Task, kind: &str, node: &Node) -> Result<()> {
    let fail = |message: String| Err(PlaybookError::parser(message, Some(&node.origin)));
    let wrong_type = |what: String, v: &Value| {
        let class = class(&Node::from_value(v, &node.origin));
        Err(PlaybookError::parser(format!("Expected a {what} but got {class} instead"), None))
    };
    let allowed: &[&str] = match kind {
        "import_tasks" => &["file", "_raw_params"],
        "include_tasks" => &["file", "_raw_params", "apply"],
        "import_role" | "include_role" => &[
            "name", "role", "tasks_from", "vars_from", "defaults_from", "handlers_from", "apply", "public", "allow_duplicates",
            "rolespec_validate", "rescuable",
        ],
        _ => return Ok(()),
    };
    let named = format!("{}", task.written);
    let unknown: Vec<String> = task.args.keys().map(rustle_value::py_str).filter(|k| !allowed.contains(&k.as_str())).collect();
    if task.handler && kind.ends_with("_role") {
        return fail(format!("Using '{named}' as a handler is not supported."));
    }
    if kind.ends_with("_tasks") && !unknown.is_empty() {
        return fail(format!("Invalid options for {named}: {}", unknown.join(",")));
    }
    if kind.ends_with("_tasks") {
        if let Some(file) = task.args.remove("file") {
            task.args.insert("_raw_params", file);
        }
        if task.args.get("_raw_params").is_none_or(Value::is_null) {
            return fail(format!("No file specified for {named}"));
        }
    } else if ["name", "role"].iter().all(|k| task.args.get(k).is_none_or(|v| !v.truthy())) {
        return fail(format!("'name' is a required field for {named}."));
    }
    if !unknown.is_empty() || (kind == "import_role" && task.args.contains_key("apply")) {
        let unknown = if unknown.is_empty() { "apply".to_owned() } else { unknown.join(",") };
        return fail(format!("Invalid options for {named}: {unknown}"));
    }
    if let Some(v) = task.args.get("apply").filter(|v| !v.is_mapping()) {
        let class = class(&Node::from_value(v, &node.origin));
        return fail(format!("Expected a dict for apply but got {class} instead"));
    }
    for key in ["tasks_from", "vars_from", "defaults_from", "handlers_from"] {
        if let Some(v) = task.args.get(key).filter(|v| !v.is_string()) {
            return wrong_type(format!("string for {key}"), v);
        }
    }
    if kind.starts_with("import_") && task.repeat.is_some() {
        let instead = kind.replace("import_", "include_");
        return fail(format!("You cannot use loops on '{named}' statements. You should use '{instead}' instead."));
    }
    Ok(())
}
