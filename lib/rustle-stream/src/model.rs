//! What a playbook says, as records: plays, blocks, tasks, roles. Made by `rustle-parse`, executed by the engine.
//!
//! Everything is raw: nothing is templated, no inheritance is resolved; both happen at a task's turn. **Expressions**
//! (`when`, `changed_when`, `failed_when`, `until`) travel as [`Value::Template`] whose source is the bare expression
//! (or as booleans); other strings with `{{` travel as templates with their place.

use rustle_value::{Dict, Origin, Value};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub struct $name(pub u32);
    };
}
id!(
    /// A play's number in the run, from 0.
    PlayId
);
id!(
    /// A block's number, unique in the run.
    BlockId
);
id!(
    /// A task's number, unique in the run (dynamically included tasks get fresh ones).
    TaskId
);
id!(
    /// One use of a role in a play; the same role listed twice has two.
    RoleId
);

/// A child of a block or section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Node {
    Task(TaskId),
    Block(BlockId),
}

fn is_default<T: Default + PartialEq>(x: &T) -> bool {
    *x == T::default()
}

/// Keywords that plays, roles, blocks and tasks share. Every field is as written (perhaps a template), absent where
/// it was not given; the engine resolves inheritance from the task outwards.
///
/// Source: <https://docs.ansible.com/ansible/latest/reference_appendices/playbooks_keywords.html>
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Keywords {
    #[serde(skip_serializing_if = "Dict::is_empty")]
    pub vars: Dict,
    /// Tags as written (strings, perhaps templates or comma lists already split).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Value>,
    /// Conditions, all of which must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Value>,
    /// `environment:` entries (dicts or templates), outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub module_defaults: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub collections: Vec<String>,
    /// Every other shared keyword by its Ansible name: `become`, `become_user`, `become_method`, `become_flags`,
    /// `become_exe`, `check_mode`, `diff`, `ignore_errors`, `ignore_unreachable`, `no_log`, `any_errors_fatal`,
    /// `run_once`, `delegate_to`, `delegate_facts`, `connection`, `port`, `remote_user`, `throttle`, `timeout`,
    /// `debugger`.
    #[serde(skip_serializing_if = "Dict::is_empty")]
    pub other: Dict,
}

/// One use of a role: its defaults and vars are shared by its tasks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Role {
    pub id: RoleId,
    /// The first of the mentions that are equal to this one, but for the roles that they stand in: of these, one runs.
    #[serde(skip_serializing_if = "is_default")]
    pub same: Option<RoleId>,
    /// As `ansible_role_name` shows it.
    pub name: String,
    /// The folder.
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// `defaults/main.yml` (or `defaults_from`).
    pub defaults: Dict,
    /// `vars/main.yml` (or `vars_from`).
    pub vars: Dict,
    /// Parameters given where the role is listed.
    #[serde(skip_serializing_if = "Dict::is_empty")]
    pub params: Dict,
    pub keywords: Keywords,
    /// Roles that pulled this one in, nearest first (`ansible_parent_role_names`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<RoleId>,
    /// Dependencies (`ansible_dependent_role_names`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<RoleId>,
    /// `meta: allow_duplicates`.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_duplicates: bool,
    /// Whether its defaults and vars are seen by the whole play (static roles; `include_role: public: true`).
    pub public: bool,
}
impl Default for RoleId {
    fn default() -> Self {
        RoleId(0)
    }
}

/// A block: `block:` with `rescue:` and `always:`, or an implicit one (a static import, the tasks of a role).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Block {
    pub id: BlockId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<BlockId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleId>,
    pub keywords: Keywords,
    pub body: Vec<Node>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rescue: Vec<Node>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub always: Vec<Node>,
    /// True where the user wrote no `block:` (import_tasks, import_role, roles:). Errors and variables flow through.
    #[serde(skip_serializing_if = "is_default")]
    pub implicit: bool,
    /// True for the block that holds all tasks of a listed or imported role: it runs once per host unless
    /// `allow_duplicates`.
    #[serde(skip_serializing_if = "is_default")]
    pub role_root: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}
impl Default for BlockId {
    fn default() -> Self {
        BlockId(0)
    }
}

/// How a task repeats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Loop {
    /// `None` for `loop:`, the lookup's name for `with_<lookup>:`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
    /// The list, template or terms.
    pub value: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// A task or handler, as written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Task {
    pub id: TaskId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Value>,
    /// The action by its full name where it could be resolved: `ansible.builtin.copy`.
    pub action: Arc<str>,
    /// The action as the user wrote it: `copy`.
    pub written: Arc<str>,
    /// Arguments: a dict; free form text under `_raw_params`; `args:` merged in; a template under `_variable_params`
    /// where the whole is one (`args: "{{ x }}"`).
    #[serde(default, skip_serializing_if = "Dict::is_empty")]
    pub args: Dict,
    #[serde(default, rename = "loop", skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Loop>,
    /// `loop_control` as written: loop_var, index_var, label, pause, extended, extended_allitems, break_when.
    #[serde(default, skip_serializing_if = "Dict::is_empty")]
    pub loop_control: Dict,
    /// `register`: a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register: Option<String>,
    /// `register` as a mapping: names of variables and the expressions that say what of the result they get.
    #[serde(default, skip_serializing_if = "Dict::is_empty")]
    pub projections: Dict,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed_when: Vec<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_when: Vec<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub until: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<Value>,
    /// Handlers only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listen: Vec<Value>,
    #[serde(default, rename = "async", skip_serializing_if = "Option::is_none")]
    pub async_seconds: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<Value>,
    #[serde(default)]
    pub keywords: Keywords,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleId>,
    /// The block that the task stands in; `None` directly under a section of the play.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<BlockId>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub handler: bool,
    /// Made by rustle, not written by the user (fact gathering, the flushing of handlers).
    #[serde(default, skip_serializing_if = "is_default")]
    pub implicit: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Where the action's name stands, if not at `origin`: errors in arguments point there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_origin: Option<Origin>,
    /// Folders, nearest first, where the task's files are looked for before the playbook's (role, including file).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub search_path: Vec<String>,
}

impl Task {
    /// The action as the user wrote it, where that is another name than the resolved one; else nothing.
    pub fn written_otherwise(&self) -> String {
        if self.written == self.action { String::new() } else { self.written.to_string() }
    }
    /// A task that runs `action` and has no keywords.
    pub fn new(id: TaskId, action: impl Into<Arc<str>>) -> Task {
        let action = action.into();
        Task {
            id,
            name: None,
            written: action.clone(),
            action,
            args: Dict::new(),
            repeat: None,
            loop_control: Dict::new(),
            register: None,
            projections: Dict::new(),
            changed_when: Vec::new(),
            failed_when: Vec::new(),
            until: Vec::new(),
            retries: None,
            delay: None,
            notify: Vec::new(),
            listen: Vec::new(),
            async_seconds: None,
            poll: None,
            keywords: Keywords::default(),
            role: None,
            parent: None,
            handler: false,
            implicit: false,
            origin: None,
            action_origin: None,
            search_path: Vec::new(),
        }
    }
}

/// A play. Its sections hold nodes; their tasks and blocks are records of their own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Play {
    pub id: PlayId,
    /// The `name:` as written, else absent (the pattern stands in).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Value>,
    /// Host pattern as written: a string, a list or a template.
    pub hosts: Value,
    /// The playbook file that it came from.
    pub playbook: String,
    pub keywords: Keywords,
    /// Play-only keywords by name, as written: gather_facts, gather_subset, gather_timeout, fact_path, serial, order,
    /// strategy, max_fail_percentage, force_handlers, vars_files, vars_prompt.
    #[serde(skip_serializing_if = "Dict::is_empty")]
    pub other: Dict,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pre_tasks: Vec<Node>,
    /// The `roles:` section: one block per role (dependencies first).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Node>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<Node>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_tasks: Vec<Node>,
    /// Handlers of the play and of its roles, in the order in which they run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub handlers: Vec<Node>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}
impl Default for PlayId {
    fn default() -> Self {
        PlayId(0)
    }
}

/// Tasks, blocks and roles that belong together: a play's, or those of a dynamic include.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Fragment {
    /// The top-level nodes (empty for a play, whose sections name them).
    pub nodes: Vec<Node>,
    pub tasks: Vec<Task>,
    pub blocks: Vec<Block>,
    pub roles: Vec<Role>,
    /// Handlers that a dynamically included role brings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub handlers: Vec<Node>,
    /// The file that it was read from, where there is one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
}
