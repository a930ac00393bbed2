//! `--list-hosts`, `--list-tasks` and `--list-tags`: what would run, without running it.
//!
//! Names are shown as written.

use rustle_stream::model::{Block, BlockId, Fragment, Keywords, Node, Play, Role, RoleId, Task, TaskId};
use rustle_value::{Value, py_repr, py_str};
use std::collections::{BTreeSet, HashMap};

/// Which lists the user asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub hosts: bool,
    pub tasks: bool,
    pub tags: bool,
}

/// One play with what is needed to list it.
pub struct Listed<'p> {
    pub play: &'p Play,
    pub fragment: &'p Fragment,
    /// Hosts that it would run on.
    pub hosts: &'p [String],
    /// Renders a task's tag, or list of tags.
    pub tag: &'p dyn Fn(&Value) -> Value,
}

/// The lists of one playbook's plays. `tags` and `skip_tags` choose the tasks, as they would in a run.
pub fn list(playbook: &str, plays: &[Listed<'_>], wanted: Wanted, tags: &[String], skip_tags: &[String]) -> String {
    let mut out = format!("\nplaybook: {playbook}\n");
    for (i, p) in plays.iter().enumerate() {
        let patterns = patterns(&p.play.hosts);
        let name = p.play.name.as_ref().map_or_else(|| patterns.join(","), py_str);
        // Ansible's order is that of a set here, so any will do.
        let own: Vec<String> = p.play.keywords.tags.iter().map(py_str).collect();
        out.push_str(&format!("\n  play #{} ({}): {name}\tTAGS: [{}]\n", i + 1, patterns.join(","), own.join(",")));
        if wanted.hosts {
            let shown = py_repr(&Value::from(patterns));
            out.push_str(&format!("    pattern: {shown}\n    hosts ({}):\n", p.hosts.len()));
            p.hosts.iter().for_each(|h| out.push_str(&format!("      {h}\n")));
        }
        let own = tag_set([&p.play.keywords], p.tag);
        // Who asks for the tags wants to see those of tasks that never run unasked, too.
        let every = ["never".to_owned(), "all".to_owned()];
        let only = if wanted.tags && tags.is_empty() && skip_tags.is_empty() { &every[..] } else { tags };
        let tasks = Walk::new(p).tasks(only, skip_tags);
        if wanted.tasks {
            out.push_str("    tasks:\n");
            for (name, tags) in &tasks {
                out.push_str(&format!("      {name}\tTAGS: {}\n", brackets(tags)));
            }
        }
        if wanted.tags {
            let all: BTreeSet<String> = tasks.iter().flat_map(|(_, t)| t.iter().cloned()).chain(own).collect();
            out.push_str(&format!("      TASK TAGS: {}\n", brackets(&all)));
        }
    }
    out
}

/// What `--syntax-check` prints for a playbook without mistakes.
pub fn syntax_ok(playbook: &str) -> String {
    format!("\nplaybook: {playbook}\n")
}

/// A play's patterns: a list, or one string.
fn patterns(hosts: &Value) -> Vec<String> {
    match hosts.as_list() {
        Some(l) => l.iter().map(py_str).collect(),
        None => vec![py_str(hosts)],
    }
}

fn brackets(tags: &BTreeSet<String>) -> String {
    format!("[{}]", tags.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
}

fn tag_set<'k>(keywords: impl IntoIterator<Item = &'k Keywords>, render: &dyn Fn(&Value) -> Value) -> BTreeSet<String> {
    let rendered = keywords.into_iter().flat_map(|k| &k.tags).map(render);
    rendered.flat_map(|v| v.as_list().map_or_else(|| vec![py_str(&v)], |l| l.iter().map(py_str).collect())).collect()
}

/// The tasks of a play in order, with their inherited tags.
struct Walk<'p> {
    play: &'p Play,
    tag: &'p dyn Fn(&Value) -> Value,
    tasks: HashMap<TaskId, &'p Task>,
    blocks: HashMap<BlockId, &'p Block>,
    roles: HashMap<RoleId, &'p Role>,
}

impl<'p> Walk<'p> {
    fn new(listed: &Listed<'p>) -> Self {
        let f = listed.fragment;
        Walk {
            play: listed.play,
            tag: listed.tag,
            tasks: f.tasks.iter().map(|t| (t.id, t)).collect(),
            blocks: f.blocks.iter().map(|b| (b.id, b)).collect(),
            roles: f.roles.iter().map(|r| (r.id, r)).collect(),
        }
    }

    fn tasks(&self, only: &[String], skip: &[String]) -> Vec<(String, BTreeSet<String>)> {
        let p = self.play;
        let mut out = Vec::new();
        for node in [&p.pre_tasks, &p.roles, &p.tasks, &p.post_tasks].into_iter().flatten() {
            self.walk(*node, &mut vec![&p.keywords], &mut out);
        }
        out.retain(|(_, tags)| selected(tags, only, skip));
        out
    }

    fn walk(&self, node: Node, above: &mut Vec<&'p Keywords>, out: &mut Vec<(String, BTreeSet<String>)>) {
        match node {
            Node::Task(id) => {
                let Some(t) = self.tasks.get(&id).filter(|t| !t.implicit) else { return };
                above.push(&t.keywords);
                out.push((self.name(t), tag_set(above.iter().copied(), self.tag)));
                above.pop();
            }
            Node::Block(id) => {
                let Some(b) = self.blocks.get(&id) else { return };
                let depth = above.len();
                above.extend(b.role.filter(|_| b.role_root).and_then(|r| self.roles.get(&r)).map(|r| &r.keywords));
                above.push(&b.keywords);
                // Neither `rescue` nor `always` are listed by Ansible.
                for n in &b.body {
                    self.walk(*n, above, out);
                }
                above.truncate(depth);
            }
        }
    }

    fn name(&self, t: &Task) -> String {
        let Some(name) = &t.name else { return t.written.to_string() };
        match t.role.and_then(|r| self.roles.get(&r)) {
            // What includes a role is named without the one that it stands in.
            Some(r) if &*t.action != "ansible.builtin.include_role" => format!("{} : {}", r.name, py_str(name)),
            _ => py_str(name),
        }
    }
}

/// Whether tags choose a task: Ansible's rule, with its special tags `all`, `tagged`, `untagged`, `always`, `never`.
fn selected(tags: &BTreeSet<String>, only: &[String], skip: &[String]) -> bool {
    let untagged = tags.is_empty();
    let has = |list: &[String], t: &str| list.iter().any(|x| x == t);
    let meets = |list: &[String]| tags.iter().any(|t| has(list, t));
    let runs = only.is_empty()
        || tags.contains("always")
        || meets(only)
        || (has(only, "all") && !tags.contains("never"))
        || (has(only, "tagged") && !untagged && !tags.contains("never"))
        || (has(only, "untagged") && untagged);
    let runs = runs && !(only.is_empty() && tags.contains("never"));
    let skipped = (has(skip, "all") && !(tags.contains("always") && !has(skip, "always")))
        || meets(skip)
        || (has(skip, "tagged") && !untagged)
        || (has(skip, "untagged") && untagged);
    runs && !skipped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_play_is_listed_as_ansible_lists_it() {
        let json = serde_json::json!({
            "play": {"id": 0, "name": "First", "hosts": "all", "playbook": "l.yml", "keywords": {"tags": ["pt"]},
                     "roles": [{"block": 1}], "tasks": [{"task": 2}, {"task": 3}]},
            "fragment": {
                "tasks": [
                    {"id": 1, "name": "in a role", "action": "ansible.builtin.debug", "written": "debug", "role": 0},
                    {"id": 2, "name": "a", "action": "ansible.builtin.debug", "written": "debug", "keywords": {"tags": ["t2", "t1"]}},
                    {"id": 3, "action": "ansible.builtin.debug", "written": "debug", "keywords": {"tags": ["never"]}}
                ],
                "blocks": [{"id": 1, "role": 0, "role_root": true, "body": [{"task": 1}]}],
                "roles": [{"id": 0, "name": "r1"}]
            }
        });
        let play: Play = serde_json::from_value(json["play"].clone()).unwrap();
        let fragment: Fragment = serde_json::from_value(json["fragment"].clone()).unwrap();
        let listed = [Listed { play: &play, fragment: &fragment, hosts: &["h1".into()], tag: &Value::clone }];
        let all = Wanted { hosts: true, tasks: true, tags: true };
        assert_eq!(
            list("l.yml", &listed, all, &[], &[]),
            "\nplaybook: l.yml\n\n  play #1 (all): First\tTAGS: [pt]\n    pattern: ['all']\n    hosts (1):\n      h1\n    tasks:\n      \
             r1 : in a role\tTAGS: [pt]\n      a\tTAGS: [pt, t1, t2]\n      debug\tTAGS: [never, pt]\n      TASK TAGS: [never, pt, t1, t2]\n"
        );
        let some = list("l.yml", &listed, Wanted { tags: true, ..Wanted::default() }, &["never".into()], &[]);
        assert!(some.ends_with("TASK TAGS: [never, pt]\n"), "{some}");
    }
}
