//! Fact gathering: what Ansible's `setup` module says about a host, with the same names, values and types.
//!
//! One file per collector under `collectors/`; the list is generated from the folder. Collectors read `/proc`, `/sys`,
//! netlink and files; those that must start a program run on threads of their own while the others work.
//!
//! Limits: Linux is complete; elsewhere only the collectors that need nothing of Linux run (`system`, `env`, `user`,
//! `date_time`, …). `facter` and `ohai` are accepted as subsets and gather nothing.

mod context;
mod discover;
mod ini;
#[cfg(target_os = "linux")]
mod netlink;
mod select;
mod text;

mod collectors {
    //! The generated list.
    include!(concat!(env!("OUT_DIR"), "/collectors.rs"));
}

use rustle_value::{Dict, Value};

pub use context::{Context, Output, PasswdEntry};
pub use discover::{Python, discover_python};
pub use select::subset_names;
pub use text::{bytes_to_human, fnmatch};

/// Arguments of `setup`.
#[derive(Clone, Debug)]
pub struct GatherOptions {
    /// `all`, `min`, names and `!names`; empty means `all`.
    pub gather_subset: Vec<String>,
    /// Seconds that one slow source (a mount that hangs) may take.
    pub gather_timeout: u64,
    /// Shell patterns on fact names, with or without `ansible_`; empty means everything.
    pub filter: Vec<String>,
    /// Folder of local facts (`*.fact`).
    pub fact_path: String,
    /// Whether `module_setup: true` and `gather_subset` are added, as `setup` does.
    pub module_setup: bool,
    /// The interpreter that `ansible_python` describes; discovered where it is `None`.
    pub python: Option<String>,
}

impl Default for GatherOptions {
    fn default() -> Self {
        GatherOptions {
            gather_subset: vec!["all".into()],
            gather_timeout: 10,
            filter: Vec::new(),
            fact_path: "/etc/ansible/facts.d".into(),
            module_setup: true,
            python: None,
        }
    }
}

/// Why nothing was gathered.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// `gather_subset` names something that does not exist. The text is Ansible's.
    #[error("Bad subset '{name}' given to Ansible. gather_subset options allowed: all, {}", allowed.join(", "))]
    BadSubset { name: String, allowed: Vec<&'static str> },
}

/// One source of facts.
#[derive(Debug)]
pub struct Collector {
    /// The subset that it belongs to; several collectors may share one.
    pub subset: &'static str,
    /// Other names by which `gather_subset` can ask for that subset.
    pub aliases: &'static [&'static str],
    /// Whether the subset belongs to `min`.
    pub minimal: bool,
    /// Subsets whose facts are always gathered along with this one.
    pub requires: &'static [&'static str],
    /// True where a program may have to be started or a source can be slow: gets a thread of its own.
    pub slow: bool,
    /// Adds facts, without the `ansible_` prefix.
    pub gather: fn(&Context, &mut Dict),
}

/// Gathers facts of this machine: `ansible_facts` as `setup` returns them.
///
/// # Errors
/// [`FactsError::BadSubset`] for an unknown name in `gather_subset`.
pub fn gather(options: &GatherOptions) -> Result<Dict, FactsError> {
    gather_in(&Context::new(options.clone()), collectors::COLLECTORS)
}

/// Gathers the files-only facts of the machine whose captured files lie under `root` (for tests and images): only the
/// subsets that read nothing but files are meaningful there.
///
/// # Errors
/// As [`gather`].
pub fn gather_at(root: impl Into<std::path::PathBuf>, options: &GatherOptions) -> Result<Dict, FactsError> {
    gather_in(&Context::at(root.into(), options.clone()), collectors::COLLECTORS)
}

fn gather_in(ctx: &Context, all: &[&'static Collector]) -> Result<Dict, FactsError> {
    let options = &ctx.options;
    let chosen = select::choose(all, &options.gather_subset)?;
    let mut parts: Vec<Dict> = Vec::new();
    std::thread::scope(|scope| {
        let running: Vec<_> = chosen
            .iter()
            .map(|c| {
                c.slow.then(|| {
                    scope.spawn(move || {
                        let mut d = Dict::new();
                        (c.gather)(ctx, &mut d);
                        d
                    })
                })
            })
            .collect();
        let quick: Vec<Dict> = chosen
            .iter()
            .map(|c| {
                let mut d = Dict::new();
                if !c.slow {
                    (c.gather)(ctx, &mut d);
                }
                d
            })
            .collect();
        // A collector that panics loses its own facts and no others.
        parts = quick
            .into_iter()
            .zip(running)
            .map(|(d, thread)| thread.map_or(d, |t| t.join().unwrap_or_default()))
            .collect();
    });
    let mut facts = Dict::new();
    for part in parts {
        for (key, value) in part.str_iter() {
            facts.insert(format!("ansible_{}", key.replace('-', "_")), value.clone());
        }
    }
    if options.module_setup {
        let asked = if options.gather_subset.is_empty() { vec!["all".into()] } else { options.gather_subset.clone() };
        facts.insert("gather_subset", asked);
        facts.insert("module_setup", true);
    }
    if !options.filter.is_empty() && !options.filter.iter().any(|f| f == "*") {
        facts.retain(|key, _| key.as_str().is_some_and(|k| options.filter.iter().any(|f| wanted(k, f))));
    }
    Ok(facts)
}

/// Whether fact `key` passes filter `pattern`, which may leave out the prefix.
fn wanted(key: &str, pattern: &str) -> bool {
    pattern.is_empty()
        || fnmatch(key, pattern)
        || (!["ansible_", "facter", "ohai"].iter().any(|p| pattern.starts_with(p))
            && fnmatch(key, &format!("ansible_{pattern}")))
}

/// `NA`-style default for an optional text.
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "Linux alone has such facts"))]
fn or_na(text: Option<String>) -> Value {
    Value::from(text.unwrap_or_else(|| "NA".into()))
}
