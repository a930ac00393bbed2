//! `rustle-compile --embed`: one executable per host, written to a folder.

use crate::carried::{Needs, unfit};
use crate::{BuildError, embed, embed_files, sha256};
use rustle_cli::stage::{Input, StageError};
use rustle_stream::payload::Manifest;
use rustle_stream::record::Artifact;
use rustle_stream::{Record, exit};
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Turns a plan into what the engine of a host runs by itself.
pub trait Programs {
    /// `rustle_stream::payload::Alone` as JSON.
    ///
    /// # Errors
    /// What the plan needs of its controller.
    fn of(input: &Input, host: &str) -> Result<String, StageError>;
    /// Why the plan cannot run without a controller, a line each; `None` where only the records tell.
    ///
    /// # Errors
    /// A plan that makes no sense.
    fn reasons(input: &Input) -> Result<Option<Vec<String>>, StageError> {
        let _ = input;
        Ok(None)
    }
}

/// Nobody does: the executables carry the plan's records alone.
pub struct NoPrograms;

impl Programs for NoPrograms {
    fn of(_: &Input, _: &str) -> Result<String, StageError> {
        Ok(String::new())
    }
}

/// Whether the stream's plan can run without a controller. Asked before anything is built.
pub(crate) fn check(input: &Input, known: Option<Vec<String>>) -> Result<(), StageError> {
    if !input.has("decision") && !input.has("segment") {
        return Err(StageError::new(exit::DATA, "the stream has no plan to embed").hint("put rustle-plan before rustle-compile"));
    }
    let records: Vec<&Record> = input.records().collect();
    let mut reasons = embed::reasons(records.iter().copied(), known.is_none());
    for reason in known.into_iter().flatten() {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    if reasons.is_empty() {
        return Ok(());
    }
    let error = StageError::from(BuildError::NeedsController);
    Err(reasons.into_iter().fold(error, |e, r| e.hint(r)))
}

/// A host's name comes from the inventory and may hold anything; the file must stay in its folder.
fn file_name(host: &str, triple: &str) -> String {
    let mut name = host.replace(['/', '\\', '\0'], "_").trim_start_matches('.').to_owned();
    if name.is_empty() {
        name.push('_');
    }
    if triple.contains("windows") {
        name.push_str(".exe");
    }
    name
}

/// Writes `DIR/<host>` (Windows: `DIR/<host>.exe`) for every host that the artifacts serve. One record per host; failed
/// artifacts stay as they are, and a runner that lacks modules of the plan is one.
pub(crate) fn write(input: &Input, artifacts: Vec<Artifact>, dir: &Path, programs: &mut dyn FnMut(&str) -> Result<String, StageError>) -> Result<Vec<Artifact>, StageError> {
    let dir = &std::path::absolute(dir)?;
    let records: Vec<&Record> = input.records().collect();
    let files = embed_files::collect(records.iter().copied())?;
    let mut plan = String::new();
    // What only this machine needs to know stays here.
    for line in &input.lines {
        if !matches!(line.record, Some(Record::Capabilities(_) | Record::RunnerTemplate(_) | Record::Artifact(_) | Record::Shipment(_))) {
            plan.push_str(&line.raw);
            plan.push('\n');
        }
    }
    std::fs::create_dir_all(dir).map_err(BuildError::io(dir))?;
    let needs = Needs::of(records.iter().copied());
    let mut list = Vec::new();
    let mut names = HashMap::new();
    for a in artifacts {
        if a.failed.is_some() {
            list.push(a);
            continue;
        }
        if let Some(why) = unfit(&a, needs.as_ref()) {
            list.push(Artifact { failed: Some(format!("the runner {} does not do: {why}", a.path)), ..a });
            continue;
        }
        let runner = std::fs::read(&a.path).map_err(BuildError::io(Path::new(&a.path)))?;
        for host in &a.hosts {
            let name = file_name(host, &a.triple);
            if let Some(other) = names.insert(name.clone(), host.clone()) {
                return Err(StageError::data(format!("the hosts '{other}' and '{host}' would both be written to {name}")).hint("embed them one after the other, into two folders, with --limit"));
            }
            let path = dir.join(name);
            let manifest = Manifest { triple: a.triple.clone(), host: host.clone(), run: input.run().to_owned(), ..Manifest::default() };
            let bytes = embed::embed(&runner, manifest, &plan, &programs(host)?, &files)?;
            let fresh = tempfile::NamedTempFile::new_in(dir).map_err(BuildError::io(dir))?;
            std::fs::write(fresh.path(), &bytes).map_err(BuildError::io(&path))?;
            // The plan may hold secrets of its own (`-e`): nobody else reads it.
            fresh.as_file().set_permissions(std::fs::Permissions::from_mode(0o700)).map_err(BuildError::io(&path))?;
            fresh.persist(&path).map_err(|e| BuildError::io(&path)(e.error))?;
            list.push(Artifact {
                path: path.display().to_string(),
                sha256: sha256(&bytes),
                size: bytes.len() as u64,
                source: "embed".into(),
                hosts: vec![host.clone()],
                embedded_plan: Some(sha256(plan.as_bytes())),
                ..a.clone()
            });
        }
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn names_stay_in_their_folder() {
        for (host, triple, wanted) in [
            ("web1.example", "x86_64-unknown-linux-musl", "web1.example"),
            ("../../etc/passwd", "x", "_.._etc_passwd"),
            ("..", "x", "_"),
            ("win1", "x86_64-pc-windows-gnu", "win1.exe"),
            ("a\\b", "x86_64-pc-windows-gnu", "a_b.exe"),
            ("mac", "aarch64-apple-darwin", "mac"),
        ] {
            assert_eq!(file_name(host, triple), wanted);
        }
    }
}
