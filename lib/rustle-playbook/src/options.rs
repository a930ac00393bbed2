//! What the loader must be told: folders, paths of roles and collections, and how to render and decrypt.

use crate::paths;
use rustle_value::{Dict, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Renders a template with the given variables, or says why it can't.
pub type Render = Arc<dyn Fn(&Value, &Dict) -> Result<Value, String> + Send + Sync>;

/// A name that no folder and no list has, and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Unresolved<'a> {
    pub name: &'a str,
    /// The playbook's folder.
    pub playbook: &'a str,
    /// Folders of the roles around it, nearest first.
    pub folders: &'a [String],
    /// The `collections` keyword.
    pub collections: &'a [String],
}

/// The full name of a module that something outside knows (an installed ansible-core), if it does.
pub type Elsewhere = Arc<dyn Fn(&Unresolved<'_>) -> Option<String> + Send + Sync>;

/// Clear text of an encrypted file: `(ciphertext, path)`.
pub type Decrypt = Arc<dyn Fn(&str, &str) -> Result<String, String> + Send + Sync>;

/// What a loader must be told. `Default` is a run in `/` without vault or templates in import names.
#[derive(Clone)]
pub struct Options {
    /// Relative paths start here.
    pub cwd: String,
    /// Folders with roles: `roles_path` of `ansible.cfg`, or [`default_roles_path`].
    pub roles_path: Vec<String>,
    /// Folders that hold an `ansible_collections`.
    pub collections_path: Vec<String>,
    /// `library` of `ansible.cfg`: folders of custom modules.
    pub module_path: Vec<String>,
    /// Names that are known besides `ansible.builtin`'s, as they may be written. `None`: any name is accepted.
    pub known_modules: Vec<String>,
    /// Asked for names that are not known otherwise.
    pub elsewhere: Elsewhere,
    /// False: an unknown module is no error here (it will be one at run time).
    pub check_modules: bool,
    /// `DUPLICATE_YAML_DICT_KEY`.
    pub duplicate_keys: rustle_yaml::DuplicateKeys,
    /// `private_role_vars`: a role's defaults and vars are its own, unless the mention says otherwise.
    pub private_role_vars: bool,
    /// `hash_behaviour = merge`.
    pub merge_dicts: bool,
    /// `-e`: import names may use them.
    pub extra_vars: Dict,
    pub render: Render,
    pub decrypt: Decrypt,
    /// Texts that are read in place of files, by path, each with the name that errors give it.
    pub given: BTreeMap<String, (String, String)>,
}

/// Where roles are looked for if nothing else is said.
pub fn default_roles_path() -> Vec<String> {
    ["~/.ansible/roles", "/usr/share/ansible/roles", "/etc/ansible/roles"].map(paths::expand).to_vec()
}

/// Where collections are looked for if nothing else is said.
pub fn default_collections_path() -> Vec<String> {
    ["~/.ansible/collections", "/usr/share/ansible/collections"].map(paths::expand).to_vec()
}

/// Renders `{{ name }}` and text around it, and nothing more: for callers without a template engine.
fn names_only(value: &Value, vars: &Dict) -> Result<Value, String> {
    let Value::Template(t) = value else { return Ok(value.clone()) };
    let mut out = String::new();
    let mut rest: &str = &t.source;
    while let Some((before, tail)) = rest.split_once("{{") {
        let (name, after) = tail.split_once("}}").ok_or("unexpected end of template")?;
        let found = vars.get(name.trim()).ok_or_else(|| format!("'{}' is undefined", name.trim()))?;
        out.push_str(before);
        out.push_str(&names_only(found, vars)?.to_string());
        rest = after;
    }
    out.push_str(rest);
    Ok(Value::from(out))
}

impl Default for Options {
    fn default() -> Self {
        Options {
            cwd: "/".into(),
            roles_path: default_roles_path(),
            private_role_vars: false,
            merge_dicts: false,
            collections_path: default_collections_path(),
            module_path: Vec::new(),
            known_modules: Vec::new(),
            elsewhere: Arc::new(|_| None),
            check_modules: true,
            duplicate_keys: rustle_yaml::DuplicateKeys::Warn,
            extra_vars: Dict::new(),
            render: Arc::new(names_only),
            decrypt: Arc::new(|_, _| Err("Attempting to decrypt but no vault secrets found".into())),
            given: BTreeMap::new(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Extra variables may hold secrets: they are never printed.
        f.debug_struct("Options").field("cwd", &self.cwd).field("roles_path", &self.roles_path).finish_non_exhaustive()
    }
}
