//! What the tests share: the list of a playbook's tasks as `ansible-playbook --list-tasks` prints it.

use rustle_playbook::Parsed;
use rustle_stream::model::{Block, BlockId, Node, RoleId, Task, TaskId};
use rustle_value::{Value, py_str};
use std::collections::{BTreeSet, HashMap};

struct Lister<'a> {
    blocks: HashMap<BlockId, &'a Block>,
    tasks: HashMap<TaskId, &'a Task>,
    roles: HashMap<RoleId, &'a str>,
    out: String,
}

fn add_tags(all: &mut BTreeSet<String>, tags: &[Value]) {
    all.extend(tags.iter().map(py_str));
}

fn shown(tags: &BTreeSet<String>) -> String {
    tags.iter().cloned().collect::<Vec<_>>().join(", ")
}

impl Lister<'_> {
    fn walk(&mut self, nodes: &[Node], tags: &BTreeSet<String>, all: &mut BTreeSet<String>, lines: &mut String) {
        for node in nodes {
            let mut tags = tags.clone();
            match node {
                Node::Block(id) => {
                    let block = self.blocks[id];
                    add_tags(&mut tags, &block.keywords.tags);
                    // Ansible lists what runs if all goes well.
                    self.walk(&block.body, &tags, all, lines);
                }
                Node::Task(id) => {
                    let task = self.tasks[id];
                    add_tags(&mut tags, &task.keywords.tags);
                    all.extend(tags.iter().cloned());
                    if task.implicit || tags.contains("never") {
                        continue;
                    }
                    let name = task.name.as_ref().map_or_else(|| task.written.to_string(), py_str);
                    let role = task.role.filter(|_| task.name.is_some()).map_or_else(String::new, |r| format!("{} : ", self.roles[&r]));
                    lines.push_str(&format!("      {role}{name}\tTAGS: [{}]\n", shown(&tags)));
                }
            }
        }
    }
}

/// The text of `--list-tasks`, from the first play's line on.
pub fn list_tasks(parsed: &Parsed) -> String {
    let f = &parsed.fragment;
    let mut lister = Lister {
        blocks: f.blocks.iter().map(|b| (b.id, b)).collect(),
        tasks: f.tasks.iter().map(|t| (t.id, t)).collect(),
        roles: f.roles.iter().map(|r| (r.id, r.name.as_str())).collect(),
        out: String::new(),
    };
    for (i, play) in parsed.plays.iter().enumerate() {
        let pattern = play.hosts.as_list().map_or_else(|| py_str(&play.hosts), |l| l.iter().map(py_str).collect::<Vec<_>>().join(","));
        let name = play.name.as_ref().map_or_else(|| pattern.clone(), py_str);
        let mut tags = BTreeSet::new();
        add_tags(&mut tags, &play.keywords.tags);
        lister.out.push_str(&format!("  play #{} ({pattern}): {name}\tTAGS: [{}]\n    tasks:\n", i + 1, tags.iter().cloned().collect::<Vec<_>>().join(",")));
        let mut lines = String::new();
        let mut all = BTreeSet::new();
        for section in [&play.pre_tasks, &play.roles, &play.tasks, &play.post_tasks] {
            lister.walk(section, &tags, &mut all, &mut lines);
        }
        lister.out.push_str(&lines);
        lister.out.push('\n');
    }
    lister.out.trim_end().to_owned()
}
