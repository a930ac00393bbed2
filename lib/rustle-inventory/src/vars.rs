//! A host's variables from the inventory's point of view, lowest precedence first:
//!
//! 1. variables of `all`, then of the host's groups (by depth, priority, name), in the sources;
//! 2. `group_vars/all` next to each source, then next to the playbook;
//! 3. `group_vars` of the groups next to each source (source by source), then next to the playbook;
//! 4. the host's variables in the sources;
//! 5. `host_vars` next to each source, then next to the playbook.
//!
//! Files are read once and kept.

use crate::records::{PLAYBOOKS, SOURCES};
use crate::{Inventory, InventoryError};
use rustle_value::{Dict, Value};
use rustle_yaml::{NodeKind, Options, Trust};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Where a layer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerKind {
    AllInventory,
    GroupInventory,
    /// `group_vars/all` next to a source.
    AllFiles,
    /// `group_vars/all` next to the playbook.
    AllPlayFiles,
    GroupFiles,
    GroupPlayFiles,
    HostInventory,
    HostFiles,
    HostPlayFiles,
}

/// Some of a host's variables.
#[derive(Clone, Debug)]
pub struct Layer {
    pub kind: LayerKind,
    /// The group or host that they belong to.
    pub entity: String,
    /// The directory with `group_vars` or `host_vars`, for those kinds.
    pub dir: Option<PathBuf>,
    pub vars: Arc<Dict>,
}

type Files = HashMap<PathBuf, Arc<Dict>>;

/// Variable files by the path without ending (`…/group_vars/all`).
#[derive(Debug, Default)]
pub(crate) struct FileCache(Mutex<Files>);

/// `b` over `a`: `dict.update`, or a deep merge of dicts.
pub fn combine(a: &Dict, b: &Dict, merge: bool) -> Dict {
    let mut out = a.clone();
    if merge { out.merge(b) } else { out.update(b) }
    out
}

impl Inventory {
    /// The layers of a host's variables, lowest precedence first; empty ones are left out. `play_dirs` are the
    /// directories whose `group_vars` and `host_vars` count as the playbook's.
    ///
    /// # Errors
    /// A variable file that cannot be read.
    pub fn layers_of(&self, host: &str, play_dirs: &[&Path]) -> Result<Vec<Layer>, InventoryError> {
        use LayerKind::*;
        let mut out = Vec::new();
        let mut add = |kind, entity: &str, dir: Option<&Path>, vars: Arc<Dict>| {
            if !vars.is_empty() {
                out.push(Layer { kind, entity: entity.into(), dir: dir.map(Into::into), vars });
            }
        };
        let mut groups: Vec<_> = self.all_groups_of(host).into_iter().filter(|g| *g != "all").map(|g| &self.groups[g]).collect();
        groups.sort_by(|a, b| (a.depth, a.priority, &a.name).cmp(&(b.depth, b.priority, &b.name)));
        let beside = self.source_dirs();
        let play: Vec<PathBuf> =
            if self.recorded { vec![PathBuf::from(PLAYBOOKS)] } else { play_dirs.iter().map(|d| real(d)).collect() };

        if let Some(all) = self.groups.get("all") {
            add(AllInventory, "all", None, Arc::clone(&all.vars));
        }
        for g in &groups {
            add(GroupInventory, &g.name, None, Arc::clone(&g.vars));
        }
        for (kind, dirs) in [(AllFiles, &beside), (AllPlayFiles, &play)] {
            for dir in dirs {
                add(kind, "all", Some(dir), self.files_of(dir, "group_vars", "all")?);
            }
        }
        for (kind, dirs) in [(GroupFiles, &beside), (GroupPlayFiles, &play)] {
            for dir in dirs {
                for g in &groups {
                    add(kind, &g.name, Some(dir), self.files_of(dir, "group_vars", &g.name)?);
                }
            }
        }
        let Some(found) = self.host(host) else { return Ok(out) };
        add(HostInventory, &found.name, None, Arc::clone(&found.vars));
        for (kind, dirs) in [(HostFiles, &beside), (HostPlayFiles, &play)] {
            for dir in dirs {
                add(kind, &found.name, Some(dir), self.files_of(dir, "host_vars", &found.name)?);
            }
        }
        Ok(out)
    }

    /// All layers in one, with `inventory_hostname`, `inventory_hostname_short` and `group_names`.
    pub fn vars_of(&self, host: &str, playbook_dir: Option<&Path>) -> Result<Dict, InventoryError> {
        let dirs: Vec<&Path> = playbook_dir.into_iter().collect();
        let mut out = Dict::new();
        let mut magic = Some(self.magic_of(host));
        for layer in self.layers_of(host, &dirs)? {
            // The magic names belong to the host's own variables; files may override them.
            if matches!(layer.kind, LayerKind::HostFiles | LayerKind::HostPlayFiles) {
                magic.take().into_iter().for_each(|m| out.update(&m));
            }
            if self.options.merge_dicts {
                out = combine(&out, &layer.vars, true);
            } else {
                out.update(&layer.vars);
            }
        }
        magic.into_iter().for_each(|m| out.update(&m));
        Ok(out)
    }

    /// See [`crate::Builder::vars_of`].
    pub(crate) fn vars_while_reading(&self, host: &str, files: bool) -> Result<Dict, InventoryError> {
        let mut out = Dict::new();
        for layer in self.layers_of(host, &[])? {
            if files || matches!(layer.kind, LayerKind::AllInventory | LayerKind::GroupInventory | LayerKind::HostInventory) {
                out = combine(&out, &layer.vars, self.options.merge_dicts);
            }
        }
        out.update(&self.magic_of(host));
        Ok(out)
    }

    /// `inventory_hostname`, `inventory_hostname_short`, `group_names`.
    pub fn magic_of(&self, host: &str) -> Dict {
        let name = self.host(host).map_or_else(|| host.to_string(), |h| h.name.clone());
        let address = name.parse::<std::net::IpAddr>().is_ok();
        let short = if address { name.as_str() } else { name.split('.').next().unwrap_or_default() };
        rustle_value::dict! {
            "inventory_hostname" => name.as_str(),
            "inventory_hostname_short" => short,
            "group_names" => self.groups_of(&name),
        }
    }

    /// A group's own variables: from the sources, then from files next to them and next to the playbook.
    pub fn group_vars_of(&self, group: &str, playbook_dir: Option<&Path>) -> Result<Dict, InventoryError> {
        let mut out = self.groups.get(group).map(|g| (*g.vars).clone()).unwrap_or_default();
        let play = if self.recorded { Some(PathBuf::from(PLAYBOOKS)) } else { playbook_dir.map(real) };
        for dir in self.source_dirs().into_iter().chain(play) {
            out = combine(&out, &*self.files_of(&dir, "group_vars", group)?, self.options.merge_dicts);
        }
        Ok(out)
    }

    /// The directories next to which variable files are looked for: one per source that is no host list.
    fn source_dirs(&self) -> Vec<PathBuf> {
        if self.recorded {
            return vec![PathBuf::from(SOURCES)];
        }
        let path = |s: &String| {
            let path = Path::new(s);
            if s.contains(',') && !path.exists() {
                return None;
            }
            let dir = if path.is_dir() { path } else { path.parent()? };
            Some(real(dir))
        };
        self.sources.iter().filter_map(path).collect()
    }

    fn files_of(&self, dir: &Path, sub: &str, name: &str) -> Result<Arc<Dict>, InventoryError> {
        // A name that is a path (a chroot) has no files.
        if name.is_empty() || name.starts_with('/') {
            return Ok(Arc::default());
        }
        let folder = dir.join(sub);
        let stem = folder.join(name);
        if let Some(d) = self.files.0.lock().ok().and_then(|c| c.get(&stem).cloned().or_else(|| c.get(&folder).cloned())) {
            return Ok(d);
        }
        if !folder.is_dir() {
            if folder.exists() {
                self.warn(format!("Found {sub} that is not a directory, skipping: {}", folder.display()));
            }
            // Remembered under the folder's own name: nothing below it needs looking for.
            return Ok(self.remember(folder, Dict::new()));
        }
        let mut vars = Dict::new();
        for file in find(&stem).map_err(|error| InventoryError::Io { path: stem.clone(), error })? {
            if let Some(more) = self.read_vars(&file)? {
                vars = combine(&vars, &more, self.options.merge_dicts);
            }
        }
        Ok(self.remember(stem, vars))
    }

    pub(crate) fn remember(&self, path: PathBuf, vars: Dict) -> Arc<Dict> {
        let vars = Arc::new(vars);
        if let Ok(mut cache) = self.files.0.lock() {
            cache.insert(path, Arc::clone(&vars));
        }
        vars
    }

    /// The variables of one file; `None` where it is empty.
    fn read_vars(&self, path: &Path) -> Result<Option<Dict>, InventoryError> {
        let shown = path.display().to_string();
        let (text, encrypted) =
            self.read_text(path).map_err(|e| InventoryError::VarsFile(format!("{e}\nOrigin: {shown}")))?;
        let options = Options { duplicate_keys: self.options.duplicate_keys, encrypted, ..Options::default() };
        let (node, warnings) = rustle_yaml::load(&text, &shown, &options).map_err(|e| InventoryError::VarsFile(e.report()))?;
        warnings.iter().for_each(|w| self.warn(w.report()));
        let kind = match &node.value {
            NodeKind::Map(_) => "",
            NodeKind::Null => return Ok(None),
            NodeKind::Seq(s) if s.is_empty() => return Ok(None),
            NodeKind::Scalar(v) if !v.truthy() => return Ok(None),
            NodeKind::Seq(_) => "_AnsibleTaggedList",
            NodeKind::Scalar(Value::Bool(_)) => "bool",
            NodeKind::Scalar(Value::Int(_) | Value::BigInt(_)) => "_AnsibleTaggedInt",
            NodeKind::Scalar(Value::Float(_)) => "_AnsibleTaggedFloat",
            NodeKind::Scalar(_) => "_AnsibleTaggedStr",
        };
        match node.to_value(Trust::Trusted) {
            Value::Dict(d) => Ok(Some(Arc::unwrap_or_clone(d))),
            _ => {
                let why = format!("failed to combine variables, expected dicts but got a 'dict' and a '{kind}'.");
                Err(InventoryError::VarsFile(format!("Could not process '{shown}': {why}")))
            }
        }
    }

    /// A file's text, decrypted where it is vaulted (the flag says so).
    pub(crate) fn read_text(&self, path: &Path) -> Result<(String, bool), String> {
        let (bytes, encrypted) = self.read_bytes(path)?;
        let text = String::from_utf8(bytes).map_err(|_| format!("the file '{}' is not UTF-8", path.display()))?;
        Ok((text, encrypted))
    }

    /// A file's bytes, decrypted where it is vaulted (the flag says so).
    pub(crate) fn read_bytes(&self, path: &Path) -> Result<(Vec<u8>, bool), String> {
        let shown = path.display();
        let bytes = std::fs::read(path).map_err(|e| {
            let text = e.to_string();
            format!("Unable to read file '{shown}': {}", text.split(" (os error").next().unwrap_or_default())
        })?;
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) if rustle_vault::is_encrypted(text.as_bytes()) => text,
            _ => return Ok((bytes, false)),
        };
        let none = rustle_vault::Vault::new();
        let vault = self.options.vault.as_deref().unwrap_or(&none);
        let plain = vault.decrypt(text).map_err(|e| e.to_string())?;
        if let Ok(mut d) = self.decrypted.lock() {
            d.insert(path.to_owned());
        }
        Ok((plain.to_vec(), true))
    }
}

fn real(dir: &Path) -> PathBuf {
    std::fs::canonicalize(dir).unwrap_or_else(|_| dir.into())
}

const ENDINGS: [&str; 4] = ["", ".yml", ".yaml", ".json"];

/// The files for a stem: the first of `stem`, `stem.yml`, `stem.yaml`, `stem.json`; all below it where it is a
/// directory.
fn find(stem: &Path) -> std::io::Result<Vec<PathBuf>> {
    for ending in ENDINGS {
        let mut name = stem.as_os_str().to_owned();
        name.push(ending);
        let path = PathBuf::from(name);
        if path.is_dir() {
            let mut out = Vec::new();
            below(&path, &mut out)?;
            return Ok(out);
        }
        if path.exists() {
            return Ok(vec![path]);
        }
    }
    Ok(Vec::new())
}

fn below(dir: &Path, out: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut names: Vec<String> = std::fs::read_dir(dir)?.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect();
    names.sort_unstable();
    for name in names.iter().filter(|n| !n.starts_with('.') && !n.ends_with('~')) {
        let path = dir.join(name);
        let ending = path.extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
        if path.is_dir() && ending.is_empty() {
            below(&path, out)?;
        } else if path.is_file() && ENDINGS.contains(&ending.as_str()) {
            out.push(path);
        }
    }
    Ok(())
}
