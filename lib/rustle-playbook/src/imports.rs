//! Static imports: `import_tasks` and `import_role` become implicit blocks that carry the import's keywords.

use crate::error::{PlaybookError, Result};
use crate::loader::{Loader, Scope};
use crate::paths;
use crate::roles::{From, Use};
use rustle_stream::model::{Block, Node as Child, Task};
use rustle_value::Value;
use rustle_yaml::Node;

const STATIC_HELP: &str = "When using static imports, ensure that any variables used in their names are defined in vars/vars_files\n\
                           or extra-vars passed in from the command line. Static imports cannot use variables from facts or inventory\n\
                           sources like group or host vars.";

/// The block that an import turns into: all keywords of the task flow through it.
fn block_of(loader: &mut Loader, task: &Task, scope: &Scope) -> Block {
    let mut keywords = task.keywords.clone();
    if !task.notify.is_empty() {
        keywords.other.insert("notify", task.notify.clone());
    }
    Block {
        id: loader.ids.block(),
        parent: scope.parent,
        role: scope.role,
        keywords,
        implicit: true,
        origin: task.origin.clone(),
        ..Block::default()
    }
}

impl Loader {
    /// Renders the name of an import.
    fn import_name(&self, v: &Value, task: &Task, node: &Node, scope: &Scope) -> Result<String> {
        let vars = self.import_vars(scope, &task.keywords.vars);
        (self.options.render)(v, &vars).map(|v| v.to_string()).map_err(|cause| {
            let message = format!("Error when evaluating variable in import path {}.", rustle_value::py_repr(v));
            let place = if let Value::Template(t) = v { t.origin.clone() } else { None };
            PlaybookError::parser(message, Some(&node.origin)).help(STATIC_HELP).caused_by(cause, place, None)
        })
    }

    pub(crate) fn import_tasks(&mut self, task: Task, node: &Node, scope: &Scope) -> Result<Option<Child>> {
        let written = task.args.get("_raw_params").cloned().unwrap_or_default();
        let name = self.import_name(&written, &task, node, scope)?;
        let path = self.find_tasks(&name, scope);
        let mut block = block_of(self, &task, scope);
        let inner = self.inside(scope, &block);
        let Some(body) = self.task_file(&path, &inner)? else { return Ok(None) };
        block.body = body;
        Ok(Some(self.add_block(block)))
    }

    /// The tasks of a file; `None` (and a warning) where it is empty.
    pub(crate) fn task_file(&mut self, path: &str, scope: &Scope) -> Result<Option<Vec<Child>>> {
        let tree = self.read(path)?;
        if tree.is_null() {
            self.warn(format!("file {path} is empty and had no tasks to include"));
            return Ok(None);
        }
        if tree.as_seq().is_none() {
            let message = "included task files must contain a list of tasks";
            return Err(PlaybookError::parser(message, Some(&tree.origin)));
        }
        self.reserved_in_file(&tree);
        let mut inner = scope.clone();
        inner.dirs.insert(0, paths::parent(path).to_owned());
        self.task_list(&tree, &inner, "tasks", &tree).map(Some)
    }

    /// Where the task file `name` is: beside the files that lead here, in the role, beside the playbook. The last place
    /// stands for a file that is nowhere.
    pub(crate) fn find_tasks(&self, name: &str, scope: &Scope) -> String {
        let name = paths::expand(name);
        let own = if scope.handler { "handlers" } else { "tasks" };
        let mut places: Vec<String> = scope.dirs.iter().map(|d| paths::join(d, &name)).collect();
        if let Some(role) = scope.role.and_then(|r| self.roles.get(&r)) {
            places.push(paths::join(&paths::join(&role.path, own), &name));
            if scope.handler {
                places.push(paths::join(&paths::join(&role.path, "tasks"), &name));
            }
            places.push(paths::join(&role.path, &name));
            places.push(paths::join(&paths::join(&scope.basedir, own), &name));
        }
        places.push(paths::join(&scope.basedir, &name));
        let places: Vec<String> = places.iter().map(|p| paths::normalize(p)).collect();
        let last = places.last().cloned().unwrap_or_default();
        places.into_iter().find(|p| paths::is_file(p)).unwrap_or(last)
    }

    pub(crate) fn import_role(&mut self, task: Task, node: &Node, scope: &Scope) -> Result<Option<Child>> {
        let key = if task.args.get("name").is_some_and(Value::truthy) { "name" } else { "role" };
        let args = node.entry(&task.written).map(|(_, v)| v).and_then(|v| v.entry(key)).map_or(&node.origin, |(_, v)| &v.origin);
        let name = self.import_name(task.args.get(key).unwrap_or(&Value::Null), &task, node, scope)?;
        let mut from = From::default();
        for (field, slot) in [
            ("tasks_from", &mut from.tasks), ("vars_from", &mut from.vars), ("defaults_from", &mut from.defaults),
            ("handlers_from", &mut from.handlers),
        ] {
            if let Some(v) = task.args.get(field) {
                *slot = Some(self.import_name(v, &task, node, scope)?);
            }
        }
        let flag = |field: &str, default: bool| task.args.get(field).map_or(default, truth);
        let wanted = Use {
            name,
            origin: Some(args.clone()),
            from,
            public: flag("public", !self.options.private_role_vars),
            allow_duplicates: Some(flag("allow_duplicates", true)),
            validate: flag("rolespec_validate", true),
            ..Use::default()
        };
        let mut block = block_of(self, &task, scope);
        let mut inner = self.inside(scope, &block);
        inner.chain.splice(0..0, scope.role);
        let loaded = self.role(&wanted, &inner)?;
        block.body = vec![loaded.node];
        self.imported_handlers.extend(loaded.handlers);
        Ok(Some(self.add_block(block)))
    }
}

/// A boolean as written: `true`, `yes`, `"yes"`.
pub fn truth(v: &Value) -> bool {
    match v.as_str() {
        Some(s) => matches!(s.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1" | "y" | "t"),
        None => v.truthy(),
    }
}
