//! Remembers hosts' platforms between runs, for a week. A wrong entry does no harm: the runner that is shipped for it
//! does not start, and the host is asked anew.

use rustle_stream::record::Target;
use rustle_toolchain::{Env, cache_dir};
use rustle_value::{Dict, py_str};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

const EXPIRES: u64 = 7 * 24 * 3600;

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Cache {
    entries: BTreeMap<String, Entry>,
    #[serde(skip)]
    path: Option<PathBuf>,
    #[serde(skip)]
    changed: bool,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    made: u64,
    target: Target,
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

/// A host is its name *and* the way to it: two inventories may call different machines `web1`.
fn key(host: &str, vars: &Dict) -> String {
    let part = |names: &[&str]| names.iter().find_map(|n| vars.get(n)).map(py_str).unwrap_or_default();
    let address = part(&["ansible_host", "ansible_ssh_host"]);
    let port = part(&["ansible_port", "ansible_ssh_port"]);
    format!("{host}|{address}|{port}|{}", part(&["ansible_connection"]))
}

impl Cache {
    pub(crate) fn open(env: &Env) -> Cache {
        let dir = env.var("RUSTLE_TARGET_CACHE_DIR").map(PathBuf::from).or_else(|| cache_dir(env).ok());
        let path = dir.map(|d| d.join("targets.json"));
        let known = path.as_ref().and_then(|p| std::fs::read(p).ok()).and_then(|b| serde_json::from_slice(&b).ok());
        Cache { path, ..known.unwrap_or_default() }
    }
    pub(crate) fn get(&self, host: &str, vars: &Dict) -> Option<Target> {
        let entry = self.entries.get(&key(host, vars))?;
        (entry.made..entry.made + EXPIRES).contains(&now()).then(|| Target {
            host: host.to_owned(),
            known_by: "cache".into(),
            ..entry.target.clone()
        })
    }
    pub(crate) fn put(&mut self, vars: &Dict, target: &Target) {
        self.entries.insert(key(&target.host, vars), Entry { made: now(), target: target.clone() });
        self.changed = true;
    }
    /// Writes what was learnt; a cache that cannot be written only costs time.
    pub(crate) fn save(&self) -> Option<()> {
        if !self.changed {
            return None;
        }
        let path = self.path.as_ref()?;
        let dir = path.parent()?;
        std::fs::create_dir_all(dir).ok()?;
        let file = tempfile::NamedTempFile::new_in(dir).ok()?;
        serde_json::to_writer(&file, self).ok()?;
        file.persist(path).ok().map(drop)
    }
}
