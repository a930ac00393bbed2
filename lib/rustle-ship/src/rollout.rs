//! A deployment's steps on one host: bringing something into force, going back, taking away.
//!
//! The manifest is written before the link changes, so that the host never has something in force of which it does not
//! know what was there before. A manifest to which no link and no other manifest leads belongs to a deployment that died
//! half-way, and counts for nothing. All changes are made alone ([`Keeper::lock`]); uploads are not.

use crate::deployment::{Deployment, HostManifest, Part, RUNNER};
use crate::keeper::{Keeper, State};
use crate::{Runner, ShipError};
use std::collections::BTreeSet;

/// What is to be in force.
pub(crate) struct Item<'a> {
    pub file: &'a Runner,
    /// The runner itself, which the bootstrap has brought there; else an executable with the plan inside.
    pub is_runner: bool,
    /// As many bytes of the beginning are the runner.
    pub shared: u64,
}

/// How it went.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub path: String,
    pub cached: bool,
    pub uploaded_bytes: u64,
    pub reused: u64,
    pub previous: Option<String>,
    /// The host computed the digest.
    pub verified: bool,
    pub notes: Vec<String>,
}

/// The manifest in force under a name.
fn in_force<'a>(state: &'a State, name: &str) -> Option<&'a HostManifest> {
    let digest = state.current.get(name)?;
    state.manifests.iter().find(|m| m.name == name && m.sha256 == *digest)
}

/// Brings `item` into force as `deployment`, and forgets what is older than `keep` deployments of its name.
pub(crate) fn deploy(keeper: &mut Keeper, item: &Item, deployment: &Deployment, keep: u32) -> Result<Done, ShipError> {
    let digest = &item.file.sha256;
    // Between upload and link another shipper may clean up, or the file turns out to be damaged: once more, then.
    let mut again = true;
    let mut done = Done::default();
    loop {
        if item.is_runner {
            done.path = keeper.find(digest)?;
        } else {
            let put = keeper.put(item.file, &deployment.name, item.shared)?;
            done.path = put.path;
            done.cached = put.cached;
            done.uploaded_bytes += put.uploaded_bytes;
            done.reused = put.reused;
            done.notes.extend(put.notes);
        }
        keeper.lock()?;
        match activate(keeper, item, deployment, keep, &mut done) {
            Err(ShipError::Host(why)) if why.starts_with("gone") && again && !item.is_runner => {
                again = false;
                done.notes.push(why.trim_start_matches("gone: ").to_owned());
                keeper.unlock()?;
            }
            result => {
                // What went wrong counts more than a lock that nobody can take away any more.
                let unlocked = keeper.unlock();
                return result.and(unlocked).map(|()| done);
            }
        }
    }
}

fn activate(keeper: &mut Keeper, item: &Item, deployment: &Deployment, keep: u32, done: &mut Done) -> Result<(), ShipError> {
    let name = &deployment.name;
    let state = keeper.list()?;
    done.previous = state.current.get(name).cloned();
    // One machine under several names: another one has done it already.
    if let Some(done_already) = state.manifests.iter().find(|m| m.id == deployment.id && m.sha256 == item.file.sha256)
        && done.previous.as_ref() == Some(&done_already.sha256)
    {
        done.previous.clone_from(&done_already.previous);
        return Ok(());
    }
    let manifest = HostManifest {
        id: deployment.id.clone(),
        time: deployment.time.clone(),
        name: name.clone(),
        kind: deployment.kind.clone(),
        triple: item.file.triple.clone(),
        sha256: item.file.sha256.clone(),
        previous: done.previous.clone(),
    };
    keeper.note(&manifest)?;
    match keeper.link(name, manifest.folder(), &manifest.sha256, done.previous.as_deref()) {
        Ok(verified) => done.verified = verified,
        Err(e) => {
            // Nothing has changed, so nothing is to be remembered.
            _ = keeper.drop_file("deployments", &format!("{}.json", manifest.id));
            return Err(e);
        }
    }
    forget(keeper, state, manifest, keep as usize)
}

/// Keeps the newest `keep` deployments of the new one's name, and the files that any manifest or link still needs.
fn forget(keeper: &mut Keeper, mut state: State, new: HostManifest, keep: usize) -> Result<(), ShipError> {
    let name = new.name.clone();
    state.current.insert(name.clone(), new.sha256.clone());
    state.manifests.retain(|m| m.id != new.id);
    state.manifests.insert(0, new);
    let mut kept = 0;
    let (mut stay, mut go) = (Vec::new(), Vec::new());
    for m in state.manifests {
        if m.name != name {
            stay.push(m);
        } else if kept == keep.max(1) {
            go.push(m);
        } else {
            kept += 1;
            stay.push(m);
        }
    }
    remove(keeper, &go, &stay, state.current.values())?;
    for old in state.undone.iter().skip(keep) {
        keeper.drop_file("deployments", old)?;
    }
    Ok(())
}

/// Removes manifests, and their files where neither a manifest that stays nor a link needs them. Runners stay: the
/// bootstrap has its own bound for them.
fn remove<'a>(keeper: &mut Keeper, go: &[HostManifest], stay: &'a [HostManifest], linked: impl Iterator<Item = &'a String>) -> Result<(), ShipError> {
    let needed: BTreeSet<&str> = stay.iter().map(|m| m.sha256.as_str()).chain(linked.map(String::as_str)).collect();
    let mut gone = BTreeSet::new();
    for m in go {
        keeper.drop_file("deployments", &format!("{}.json", m.id))?;
        if m.name != RUNNER && !needed.contains(m.sha256.as_str()) && gone.insert(&m.sha256) {
            keeper.drop_file("artifacts", &m.sha256)?;
        }
    }
    Ok(())
}

/// Where a roll-back ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Back {
    /// This digest is in force now; the id of its deployment; the one that was in force.
    To { digest: String, id: String, was: Option<String> },
    /// Nothing is in force any more, as before the deployment; the digest that was.
    Nothing { was: String },
    /// Nothing was changed: why.
    Unchanged(String),
}

/// Undoes deployment `id`, where it is in force.
pub(crate) fn undo(keeper: &mut Keeper, id: &str) -> Result<Back, ShipError> {
    if !keeper.open()? {
        return Ok(Back::Unchanged("nothing was deployed here".into()));
    }
    keeper.lock()?;
    let result = undo_alone(keeper, id);
    let unlocked = keeper.unlock();
    result.and_then(|back| unlocked.map(|()| back))
}

fn undo_alone(keeper: &mut Keeper, id: &str) -> Result<Back, ShipError> {
    let state = keeper.list()?;
    let Some(this) = state.manifests.iter().find(|m| m.id == id) else {
        return Ok(Back::Unchanged(format!("it does not have {id}")));
    };
    let was = state.current.get(&this.name).cloned();
    let force = in_force(&state, &this.name);
    if force.is_none_or(|f| f.id != id) {
        // Where both have the same file, undoing the older one would change nothing either.
        let other = force.map_or_else(|| "something that no deployment brought".to_owned(), |f| f.id.clone());
        return Ok(Back::Unchanged(format!("{other} is in force, not {id}")));
    }
    let lost = |digest: &str| ShipError::Host(format!("what was there before ({digest}) is not kept on the host any more (--keep)"));
    // Each manifest names what was before it; the order of ids is not that of the changes where several shippers were
    // at work. The same file deployed again is no step of its own.
    let mut seen = vec![this];
    let target = loop {
        let last = seen[seen.len() - 1];
        match &last.previous {
            None => break None,
            Some(p) if *p == this.sha256 => {
                let same = state.manifests.iter().find(|m| m.name == this.name && m.sha256 == *p && m.id < last.id);
                seen.push(same.ok_or_else(|| lost(p))?);
            }
            Some(p) => break Some(state.manifests.iter().find(|m| m.name == this.name && m.sha256 == *p).ok_or_else(|| lost(p))?),
        }
    };
    let back = match (target, was) {
        (Some(target), was) => {
            keeper.link(&target.name, target.folder(), &target.sha256, was.as_deref())?;
            Back::To { digest: target.sha256.clone(), id: target.id.clone(), was }
        }
        (None, was) => {
            let was = was.unwrap_or_default();
            keeper.unlink(&this.name, &was)?;
            Back::Nothing { was }
        }
    };
    for m in seen {
        keeper.undo(&m.id)?;
    }
    Ok(back)
}

/// Puts the target in force, and marks what is newer as rolled back.
fn switch(keeper: &mut Keeper, state: &State, target: &HostManifest, was: Option<&str>) -> Result<Back, ShipError> {
    keeper.link(&target.name, target.folder(), &target.sha256, was)?;
    undone(keeper, state, &target.name, &target.id)?;
    Ok(Back::To { digest: target.sha256.clone(), id: target.id.clone(), was: was.map(str::to_owned) })
}

fn undone(keeper: &mut Keeper, state: &State, name: &str, after: &str) -> Result<(), ShipError> {
    for m in state.manifests.iter().filter(|m| m.name == name && m.id.as_str() > after) {
        keeper.undo(&m.id)?;
    }
    Ok(())
}

/// Brings the state of `deployment` back. `part` is what the controller remembers of this host, and `file` what the
/// host was sent then, for a host that has it no more.
pub(crate) fn return_to(keeper: &mut Keeper, deployment: &Deployment, part: &Part, file: Option<&Runner>) -> Result<(Back, u64), ShipError> {
    let mut sent = 0;
    let there = keeper.open()?;
    // The second round is for a file that is gone or damaged.
    for round in 0..2 {
        if round > 0 || !there {
            let Some(file) = file.filter(|_| deployment.kind != "runner") else {
                let why = if deployment.kind == "runner" { "the next run brings it" } else { "its file is not on the controller any more, either" };
                return Err(ShipError::Host(format!("the host does not have {} any more ({why})", part.sha256)));
            };
            sent += keeper.put(file, &deployment.name, 0)?.uploaded_bytes;
        }
        keeper.lock()?;
        let result = return_alone(keeper, deployment, part);
        let unlocked = keeper.unlock();
        match result {
            Err(ShipError::Host(why)) if why.starts_with("gone") && round == 0 && there => unlocked?,
            result => return result.and_then(|back| unlocked.map(|()| (back, sent))),
        }
    }
    Err(ShipError::Host("the file is gone again and again".into()))
}

fn return_alone(keeper: &mut Keeper, deployment: &Deployment, part: &Part) -> Result<Back, ShipError> {
    let state = keeper.list()?;
    let name = &deployment.name;
    let was = state.current.get(name).cloned();
    let known = state.manifests.iter().find(|m| m.id == deployment.id);
    if let (Some(known), Some(force)) = (known, in_force(&state, name))
        && known.id == force.id
    {
        return Ok(Back::Unchanged(format!("{} is in force", deployment.id)));
    }
    let target = match known {
        Some(known) => known.clone(),
        None => HostManifest {
            id: deployment.id.clone(),
            time: deployment.time.clone(),
            name: name.clone(),
            kind: deployment.kind.clone(),
            triple: part.triple.clone(),
            sha256: part.sha256.clone(),
            previous: part.previous.clone(),
        },
    };
    if known.is_none() {
        keeper.note(&target)?;
        // It was rolled back here once.
        keeper.drop_file("deployments", &format!("{}.undone", target.id))?;
    }
    switch(keeper, &state, &target, was.as_deref())
}

/// Takes one deployment away: its manifest, its file where nothing else needs it, and the link where it is in force.
/// Says what was removed.
pub(crate) fn take_away(keeper: &mut Keeper, id: &str) -> Result<Vec<String>, ShipError> {
    if !keeper.open()? {
        return Ok(Vec::new());
    }
    keeper.lock()?;
    let result = take_alone(keeper, id);
    let unlocked = keeper.unlock();
    let removed = result.and_then(|r| unlocked.map(|()| r))?;
    keeper.away()?;
    Ok(removed)
}

fn take_alone(keeper: &mut Keeper, id: &str) -> Result<Vec<String>, ShipError> {
    let mut state = keeper.list()?;
    let mut removed = Vec::new();
    let undone = format!("{id}.undone");
    if state.undone.contains(&undone) {
        keeper.drop_file("deployments", &undone)?;
        removed.push(undone);
    }
    let Some(this) = state.manifests.iter().find(|m| m.id == id).cloned() else { return Ok(removed) };
    if in_force(&state, &this.name).is_some_and(|f| f.id == id) {
        keeper.unlink(&this.name, &this.sha256)?;
        state.current.remove(&this.name);
        removed.push(format!("current/{}", this.name));
    }
    state.manifests.retain(|m| m.id != id);
    remove(keeper, std::slice::from_ref(&this), &state.manifests, state.current.values())?;
    removed.push(format!("deployments/{id}.json"));
    Ok(removed)
}
