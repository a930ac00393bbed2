//! `vars_files` whose names depend on facts: read again when the facts say another name.

use crate::engine::Engine;
use rustle_stream::protocol::{Call, Position, Reply};
use rustle_value::{Dict, Value};

fn has_template(v: &Value) -> bool {
    match v {
        Value::Template(_) => true,
        Value::List(l) | Value::Tuple(l) => l.iter().any(has_template),
        _ => false,
    }
}

impl Engine<'_> {
    /// The names, rendered with what they may depend on: facts, but neither `set_fact` nor `register`. `None` where no
    /// name is a template.
    pub(crate) fn names_of_vars_files(&mut self) -> Option<Vec<Value>> {
        let play = self.play.clone();
        let raw = play.other.get("vars_files").filter(|v| has_template(v))?;
        let entries = raw.as_list().map(<[Value]>::to_vec).unwrap_or_else(|| vec![raw.clone()]);
        let hidden = (std::mem::replace(&mut self.vars.set, Dict::new()), std::mem::replace(&mut self.vars.included, Dict::new()));
        // Each choice by itself: one that has no value yet says nothing of the others.
        let choices = entries.iter().flat_map(|e| e.as_list().map(<[Value]>::to_vec).unwrap_or_else(|| vec![e.clone()]));
        let names = choices.map(|v| self.render_plain(&v).unwrap_or(Value::Null)).collect();
        (self.vars.set, self.vars.included) = hidden;
        Some(names)
    }
    /// Has the controller read the files again where their names are others now.
    pub(crate) fn renew_vars_files(&mut self, position: &Position) {
        if self.vars_files_names.is_none() || self.world.is_controller() {
            return;
        }
        let names = self.names_of_vars_files();
        if names == self.vars_files_names {
            return;
        }
        self.vars_files_names = names;
        if let Ok(Reply::Vars { vars }) = self.world.call(position, Call::VarsFiles) {
            self.vars.vars_files = vars;
        }
    }
}
