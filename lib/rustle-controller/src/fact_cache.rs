//! Facts that outlive a run: `fact_caching = jsonfile`, in the files that Ansible reads and writes.
//!
//! A file per host, `s1_HOST` (with `fact_caching_prefix` before it), with one key whose value is the facts as JSON text. What Ansible remembers of a value's
//! place and trust is dropped: what comes from a cache is data.

use rustle_value::{Dict, Value, dict, to_json_string};
use std::path::PathBuf;
use std::time::Duration;

/// A folder of such files.
#[derive(Clone, Debug)]
pub struct FactCache {
    folder: PathBuf,
    /// What the files' names begin with.
    prefix: String,
    /// How long a file is good for; none: for ever.
    keep: Option<Duration>,
}

impl FactCache {
    /// The cache that the settings name: `None` for `memory`.
    ///
    /// # Errors
    /// A kind of cache that rustle has not, or one that has no folder.
    pub fn of(setting: impl Fn(&str) -> Option<Value>) -> Result<Option<FactCache>, String> {
        let text = |name: &str| setting(name).filter(|v| !v.is_null()).map(|v| rustle_value::py_str(&v)).filter(|s| !s.is_empty());
        let kind = text("CACHE_PLUGIN").unwrap_or_else(|| "memory".into());
        match kind.strip_prefix("ansible.builtin.").unwrap_or(&kind) {
            "memory" => return Ok(None),
            "jsonfile" => {}
            _ => return Err(format!("fact_caching = {kind} is not supported: facts are kept for this run only")),
        }
        let Some(folder) = text("CACHE_PLUGIN_CONNECTION") else {
            return Err("error, 'jsonfile' cache plugin requires the 'fact_caching_connection' config option to be set (to a writeable directory path)".into());
        };
        let seconds = text("CACHE_PLUGIN_TIMEOUT").and_then(|t| t.parse::<u64>().ok()).unwrap_or(86400);
        let folder = match folder.strip_prefix("~/") {
            Some(rest) => PathBuf::from(std::env::var("HOME").unwrap_or_default()).join(rest),
            None => PathBuf::from(folder),
        };
        // The setting has a default that this kind of cache does not use.
        let prefix = text("CACHE_PLUGIN_PREFIX").filter(|p| p != "ansible_facts").unwrap_or_default();
        Ok(Some(FactCache { folder, prefix, keep: (seconds > 0).then(|| Duration::from_secs(seconds)) }))
    }
    fn path(&self, host: &str) -> Option<PathBuf> {
        // A host's name is no path.
        (!host.contains('/')).then(|| self.folder.join(format!("{}s1_{host}", self.prefix)))
    }
    /// The facts of a host, if there are any that are not too old.
    pub fn load(&self, host: &str) -> Option<Dict> {
        let path = self.path(host)?;
        let age = std::fs::metadata(&path).ok()?.modified().ok()?.elapsed().unwrap_or_default();
        if self.keep.is_some_and(|k| age > k) {
            return None;
        }
        let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        let whole = parse(&std::fs::read_to_string(path).ok()?)?;
        let facts = match whole.get("__payload__").and_then(serde_json::Value::as_str) {
            Some(inner) => parse(inner)?,
            None => whole,
        };
        match plain(&facts) {
            Value::Dict(d) => Some((*d).clone()),
            _ => None,
        }
    }
    /// Keeps the facts of a host.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn store(&self, host: &str, facts: &Dict) -> std::io::Result<()> {
        let Some(path) = self.path(host) else { return Ok(()) };
        std::fs::create_dir_all(&self.folder)?;
        let style = rustle_value::JsonStyle::default();
        let payload = to_json_string(&Value::dict(facts.clone()), &style);
        let text = to_json_string(&Value::dict(dict! { "__payload__" => payload }), &style);
        let fresh = path.with_file_name(format!(".{}s1_{host}.{}", self.prefix, std::process::id()));
        std::fs::write(&fresh, text)?;
        std::fs::rename(fresh, path)
    }
    /// Forgets the facts of a host.
    pub fn forget(&self, host: &str) {
        if let Some(path) = self.path(host) {
            _ = std::fs::remove_file(path);
        }
    }
}

/// A value without what Ansible says of its origin.
fn plain(j: &serde_json::Value) -> Value {
    match j {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(b) => Value::Bool(*b),
        serde_json::Value::Number(n) => n.as_i64().map_or_else(|| Value::from(n.as_f64().unwrap_or_default()), Value::from),
        serde_json::Value::String(s) => Value::from(s.as_str()),
        serde_json::Value::Array(l) => Value::list(l.iter().map(plain).collect()),
        serde_json::Value::Object(o) => match o.get("value").filter(|_| o.contains_key("__ansible_type")) {
            Some(inner) => plain(inner),
            None => Value::dict(o.iter().filter(|(k, _)| *k != "__ansible_type").map(|(k, v)| (k.as_str(), plain(v))).collect()),
        },
    }
}
