//! What of the runner's sources a build takes: its modules and cargo's features, from the words of a template.
//!
//! Words are `module-NAME` (as soon as there is one, only those that are named are in it), names of cargo's features, and
//! `no-NAME` for a feature that is usually on. Which modules and features there are is read from the sources themselves.
//!
//! Limits: a module that others call by itself is not looked for; whoever lists modules lists all (`rustle-plan` does).

use crate::BuildError;
use std::collections::{BTreeMap, BTreeSet};

type Files = BTreeMap<String, Vec<u8>>;

/// Where modules lie in the project.
const MODULES: &str = "lib/rustle-modules/src/modules/";
const MANIFEST: &str = "bins/rustle-runner/Cargo.toml";

/// What a template's words come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Names of the modules' files, sorted; `None`: all.
    pub modules: Option<BTreeSet<String>>,
    /// cargo's features, sorted; the usual ones included.
    pub features: BTreeSet<String>,
}

/// Names of all modules in the sources, sorted.
pub(crate) fn modules(files: &Files) -> Vec<&str> {
    let name = |k: &'_ String| -> Option<()> { k.strip_prefix(MODULES)?.strip_suffix(".rs").filter(|n| !n.starts_with('_')).map(drop) };
    files.keys().filter(|k| name(k).is_some()).filter_map(|k| k.strip_prefix(MODULES)?.strip_suffix(".rs")).collect()
}

/// cargo's features of the runner, and the ones that are usually on.
fn features(files: &Files) -> Result<(Vec<String>, Vec<String>), BuildError> {
    let damaged = |e: String| BuildError::Sources(format!("{MANIFEST}: {e}"));
    let text = String::from_utf8_lossy(files.get(MANIFEST).map(Vec::as_slice).unwrap_or_default()).into_owned();
    let manifest: toml::Table = text.parse().map_err(|e: toml::de::Error| damaged(e.to_string()))?;
    let table = manifest.get("features").and_then(toml::Value::as_table).cloned().unwrap_or_default();
    let usual = table.get("default").and_then(toml::Value::as_array).into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned));
    Ok((table.keys().filter(|k| *k != "default").cloned().collect(), usual.collect()))
}

impl Choice {
    /// # Errors
    /// [`BuildError::Feature`] for a word that is none, with the nearest one; [`BuildError::Sources`].
    pub fn of(words: &[String], files: &Files) -> Result<Choice, BuildError> {
        let (known, usual) = features(files)?;
        let all = modules(files);
        let mut chosen = Choice::default();
        let (mut on, mut off) = (BTreeSet::new(), BTreeSet::new());
        for word in words {
            if let Some(name) = word.strip_prefix("module-") {
                // A module's full name does as well.
                let name = name.rsplit('.').next().unwrap_or(name);
                if !all.contains(&name) {
                    return Err(unknown("module", name, all.iter().copied()));
                }
                chosen.modules.get_or_insert_default().insert(name.to_owned());
            } else if known.contains(word) {
                on.insert(word.clone());
            } else if let Some(name) = word.strip_prefix("no-").filter(|n| known.iter().any(|k| k == n)) {
                off.insert(name.to_owned());
            } else {
                return Err(unknown("feature", word, known.iter().map(String::as_str)));
            }
        }
        // Only some modules need a feature: a runner without them does without it.
        let speaks = |m: &String| files.get(&format!("{MODULES}{m}.rs")).is_some_and(|t| has(t, b"//! Speaks HTTPS."));
        let idle = |f: &str| f == "tls" && chosen.modules.as_ref().is_some_and(|list| !list.iter().any(speaks));
        chosen.features = usual.into_iter().filter(|f| !idle(f)).chain(on).filter(|f| !off.contains(f)).collect();
        Ok(chosen)
    }

    /// Takes out of the project what is not chosen, and makes what is chosen the usual: plain `cargo build` builds it.
    ///
    /// # Errors
    /// [`BuildError::Sources`].
    pub fn apply(&self, files: &mut Files) -> Result<(), BuildError> {
        if let Some(text) = files.get_mut(MANIFEST) {
            let mut manifest: toml::Table =
                String::from_utf8_lossy(text).parse().map_err(|e: toml::de::Error| BuildError::Sources(format!("{MANIFEST}: {e}")))?;
            let list = self.features.iter().map(|f| toml::Value::from(f.as_str())).collect();
            if let Some(table) = manifest.get_mut("features").and_then(toml::Value::as_table_mut) {
                table.insert("default".into(), toml::Value::Array(list));
            }
            *text = toml::to_string(&manifest).map_err(|e| BuildError::Sources(format!("{MANIFEST}: {e}")))?.into_bytes();
        }
        let Some(chosen) = &self.modules else { return Ok(()) };
        let left: Vec<String> = modules(files).into_iter().filter(|m| !chosen.contains(*m)).map(str::to_owned).collect();
        let mut names = BTreeSet::new();
        for module in left {
            if let Some(text) = files.remove(&format!("{MODULES}{module}.rs")) {
                names.extend(full_names(&String::from_utf8_lossy(&text)));
            }
        }
        // The runner tells a module that was left out from one that never was.
        let mut text: String = names.into_iter().collect::<Vec<_>>().join("\n");
        text.push('\n');
        files.insert(format!("{MODULES}_left_out.txt"), text.into_bytes());
        Ok(())
    }
}

fn has(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|w| w == part)
}

/// The names of a module, from its file: quoted words of three parts. As rustle-modules' build.rs reads them.
fn full_names(source: &str) -> Vec<String> {
    let part = |p: &str| !p.is_empty() && p.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let whole = |w: &&str| w.split('.').count() == 3 && w.split('.').all(part);
    source.lines().flat_map(|l| l.split('"').skip(1).step_by(2)).filter(whole).map(str::to_owned).collect()
}

pub(crate) fn unknown<'a>(what: &'static str, name: &str, known: impl Iterator<Item = &'a str>) -> BuildError {
    let nearest = known.map(|k| (rustle_target::triple::distance(name, k), k)).filter(|(far, _)| *far <= name.len() / 3 + 1).min();
    BuildError::Feature { what, name: name.to_owned(), nearest: nearest.map(|(_, k)| k.to_owned()) }
}
