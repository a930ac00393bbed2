//! The loader's state: options, numbers given out, what was loaded so far; and the scope in which a node is read.

use crate::error::Result;
use crate::options::Options;
use crate::paths;
use crate::roles::RoleInfo;
use rustle_stream::model::{Block, BlockId, Fragment, Play, PlayId, Role, RoleId, Task, TaskId};
use rustle_stream::record::Warning;
use rustle_value::Dict;
use std::collections::HashMap;

/// Deepest chain of imports and role dependencies; beyond it they are taken to be endless.
pub(crate) const MAX_DEPTH: usize = 100;

/// Everything that some playbooks say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    pub plays: Vec<Play>,
    /// Blocks, tasks and roles of all plays. `nodes` and `handlers` are empty: the plays name theirs.
    pub fragment: Fragment,
    /// What a person should be told; texts as Ansible prints them after `[WARNING]: `.
    pub warnings: Vec<Warning>,
}

/// Reads playbooks, roles and task files, and numbers what it finds. One loader serves a whole run, so that ids stay
/// unique when files are included while the run goes on.
pub struct Loader {
    pub(crate) options: Options,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) out: Fragment,
    pub(crate) ids: Ids,
    /// Roles of the plays: equal uses (same play, folder, parameters, conditions) share one id, so that they run once.
    pub(crate) uses: HashMap<String, RoleId>,
    pub(crate) roles: HashMap<RoleId, RoleInfo>,
    /// Handlers that `import_role` brought to the current play.
    pub(crate) imported_handlers: Vec<rustle_stream::model::Node>,
    /// What `meta/runtime.yml` of collections says.
    pub(crate) routings: HashMap<String, std::sync::Arc<crate::routing::Routing>>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ids {
    pub play: u32,
    pub block: u32,
    pub task: u32,
    pub role: u32,
}

fn take(n: &mut u32) -> u32 {
    let id = *n;
    *n += 1;
    id
}

impl Ids {
    pub(crate) fn play(&mut self) -> PlayId {
        PlayId(take(&mut self.play))
    }
    pub(crate) fn block(&mut self) -> BlockId {
        BlockId(take(&mut self.block))
    }
    pub(crate) fn task(&mut self) -> TaskId {
        TaskId(take(&mut self.task))
    }
    pub(crate) fn role(&mut self) -> RoleId {
        RoleId(take(&mut self.role))
    }
}

/// Where a node stands while it is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    pub play: PlayId,
    pub parent: Option<BlockId>,
    pub role: Option<RoleId>,
    /// Roles that the current one was pulled in by, nearest first.
    pub chain: Vec<RoleId>,
    pub handler: bool,
    /// The playbook's folder.
    pub basedir: String,
    /// Folders of the task files that we are in, nearest first (imports are looked for there).
    pub dirs: Vec<String>,
    /// Folders of the roles that we are in, nearest first.
    pub search: Vec<String>,
    /// What names of static imports may use.
    pub vars: Dict,
    pub collections: Vec<String>,
    pub depth: usize,
    /// Read while the run goes on.
    pub dynamic: bool,
}

impl Loader {
    /// A loader that starts numbering at 0.
    pub fn new(options: Options) -> Self {
        Loader {
            options,
            warnings: Vec::new(),
            out: Fragment::default(),
            ids: Ids::default(),
            uses: HashMap::new(),
            roles: HashMap::new(),
            imported_handlers: Vec::new(),
            routings: HashMap::new(),
        }
    }

    /// A loader that goes on behind what was parsed elsewhere (read from a stream).
    pub fn resume(options: Options, plays: &[Play], fragment: &Fragment) -> Self {
        let mut loader = Loader::new(options);
        let after = |ids: &mut dyn Iterator<Item = u32>| ids.max().map_or(0, |m| m + 1);
        loader.ids = Ids {
            play: after(&mut plays.iter().map(|p| p.id.0)),
            block: after(&mut fragment.blocks.iter().map(|b| b.id.0)),
            task: after(&mut fragment.tasks.iter().map(|t| t.id.0)),
            role: after(&mut fragment.roles.iter().map(|r| r.id.0)),
        };
        for role in &fragment.roles {
            let info = RoleInfo::of(role, Vec::new());
            loader.roles.insert(role.id, info);
        }
        loader
    }

    /// Loads playbooks in order.
    ///
    /// # Errors
    /// The first mistake in a playbook or in anything that it imports.
    pub fn load_playbooks<S: AsRef<str>>(&mut self, files: &[S]) -> Result<Parsed> {
        let mut plays = Vec::new();
        for file in files {
            plays.extend(self.load_playbook_file(file.as_ref())?);
        }
        Ok(self.parsed(plays))
    }

    /// Loads one playbook. Numbers go on behind those of earlier calls.
    ///
    /// # Errors
    /// The first mistake in the playbook or in anything that it imports.
    pub fn load_playbook(&mut self, file: &str) -> Result<Parsed> {
        self.load_playbooks(&[file])
    }

    fn parsed(&mut self, plays: Vec<Play>) -> Parsed {
        Parsed { plays, fragment: std::mem::take(&mut self.out), warnings: std::mem::take(&mut self.warnings) }
    }

    fn load_playbook_file(&mut self, file: &str) -> Result<Vec<Play>> {
        let path = match self.collection_playbook(file) {
            Some(path) => path,
            None => paths::absolute(file, &self.options.cwd),
        };
        self.playbook(&path, &Dict::new(), 0)
    }

    /// What was loaded since the last call: for warnings of includes at run time.
    pub fn take_warnings(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.warnings)
    }

    pub(crate) fn add_task(&mut self, task: Task) -> rustle_stream::model::Node {
        let id = task.id;
        self.out.tasks.push(task);
        rustle_stream::model::Node::Task(id)
    }
    pub(crate) fn add_block(&mut self, block: Block) -> rustle_stream::model::Node {
        let id = block.id;
        self.out.blocks.push(block);
        rustle_stream::model::Node::Block(id)
    }
    pub(crate) fn add_role(&mut self, role: Role) {
        self.out.roles.push(role);
    }

    /// Variables that names of static imports may use, in their order of precedence.
    pub(crate) fn import_vars(&self, scope: &Scope, own: &Dict) -> Dict {
        let mut vars = Dict::new();
        if let Some(info) = scope.role.and_then(|r| self.roles.get(&r)) {
            vars.update(&info.defaults);
        }
        vars.insert("playbook_dir", scope.basedir.as_str());
        vars.update(&scope.vars);
        if let Some(info) = scope.role.and_then(|r| self.roles.get(&r)) {
            vars.insert("role_name", info.name.as_str());
            vars.insert("role_path", info.path.as_str());
            vars.insert("ansible_role_name", info.name.as_str());
            vars.update(&info.vars);
        }
        vars.update(own);
        vars.update(&self.options.extra_vars);
        vars
    }
}
