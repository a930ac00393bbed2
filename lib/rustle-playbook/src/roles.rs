//! Roles: where they are, their defaults, vars, meta, dependencies, tasks and handlers.

use crate::error::{PlaybookError, Result};
use crate::files::main_files;
use crate::loader::{Loader, MAX_DEPTH, Scope};
use crate::paths;
use rustle_stream::model::{Block, BlockId, Keywords, Node as Child, PlayId, Role, RoleId};
use rustle_value::{Dict, Origin};
use rustle_yaml::Node;
use std::collections::HashSet;

/// What the loader keeps of a role.
#[derive(Clone, Debug)]
pub(crate) struct RoleInfo {
    pub name: String,
    pub path: String,
    pub defaults: Dict,
    pub vars: Dict,
    pub collections: Vec<String>,
    pub parents: Vec<RoleId>,
}

impl RoleInfo {
    pub(crate) fn of(role: &Role, collections: Vec<String>) -> Self {
        let mut vars = role.vars.clone();
        vars.update(&role.keywords.vars);
        vars.update(&role.params);
        RoleInfo {
            name: role.name.clone(),
            path: role.path.clone(),
            defaults: role.defaults.clone(),
            vars,
            collections,
            parents: role.parents.clone(),
        }
    }
}

/// `tasks_from` and its like.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub(crate) struct From {
    pub tasks: Option<String>,
    pub vars: Option<String>,
    pub defaults: Option<String>,
    pub handlers: Option<String>,
}

/// One mention of a role.
#[derive(Clone, Debug, Default)]
pub(crate) struct Use {
    pub name: String,
    pub origin: Option<Origin>,
    pub keywords: Keywords,
    pub params: Dict,
    pub from: From,
    pub public: bool,
    /// `None`: as the role's meta says.
    pub allow_duplicates: Option<bool>,
    /// Whether arguments are checked against the role's specification.
    pub validate: bool,
}

/// A role that was loaded for one mention.
pub(crate) struct Loaded {
    pub id: RoleId,
    /// The block of its dependencies and tasks.
    pub node: Child,
    pub handlers: Vec<Child>,
}

impl Loader {
    /// The name, folder and collection of a role.
    fn find_role(&self, wanted: &Use, scope: &Scope) -> Result<(String, String, Option<String>)> {
        let name = &wanted.name;
        if let Some((path, collection)) = self.collection_role(name, &scope.collections) {
            let short = name.strip_prefix(&format!("{collection}.")).unwrap_or(name);
            return Ok((format!("{collection}.{short}"), path, Some(collection)));
        }
        let mut folders = vec![paths::join(&scope.basedir, "roles")];
        folders.extend(self.options.roles_path.iter().map(|p| paths::absolute(p, &self.options.cwd)));
        if let Some(role) = scope.search.first() {
            folders.push(paths::parent(role).to_owned());
        }
        folders.push(scope.basedir.clone());
        let given = paths::expand(name);
        let found = folders.iter().map(|f| paths::normalize(&paths::join(f, &given))).find(|p| paths::is_dir(p));
        if let Some(path) = found {
            return Ok((name.clone(), path, None));
        }
        let direct = paths::absolute(name, &self.options.cwd);
        if paths::is_dir(&direct) {
            return Ok((paths::base(&direct).to_owned(), direct, None));
        }
        let mut searched: Vec<&str> = scope.collections.iter().map(String::as_str).collect();
        if !searched.is_empty() && !searched.iter().any(|c| matches!(*c, "ansible.builtin" | "ansible.legacy")) {
            searched.push("ansible.legacy");
        }
        searched.extend(folders.iter().map(String::as_str));
        let message = format!("The role '{name}' was not found in: {}", searched.join(":"));
        let near = folders.iter().flat_map(|f| std::fs::read_dir(f).into_iter().flatten().flatten());
        let near: Vec<String> = near.filter(|e| e.path().join("tasks").is_dir()).map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        let hint = crate::names::did_you_mean(name, near.iter().map(String::as_str));
        Err(PlaybookError::general(message, wanted.origin.as_ref()).hint(hint))
    }

    /// Variables of `defaults/` or `vars/`.
    fn role_vars(&mut self, role: &str, path: &str, sub: &str, from: Option<&String>) -> Result<Dict> {
        let mut out = Dict::new();
        for file in self.role_files(path, sub, from, true)? {
            let Some(vars) = self.read_vars(&file)? else {
                let message = format!("The {sub}/main.yml file for role '{role}' must contain a dictionary of variables");
                return Err(PlaybookError::parser(message, None));
            };
            if self.options.merge_dicts { out.merge(&vars) } else { out.update(&vars) }
        }
        Ok(out)
    }

    /// The files that stand for `main` (or for what `*_from` names) in a folder of a role.
    fn role_files(&self, path: &str, sub: &str, from: Option<&String>, folders: bool) -> Result<Vec<String>> {
        let folder = paths::join(path, sub);
        let name = from.map_or("main", String::as_str);
        let is_dir = paths::is_dir(&folder);
        let found = if is_dir { main_files(&folder, name, from.is_some(), folders) } else { Vec::new() };
        if let (Some(f), Some(file)) = (from, found.first()) {
            // `..` may not lead out of the role.
            let inside = paths::normalize(file);
            if !inside.starts_with(&format!("{}/", paths::normalize(&folder))) {
                let written = paths::join(&folder, f);
                let role = paths::base(path);
                let message = format!("Failed loading ''{written}'' for role ({role}) as it is not inside the expected role path: '{folder}'");
                return Err(PlaybookError::general(message, None));
            }
        }
        match from {
            Some(_) if !is_dir => {
                let message = format!("Could not find specified file in role, its '{sub}/' is not usable.");
                Err(PlaybookError::general(message, None))
            }
            Some(f) if found.is_empty() => {
                Err(PlaybookError::general(format!("Could not find specified file in role: {sub}/{f}"), None))
            }
            _ => Ok(found),
        }
    }

    fn meta(&mut self, name: &str, path: &str) -> Result<Option<Node>> {
        let Some(file) = self.role_files(path, "meta", None, false)?.into_iter().next() else { return Ok(None) };
        let tree = self.read(&file)?;
        if tree.is_null() || tree.as_map().is_some() {
            return Ok(Some(tree));
        }
        Err(PlaybookError::parser(format!("the 'meta/main.yml' for role {name} is not a dictionary"), None))
    }

    /// Loads a role for one mention of it. Mentions that are equal share an id, so that its tasks run once.
    pub(crate) fn role(&mut self, wanted: &Use, scope: &Scope) -> Result<Loaded> {
        if scope.depth > MAX_DEPTH {
            let message = "A recursion loop was detected with the roles specified. Make sure child roles do not have dependencies \
                           on parent roles: maximum recursion depth exceeded";
            return Err(PlaybookError::general(message, wanted.origin.as_ref()));
        }
        let (name, path, collection) = self.find_role(wanted, scope)?;
        let meta = self.meta(&name, &path)?;
        let entry = |key: &str| meta.as_ref().and_then(|m| m.get(key)).filter(|n| !n.is_null());
        let mut collections = match entry("collections") {
            Some(n) => crate::values::strings(n, "collections")?,
            None => Vec::new(),
        };
        collections.splice(0..0, collection.clone().filter(|c| !collections.contains(c)));
        let allow = entry("allow_duplicates").is_some_and(|n| crate::imports::truth(&crate::values::value(n)));
        let allow = wanted.allow_duplicates.unwrap_or(allow);
        let key = use_key(wanted, &path, scope.play);
        let first = self.uses.get(&key).filter(|_| !allow).copied();
        // Equal mentions in other roles have other variables, and run once all the same.
        let key = format!("{key}\n{:?}", scope.chain);
        let (id, is_new) = match self.uses.get(&key).filter(|_| !allow) {
            // What is included at run time brings the records of its roles along, known or not.
            Some(id) => (*id, scope.dynamic && self.out.roles.iter().all(|r| r.id != *id)),
            None => (self.ids.role(), true),
        };
        let mut role = Role {
            id,
            name: name.clone(),
            path: path.clone(),
            collection,
            params: wanted.params.clone(),
            keywords: wanted.keywords.clone(),
            parents: scope.chain.clone(),
            same: first.filter(|f| *f != id),
            allow_duplicates: allow,
            public: wanted.public,
            ..Role::default()
        };
        if is_new {
            role.vars = self.role_vars(&name, &path, "vars", wanted.from.vars.as_ref())?;
            role.defaults = self.role_vars(&name, &path, "defaults", wanted.from.defaults.as_ref())?;
            if !allow {
                self.uses.insert(key, id);
                self.uses.entry(use_key(wanted, &path, scope.play)).or_insert(id);
            }
            self.roles.insert(id, RoleInfo::of(&role, collections.clone()));
        }
        let mut keywords = wanted.keywords.clone();
        // The role's own `vars:` are in its record: they stand below block variables.
        keywords.vars = Dict::new();
        let outer_id = self.ids.block();
        let mut inner = scope.clone();
        inner.depth += 1;
        inner.parent = Some(outer_id);
        inner.handler = false;
        let mut search = scope.search.clone();
        search.retain(|p| *p != path);
        search.insert(0, path.clone());
        let deps_scope = Scope {
            chain: std::iter::once(id).chain(scope.chain.iter().copied()).collect(),
            search: search.clone(),
            collections: collections.clone(),
            ..inner.clone()
        };
        let deps = match entry("dependencies") {
            Some(list) => self.dependencies(list, meta.as_ref().unwrap_or(list), &deps_scope)?,
            None => Vec::new(),
        };
        role.dependencies = deps.iter().map(|d| d.id).collect();
        let mut own = Block {
            id: outer_id,
            parent: scope.parent,
            role: Some(id),
            keywords,
            implicit: true,
            role_root: true,
            origin: wanted.origin.clone(),
            ..Block::default()
        };
        let mut handlers = Vec::new();
        let mut before = Vec::new();
        for dep in deps {
            handlers.extend(dep.handlers);
            before.push(dep.node);
        }
        let mut around = None;
        if !before.is_empty() {
            let wrap = Block {
                id: outer_id, parent: scope.parent, keywords: std::mem::take(&mut own.keywords), implicit: true,
                origin: wanted.origin.clone(), ..Block::default()
            };
            own.id = self.ids.block();
            own.parent = Some(outer_id);
            around = Some(wrap);
        }
        let inner = Scope {
            role: Some(id), parent: Some(own.id), chain: scope.chain.clone(), search, collections, dirs: Vec::new(), ..inner
        };
        let argspec = if wanted.validate { self.argument_spec(&role, meta.as_ref(), wanted, &inner)? } else { None };
        own.body.extend(argspec.map(|t| self.add_task(t)));
        own.body.extend(self.role_tasks(&name, &path, "tasks", wanted.from.tasks.as_ref(), &inner)?);
        let handler_id = self.ids.block();
        let handler_scope = Scope { handler: true, parent: Some(handler_id), ..inner };
        let own_handlers = self.role_tasks(&name, &path, "handlers", wanted.from.handlers.as_ref(), &handler_scope)?;
        if !own_handlers.is_empty() {
            handlers.push(self.handler_block(handler_id, id, &own, around.as_ref(), own_handlers));
        }
        if is_new {
            self.add_role(role);
        }
        let mut node = self.add_block(own);
        if let Some(mut wrap) = around {
            wrap.body = before;
            wrap.body.push(node);
            node = self.add_block(wrap);
        }
        Ok(Loaded { id, node, handlers })
    }

    /// Handlers inherit from where the role is mentioned, without being children of it.
    fn handler_block(&mut self, id: BlockId, role: RoleId, own: &Block, around: Option<&Block>, body: Vec<Child>) -> Child {
        let outer = around.unwrap_or(own);
        let keywords = outer.keywords.clone();
        let origin = own.origin.clone();
        self.add_block(Block { id, parent: outer.parent, role: Some(role), keywords, body, implicit: true, origin, ..Block::default() })
    }

    fn dependencies(&mut self, list: &Node, meta: &Node, scope: &Scope) -> Result<Vec<Loaded>> {
        let Some(items) = list.as_seq() else {
            return Err(PlaybookError::parser("Expected role dependencies to be a list.", Some(&meta.origin)));
        };
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            let wanted = self.mention(item, scope)?;
            out.push(self.role(&wanted, scope)?);
        }
        Ok(out)
    }

    fn role_tasks(&mut self, role: &str, path: &str, sub: &str, from: Option<&String>, scope: &Scope) -> Result<Vec<Child>> {
        let Some(file) = self.role_files(path, sub, from, false)?.into_iter().next() else { return Ok(Vec::new()) };
        let tree = self.read(&file)?;
        if !tree.is_null() && tree.as_seq().is_none() {
            let message = format!(
                "The {sub}/main.yml file for role '{role}' must contain a list of tasks: {} should be a list or None but is {}",
                crate::values::shown(&tree), crate::values::class(&tree)
            );
            return Err(PlaybookError::parser(message, Some(&tree.origin)));
        }
        self.reserved_in_file(&tree);
        let mut scope = scope.clone();
        scope.dirs.insert(0, paths::parent(&file).to_owned());
        self.task_list(&tree, &scope, sub, &tree)
    }

    /// What parsing needs to know of a role that is already loaded: its scope for tasks that are included at run time.
    pub(crate) fn role_scope(&self, id: RoleId, scope: &mut Scope) {
        let mut seen = HashSet::new();
        let mut next = vec![id];
        scope.role = Some(id);
        while let Some(info) = next.pop().filter(|i| seen.insert(*i)).and_then(|i| self.roles.get(&i)) {
            if !scope.search.contains(&info.path) {
                scope.search.push(info.path.clone());
            }
            next.extend(info.parents.iter().rev().copied());
        }
        if let Some(info) = self.roles.get(&id) {
            scope.collections.clone_from(&info.collections);
            scope.chain.clone_from(&info.parents);
        }
    }
}

/// What makes two mentions of a role in a play equal, as Ansible sees it.
fn use_key(wanted: &Use, path: &str, play: PlayId) -> String {
    let Keywords { vars, tags, when, .. } = wanted.keywords.clone();
    let seen = Keywords { vars, tags, when, ..Keywords::default() };
    let text = serde_json::to_string(&(&wanted.name, &wanted.from, &seen, &wanted.params)).unwrap_or_default();
    // Places of templates differ between equal mentions.
    format!("{}\n{path}\n{}", play.0, strip_places(&text))
}

fn strip_places(json: &str) -> String {
    fn walk(j: &mut serde_json::Value) {
        match j {
            serde_json::Value::Object(o) => {
                for (k, v) in o.iter_mut() {
                    if k == "$tmpl" && let Some(place) = v.get_mut(1) {
                        *place = serde_json::Value::Null;
                    }
                    walk(v);
                }
            }
            serde_json::Value::Array(a) => a.iter_mut().for_each(walk),
            _ => {}
        }
    }
    let Ok(mut j) = serde_json::from_str(json) else { return json.into() };
    walk(&mut j);
    j.to_string()
}
