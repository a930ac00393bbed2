//! Keywords of a task with what it inherits: from its blocks, its role, the play.
//!
//! Source: <https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_reuse_roles.html> and the precedence
//! that ansible-core shows: the nearest value wins; conditions, tags and environments add up.

use crate::program::Program;
use rustle_stream::model::{Keywords, Play, Role, Task};
use rustle_value::{Dict, Value};
use std::sync::Arc;

/// A task's keywords, inheritance resolved, still untemplated.
#[derive(Clone, Debug, Default)]
pub struct Inherited {
    /// `other` of every level, nearest value first.
    values: Dict,
    /// Conditions, outermost first.
    pub when: Vec<Value>,
    pub tags: Vec<Value>,
    /// `environment`, outermost first.
    pub environment: Vec<Value>,
    /// `module_defaults`, outermost first.
    pub module_defaults: Vec<Value>,
    /// What blocks and imports notify in addition to the task.
    pub notify: Vec<Value>,
    /// `vars` of blocks and the task, outermost first.
    pub vars: Vec<Dict>,
}

impl Inherited {
    /// What holds for `task`.
    pub fn of(task: &Task, program: &Program, play: &Play) -> Inherited {
        let mut levels: Vec<Level> = vec![Level::Plain(&task.keywords)];
        let mut holders = Vec::new();
        let mut parent = task.parent;
        while let Some(block) = parent.and_then(|id| program.block(id)) {
            parent = block.parent;
            holders.push(block);
        }
        let role: Option<Arc<Role>> = task.role.and_then(|id| program.role(id));
        levels.extend(holders.iter().map(|b| Level::Plain(&b.keywords)));
        // The block around a role's tasks has what was said where the role was mentioned.
        let held = |r: &Role| holders.iter().any(|b| b.implicit && b.role == Some(r.id));
        if let Some(r) = role.as_ref().filter(|r| !held(r)) {
            levels.push(Level::Role(&r.keywords));
        }
        levels.push(Level::Play(&play.keywords));
        let mut out = Inherited::default();
        for level in &levels {
            let (keywords, own_vars) = match level {
                Level::Plain(k) => (k, true),
                Level::Role(k) | Level::Play(k) => (k, false),
            };
            for (name, value) in keywords.other.str_iter() {
                if name == "notify" {
                    out.notify.extend(value.as_list().map(<[Value]>::to_vec).unwrap_or_else(|| vec![value.clone()]));
                } else if !out.values.contains_key(name) {
                    out.values.insert(name, value.clone());
                }
            }
            // The outer ones come first: a play's (that of its import), a role's, a block's, the task's.
            out.when.splice(0..0, keywords.when.iter().cloned());
            out.tags.extend(keywords.tags.iter().cloned());
            out.environment.splice(0..0, keywords.environment.iter().cloned());
            out.module_defaults.splice(0..0, keywords.module_defaults.iter().cloned());
            if own_vars && !keywords.vars.is_empty() {
                out.vars.insert(0, keywords.vars.clone());
            }
        }
        out
    }
    /// The nearest value of a keyword such as `become` or `ignore_errors`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }
}

enum Level<'a> {
    Plain(&'a Keywords),
    Role(&'a Keywords),
    Play(&'a Keywords),
}
