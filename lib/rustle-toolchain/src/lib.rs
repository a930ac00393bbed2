//! What this machine can build runners with: compiler, linker, containers, and what a user could do to get more.
//!
//! [`detect`] looks for every tool at the same time and gives a [`Capabilities`] record; [`cached`] remembers it.
//! One file in `src/tools` per tool. Nothing is ever installed or changed here.
//!
//! Limits: knows nothing of targets beyond which standard libraries are installed; building, and so the stage
//! `rustle-caps` that tells the way to each target, is `rustle-build`'s work.

mod cache;
mod detect;
mod env;
mod level;
pub mod process;
mod table;
mod tree;

pub use cache::{cache_dir, cached};
pub use detect::{Detector, Found, TOOLS, detect};
pub use env::Env;
pub use level::Advice;
pub use rustle_stream::record::{Capabilities, Recommendation, Tool};
pub use table::table;

/// Why the tools of this machine could not be examined.
#[derive(Debug, thiserror::Error)]
pub enum ToolchainError {
    /// No folder for caches: neither `RUSTLE_CACHE_DIR`, `XDG_CACHE_HOME` nor `HOME` is set.
    #[error("no cache folder: set RUSTLE_CACHE_DIR or HOME")]
    NoCacheDir,
    #[error("{path}: {source}")]
    Io { path: String, source: std::io::Error },
    #[error(transparent)]
    Settings(#[from] rustle_cli::settings::SettingsError),
}

impl ToolchainError {
    /// The exit code of [`rustle_stream::exit`] that stands for it.
    pub fn code(&self) -> u8 {
        match self {
            ToolchainError::NoCacheDir | ToolchainError::Settings(_) => rustle_stream::exit::CONFIG,
            ToolchainError::Io { .. } => rustle_stream::exit::IO,
        }
    }
}

/// The tool of this name, if it was found and works.
pub fn working<'a>(caps: &'a Capabilities, name: &str) -> Option<&'a Tool> {
    caps.tools.iter().find(|t| t.name == name && t.works)
}
