//! What a task is evaluated with: its context, its magic variables, its name, its tags.

use crate::context::TaskContext;
use crate::engine::Engine;
use crate::keywords::Inherited;
use crate::scope::Place;
use rustle_stream::model::{Role, Task};
use rustle_stream::protocol::Position;
use rustle_value::{Dict, Value, py_str};
use std::sync::Arc;

impl Engine<'_> {
    /// What a task is evaluated with, before its loop.
    pub fn context(&mut self, task: &Arc<Task>, position: &Position) -> TaskContext {
        let inherited = match self.inherited.get(&task.id) {
            Some(i) => i.clone(),
            None => {
                let i = Arc::new(Inherited::of(task, &self.program, &self.play));
                self.inherited.insert(task.id, i.clone());
                i
            }
        };
        let mut roles = Vec::new();
        if let Some(role) = task.role.and_then(|id| self.program.role(id)) {
            roles.extend(role.parents.iter().filter_map(|id| self.program.role(*id)));
            roles.insert(0, role);
        }
        let place = Place {
            task: task.id,
            position: position.clone(),
            frames: self.frames.iter().map(|(f, _)| *f).collect(),
            item: None,
        };
        TaskContext {
            task: task.clone(),
            inherited,
            task_magic: self.task_magic(task, &roles),
            roles,
            frames: self.frames.iter().map(|(_, d)| d.clone()).collect(),
            locals: Dict::new(),
            place,
        }
    }
    fn task_magic(&self, task: &Task, roles: &[Arc<Role>]) -> Dict {
        let mut d = Dict::new();
        if let Some(role) = roles.first() {
            let full = match &role.collection {
                Some(c) if !role.name.starts_with(c.as_str()) => format!("{c}.{}", role.name),
                _ => role.name.clone(),
            };
            d.insert("role_name", role.name.as_str());
            d.insert("role_path", role.path.as_str());
            d.insert("role_uuid", format!("{:08}", role.id.0));
            d.insert("ansible_role_name", full);
            d.insert("ansible_collection_name", role.collection.clone());
            let names = |ids: &[rustle_stream::model::RoleId]| -> Vec<String> {
                ids.iter().filter_map(|id| self.program.role(*id)).map(|r| r.name.clone()).collect()
            };
            if !role.parents.is_empty() {
                d.insert("ansible_parent_role_names", names(&role.parents));
                d.insert("ansible_parent_role_paths", role.parents.iter().filter_map(|id| self.program.role(*id)).map(|r| r.path.clone()).collect::<Vec<_>>());
            }
        }
        let mut below: Vec<rustle_stream::model::RoleId> = Vec::new();
        for role in self.program.public_roles() {
            below.extend(role.dependencies.iter().filter(|id| !below.contains(id)).copied().collect::<Vec<_>>());
        }
        let add = |list: &mut Vec<String>, name: &str| {
            if !list.iter().any(|n| n == name) {
                list.push(name.to_owned());
            }
        };
        let (mut of_play, mut dependent) = (Vec::new(), Vec::new());
        for role in self.program.public_roles() {
            add(if below.contains(&role.id) { &mut dependent } else { &mut of_play }, &role.name);
        }
        let mut all = of_play.clone();
        dependent.iter().for_each(|n| add(&mut all, n));
        d.insert("role_names", of_play.clone());
        d.insert("ansible_play_role_names", of_play);
        d.insert("ansible_dependent_role_names", dependent);
        d.insert("ansible_role_names", all);
        d.insert("ansible_search_path", task.search_path.clone());
        d
    }
    /// Tags with inheritance, templates rendered.
    fn tags_of(&self, cx: &TaskContext) -> Vec<String> {
        let mut out = Vec::new();
        for tag in &cx.inherited.tags {
            let rendered = self.render(cx, tag).unwrap_or_else(|_| tag.clone());
            for v in rendered.as_list().map(<[Value]>::to_vec).unwrap_or_else(|| vec![rendered]) {
                out.push(py_str(&v));
            }
        }
        out
    }
    /// The task's name as banners show it, without the role.
    pub fn task_name(&self, cx: &TaskContext) -> String {
        match &cx.task.name {
            // An include_role without a name is called after its role.
            None if &*cx.task.action == "ansible.builtin.include_role" => {
                // As written: what its name is rendered to is not known when the banner is printed.
                let role = cx.task.args.get("name").or_else(|| cx.task.args.get("role"));
                let role = role.map(|v| if let Value::Template(t) = v { t.source.to_string() } else { py_str(v) });
                role.map_or_else(|| cx.task.written.to_string(), |r| format!("{} : {r}", cx.task.written))
            }
            None => cx.task.written.to_string(),
            Some(v) => match self.name_text(cx, v).trim() {
                "" => cx.task.written.to_string(),
                name => name.to_owned(),
            },
        }
    }
    /// A name, rendered. What is not known yet, such as a loop's item, has a mark.
    fn name_text(&self, cx: &TaskContext, v: &Value) -> String {
        match (self.render(cx, v), v) {
            (Ok(v), _) => py_str(&v),
            (Err(_), Value::Template(t)) => {
                self.jinja.render_marked(&t.source, crate::failure::origin_of(v), &self.scope(cx)).unwrap_or_else(|_| t.source.to_string())
            }
            (Err(_), v) => py_str(v),
        }
    }
    /// The task as a person is asked for it: with the name that the playbook has.
    pub(crate) fn asked_name(&self, cx: &TaskContext) -> String {
        let word = if cx.task.handler { "HANDLER" } else { "TASK" };
        let name = match &cx.task.name {
            Some(v) => v.as_str().map_or_else(|| py_str(v), str::to_owned),
            None => cx.task.written.to_string(),
        };
        match cx.roles.first() {
            Some(r) => format!("{word}: {} : {name}", r.name),
            None => format!("{word}: {name}"),
        }
    }
    /// The same with the role before it, which Ansible leaves out where the task includes another role.
    pub(crate) fn full_name(&self, cx: &TaskContext) -> String {
        let name = self.task_name(cx);
        match cx.roles.first() {
            Some(r) if &*cx.task.action != "ansible.builtin.include_role" => format!("{} : {name}", r.name),
            _ => name,
        }
    }
    /// Whether the pattern matches the task's name, with or without its role's.
    pub(crate) fn is_called(&self, cx: &TaskContext, pattern: &str) -> bool {
        [self.task_name(cx), self.full_name(cx)].iter().any(|n| wildcard(pattern, n))
    }
    /// Whether `--tags` and `--start-at-task` let the task through.
    pub(crate) fn admitted(&mut self, cx: &TaskContext) -> bool {
        // A handler runs because it was notified, and so does all that it includes.
        if self.handling {
            return true;
        }
        if let Some(wanted) = self.start_at.clone()
            && !cx.task.implicit
        {
            if !self.is_called(cx, &wanted) {
                return false;
            }
            self.start_at = None;
        }
        self.tags.admits(&self.tags_of(cx))
    }
}

/// Shell-style match of `*` and `?`.
pub(crate) fn wildcard(pattern: &str, text: &str) -> bool {
    fn go(p: &[char], t: &[char]) -> bool {
        match (p.first(), t.first()) {
            (None, None) => true,
            (Some('*'), _) => go(&p[1..], t) || (!t.is_empty() && go(p, &t[1..])),
            (Some('?'), Some(_)) => go(&p[1..], &t[1..]),
            (Some(a), Some(b)) if a == b => go(&p[1..], &t[1..]),
            _ => false,
        }
    }
    go(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
}
