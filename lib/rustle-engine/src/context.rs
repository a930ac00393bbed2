//! What one task (or one item of its loop) is evaluated with, and the evaluations that tasks need.

use crate::engine::Engine;
use crate::failure::{Failure, origin_of};
use crate::keywords::Inherited;
use crate::scope::{Place, TaskScope};
use crate::vars::Layers;
use rustle_jinja::{Error as JinjaError, is_omit};
use rustle_stream::model::{Role, Task};
use rustle_value::{Dict, Value, py_str};
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
            },
            world: self.world,
            place: &cx.place,
        }
    }
    /// Renders a value, all of it.
    pub fn render(&self, cx: &TaskContext, v: &Value) -> Result<Value, JinjaError> {
        match v {
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) => Ok(v.clone()),
            _ => self.jinja.render_value(v, &self.scope(cx)),
        }
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
                Failure::new(format!("the field '{name}' has an invalid value ({}), and could not be converted to bool", py_str(&v)))
                    .at(cx.task.origin.as_ref())
            }),
        }
    }
    /// A keyword as text.
    pub fn keyword_str(&self, cx: &TaskContext, name: &str) -> Result<Option<String>, Failure> {
        Ok(self.keyword(cx, name)?.map(|v| py_str(&v)))
    }
    /// A keyword as a number.
    pub fn keyword_int(&self, cx: &TaskContext, name: &str) -> Result<Option<i64>, Failure> {
        self.keyword(cx, name)?.map(|v| number(name, &v).map(|f| f as i64)).transpose()
    }
    /// The text of a variable that tunes behaviour (`ansible_become_user`, …).
    pub fn variable_str(&self, cx: &TaskContext, name: &str) -> Result<Option<String>, Failure> {
        match self.scope(cx).layers.get(name) {
            None => Ok(None),
            Some(v) => Ok(Some(self.render(cx, &v).map_err(Failure::from)?).filter(|v| !v.is_null()).map(|v| py_str(&v))),
        }
    }
}

/// A number out of a keyword's value.
pub fn number(name: &str, v: &Value) -> Result<f64, Failure> {
    v.as_f64().or_else(|| v.as_str().and_then(|s| s.trim().parse().ok())).ok_or_else(|| {
        Failure::new(format!("the field '{name}' has an invalid value ({}), and could not be converted to an int.", py_str(v)))
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
