//! Why something that was seen could not be kept.

use rustle_stream::exit;

/// Why something that was seen could not be kept. Never a reason for a run to fail.
#[derive(Debug, thiserror::Error)]
pub enum CostError {
    #[error("{path}: {source}")]
    Io { path: String, source: std::io::Error },
    /// Another process holds the file for too long.
    #[error("{0}: another process keeps it locked")]
    Busy(String),
}

impl CostError {
    /// The exit code of a program that ends with it.
    pub fn code(&self) -> u8 {
        match self {
            CostError::Io { .. } | CostError::Busy(_) => exit::IO,
        }
    }
}
