//! Submodules of a working copy.

use super::Git;
use crate::paths::join;
use crate::{Ctx, Failure};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Whether submodules are missing or at another commit than they should be; what is new is fetched for that. `track`:
/// they should be at the end of their branch, else at the commit that the repository names.
pub fn stale(git: &Git, ctx: &Ctx, dest: &str, track: bool) -> Result<bool, Failure> {
    let Ok(list) = fs::read_to_string(join(dest, ".gitmodules")) else { return Ok(false) };
    let paths = list.lines().map(str::trim).filter(|l| l.starts_with("path")).filter_map(|l| Some(l.split_once('=')?.1.trim()));
    let mut any = false;
    for p in paths {
        any = true;
        if !Path::new(dest).join(p).join(".git").exists() {
            return Ok(true);
        }
    }
    if !any {
        return Ok(false);
    }
    let before = if track { commits(git, ctx, dest)? } else { BTreeMap::new() };
    git.must(ctx, &["submodule", "foreach", &git.program, "fetch"], Some(dest))?;
    if track {
        for (path, commit) in &before {
            if newest(git, ctx, dest, path)? != *commit {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    let out = git.run(ctx, &["submodule", "status"], Some(dest))?;
    if !out.success() {
        return Err(Failure::new(format!("Failed to retrieve submodule status: {}{}", out.out(), out.err())));
    }
    Ok(out.out().lines().any(|l| !l.starts_with(' ')))
}

/// The commits at which the submodules are, by path.
fn commits(git: &Git, ctx: &Ctx, dest: &str) -> Result<BTreeMap<String, String>, Failure> {
    let out = git.run(ctx, &["submodule", "foreach", &git.program, "rev-parse", "HEAD"], Some(dest))?;
    if !out.success() {
        return Err(super::said("Unable to determine hashes of submodules", &out));
    }
    let mut found = BTreeMap::new();
    let mut path = None;
    for line in out.out().lines() {
        if let Some(p) = line.strip_prefix("Entering '").and_then(|l| l.strip_suffix('\'')) {
            path = Some(p.to_owned());
        } else if line.len() >= 40 && line.bytes().all(|b| b.is_ascii_hexdigit()) {
            found.extend(path.take().map(|p| (p, line.to_owned())));
        } else {
            return Err(Failure::new(format!("Unable to parse submodule hash line: {}", line.trim())));
        }
    }
    match path {
        Some(p) => Err(Failure::new(format!("Unable to find hash for submodule: {p}"))),
        None => Ok(found),
    }
}

/// The commit at the end of a submodule's branch: the one that `.gitmodules` names, else its repository's own.
fn newest(git: &Git, ctx: &Ctx, dest: &str, path: &str) -> Result<String, Failure> {
    let said = |args: &[&str], folder: &str| -> Result<Option<String>, Failure> {
        let out = git.run(ctx, args, Some(folder))?;
        let text = out.out().trim().to_owned();
        Ok((out.success() && !text.is_empty()).then_some(text))
    };
    let folder = join(dest, path);
    let branch = match said(&["config", "-f", ".gitmodules", &format!("submodule.{path}.branch")], dest)? {
        Some(b) => b,
        None => match said(&["symbolic-ref", "--short", "refs/remotes/origin/HEAD"], &folder)? {
            Some(b) => b.split_once('/').map_or(b.clone(), |(_, name)| name.to_owned()),
            None => "HEAD".to_owned(),
        },
    };
    let revision = format!("origin/{branch}");
    let out = git.run(ctx, &["rev-parse", &revision], Some(&folder))?;
    if !out.success() {
        return Err(super::said(format!("Unable to determine hash of submodule {path} at {revision}"), &out));
    }
    Ok(out.out().trim().to_owned())
}

/// Brings the submodules to where they should be, new ones too.
pub fn update(git: &Git, ctx: &Ctx, dest: &str, track: bool, force: bool) -> Result<(), Failure> {
    let fail = |out: &crate::Output| Failure::new(format!("Failed to init/update submodules: {}{}", out.out(), out.err()));
    let out = git.run(ctx, &["submodule", "sync"], Some(dest))?;
    if !out.success() {
        return Err(fail(&out));
    }
    let mut words = vec!["submodule", "update", "--init", "--recursive"];
    words.extend(track.then_some("--remote"));
    words.extend(force.then_some("--force"));
    let out = git.run(ctx, &words, Some(dest))?;
    if out.success() { Ok(()) } else { Err(fail(&out)) }
}
