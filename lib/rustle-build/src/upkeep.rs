//! Looking after the cache: what is in it, what is damaged, what may go.

use crate::cache::{Cache, Entry};
use crate::{BACKENDS, BuildError, sha256};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A runner in the cache.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The digest of everything that it was built from.
    pub key: String,
    pub triple: String,
    pub built_by: String,
    pub size: u64,
    /// Since it was used last.
    pub unused: Duration,
    /// Why it would not be used: its file is not what it was.
    pub damaged: Option<String>,
}

impl Cache {
    /// Every runner, the one used last first. `verify` reads the files and compares digests; entries that cannot be
    /// read count as damaged in any case.
    pub fn kept(&self, verify: bool) -> Vec<Kept> {
        let mut list = Vec::new();
        for dir in std::fs::read_dir(self.runners()).into_iter().flatten().flatten() {
            let key = dir.file_name().to_string_lossy().into_owned();
            // Being written at this moment.
            if key.starts_with('.') {
                continue;
            }
            let meta = dir.path().join("entry.json");
            let used = meta.metadata().and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            let unused = SystemTime::now().duration_since(used).unwrap_or_default();
            let entry = std::fs::read(&meta).ok().and_then(|t| serde_json::from_slice::<Entry>(&t).ok());
            let Some(entry) = entry else {
                let damaged = Some("its description cannot be read".to_owned());
                list.push(Kept { key, triple: String::new(), built_by: String::new(), size: 0, unused, damaged });
                continue;
            };
            let damaged = if verify { problem(&dir.path().join("rustle-runner"), &entry) } else { None };
            list.push(Kept { key, triple: entry.triple, built_by: entry.built_by, size: entry.size, unused, damaged });
        }
        list.sort_by_key(|k| k.unused);
        list
    }

    /// Removes a runner.
    ///
    /// # Errors
    /// [`BuildError::Io`].
    pub fn drop_entry(&self, key: &str) -> Result<(), BuildError> {
        let dir = self.runners().join(key);
        std::fs::remove_dir_all(&dir).map_err(BuildError::io(&dir))
    }

    /// What is in the cache, for a person.
    pub fn stats(&self) -> String {
        let kept = self.kept(false);
        let total: u64 = kept.iter().map(|k| k.size).sum();
        let mut text = format!("{}\nrunners: {}, {} of at most {}\n", self.root().display(), kept.len(), mega(total), mega(self.bound()));
        for k in &kept {
            let days = k.unused.as_secs() / 86_400;
            let state = k.damaged.as_ref().map_or(String::new(), |d| format!(", damaged: {d}"));
            let key: String = k.key.chars().take(12).collect();
            _ = writeln!(text, "  {key}  {:30}  {:>9}  {}, unused for {days} days{state}", k.triple, mega(k.size), k.built_by);
        }
        let below = |name: &str| size_of(&self.root().join(name));
        let workshops = std::fs::read_dir(self.workshops()).into_iter().flatten().flatten();
        let built: u64 = workshops.filter(|d| is_workshop(&d.file_name().to_string_lossy(), &d.path())).map(|d| size_of(&d.path())).sum();
        for (size, what) in [
            (built, "folders of builds"),
            (below("packed"), "compressed runners"),
            (below("container"), "packages for containers"),
            (below("logs"), "logs of failed builds"),
        ] {
            _ = writeln!(text, "{what}: {}", mega(size));
        }
        let costs = rustle_cost::load(&self.root().join(rustle_cost::FILE)).history.seen;
        let took: Vec<String> = costs.builds.iter().filter_map(|(what, series)| Some(format!("{what} {:.0} s", series.median()?))).collect();
        if !took.is_empty() {
            _ = writeln!(text, "builds took: {}", took.join(", "));
        }
        text
    }

    /// Removes damaged runners, and says which.
    ///
    /// # Errors
    /// [`BuildError::Io`].
    pub fn verify(&self) -> Result<(usize, Vec<Kept>), BuildError> {
        let (bad, good): (Vec<Kept>, Vec<Kept>) = self.kept(true).into_iter().partition(|k| k.damaged.is_some());
        for k in &bad {
            self.drop_entry(&k.key)?;
        }
        Ok((good.len(), bad))
    }

    /// Removes runners that were not used for so long, folders of builds that nobody works in, compressed runners and
    /// logs. How many runners went, and how many bytes in all.
    ///
    /// # Errors
    /// [`BuildError::Io`].
    pub fn prune(&self, unused: Duration) -> Result<(usize, u64), BuildError> {
        let (mut count, mut bytes) = (0, 0);
        for k in self.kept(false).into_iter().filter(|k| k.unused >= unused) {
            self.drop_entry(&k.key)?;
            (count, bytes) = (count + 1, bytes + k.size);
        }
        self.shrink("");
        for name in ["packed", "logs"] {
            bytes += clear(&self.root().join(name))?;
        }
        let mut locks = Vec::new();
        let mut busy = false;
        for dir in std::fs::read_dir(self.workshops()).into_iter().flatten().flatten() {
            let name = dir.file_name().to_string_lossy().into_owned();
            if !is_workshop(&name, &dir.path()) {
                continue;
            }
            // Whoever builds there holds this lock.
            match self.try_lock(&name) {
                Some(free) => {
                    bytes += clear(&dir.path())?;
                    locks.push(free);
                }
                None => busy = true,
            }
        }
        if !busy {
            bytes += clear(&self.container_home())?;
        }
        Ok((count, bytes))
    }
}

/// Whether a folder among those of builds is one of ours: the place may be shared with others (`build.temp_dir`).
fn is_workshop(name: &str, path: &Path) -> bool {
    BACKENDS.iter().any(|b| name.strip_suffix(b.name).is_some_and(|n| n.ends_with('-')))
        && path.symlink_metadata().is_ok_and(|m| m.is_dir())
        && (path.join(".cargo/config.toml").is_file() || std::fs::read_dir(path).is_ok_and(|mut d| d.next().is_none()))
}

fn problem(path: &Path, entry: &Entry) -> Option<String> {
    match std::fs::read(path) {
        Err(e) => Some(e.to_string()),
        Ok(bytes) if sha256(&bytes) != entry.sha256 => Some("its digest differs".into()),
        Ok(_) => None,
    }
}

fn clear(path: &Path) -> Result<u64, BuildError> {
    let size = size_of(path);
    match std::fs::remove_dir_all(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(BuildError::io(path)(e)),
        _ => Ok(size),
    }
}

fn size_of(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|e| if e.file_type().is_ok_and(|t| t.is_dir()) { size_of(&e.path()) } else { e.metadata().map_or(0, |m| m.len()) }).sum()
}

/// Bytes for a person.
pub(crate) fn mega(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_damaged_or_old_goes() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path(), 1 << 20);
        for key in ["aa", "bb", "cc"] {
            cache.put(key, "t", "cargo", key.as_bytes()).unwrap();
        }
        std::fs::write(dir.path().join("runners/bb/rustle-runner"), "?").unwrap();
        let half = dir.path().join("runners/.new-x");
        std::fs::create_dir(&half).unwrap();
        let long_ago = SystemTime::now() - Duration::from_secs(40 * 86_400);
        let entry = std::fs::File::options().append(true).open(dir.path().join("runners/cc/entry.json")).unwrap();
        entry.set_modified(long_ago).unwrap();
        std::fs::File::open(&half).unwrap().set_modified(long_ago).unwrap();
        assert!(cache.stats().contains("runners: 3, 0.0 MB of at most 1.0 MB"), "{}", cache.stats());
        let (good, bad) = cache.verify().unwrap();
        assert_eq!((good, bad.len(), bad[0].key.as_str()), (2, 1, "bb"));
        std::fs::create_dir_all(dir.path().join("build/somebody/else")).unwrap();
        for name in ["t-cargo", "t-zigbuild"] {
            std::fs::create_dir_all(dir.path().join("build").join(name)).unwrap();
        }
        let _builds = cache.lock("t-zigbuild").unwrap();
        cache.keep_packed("d", b"x");
        assert_eq!(cache.prune(Duration::from_secs(30 * 86_400)).unwrap().0, 1);
        assert!(cache.get("aa").is_some() && cache.get("cc").is_none() && cache.packed("d").is_none());
        assert!(dir.path().join("build/somebody/else").exists() && !half.exists());
        assert!(!dir.path().join("build/t-cargo").exists() && dir.path().join("build/t-zigbuild").exists());
    }
}
