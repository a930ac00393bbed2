//! What a template of a task can see: the bridge between the variable layers and the template language.

use crate::vars::Layers;
use crate::world::World;
use rustle_jinja::{Args, Error, Interp, Scope};
use rustle_stream::model::TaskId;
use rustle_stream::protocol::{Call, Frame, Position, Reply};
use rustle_value::{Origin, Value, Vaulted};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a template is rendered: needed to ask the controller for what this side does not know.
#[derive(Clone, Debug, Default)]
pub struct Place {
    pub task: TaskId,
    pub position: Position,
    pub frames: Vec<Frame>,
    /// The index of the loop's item.
    pub item: Option<u32>,
}

/// What a template file may include.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Where the names are looked for on the controller, in order.
    pub folders: Vec<String>,
    /// What came with the file: see `SourceFile::parts`.
    pub texts: &'a BTreeMap<String, Option<String>>,
}

/// A task's variables and services, for one rendering.
pub struct TaskScope<'a> {
    pub layers: Layers<'a>,
    pub world: &'a dyn World,
    pub place: &'a Place,
    /// What is used that will be gone one day.
    pub deprecated: &'a crate::deprecated::Notes,
    /// Whether the controller may be asked for templates that cannot be finished here.
    pub ask: bool,
    /// The connection that hosts have without being asked for another.
    pub transport: Option<&'a str>,
    /// Where a template file is rendered.
    pub parts: Option<&'a Parts<'a>>,
}

impl Scope for TaskScope<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        self.layers.get(name)
    }
    fn try_get(&self, name: &str) -> Result<Option<Value>, Error> {
        if let Some(v) = self.layers.get(name) {
            return Ok(Some(v));
        }
        if name == "vars" {
            return Ok(Some(Value::dict(self.layers.merged())));
        }
        if name == "ansible_connection" {
            // Where no variable says it: the keyword's value, or the setting's.
            let keyword = self.layers.inherited.get("connection").filter(|v| !v.is_null());
            return Ok(keyword.cloned().or_else(|| self.transport.map(Value::from)));
        }
        self.world.name(name).transpose()
    }
    fn used(&self, name: &str, origin: Option<&Origin>) {
        // Where in a template file is not known.
        let whole = self.parts.and(origin).filter(|o| (o.line, o.column) == (1, 1)).map(|o| Origin::new(o.file.clone(), 0, 0));
        self.deprecated.used(&self.layers, name, whole.as_ref().or(origin));
    }
    fn trusts(&self, name: &str) -> bool {
        let host = self.layers.host;
        if self.layers.locals.contains_key(name) {
            // An item of a list that stands in the playbook.
            let literal = self.layers.program.task(self.place.task).and_then(|t| t.repeat.as_ref().map(|r| r.value.clone()));
            let item = self.layers.locals.get(name);
            // A list that is one of the user's own variables.
            if let Some(Value::Template(t)) = &literal
                && let Some(list) = rustle_jinja::bare_name(t.source.trim()).filter(|n| *n != name)
            {
                let known = self.layers.get(list);
                return self.trusts(list) && known.is_some_and(|l| l.as_list().is_some_and(|l| l.iter().any(|v| Some(v) == item)));
            }
            return literal.is_some_and(|l| l.as_list().is_some_and(|l| l.iter().any(|v| matches!(v, Value::Str(_)) && Some(v) == item)));
        }
        !(host.set.contains_key(name) || host.facts().contains_key(name))
    }
    fn names(&self) -> Vec<String> {
        self.layers.names()
    }
    fn lookup(&self, name: &str, args: &Args, cx: &mut Interp<'_>) -> Option<Result<Value, Error>> {
        self.world.lookup(name, args, cx)
    }
    fn filter(&self, name: &str, input: &Value, args: &Args) -> Option<Result<Value, Error>> {
        if !self.world.is_controller() {
            return Some(Err(Error::NeedsController { what: format!("filter '{name}'") }));
        }
        crate::local::filter(name, input, args).or_else(|| self.world.filter(name, input, args))
    }
    fn test(&self, name: &str, input: &Value, args: &Args) -> Option<Result<bool, Error>> {
        if !self.world.is_controller() {
            return Some(Err(Error::NeedsController { what: format!("test '{name}'") }));
        }
        crate::local::test(name, input, args).or_else(|| self.world.test(name, input, args))
    }
    fn decrypt(&self, vaulted: &Vaulted) -> Result<Value, Error> {
        self.world.decrypt(self.place, vaulted)
    }
    fn load_template(&self, name: &str) -> Result<Option<Arc<str>>, Error> {
        match self.parts.and_then(|p| p.texts.get(name)) {
            Some(known) => Ok(known.as_deref().map(Arc::from)),
            None => self.world.template(name, &self.template_folders()),
        }
    }
    fn template_folders(&self) -> Vec<String> {
        // Values of a playbook look in its folder only.
        let beside = || self.layers.host.magic.get("playbook_dir").map(rustle_value::py_str).into_iter().collect();
        self.parts.map_or_else(beside, |p| p.folders.clone())
    }
    fn folder_of_files(&self) -> &'static str {
        let task = self.layers.program.task(self.place.task);
        // By a part of the action's name, as Ansible does it.
        task.map_or("files", |t| match &*t.action {
            a if a.contains("template") => "templates",
            a if a.contains("var") => "vars",
            _ => "files",
        })
    }
    fn remote(&self, source: &str, expression: bool) -> Option<Result<Value, Error>> {
        if !self.ask || self.world.is_controller() {
            return None;
        }
        let call = Call::Eval {
            task: self.place.task,
            scope: self.place.frames.clone(),
            item: self.place.item,
            source: source.to_owned(),
            expression,
        };
        Some(match self.world.call(&self.place.position, call) {
            Ok(Reply::Value { value, deprecations }) => {
                self.deprecated.heard(deprecations.into_iter().map(Value::into_data).collect());
                Ok(value.into_data())
            }
            Ok(Reply::Error { message, undefined: true, .. }) => Err(Error::undefined(message)),
            Ok(Reply::Error { message, .. }) => Err(Error::runtime(message)),
            Ok(_) => Err(Error::runtime("the controller gave no answer to a template")),
            Err(e) => Err(Error::runtime(e.to_string())),
        })
    }
}
