//! Runners of other machines: taken where the settings name a place (`cache.remote`) and believe its list, given with
//! `rustle-compile --cache-push`.
//!
//! The place has `index.ndjson` and `runners/SHA256`. A runner is found by its cache key, else by the digest of its
//! template: another machine's compiler makes a runner as good. A program that is released can so bring its runners
//! along: the address and the list's digest are two settings.

use crate::cache::Cache;
use crate::obtain::{Context, Keyed, Wanted};
use crate::remote_door::Door;
use crate::remote_index::{self, Line, SigningKey, Trust, is_digest};
use crate::{Artifact, BuildError, Progress, prebuilt, sha256};
use rustle_toolchain::Env;
use std::path::Path;
use std::sync::OnceLock;

const INDEX: &str = "index.ndjson";
/// A line has some 400 bytes.
const INDEX_LIMIT: u64 = 8 << 20;

/// The place and its list; why not; or nothing where no place is named.
pub(crate) type Known = Result<Option<(Door, Vec<Line>)>, String>;

/// The first of these runners that the place has, now in the cache; `None` where no place is named.
///
/// # Errors
/// [`BuildError::Remote`]: the place has none of them, cannot be reached, or is not believed. [`BuildError::Io`] of the cache.
pub(crate) fn pull(context: &Context, known: &OnceLock<Known>, keyed: &[Keyed], w: &Wanted) -> Result<Option<Artifact>, BuildError> {
    let known = known.get_or_init(|| list(context).map_err(|e| e.to_string().trim_start_matches("cache.remote: ").to_owned()));
    let Some((door, lines)) = known.as_ref().map_err(|e| BuildError::Remote(e.clone()))? else { return Ok(None) };
    for k in keyed {
        let same_key = |l: &&Line| l.key == k.key || Some(&l.key) == k.container.as_ref();
        let line = lines.iter().find(same_key).or_else(|| lines.iter().find(|l| l.template == k.hash));
        let Some(line) = line.filter(|l| l.triple == k.template.triple) else { continue };
        let limit = context.settings.size_limit;
        if line.size > limit {
            return Err(BuildError::Remote(format!("the runner has {} bytes, more than the limit of {limit} (build.size_limit)", line.size)));
        }
        let name = format!("runners/{}", line.sha256);
        let Some(bytes) = door.get(&name, line.size)? else {
            return Err(BuildError::Remote(format!("{}/{name} is in the list and not there", door.name())));
        };
        let found = sha256(&bytes);
        if found != line.sha256 {
            return Err(BuildError::Remote(format!("{}/{name} is damaged: its digest is {found}", door.name())));
        }
        if prebuilt::fitting(&bytes, &k.template.triple, &w.target).is_err() {
            continue;
        }
        let key = if Some(&line.key) == k.container.as_ref() { &line.key } else { &k.key };
        let stored = context.cache.store(key, &line.triple, &line.built_by, Some(&k.hash), &bytes)?;
        (context.progress)(Progress::Fetched { triple: &line.triple, from: &door.name() });
        return Ok(Some(Artifact { source: "remote".into(), ..stored }));
    }
    Err(BuildError::Remote(format!("{} has no such runner", door.name())))
}

/// The place and its list, once.
fn list(context: &Context) -> Result<Option<(Door, Vec<Line>)>, BuildError> {
    let Some(door) = Door::of(context.env)? else { return Ok(None) };
    let trust = Trust::of(context.env);
    // A list whose digest is known need not be asked for twice.
    let kept = trust.digest.as_ref().filter(|d| is_digest(d)).map(|d| context.cache.root().join("remote").join(format!("{d}.ndjson")));
    if let Some(lines) = kept.as_ref().and_then(|p| trust.read(&std::fs::read(p).ok()?).ok()) {
        if context.settings.offline && !door.is_local() {
            return Ok(None);
        }
        return Ok(Some((door, lines)));
    }
    if context.settings.offline && !door.is_local() {
        return Ok(None);
    }
    let Some(bytes) = door.get(INDEX, INDEX_LIMIT)? else { return Err(BuildError::Remote(format!("{}/{INDEX} is not there", door.name()))) };
    let lines = trust.read(&bytes)?;
    if let Some(path) = kept {
        // What cannot be kept is asked for again.
        _ = keep(&path, &bytes);
    }
    Ok(Some((door, lines)))
}

fn keep(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(path);
    // The lists of earlier settings are of no use.
    _ = std::fs::remove_dir_all(dir);
    std::fs::create_dir_all(dir)?;
    let file = tempfile::NamedTempFile::new_in(dir)?;
    std::fs::write(file.path(), bytes)?;
    file.persist(path)?;
    Ok(())
}

/// What a push did.
#[derive(Debug)]
pub struct Pushed {
    pub place: String,
    /// Runners that were not there before.
    pub new: usize,
    /// Runners in the list now.
    pub all: usize,
    /// For `cache.remote_index`.
    pub digest: String,
    /// For `cache.remote_key`; and whether the key was made for it.
    pub key: Option<(String, bool)>,
}

/// Gives every runner of the cache to other machines, and lists them beside those that are there.
///
/// # Errors
/// [`BuildError::Remote`]: no place is named, it cannot be written, or its present list is not believed; whoever
/// signed that would vouch for runners of strangers.
pub fn push(env: &Env, cache: &Cache) -> Result<Pushed, BuildError> {
    let door = Door::of(env)?.ok_or_else(|| BuildError::Remote("no place is named: set it to a folder or an http(s) address".into()))?;
    let key = env.var("RUSTLE_CACHE_SIGNING_KEY").map(|p| SigningKey::load(Path::new(p))).transpose()?;
    // Two that push to one folder would each lose what the other lists.
    let _lock = match &door {
        Door::Folder(dir) => {
            std::fs::create_dir_all(dir).map_err(BuildError::io(dir))?;
            Some(Cache::at(dir, 0).lock("push")?)
        }
        Door::Server { .. } => None,
    };
    let mut lines = match door.get(INDEX, INDEX_LIMIT)? {
        None => Vec::new(),
        Some(bytes) => present(&bytes, env, key.as_ref().map(|(k, _)| k))?,
    };
    let mut new = 0;
    for (key, entry, bytes) in cache.whole() {
        let Some(template) = entry.template else { continue };
        let name = format!("runners/{}", entry.sha256);
        if !door.has(&name, entry.size) {
            door.put(&name, &bytes)?;
        }
        let line = Line { key, template, triple: entry.triple, sha256: entry.sha256, size: entry.size, built_by: entry.built_by };
        if !lines.contains(&line) {
            lines.retain(|l| l.key != line.key);
            lines.push(line);
            new += 1;
        }
    }
    lines.sort_by(|a, b| (&a.triple, &a.key).cmp(&(&b.triple, &b.key)));
    let bytes = remote_index::write(&lines, key.as_ref().map(|(k, _)| k));
    // Last, so that it never names what is not there.
    door.put(INDEX, &bytes)?;
    let key = key.map(|(k, made)| (k.public(), made));
    Ok(Pushed { place: door.name(), new, all: lines.len(), digest: sha256(&bytes), key })
}

/// The list that is there: signed by the key that will sign, or believed as one that would be taken from.
fn present(bytes: &[u8], env: &Env, key: Option<&SigningKey>) -> Result<Vec<Line>, BuildError> {
    let own = key.map(|k| Trust { key: Some(k.public()), digest: None });
    if let Some(lines) = own.and_then(|t| t.read(bytes).ok()) {
        return Ok(lines);
    }
    Trust::of(env).read(bytes).map_err(|e| {
        let why = e.to_string();
        let why = why.trim_start_matches("cache.remote: ").trim_end_matches("; nothing is taken");
        BuildError::Remote(format!("there is a list already that this machine does not believe, so it adds nothing to it: {why}"))
    })
}
