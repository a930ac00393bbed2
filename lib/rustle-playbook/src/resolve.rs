//! Names to things: modules, roles and playbooks in collections, custom modules beside playbook and role.

use crate::error::Result;
use crate::loader::{Loader, Scope};
use crate::options::Unresolved;
use crate::paths;
use crate::routing::{HEIRS, RENAMED};
use rustle_value::Origin;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// Names of `ansible.builtin`'s modules and actions.
pub fn builtin_names() -> &'static [&'static str] {
    static NAMES: OnceLock<Vec<&'static str>> = OnceLock::new();
    NAMES.get_or_init(|| include_str!("../data/builtin.txt").lines().filter(|l| !l.starts_with('#')).collect())
}

/// Lookups of `ansible.builtin`: `with_<name>`.
const LOOKUPS: &[&str] = &[
    "config", "csvfile", "dict", "env", "file", "fileglob", "first_found", "indexed_items", "ini",
    "inventory_hostnames", "items", "lines", "list", "nested", "password", "pipe", "random_choice", "sequence", "subelements",
    "template", "together", "unvault", "url", "varnames", "vars",
];

/// Lookups that Ansible had, and that are known by their old names where `community.general` is installed.
const MOVED_LOOKUPS: &[&str] = &[
    "cartesian", "consul_kv", "credstash", "dig", "dnstxt", "etcd", "filetree", "flattened", "hiera", "keyring", "lastpass", "onepassword",
    "passwordstore", "redis", "shelvefile",
];

/// Parts of a name `namespace.collection.rest`.
pub(crate) fn collection_parts(name: &str) -> Option<(&str, &str, &str)> {
    let word = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let mut parts = name.splitn(3, '.');
    let (ns, coll, rest) = (parts.next()?, parts.next()?, parts.next()?);
    (word(ns) && word(coll) && rest.split('.').all(word)).then_some((ns, coll, rest))
}

/// `ansible.builtin.NAME` of a name that it has.
fn builtin(name: &str) -> Option<Arc<str>> {
    match name {
        // It moved within Ansible.
        "yum" => Some("ansible.builtin.dnf".into()),
        n if n == "include" || builtin_names().contains(&n) => Some(format!("ansible.builtin.{n}").into()),
        _ => None,
    }
}

/// Whether a full name is one of `ansible.builtin`'s.
pub(crate) fn is_builtin(full: &str) -> bool {
    full.strip_prefix("ansible.builtin.").is_some_and(|n| builtin(n).is_some())
}

/// Endings of files that are no modules.
const NEVER: &[&str] = &["pyc", "pyo", "swp", "bak", "rpm", "md", "txt", "rst", "yaml", "yml", "ini"];

/// The file of a plugin called `name` in a folder: `name.py` first, then any other ending, then none.
pub fn module_file(folder: &str, name: &str) -> Option<String> {
    let path = |e: &str| format!("{}/{name}{e}", folder.trim_end_matches('/'));
    if Path::new(&path(".py")).is_file() {
        return Some(path(".py"));
    }
    let base = path("");
    let (dir, leaf) = base.rsplit_once('/')?;
    let mut found: Vec<String> = std::fs::read_dir(dir)
        .ok()?
        .flatten()
        .filter_map(|e| e.file_name().into_string().ok())
        .filter(|f| match f.split_once('.') {
            Some((stem, ending)) => stem == leaf && !NEVER.contains(&ending) && !ending.ends_with('~'),
            None => f == leaf,
        })
        .filter(|f| Path::new(&format!("{dir}/{f}")).is_file())
        .collect();
    found.sort();
    found.into_iter().next().map(|f| format!("{dir}/{f}"))
}

impl Loader {
    /// Every module's short name that is known, for suggestions.
    pub(crate) fn module_names(&self) -> Vec<String> {
        let builtin = builtin_names().iter().map(ToString::to_string);
        builtin.chain(self.options.known_modules.iter().cloned()).collect()
    }

    /// The folders of an installed collection.
    pub(crate) fn collection(&self, namespace: &str, name: &str) -> Vec<String> {
        let sub = format!("ansible_collections/{namespace}/{name}");
        let paths = self.options.collections_path.iter().map(|p| {
            // Both the folder that holds `ansible_collections` and that folder itself are accepted.
            let p = paths::expand(p);
            let p = p.trim_end_matches('/');
            paths::join(p.strip_suffix("/ansible_collections").unwrap_or(p), &sub)
        });
        paths.filter(|p| paths::is_dir(p)).collect()
    }

    pub(crate) fn in_collection(&self, namespace: &str, name: &str, module: &str) -> bool {
        let module = module.replace('.', "/");
        self.collection(namespace, name).iter().any(|folder| {
            ["plugins/modules", "plugins/action"].iter().any(|kind| module_file(&paths::join(folder, kind), &module).is_some())
        })
    }

    /// The full name of a module or action; `None` where there is none of that name.
    pub(crate) fn resolve(&mut self, name: &str, scope: &Scope) -> Option<Arc<str>> {
        self.resolve_at(name, scope, None).ok().flatten()
    }

    /// The same, for a task at `place`. What lists and folders do not know is asked elsewhere.
    ///
    /// # Errors
    /// A collection says that the module is gone.
    pub(crate) fn resolve_at(&mut self, name: &str, scope: &Scope, place: Option<&Origin>) -> Result<Option<Arc<str>>> {
        let here = self.resolve_here(name, scope, place);
        if matches!(here, Ok(Some(_))) || name.starts_with("ansible.builtin.") || name.contains("{{") {
            return here;
        }
        let question = Unresolved { name, playbook: &scope.basedir, folders: &scope.search, collections: &scope.collections };
        (self.options.elsewhere)(&question).map_or(here, |found| Ok(Some(found.into())))
    }

    /// What lists and folders know.
    fn resolve_here(&mut self, name: &str, scope: &Scope, place: Option<&Origin>) -> Result<Option<Arc<str>>> {
        if let Some(n) = name.strip_prefix("ansible.builtin.") {
            return Ok(builtin(n));
        }
        let legacy = name.strip_prefix("ansible.legacy.");
        if let (None, Some((ns, coll, module))) = (legacy, collection_parts(name)) {
            return self.routed(&format!("{ns}.{coll}"), module, place);
        }
        let plain = legacy.unwrap_or(name);
        if legacy.is_none() {
            for c in &scope.collections {
                let own = matches!(c.as_str(), "ansible.builtin" | "ansible.legacy") && builtin(plain).is_some();
                if !own && let Some(found) = self.routed(c, plain, place)? {
                    return Ok(Some(found));
                }
            }
        }
        let mut folders: Vec<String> = self.options.module_path.iter().map(|p| paths::expand(p)).collect();
        // What one role brings, all that comes later can use.
        let roles = self.roles.values().map(|r| &r.path);
        for base in std::iter::once(&scope.basedir).chain(&scope.search).chain(roles) {
            folders.extend(["library", "action_plugins"].map(|f| paths::join(base, f)));
        }
        if folders.iter().any(|f| module_file(f, plain).is_some()) {
            return Ok(Some(format!("ansible.legacy.{plain}").into()));
        }
        if let Some(found) = builtin(plain) {
            return Ok(Some(found));
        }
        if self.options.known_modules.iter().any(|k| k == plain) {
            return Ok(Some(plain.into()));
        }
        if let Some((_, (collection, module))) = RENAMED.iter().find(|(n, _)| *n == plain).and_then(|(n, to)| Some((n, to.rsplit_once('.')?))) {
            return self.routed(collection, module, place);
        }
        for heir in HEIRS {
            if let Some(found) = self.routed(heir, plain, place)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Whether `with_<name>` names a lookup.
    pub(crate) fn is_lookup(&self, name: &str, scope: &Scope) -> bool {
        if LOOKUPS.contains(&crate::action::short(name)) {
            return true;
        }
        let brings = |ns: &str, coll: &str, plugin: &str| {
            let file = format!("plugins/lookup/{plugin}.py");
            self.collection(ns, coll).iter().any(|f| paths::is_file(&paths::join(f, &file)))
        };
        if let Some((ns, coll, plugin)) = collection_parts(name) {
            return brings(ns, coll, plugin);
        }
        if MOVED_LOOKUPS.contains(&name) && brings("community", "general", name) {
            return true;
        }
        let file = format!("lookup_plugins/{name}.py");
        std::iter::once(&scope.basedir).chain(&scope.search).any(|base| paths::is_file(&paths::join(base, &file)))
    }

    /// The folder of a role in a collection, and the collection's name.
    pub(crate) fn collection_role(&self, name: &str, collections: &[String]) -> Option<(String, String)> {
        let one = |ns: &str, coll: &str, role: &str| {
            let folders = self.collection(ns, coll);
            let path = folders.iter().map(|f| format!("{f}/roles/{}", role.replace('.', "/"))).find(|p| paths::is_dir(p))?;
            Some((path, format!("{ns}.{coll}")))
        };
        if let Some((ns, coll, role)) = collection_parts(name) {
            return one(ns, coll, role);
        }
        collections.iter().find_map(|c| c.split_once('.').and_then(|(ns, coll)| one(ns, coll, name)))
    }

    /// The file of a playbook in a collection.
    pub(crate) fn collection_playbook(&self, name: &str) -> Option<String> {
        let stem = [".yml", ".yaml", ".json"].iter().find_map(|e| name.strip_suffix(e)).unwrap_or(name);
        let (ns, coll, book) = collection_parts(stem)?;
        let book = book.replace('.', "/");
        let folders = self.collection(ns, coll);
        folders.iter().flat_map(|f| [".yml", ".yaml", ".json"].map(|e| format!("{f}/playbooks/{book}{e}"))).find(|p| paths::is_file(p))
    }
}
