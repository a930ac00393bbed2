//! The binary that is to run on a host, read once for all hosts, and compressed once for all runs.

use crate::ShipError;
use crate::upload::hex;
use flate2::{Compression, write::GzEncoder};
use rustle_build::{Artifact, Cache};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;

/// A runner for one target.
pub struct Runner {
    /// Rust's name of the target, such as `x86_64-unknown-linux-musl`.
    pub triple: String,
    /// Lower-case hex digest of the content.
    pub sha256: String,
    pub path: PathBuf,
    plain: OnceLock<Result<Vec<u8>, String>>,
    packed: OnceLock<Option<Vec<u8>>>,
    /// Where the compressed form is kept between runs.
    cache: Option<Cache>,
}

impl std::fmt::Debug for Runner {
    /// Without its megabytes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("triple", &self.triple).field("sha256", &self.sha256).field("path", &self.path).finish_non_exhaustive()
    }
}

impl Runner {
    /// A runner whose digest is known. The file is read when a host needs it, and must then have that digest.
    pub fn new(triple: impl Into<String>, path: impl Into<PathBuf>, sha256: impl Into<String>) -> Runner {
        Runner { triple: triple.into(), sha256: sha256.into(), path: path.into(), plain: OnceLock::new(), packed: OnceLock::new(), cache: None }
    }

    /// The runner of a record. Its compressed form is kept in `cache`, as compressing takes longer than sending.
    pub fn of(artifact: &Artifact, cache: Option<Cache>) -> Runner {
        Runner { cache, ..Runner::new(&artifact.triple, &artifact.path, &artifact.sha256) }
    }

    /// A runner whose digest is computed now.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn load(triple: impl Into<String>, path: impl Into<PathBuf>) -> Result<Runner, ShipError> {
        let path = path.into();
        let bytes = std::fs::read(&path).map_err(|e| ShipError::Runner(format!("{}: {e}", path.display())))?;
        let runner = Runner::new(triple, path, hex(&Sha256::digest(&bytes)));
        _ = runner.plain.set(Ok(bytes));
        Ok(runner)
    }

    /// The content.
    ///
    /// # Errors
    /// The file can't be read, or has another digest.
    pub fn bytes(&self) -> Result<&[u8], ShipError> {
        let read = || {
            let name = self.path.display();
            let bytes = std::fs::read(&self.path).map_err(|e| format!("{name}: {e}"))?;
            let found = hex(&Sha256::digest(&bytes));
            if found == self.sha256 { Ok(bytes) } else { Err(format!("{name}: its digest is {found}, not {}", self.sha256)) }
        };
        self.plain.get_or_init(read).as_deref().map_err(|e| ShipError::Runner(e.clone()))
    }

    /// The content as gzip has it, where that is worth it.
    pub(crate) fn packed(&self) -> Option<&[u8]> {
        let pack = || {
            let plain = self.bytes().ok()?;
            if let Some(known) = self.cache.as_ref().and_then(|c| c.packed(&self.sha256)) {
                return Some(known);
            }
            let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 2), Compression::new(5));
            encoder.write_all(plain).ok()?;
            let packed = encoder.finish().ok().filter(|p| p.len() < plain.len() * 9 / 10)?;
            if let Some(cache) = &self.cache {
                cache.keep_packed(&self.sha256, &packed);
            }
            Some(packed)
        };
        self.packed.get_or_init(pack).as_deref()
    }
}
