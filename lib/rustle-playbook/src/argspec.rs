//! `meta/argument_specs.yml`: the task that checks a role's arguments before its own tasks.

use crate::error::Result;
use crate::files::main_files;
use crate::loader::{Loader, Scope};
use crate::paths;
use crate::roles::Use;
use crate::values::value;
use rustle_stream::model::{Keywords, Role, Task};
use rustle_value::{Dict, Value, dict};
use rustle_yaml::Node;

impl Loader {
    /// The implicit task, where the role specifies the entry point that is used.
    pub(crate) fn argument_spec(&mut self, role: &Role, meta: Option<&Node>, wanted: &Use, scope: &Scope) -> Result<Option<Task>> {
        let folder = paths::join(&role.path, "meta");
        let file = main_files(&folder, "argument_specs", false, false).into_iter().next();
        let tree = match file {
            Some(file) => Some(self.read(&file)?),
            None => meta.cloned(),
        };
        let Some(specs) = tree.as_ref().and_then(|t| t.get("argument_specs")) else { return Ok(None) };
        let from = wanted.from.tasks.as_deref().unwrap_or("main");
        // The entry point is what `tasks_from` says, to the letter: with an ending it names none.
        let entry = from;
        let Some(spec) = specs.get(entry).filter(|s| value(s).truthy()) else { return Ok(None) };
        let options = spec.get("options").map(value).unwrap_or_else(|| Value::dict(Dict::new()));
        let mut name = format!("Validating arguments against arg spec '{entry}'");
        if let Some(text) = spec.get("short_description").and_then(Node::as_str) {
            name = format!("{name} - {text}");
        }
        Ok(Some(Task {
            name: Some(Value::from(name)),
            args: dict! {
                "argument_spec" => options,
                "provided_arguments" => crate::mentions::params(wanted),
                "validate_args_context" => dict! {
                    "type" => "role",
                    "name" => role.collection.as_ref().and_then(|c| role.name.strip_prefix(&format!("{c}."))).unwrap_or(&role.name),
                    "argument_spec_name" => entry,
                    "path" => role.path.as_str(),
                },
            },
            keywords: Keywords { tags: vec![Value::from("always")], ..Keywords::default() },
            role: Some(role.id),
            parent: scope.parent,
            search_path: crate::tasks::search_path(scope, &paths::join(&role.path, "tasks/main.yml")),
            ..Task::new(self.ids.task(), "ansible.builtin.validate_argument_spec")
        }))
    }
}
