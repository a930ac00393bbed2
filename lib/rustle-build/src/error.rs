//! Why there is no runner.

use rustle_stream::exit;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("{path}: {source}")]
    Io { path: String, source: std::io::Error },
    #[error("the runner's sources in this program are damaged: {0}")]
    Sources(String),
    #[error("unknown profile '{0}' (known: {list})", list = crate::PROFILES.join(", "))]
    Profile(String),
    /// A word of `--features` or `--modules`, or a processor's, that is none.
    #[error("unknown {what} '{name}'{}", nearest.as_ref().map(|n| format!("; did you mean '{n}'?")).unwrap_or_default())]
    Feature { what: &'static str, name: String, nearest: Option<String> },
    /// `native` without knowing the processor; the host's name is empty where no host is known.
    #[error("the processor{} is not known{}", if host.is_empty() { format!("s of hosts with {triple}") } else { format!(" of '{host}'") },
        "; let rustle-target ask (--refresh), set the variable rustle_target_cpu_features, or name a processor (--cpu)")]
    Cpu { host: String, triple: String },
    #[error("unknown back end '{0}' (known: {list})", list = crate::BACKENDS.iter().map(|b| b.name).collect::<Vec<_>>().join(", "))]
    Backend(String),
    /// A build failed; the whole output is in the file.
    #[error("{summary} (all of it: {log})")]
    Failed {
        summary: String,
        log: String,
        /// What it says of the folder that it was built in: another build in an empty one may succeed.
        damage: Option<&'static str>,
    },
    /// The program is about to end.
    #[error("interrupted")]
    Interrupted,
    /// A file cannot be written for want of space.
    #[error("{path}: no space is left; free some, `rustle-compile --cache-prune` empties the cache, RUSTLE_CACHE_DIR and RUSTLE_COMPILE_TEMP_DIR name other places")]
    Full { path: String },
    /// Runners of other machines that cannot be had, or not be given.
    #[error("cache.remote: {0}")]
    Remote(String),
    #[error("it took longer than {0} seconds and was killed")]
    TimedOut(u64),
    /// A binary that does not run where it should.
    #[error("{0}")]
    Unfit(String),
    #[error(transparent)]
    Payload(#[from] rustle_stream::payload::PayloadError),
    /// A plan that cannot run without its controller.
    #[error("the plan needs its controller")]
    NeedsController,
}

impl BuildError {
    /// The exit code of [`rustle_stream::exit`] that stands for it.
    pub fn code(&self) -> u8 {
        match self {
            BuildError::Io { .. } | BuildError::Full { .. } => exit::IO,
            BuildError::Sources(_) => exit::SOFTWARE,
            BuildError::Profile(_) | BuildError::Feature { .. } | BuildError::Cpu { .. } | BuildError::Backend(_) => exit::USAGE,
            BuildError::Failed { .. } | BuildError::TimedOut(_) | BuildError::Unfit(_) | BuildError::Payload(_) => exit::UNAVAILABLE,
            BuildError::NeedsController | BuildError::Interrupted | BuildError::Remote(_) => exit::UNAVAILABLE,
        }
    }
    pub(crate) fn io(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> BuildError {
        let path = path.display().to_string();
        move |source| match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => BuildError::Full { path },
            std::io::ErrorKind::Interrupted => BuildError::Interrupted,
            _ => BuildError::Io { path, source },
        }
    }
}
