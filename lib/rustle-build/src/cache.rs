//! Runners that were built before, by the digest of everything that they were built from.
//!
//! `runners/<key>/{rustle-runner,entry.json}` below the cache folder. An entry appears at once (a rename) and is
//! checked against its digest at each use; a damaged one is removed and counts as absent. Two processes that build
//! the same runner wait for each other ([`Cache::lock`]). What was not used for longest goes first when the folder
//! grows beyond its bound.

use crate::{BuildError, sha256};
use rustle_stream::record::Artifact;
use rustle_toolchain::{Env, cache_dir};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Bytes kept unless `RUSTLE_CACHE_MAX_BYTES` says otherwise.
const BOUND: u64 = 2 << 30;

/// Compressed runners kept.
const PACKED_KEPT: usize = 16;

/// What is being written for longer than this was left behind by a process that was killed.
const HALF_WRITTEN: Duration = Duration::from_secs(3600);

/// The cache's folder.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
    workshops: PathBuf,
    bound: u64,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Entry {
    pub triple: String,
    pub sha256: String,
    pub size: u64,
    /// The back end that built it.
    pub built_by: String,
    /// Digest of the template that it was built from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

/// Held while a runner is being built; others wait. Released when dropped, or when the process dies.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code, reason = "the lock lasts as long as the file is open")] File);

impl Cache {
    /// The user's cache.
    ///
    /// # Errors
    /// No folder for caches is known.
    pub fn of(env: &Env) -> Result<Cache, BuildError> {
        let no_dir = |e| BuildError::Io { path: "cache".into(), source: std::io::Error::other(format!("{e}")) };
        let bound = env.var("RUSTLE_CACHE_MAX_BYTES").and_then(|b| b.parse().ok()).unwrap_or(BOUND);
        let root = cache_dir(env).map_err(no_dir)?;
        let workshops = env.var("RUSTLE_COMPILE_TEMP_DIR").map_or_else(|| root.join("build"), PathBuf::from);
        Ok(Cache { root, workshops, bound })
    }
    /// A cache in this folder.
    pub fn at(root: &Path, bound: u64) -> Cache {
        Cache { root: root.to_owned(), workshops: root.join("build"), bound }
    }
    /// Where projects are built: per name, kept between builds so that dependencies are compiled once.
    pub fn workshop(&self, name: &str) -> PathBuf {
        self.workshops.join(name)
    }
    pub(crate) fn workshops(&self) -> &Path {
        &self.workshops
    }
    /// [`Cache::workshop`], made where it is not there. Where the folder of builds is everybody's, somebody else may
    /// have made one of this name: it is refused.
    ///
    /// # Errors
    /// [`BuildError::Io`].
    pub(crate) fn ready_workshop(&self, name: &str) -> Result<PathBuf, BuildError> {
        let dir = self.workshop(name);
        std::fs::create_dir_all(&self.workshops).map_err(BuildError::io(&self.workshops))?;
        match std::fs::DirBuilder::new().mode(0o700).create(&dir) {
            Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => return Err(BuildError::io(&dir)(e)),
            _ => {}
        }
        let meta = dir.symlink_metadata().map_err(BuildError::io(&dir))?;
        // SAFETY: the call only reads the process's credentials.
        if meta.is_dir() && meta.uid() == unsafe { libc::geteuid() } && meta.mode() & 0o002 == 0 {
            return Ok(dir);
        }
        let why = "it is no folder of yours, or everybody may write it; remove it, or name another place (build.temp_dir)";
        Err(BuildError::io(&dir)(std::io::Error::other(why)))
    }
    /// Cargo's home in containers, kept between builds.
    pub(crate) fn container_home(&self) -> PathBuf {
        self.root.join("container")
    }
    /// Where the output of failed builds is kept.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
    pub(crate) fn bound(&self) -> u64 {
        self.bound
    }
    pub(crate) fn runners(&self) -> PathBuf {
        self.root.join("runners")
    }
    fn dir(&self, key: &str) -> PathBuf {
        self.runners().join(key)
    }

    /// The runner for this key.
    pub fn get(&self, key: &str) -> Option<(Artifact, Vec<u8>)> {
        let dir = self.dir(key);
        let entry: Entry = serde_json::from_slice(&std::fs::read(dir.join("entry.json")).ok()?).ok()?;
        let path = dir.join("rustle-runner");
        let bytes = std::fs::read(&path).ok()?;
        if sha256(&bytes) != entry.sha256 {
            _ = std::fs::remove_dir_all(&dir);
            return None;
        }
        if let Ok(file) = File::options().append(true).open(dir.join("entry.json")) {
            _ = file.set_modified(SystemTime::now());
        }
        let artifact = Artifact {
            triple: entry.triple,
            path: path.display().to_string(),
            sha256: entry.sha256,
            size: entry.size,
            source: "cache".into(),
            modules: crate::carried::modules(&bytes),
            ..Artifact::default()
        };
        Some((artifact, bytes))
    }

    /// Every runner that is as it was built: key, description, content.
    pub(crate) fn whole(&self) -> impl Iterator<Item = (String, Entry, Vec<u8>)> + use<> {
        let entries = std::fs::read_dir(self.runners()).into_iter().flatten().flatten();
        entries.filter(|dir| !dir.file_name().as_encoded_bytes().starts_with(b".")).filter_map(|dir| {
            let entry: Entry = serde_json::from_slice(&std::fs::read(dir.path().join("entry.json")).ok()?).ok()?;
            let bytes = std::fs::read(dir.path().join("rustle-runner")).ok()?;
            (sha256(&bytes) == entry.sha256).then(|| (dir.file_name().to_string_lossy().into_owned(), entry, bytes))
        })
    }

    /// Stores a runner and gives it back as an artifact whose source is the back end's name.
    ///
    /// # Errors
    /// [`BuildError::Io`].
    pub fn put(&self, key: &str, triple: &str, built_by: &str, bytes: &[u8]) -> Result<Artifact, BuildError> {
        self.store(key, triple, built_by, None, bytes)
    }

    /// [`Cache::put`], with the template's digest, by which other machines find it.
    pub(crate) fn store(&self, key: &str, triple: &str, built_by: &str, template: Option<&str>, bytes: &[u8]) -> Result<Artifact, BuildError> {
        let runners = self.root.join("runners");
        std::fs::create_dir_all(&runners).map_err(BuildError::io(&runners))?;
        let fresh = tempfile::Builder::new().prefix(".new-").tempdir_in(&runners).map_err(BuildError::io(&runners))?;
        let binary = fresh.path().join("rustle-runner");
        std::fs::write(&binary, bytes).map_err(BuildError::io(&binary))?;
        std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o755)).map_err(BuildError::io(&binary))?;
        let template = template.map(str::to_owned);
        let entry = Entry { triple: triple.into(), sha256: sha256(bytes), size: bytes.len() as u64, built_by: built_by.into(), template };
        let json = serde_json::to_vec(&entry).map_err(|e| BuildError::Sources(e.to_string()))?;
        let meta = fresh.path().join("entry.json");
        std::fs::write(&meta, json).map_err(BuildError::io(&meta))?;
        let dir = self.dir(key);
        // Another process may have put the same meanwhile; then theirs is as good.
        if dir.exists() && self.get(key).is_none() {
            _ = std::fs::remove_dir_all(&dir);
        }
        let fresh = fresh.keep();
        if std::fs::rename(&fresh, &dir).is_err() {
            _ = std::fs::remove_dir_all(&fresh);
        }
        self.shrink(key);
        let stored = self.get(key).ok_or_else(|| BuildError::Io { path: dir.display().to_string(), source: std::io::Error::other("cannot be written") })?;
        Ok(Artifact { source: built_by.into(), ..stored.0 })
    }

    /// Removes what was not used for longest until the rest fits the bound, and what was left half-written. `keep` stays.
    pub(crate) fn shrink(&self, keep: &str) {
        let mut entries: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for dir in std::fs::read_dir(self.root.join("runners")).into_iter().flatten().flatten() {
            if dir.file_name().as_encoded_bytes().starts_with(b".") {
                // Being written at this moment; or by a process that was killed, long ago.
                let age = dir.metadata().and_then(|m| m.modified()).ok().and_then(|t| t.elapsed().ok());
                if age.is_some_and(|a| a > HALF_WRITTEN) {
                    _ = std::fs::remove_dir_all(dir.path());
                }
                continue;
            }
            let size = dir.path().join("rustle-runner").metadata().map_or(0, |m| m.len());
            let used = dir.path().join("entry.json").metadata().and_then(|m| m.modified());
            if let Ok(used) = used {
                entries.push((used, size, dir.path()));
            }
        }
        entries.sort();
        let mut total: u64 = entries.iter().map(|e| e.1).sum();
        for (_, size, path) in entries {
            if total <= self.bound {
                break;
            }
            if path != self.dir(keep) {
                total -= size;
                _ = std::fs::remove_dir_all(path);
            }
        }
    }

    /// The compressed form of a runner, by the runner's digest. Damaged ones are removed and count as absent.
    pub fn packed(&self, digest: &str) -> Option<Vec<u8>> {
        let path = self.root.join("packed").join(digest);
        let mut bytes = std::fs::read(&path).ok()?;
        let end = bytes.len().checked_sub(64)?;
        if sha256(&bytes[..end]).as_bytes() != &bytes[end..] {
            _ = std::fs::remove_file(&path);
            return None;
        }
        bytes.truncate(end);
        if let Ok(file) = File::options().append(true).open(&path) {
            _ = file.set_modified(SystemTime::now());
        }
        Some(bytes)
    }

    /// Remembers the compressed form of a runner, of the last few that were used. What cannot be written is made
    /// again: nothing fails for that. The file appears at once and ends with the digest of what is before it, so
    /// that processes that write the same do no harm.
    pub fn keep_packed(&self, digest: &str, packed: &[u8]) {
        let dir = self.root.join("packed");
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(&dir)?;
            let mut file = tempfile::NamedTempFile::new_in(&dir)?;
            file.write_all(packed)?;
            file.write_all(sha256(packed).as_bytes())?;
            file.persist(dir.join(digest))?;
            Ok(())
        };
        if write().is_err() {
            return;
        }
        let time = |e: &std::fs::DirEntry| e.metadata().and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut all: Vec<_> = std::fs::read_dir(&dir).into_iter().flatten().flatten().map(|e| (time(&e), e.path())).collect();
        all.sort();
        for (_, old) in all.iter().rev().skip(PACKED_KEPT) {
            _ = std::fs::remove_file(old);
        }
    }

    /// The lock of this name, where nobody holds it.
    pub(crate) fn try_lock(&self, name: &str) -> Option<Lock> {
        let dir = self.root.join("locks");
        std::fs::create_dir_all(&dir).ok()?;
        let file = File::options().create(true).append(true).open(dir.join(name)).ok()?;
        // SAFETY: the descriptor is open, and flock touches no memory.
        (unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0).then_some(Lock(file))
    }

    /// Waits until nobody else holds this name.
    ///
    /// # Errors
    /// [`BuildError::Io`].
    pub fn lock(&self, name: &str) -> Result<Lock, BuildError> {
        let dir = self.root.join("locks");
        std::fs::create_dir_all(&dir).map_err(BuildError::io(&dir))?;
        let path = dir.join(name);
        let file = File::options().create(true).append(true).open(&path).map_err(BuildError::io(&path))?;
        // SAFETY: the descriptor is open, and flock touches no memory.
        while unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX) } != 0 {
            let e = std::io::Error::last_os_error();
            if e.kind() != std::io::ErrorKind::Interrupted {
                return Err(BuildError::io(&path)(e));
            }
        }
        Ok(Lock(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_entry_is_a_miss() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path(), BOUND);
        assert!(cache.get("k").is_none());
        let put = cache.put("k", "t", "cargo", b"runner").unwrap();
        assert_eq!((put.source.as_str(), put.size), ("cargo", 6));
        let (got, bytes) = cache.get("k").unwrap();
        assert_eq!((got.source.as_str(), got.sha256, bytes.as_slice()), ("cache", put.sha256, b"runner".as_slice()));
        std::fs::write(&got.path, "rUnner").unwrap();
        assert!(cache.get("k").is_none());
        assert!(cache.put("k", "t", "cargo", b"runner").is_ok() && cache.get("k").is_some());
        std::fs::write(dir.path().join("runners/k/entry.json"), "{").unwrap();
        assert!(cache.get("k").is_none());
        assert!(cache.put("k", "t", "cargo", b"runner").is_ok() && cache.get("k").is_some());
    }

    #[test]
    fn compressed_runners_are_whole_or_absent() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path(), BOUND);
        assert_eq!(cache.packed("d"), None);
        std::thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| (0..20).for_each(|_| cache.keep_packed("d", &[7; 100_000])));
                s.spawn(|| (0..20).for_each(|_| assert!(cache.packed("d").is_none_or(|p| p == [7; 100_000]))));
            }
        });
        assert_eq!(cache.packed("d").map(|p| p.len()), Some(100_000));
        let path = dir.path().join("packed/d");
        let cut = std::fs::read(&path).unwrap()[..50_000].to_vec();
        std::fs::write(&path, cut).unwrap();
        assert_eq!(cache.packed("d"), None);
        assert!(!path.exists());
        (0..PACKED_KEPT + 5).for_each(|n| cache.keep_packed(&n.to_string(), b"x"));
        assert_eq!(std::fs::read_dir(dir.path().join("packed")).unwrap().count(), PACKED_KEPT);
    }

    #[test]
    fn the_longest_unused_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path(), 25);
        for (age, key) in [(30, "a"), (20, "b")] {
            cache.put(key, "t", "cargo", &[0; 10]).unwrap();
            let entry = File::options().append(true).open(dir.path().join("runners").join(key).join("entry.json")).unwrap();
            entry.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        }
        assert!(cache.get("a").is_some(), "and is used now");
        cache.put("c", "t", "cargo", &[0; 10]).unwrap();
        let has: Vec<bool> = ["a", "b", "c"].iter().map(|k| cache.get(k).is_some()).collect();
        assert_eq!(has, [true, false, true]);
    }

    #[test]
    fn one_builds_and_the_other_waits() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path(), BOUND);
        let lock = cache.lock("x").unwrap();
        let other = std::thread::spawn({
            let cache = cache.clone();
            move || cache.lock("x").map(|_| cache.get("x").is_some())
        });
        std::thread::sleep(Duration::from_millis(50));
        cache.put("x", "t", "cargo", b"r").unwrap();
        drop(lock);
        assert!(other.join().unwrap().unwrap());
    }
}
