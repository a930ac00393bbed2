//! Dynamic includes: what `include_tasks` and `include_role` bring in while a play runs. Called by the controller,
//! which renders names and tells where the include stands.

use crate::error::{PlaybookError, Result};
use crate::loader::{Loader, Scope};
use crate::paths;
use crate::roles::{From, Use};
use rustle_stream::model::{Block, Fragment, Keywords, Play, Task};
use rustle_value::{Dict, Origin};
use rustle_yaml::{Node, NodeKind};

/// Where an include stands, beyond what its task says.
#[derive(Clone, Copy, Debug)]
pub struct IncludeContext<'a> {
    pub play: &'a Play,
    /// The including task: its role, parent block, keywords and file.
    pub task: &'a Task,
    /// The including task's `collections` and those of its blocks (nearest wins), else empty.
    pub collections: &'a [String],
}

/// A role to include, with final names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoleInclude {
    pub name: String,
    pub tasks_from: Option<String>,
    pub vars_from: Option<String>,
    pub defaults_from: Option<String>,
    pub handlers_from: Option<String>,
    /// `apply:` keywords, rendered or not.
    pub apply: Dict,
    pub public: bool,
    /// `None`: true, as `include_role` has it.
    pub allow_duplicates: Option<bool>,
    /// `None`: true.
    pub validate: Option<bool>,
}

impl Loader {
    fn include_scope(&self, cx: &IncludeContext<'_>) -> Scope {
        let mut scope = Scope {
            play: cx.play.id,
            dynamic: true,
            parent: cx.task.parent,
            handler: cx.task.handler,
            basedir: paths::parent(&cx.play.playbook).to_owned(),
            vars: cx.play.keywords.vars.clone(),
            collections: cx.collections.to_vec(),
            ..Scope::default()
        };
        if scope.collections.is_empty() {
            scope.collections.clone_from(&cx.play.keywords.collections);
        }
        if let Some(role) = cx.task.role {
            self.role_scope(role, &mut scope);
        }
        // A task that was written in a file of tasks finds files beside that one.
        if let Some(o) = &cx.task.origin
            && *o.file != *cx.play.playbook
        {
            scope.dirs.push(paths::parent(&o.file).to_owned());
        }
        scope
    }

    /// The implicit block around what is included: the keywords of `apply`, and the variables of the include.
    fn include_block(&mut self, scope: &Scope, apply: &Dict, cx: &IncludeContext<'_>) -> Result<Block> {
        let origin = cx.task.origin.clone().unwrap_or_default();
        let mut keywords = Keywords::default();
        for (word, v) in apply.str_iter() {
            let node = Node::from_value(v, &origin);
            if word == "notify" {
                keywords.other.insert(word, crate::values::listed(&node));
                continue;
            }
            if !crate::shared::take(&mut keywords, word, &node, crate::keywords::Owner::Block)? && word != "name" {
                let key = Node { value: NodeKind::Scalar(word.into()), origin: origin.clone(), is_unsafe: false };
                return Err(crate::shared::invalid(&key, word, crate::keywords::Owner::Block));
            }
        }
        let id = self.ids.block();
        Ok(Block { id, parent: scope.parent, role: scope.role, keywords, implicit: true, origin: Some(origin), ..Block::default() })
    }

    /// The path of the file that an `include_tasks` names (`file` is rendered).
    pub fn include_tasks_path(&self, file: &str, cx: &IncludeContext<'_>) -> String {
        self.find_tasks(file, &self.include_scope(cx))
    }

    /// The tasks that `include_tasks: file` brings, with fresh ids, in one implicit block that carries `apply`. `file`
    /// is rendered; `apply` may hold templates.
    ///
    /// # Errors
    /// The file is missing, or something in it is wrong.
    pub fn load_include_tasks(&mut self, file: &str, apply: &Dict, cx: &IncludeContext<'_>) -> Result<Fragment> {
        let scope = self.include_scope(cx);
        let path = self.find_tasks(file, &scope);
        if !paths::exists(&path) {
            // Ansible's result has the message without the advice that its screen has.
            let message = format!(
                "Unable to retrieve file contents. Could not find or access '{path}' on the Ansible Controller: [Errno 2] No \
                 such file or directory: '{path}'"
            );
            let help = "If you are using a module and expect the file to exist on the remote, see the remote_src option.";
            return Err(PlaybookError::general(message, None).help(help));
        }
        let mut block = self.include_block(&scope, apply, cx)?;
        let inner = self.inside(&scope, &block);
        block.body = self.task_file(&path, &inner)?.unwrap_or_default();
        let node = self.add_block(block);
        Ok(self.fragment(vec![node]))
    }

    /// The tasks, handlers and roles that `include_role` brings, with fresh ids.
    ///
    /// # Errors
    /// The role or a file of it is missing, or something in it is wrong.
    pub fn load_include_role(&mut self, role: &RoleInclude, cx: &IncludeContext<'_>) -> Result<Fragment> {
        let mut scope = self.include_scope(cx);
        let mut block = self.include_block(&scope, &role.apply, cx)?;
        scope = self.inside(&scope, &block);
        scope.chain.splice(0..0, cx.task.role);
        scope.dirs.clear();
        let wanted = Use {
            name: role.name.clone(),
            origin: cx.task.origin.clone(),
            from: From {
                tasks: role.tasks_from.clone(),
                vars: role.vars_from.clone(),
                defaults: role.defaults_from.clone(),
                handlers: role.handlers_from.clone(),
            },
            public: role.public,
            allow_duplicates: Some(role.allow_duplicates.unwrap_or(true)),
            validate: role.validate.unwrap_or(true),
            ..Use::default()
        };
        let loaded = self.role(&wanted, &scope)?;
        block.body = vec![loaded.node];
        let node = self.add_block(block);
        let mut fragment = self.fragment(vec![node]);
        fragment.handlers = loaded.handlers;
        fragment.handlers.append(&mut self.imported_handlers);
        Ok(fragment)
    }

    fn fragment(&mut self, nodes: Vec<rustle_stream::model::Node>) -> Fragment {
        let mut fragment = std::mem::take(&mut self.out);
        fragment.nodes = nodes;
        fragment
    }

    /// Variables of a file, for `include_vars` and `vars_files`: decrypted, with templates in place. `None` where it
    /// holds something else than a mapping.
    ///
    /// # Errors
    /// The file is missing or isn't YAML.
    pub fn load_vars_file(&mut self, path: &str) -> Result<Option<Dict>> {
        self.read_vars(path)
    }
}

/// An origin for things that no file says.
pub fn nowhere() -> Origin {
    Origin::new("<unknown>", 0, 0)
}
