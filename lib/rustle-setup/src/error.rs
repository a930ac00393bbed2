//! Why a component could not be installed.

use rustle_stream::exit;
use std::path::Path;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("{path}: {source}")]
    Io { path: String, source: std::io::Error },
    /// What came is not what was asked for.
    #[error("{what} has the SHA-256 {got}, and {want} was asked for: nothing is installed")]
    Digest { what: String, want: String, got: String },
    #[error("{url}: {why}")]
    Download { url: String, why: String },
    /// A command failed.
    #[error("{command} failed: {said}")]
    Command { command: String, said: String },
    /// What was installed is of no use.
    #[error("{path} was installed but {problem}")]
    Broken { path: String, problem: String },
    #[error("{0}")]
    Missing(String),
    #[error(transparent)]
    Settings(#[from] rustle_cli::settings::SettingsError),
    #[error(transparent)]
    Toolchain(#[from] rustle_toolchain::ToolchainError),
    #[error(transparent)]
    Build(#[from] rustle_build::BuildError),
}

impl SetupError {
    /// The exit code of [`rustle_stream::exit`] that stands for it.
    pub fn code(&self) -> u8 {
        match self {
            SetupError::Io { .. } => exit::IO,
            SetupError::Digest { .. } => exit::DATA,
            SetupError::Download { .. } | SetupError::Command { .. } | SetupError::Broken { .. } | SetupError::Missing(_) => exit::UNAVAILABLE,
            SetupError::Settings(_) => exit::CONFIG,
            SetupError::Toolchain(e) => e.code(),
            SetupError::Build(e) => e.code(),
        }
    }
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> SetupError {
        let path = path.display().to_string();
        move |source| SetupError::Io { path, source }
    }
}
