//! Builds a runner: one back end after the other, each once more in an empty folder where the folder was to blame.

use crate::backend::{self, Request};
use crate::obtain::{Context, Keyed, Wanted};
use crate::run::Run;
use crate::{Artifact, BuildError, Progress, damage, elf, own_triple, prebuilt};
use rustle_stream::record::Capabilities;
use rustle_toolchain::process;
use std::time::Instant;

/// Tries the back ends in order. `together`: so many builds may go on at the same time.
///
/// # Errors
/// What each of them said.
pub(crate) fn build(context: &Context, caps: &Capabilities, w: &Wanted, keyed: &Keyed, together: usize) -> Result<Artifact, Vec<String>> {
    let settings = context.settings;
    let template = keyed.template;
    let triple = &template.triple;
    let say = |e: BuildError| vec![format!("{triple}: {e}")];
    let own = *triple == own_triple();
    let request = Request { env: context.env, caps, template, own, offline: settings.offline };
    let mut reasons = Vec::new();
    for backend in backend::order(&request, settings.backends.as_deref()).map_err(say)? {
        if process::ending() {
            reasons.push(format!("{triple}: {}: {}", backend.name, BuildError::Interrupted));
            break;
        }
        let job = match (backend.job)(&request) {
            Ok(job) => job,
            Err(why) => {
                reasons.push(format!("{triple}: {}: {why}", backend.name));
                continue;
            }
        };
        // One build per platform and back end at a time, machine-wide: the second finds the first one's result.
        let workshop = format!("{triple}-{}", backend.name);
        let _lock = context.cache.lock(&workshop).map_err(say)?;
        let key = if job.container.is_some() { keyed.container.as_deref().unwrap_or(&keyed.key) } else { &keyed.key };
        if let Some((found, _)) = context.cache.get(key).filter(|_| !settings.refresh) {
            return Ok(found);
        }
        let dir = context.cache.ready_workshop(&workshop).map_err(say)?;
        let begun = Instant::now();
        (context.progress)(Progress::Begun { triple, backend: backend.name });
        let fresh = !dir.join("target").exists();
        let mut run = Run {
            request: &request,
            job: &job,
            backend: backend.name,
            dir: &dir,
            cache: context.cache,
            limit: settings.timeout,
            progress: context.progress,
            again: false,
            together,
        };
        let mut built = once(context, w, &run);
        if let Err((e, Some(what))) = &built
            && !fresh
            && !process::ending()
            && std::fs::remove_dir_all(&dir).is_ok()
        {
            (context.progress)(Progress::Again { triple, backend: backend.name, why: &e.to_string(), damage: what });
            run.again = true;
            built = once(context, w, &run);
        }
        let stored = built.and_then(|bytes| {
            let kept = context.cache.store(key, triple, backend.name, Some(&keyed.hash), &bytes);
            kept.map_err(|e| (e, None))
        });
        match stored {
            Ok(artifact) => {
                (context.progress)(Progress::Built { triple, profile: &template.profile, backend: backend.name, took: begun.elapsed() });
                return Ok(artifact);
            }
            Err((e, what)) => {
                if what == Some(damage::FULL) {
                    // What has been compiled so far is of no use while it fills the disk.
                    _ = std::fs::remove_dir_all(&dir);
                }
                let again = if run.again { " (in an empty folder, too)" } else { "" };
                (context.progress)(Progress::Failed { triple, backend: backend.name, why: &e.to_string() });
                reasons.push(format!("{triple}: {}: {e}{again}", backend.name));
            }
        }
    }
    Err(reasons)
}

/// The runner's bytes; or the error, and what is wrong with the folder where that is why.
fn once(context: &Context, w: &Wanted, run: &Run) -> Result<Vec<u8>, (BuildError, Option<&'static str>)> {
    let template = run.request.template;
    let plain = |e: BuildError| {
        let what = match &e {
            BuildError::Failed { damage, .. } => *damage,
            BuildError::Full { .. } => Some(damage::FULL),
            _ => None,
        };
        (e, what)
    };
    template.write(run.dir).map_err(plain)?;
    let bytes = run.run().map_err(plain)?;
    let (size, limit) = (bytes.len() as u64, context.settings.size_limit);
    if size > limit {
        let why = format!("the runner has {size} bytes, more than the limit of {limit} (build.size_limit)");
        return Err((BuildError::Unfit(why), None));
    }
    // Cargo holds a file that it has written once to be good for ever.
    let what = elf::inspect(&bytes).is_none().then_some("the binary is damaged");
    prebuilt::fitting(&bytes, &template.triple, &w.target).map_err(|why| (BuildError::Unfit(why), what))?;
    Ok(bytes)
}
