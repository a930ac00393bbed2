//! `rustle-compile --embed`: one executable per host, written to a folder.

use crate::{BuildError, embed, embed_files, sha256};
use rustle_cli::stage::{Input, StageError};
use rustle_stream::record::Artifact;
use rustle_stream::{Record, exit};
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

/// Writes `DIR/<host>` for every host that the artifacts serve. One record per host; failed artifacts stay as they
/// are.
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
    let mut list = Vec::new();
    for a in artifacts {
        if a.failed.is_some() {
            list.push(a);
            continue;
        }
        let runner = std::fs::read(&a.path).map_err(BuildError::io(Path::new(&a.path)))?;
        for host in &a.hosts {
            let bytes = embed::embed(&runner, &a.triple, host, input.run(), &plan, &programs(host)?, &files)?;
            // A host's name comes from the inventory and may hold anything; the file must stay in the folder.
            let path = dir.join(host.replace(['/', '\0'], "_").trim_start_matches('.'));
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
