//! How much there is to do on each host: what the cost model needs of a plan.
//!
//! Limits: an expectation. Conditions, loops, dynamic includes and handlers are not looked into; tags count as written.

use crate::catalog::{self, Home};
use crate::decide::maybe;
use crate::planner::tasks_in_order;
use rustle_playbook::ParsedRun;
use rustle_stream::model::{Block, BlockId, Fragment, Keywords, Node, Play, Role, RoleId, Task, TaskId};
use rustle_value::{Value, py_str};
use std::collections::{HashMap, HashSet};

/// Hosts in the order in which plays name them, each with the tasks that do something on it.
pub fn work(run: &ParsedRun, hosts_of: &mut dyn FnMut(&Play) -> Vec<String>) -> Vec<(String, u32)> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut out: Vec<(String, u32)> = Vec::new();
    for play in &run.plays {
        let tasks = tasks_on_hosts(play, &run.fragment, &run.options.tags, &run.options.skip_tags);
        for host in hosts_of(play) {
            let place = *places.entry(host.clone()).or_insert_with(|| {
                out.push((host, 0));
                out.len() - 1
            });
            out[place].1 += tasks;
        }
    }
    out
}

/// Tasks of a play that do something on each of its hosts: modules and actions of them, not what is delegated, done once
/// for all, or left out by tags.
pub fn tasks_on_hosts(play: &Play, fragment: &Fragment, only: &[String], skip: &[String]) -> u32 {
    let around = Levels {
        blocks: fragment.blocks.iter().map(|b| (b.id, b)).collect(),
        roles: fragment.roles.iter().map(|r| (r.id, r)).collect(),
        play,
    };
    let handlers = handlers(play, &around.blocks);
    let counts = |t: &&Task| !handlers.contains(&t.id) && matches!(catalog::facts(&t.action).home, Home::Action | Home::Module) && around.counts(t, only, skip);
    let tasks = tasks_in_order(play, fragment).into_iter().filter(counts).count();
    let facts = !play.other.get("gather_facts").is_some_and(|v| !maybe(Some(v)));
    // Facts are gathered whatever the tags, which those of the play leave alone.
    u32::try_from(tasks).unwrap_or(u32::MAX).saturating_add(u32::from(facts))
}

fn handlers(play: &Play, blocks: &HashMap<BlockId, &Block>) -> HashSet<TaskId> {
    let mut out = HashSet::new();
    let mut entered = HashSet::new();
    let mut todo = play.handlers.clone();
    while let Some(node) = todo.pop() {
        match node {
            Node::Task(id) => _ = out.insert(id),
            Node::Block(id) if entered.insert(id) => todo.extend(blocks.get(&id).into_iter().flat_map(|b| b.body.iter().chain(&b.rescue).chain(&b.always)).copied()),
            Node::Block(_) => {}
        }
    }
    out
}

struct Levels<'a> {
    blocks: HashMap<BlockId, &'a Block>,
    roles: HashMap<RoleId, &'a Role>,
    play: &'a Play,
}

impl<'a> Levels<'a> {
    fn of(&self, task: &'a Task) -> Vec<&'a Keywords> {
        let mut levels = vec![&task.keywords];
        let mut parent = task.parent;
        // A stream may say anything; no block is around itself.
        while let Some(block) = parent.and_then(|id| self.blocks.get(&id)).filter(|_| levels.len() < 1000) {
            levels.push(&block.keywords);
            levels.extend(block.role.filter(|_| block.role_root).and_then(|r| self.roles.get(&r)).map(|r| &r.keywords));
            parent = block.parent;
        }
        levels.push(&self.play.keywords);
        levels
    }
    fn counts(&self, task: &'a Task, only: &[String], skip: &[String]) -> bool {
        let levels = self.of(task);
        let keyword = |name: &str| levels.iter().find_map(|k| k.other.get(name)).filter(|v| !v.is_null());
        if keyword("delegate_to").is_some() || maybe(keyword("run_once")) {
            return false;
        }
        let tags: Vec<String> = levels.iter().flat_map(|k| &k.tags).map(|v: &Value| py_str(v)).collect();
        selected(&tags, only, skip)
    }
}

/// Whether `--tags` and `--skip-tags` leave a task with these tags in.
fn selected(tags: &[String], only: &[String], skip: &[String]) -> bool {
    let has = |list: &[String], name: &str| list.iter().any(|t| t == name);
    let among = |list: &[String]| {
        tags.iter().any(|t| has(list, t)) || (has(list, "tagged") && !tags.is_empty()) || (has(list, "untagged") && tags.is_empty())
    };
    let never = has(tags, "never");
    let wanted = match only {
        [] => !never,
        _ => has(tags, "always") || among(only) || (has(only, "all") && !never),
    };
    let left_out = among(skip) || (has(skip, "all") && !has(tags, "always"));
    wanted && !left_out
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustle_playbook::{Loader, Options};

    fn tasks(book: &str, only: &[&str], skip: &[&str]) -> u32 {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("site.yml"), book).unwrap();
        let options = Options { cwd: dir.path().to_string_lossy().into_owned(), check_modules: false, ..Options::default() };
        let mut run = ParsedRun::default();
        run.take(Loader::new(options).load_playbook("site.yml").unwrap());
        let owned = |l: &[&str]| l.iter().map(|s| (*s).to_owned()).collect();
        (run.options.tags, run.options.skip_tags) = (owned(only), owned(skip));
        let all = work(&run, &mut |_| vec!["a".into(), "b".into()]);
        assert_eq!(all[0].1, all[1].1);
        all[0].1
    }

    const BOOK: &str = "
- hosts: all
  tasks:
  - ansible.builtin.ping:
  - ansible.builtin.debug: {msg: nothing happens there}
  - ansible.builtin.command: 'true'
    tags: [web]
  - ansible.builtin.command: 'true'
    tags: [never, rare]
  - ansible.builtin.ping:
    delegate_to: localhost
  - ansible.builtin.ping:
    run_once: true
  - block:
    - ns.coll.unknown: {}
    tags: web
  handlers:
  - ansible.builtin.service: {name: x, state: restarted}
- hosts: all
  gather_facts: false
  tasks:
  - ansible.builtin.fetch: {src: a, dest: b}
  - ansible.builtin.copy: {content: x, dest: /x}
    tags: always
";

    #[test]
    fn what_is_done_on_hosts_is_counted() {
        assert_eq!(tasks(BOOK, &[], &[]), 1 + 3 + 1);
        assert_eq!(tasks(BOOK, &["web"], &[]), 1 + 2 + 1);
        assert_eq!(tasks(BOOK, &["rare"], &[]), 1 + 1 + 1);
        assert_eq!(tasks(BOOK, &[], &["web"]), 1 + 1 + 1);
        assert_eq!(tasks(BOOK, &["untagged"], &["always"]), 1 + 1);
    }
}
