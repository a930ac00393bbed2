//! A play's tasks, blocks and roles by number, and the order in which they stand.
//!
//! Grows while the play runs: dynamic includes bring tasks of their own.

use rustle_stream::model::{Block, BlockId, Fragment, Node, Role, RoleId, Task, TaskId};
use rustle_stream::protocol::Placement;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Whether hosts do this task on the controller one after the other, in their order, because what comes of it depends
/// on it.
pub fn in_order(task: &Task) -> bool {
    matches!(&*task.action, "ansible.builtin.group_by" | "ansible.builtin.set_stats") || task.keywords.other.contains_key("delegate_facts")
}

/// Tasks, blocks and roles of a play. Cheap to look up, shared between those who execute.
#[derive(Clone, Debug, Default)]
pub struct Program {
    tasks: HashMap<TaskId, Arc<Task>>,
    blocks: HashMap<BlockId, Arc<Block>>,
    roles: HashMap<RoleId, Arc<Role>>,
    /// Static roles in the order of the play: their defaults and vars are seen by every task.
    public_roles: Vec<RoleId>,
    controller: HashSet<TaskId>,
    visible: HashSet<TaskId>,
}

impl Program {
    /// Adds the contents of `fragment`; what is already there under the same number is replaced.
    pub fn add(&mut self, fragment: &Fragment, placement: &Placement) {
        for task in &fragment.tasks {
            self.tasks.insert(task.id, Arc::new(task.clone()));
        }
        for block in &fragment.blocks {
            self.blocks.insert(block.id, Arc::new(block.clone()));
        }
        for role in &fragment.roles {
            if role.public && !self.public_roles.contains(&role.id) {
                self.public_roles.push(role.id);
            }
            self.roles.insert(role.id, Arc::new(role.clone()));
        }
        self.controller.extend(&placement.controller);
        self.visible.extend(&placement.visible);
    }
    /// Adds or replaces one task.
    pub fn add_task(&mut self, task: Arc<Task>) {
        self.tasks.insert(task.id, task);
    }
    pub fn task(&self, id: TaskId) -> Option<Arc<Task>> {
        self.tasks.get(&id).cloned()
    }
    pub fn block(&self, id: BlockId) -> Option<Arc<Block>> {
        self.blocks.get(&id).cloned()
    }
    /// All roles, in no order.
    pub fn roles(&self) -> impl Iterator<Item = &Arc<Role>> {
        self.roles.values()
    }
    pub fn role(&self, id: RoleId) -> Option<Arc<Role>> {
        self.roles.get(&id).cloned()
    }
    /// Roles whose defaults and vars the whole play sees, in order.
    pub fn public_roles(&self) -> impl DoubleEndedIterator<Item = &Arc<Role>> {
        self.public_roles.iter().filter_map(|id| self.roles.get(id))
    }
    pub fn on_controller(&self, id: TaskId) -> bool {
        self.controller.contains(&id)
    }
    pub fn is_visible(&self, id: TaskId) -> bool {
        self.visible.contains(&id) || self.controller.contains(&id)
    }
    /// How many positions the nodes take, blocks included: each task and each block's three parts in order.
    pub fn width(&self, nodes: &[Node]) -> u32 {
        nodes
            .iter()
            .map(|node| match node {
                Node::Task(_) => 1,
                Node::Block(id) => self.block(*id).map_or(0, |b| {
                    self.width(&b.body) + self.width(&b.rescue) + self.width(&b.always)
                }),
            })
            .sum()
    }
    /// The tasks below `nodes`, in order.
    pub fn tasks_below(&self, nodes: &[Node], out: &mut Vec<Arc<Task>>) {
        for node in nodes {
            match node {
                Node::Task(id) => out.extend(self.task(*id)),
                Node::Block(id) => {
                    if let Some(b) = self.block(*id) {
                        self.tasks_below(&b.body, out);
                        self.tasks_below(&b.rescue, out);
                        self.tasks_below(&b.always, out);
                    }
                }
            }
        }
    }
}
