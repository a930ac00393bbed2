//! What one task (or one item of its loop) is evaluated with, and the evaluations that tasks need.

use crate::engine::Engine;
use crate::failure::{Failure, origin_of};
use crate::keywords::Inherited;
use crate::scope::{Place, TaskScope};
use crate::vars::Layers;
use rustle_jinja::{Error as JinjaError, is_omit};
use rustle_stream::model::{Role, Task};
use rustle_value::{Dict, Origin, Value, py_str};
use std::sync::Arc;

/// A task at its turn.
#[derive(Clone, Debug)]
pub struct TaskContext {
    pub task: Arc<Task>,
    pub inherited: Arc<Inherited>,
    /// The task's role and those that pulled it in, nearest first.
    pub roles: Vec<Arc<Role>>,
    /// Variables of the dynamic includes around it, outermost first.
    pub frames: Vec<Dict>,
    /// Loop variables, and the result while it is judged.
    pub locals: Dict,
    pub task_magic: Dict,
    pub place: Place,
}

impl Engine<'_> {
    /// The scope of a task, for one evaluation.
    pub fn scope<'a>(&'a self, cx: &'a TaskContext) -> TaskScope<'a> {
        TaskScope {
            layers: Layers {
                host: &self.vars,
                play: &self.play,
                program: &self.program,
                roles: &cx.roles,
                inherited: &cx.inherited,
                frames: &cx.frames,
                locals: &cx.locals,
                task_magic: &cx.task_magic,
                inject_facts: self.inject_facts,
                merge: self.merge_dicts,
            },
            world: self.world,
            place: &cx.place,
            deprecated: &self.deprecated,
            ask: true,
            transport: self.vars.magic.get("_rustle_transport").and_then(Value::as_str),
            parts: None,
        }
    }
    /// Renders a value, all of it.
    pub fn render(&self, cx: &TaskContext, v: &Value) -> Result<Value, JinjaError> {
        match v {
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) => Ok(v.clone()),
            _ => self.jinja.render_value(v, &self.scope(cx)),
        }
    }
    /// Whether the user wrote the text of the variable `name`.
    pub(crate) fn written(&self, cx: &TaskContext, name: &str) -> bool {
        rustle_jinja::Scope::trusts(&self.scope(cx), name)
    }
    /// Renders to text.
    pub fn render_str(&self, cx: &TaskContext, v: &Value) -> Result<String, JinjaError> {
        self.render(cx, v).map(|v| py_str(&v))
    }
    /// Evaluates a condition (`when`, `until`, …): a bare expression, or a boolean.
    pub fn condition(&self, cx: &TaskContext, v: &Value) -> Result<bool, JinjaError> {
        match v {
            Value::Bool(b) => Ok(*b),
            _ => self.jinja.eval_condition(v, origin_of(v), &self.scope(cx)),
        }
    }
    /// A rendered keyword of the task or what it inherits from; `None` where it is not given, null or omitted.
    pub fn keyword(&self, cx: &TaskContext, name: &str) -> Result<Option<Value>, Failure> {
        let Some(raw) = cx.inherited.get(name) else { return Ok(None) };
        match self.render(cx, raw) {
            Ok(v) if v.is_null() || is_omit(&v) => Ok(None),
            Ok(v) => Ok(Some(v)),
            Err(e) => Err(Failure::from(e)
                .inside(format!("Error processing keyword '{name}'"), origin_of(raw))),
        }
    }
    /// A keyword as a boolean, as Ansible converts strings (`yes`, `on`, `1`, …).
    pub fn keyword_bool(&self, cx: &TaskContext, name: &str, default: bool) -> Result<bool, Failure> {
        match self.keyword(cx, name)? {
            None => Ok(default),
            Some(v) => to_bool(&v).ok_or_else(|| {
                let at = cx.inherited.get(name).and_then(origin_of);
                Failure::new(format!("The value {} could not be converted to 'bool'.", rustle_value::py_repr(&v)))
                    .at(at)
                    .inside(format!("Error processing keyword '{name}'"), at)
            }),
        }
    }
    /// A keyword as text.
    pub fn keyword_str(&self, cx: &TaskContext, name: &str) -> Result<Option<String>, Failure> {
        Ok(self.keyword(cx, name)?.map(|v| py_str(&v)))
    }
    /// A keyword as a number.
    pub fn keyword_int(&self, cx: &TaskContext, name: &str) -> Result<Option<i64>, Failure> {
        self.keyword(cx, name)?.map(|v| number(name, &v, cx.inherited.get(name).and_then(origin_of)).map(|f| f as i64)).transpose()
    }
    /// The text of a variable that tunes behaviour (`ansible_become_user`, …).
    pub fn variable_str(&self, cx: &TaskContext, name: &str) -> Result<Option<String>, Failure> {
        match self.scope(cx).layers.get(name) {
            None => Ok(None),
            Some(v) => Ok(Some(self.render(cx, &v).map_err(Failure::from)?).filter(|v| !v.is_null()).map(|v| py_str(&v))),
        }
    }
}

impl<'w> Engine<'w> {
    /// Stands in for a host on the controller: variables and program are the controller's own.
    pub fn stand_in(&mut self, host: &str, play: Arc<rustle_stream::model::Play>, program: crate::program::Program, vars: crate::vars::HostVars) {
        self.host = host.to_owned();
        self.handlers = play.handlers.clone();
        self.play = play;
        self.program = program;
        self.vars = vars;
    }
    /// Passwords and the login name, for `become`.
    pub fn set_passwords(&mut self, become_password: Option<String>, remote_user: Option<String>) {
        self.become_password = become_password;
        self.remote_user = remote_user;
    }
    /// A context that belongs to no task.
    fn bare(&self) -> TaskContext {
        TaskContext {
            task: Arc::new(crate::play::gather_task(&self.play)),
            inherited: Arc::default(),
            roles: Vec::new(),
            frames: self.frames.iter().map(|(_, d)| d.clone()).collect(),
            locals: Dict::new(),
            task_magic: Dict::new(),
            place: Place::default(),
        }
    }
    /// Renders a value in the scope of the host alone.
    pub fn render_plain(&self, v: &Value) -> Result<Value, JinjaError> {
        self.render(&self.bare(), v)
    }
    /// A variable of the host, rendered; `None` where there is none.
    pub fn variable(&self, name: &str) -> Result<Option<Value>, JinjaError> {
        let cx = self.bare();
        let raw = self.scope(&cx).layers.get(name);
        raw.map(|v| self.render(&cx, &v)).transpose()
    }
    /// Names of the host's variables.
    pub fn plain_names(&self) -> Vec<String> {
        let cx = self.bare();
        self.scope(&cx).layers.names()
    }
    /// Evaluates a text that this side sent before: a bare expression, or a template.
    pub fn evaluate_known(&self, cx: &TaskContext, source: &str, origin: Option<&Origin>, expression: bool) -> Result<Value, Failure> {
        let source: Arc<str> = source.into();
        if expression {
            return self.jinja.eval_expression(&source, origin, &self.scope(cx)).map_err(Failure::from);
        }
        self.render(cx, &Value::Template(Arc::new(rustle_value::Template { source, origin: origin.cloned() }))).map_err(Failure::from)
    }
    /// Puts item `index` of the task's loop in place.
    pub fn enter_item(&mut self, cx: &mut TaskContext, index: u32) -> Result<(), Failure> {
        let items = self.loop_items(cx)?.unwrap_or_default();
        let item = items.get(index as usize).cloned().ok_or_else(|| Failure::new("the loop has no such item"))?;
        let name = |me: &Self, key: &str| cx.task.loop_control.get(key).and_then(|v| me.render_str(cx, v).ok());
        let (loop_var, index_var) = (name(self, "loop_var").unwrap_or_else(|| "item".into()), name(self, "index_var"));
        let control = |me: &Self, key: &str| cx.task.loop_control.get(key).and_then(|v| me.render(cx, v).ok()).and_then(|v| to_bool(&v));
        if control(self, "extended").unwrap_or(false) {
            let info = crate::items::extended_info(&items, index as usize, control(self, "extended_allitems").unwrap_or(true));
            cx.locals.insert("ansible_loop", info);
        }
        cx.locals.insert(loop_var.as_str(), item);
        cx.locals.insert("ansible_loop_var", loop_var);
        if let Some(name) = index_var {
            cx.locals.insert(name.as_str(), index);
            cx.locals.insert("ansible_index_var", name);
        }
        cx.place.item = Some(index);
        Ok(())
    }
    /// Steps into a dynamic include.
    pub fn enter(&mut self, frame: rustle_stream::protocol::Frame) -> Result<(), Failure> {
        let task = self.program.task(frame.task).ok_or_else(|| Failure::new("no such include in this play"))?;
        let mut cx = self.context(&task, &Vec::new());
        if let Some(index) = frame.item {
            self.enter_item(&mut cx, index)?;
        }
        let mut vars = task.keywords.vars.clone();
        vars.update(&cx.locals);
        self.frames.push((frame, vars));
        Ok(())
    }
}

/// A number out of a keyword's value.
pub fn number(name: &str, v: &Value, at: Option<&Origin>) -> Result<f64, Failure> {
    v.as_f64().or_else(|| v.as_str().and_then(|s| s.trim().parse().ok())).ok_or_else(|| {
        let kind = if matches!(name, "delay" | "pause") { "float" } else { "int" };
        Failure::new(format!("The value {} could not be converted to '{kind}'.", rustle_value::py_repr(v)))
            .at(at)
            .inside(format!("Error processing keyword '{name}'"), at)
    })
}

/// Ansible's conversion to bool; `None` for text that means neither.
pub fn to_bool(v: &Value) -> Option<bool> {
    match v {
        Value::Bool(b) => Some(*b),
        Value::Int(i) => Some(*i != 0),
        Value::Float(f) => Some(*f != 0.0),
        _ => match v.as_str()?.trim().to_lowercase().as_str() {
            "yes" | "on" | "1" | "true" | "t" | "y" | "1.0" => Some(true),
            "no" | "off" | "0" | "false" | "f" | "n" | "0.0" | "" | "none" => Some(false),
            _ => None,
        },
    }
}
