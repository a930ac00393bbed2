//! The runner's sources, as they were when this program was built.

use crate::BuildError;
use flate2::read::ZlibDecoder;
use std::collections::BTreeMap;
use std::io::Read;

/// Digest of the unpacked archive.
pub const SOURCES_SHA256: &str = env!("RUSTLE_SOURCES_SHA256");

static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/sources.bin"));

/// Every file by its path in the project. See `build.rs` for the archive's form.
///
/// # Errors
/// [`BuildError::Sources`] where this program's file is damaged.
pub fn sources() -> Result<BTreeMap<String, Vec<u8>>, BuildError> {
    let damaged = |what: &str| BuildError::Sources(what.to_owned());
    let mut plain = Vec::new();
    ZlibDecoder::new(PACKED).read_to_end(&mut plain).map_err(|e| damaged(&e.to_string()))?;
    if crate::sha256(&plain) != SOURCES_SHA256 {
        return Err(damaged("their digest differs"));
    }
    let mut rest = plain.as_slice();
    let mut piece = || -> Option<Vec<u8>> {
        let (length, tail) = rest.split_first_chunk::<4>()?;
        let (head, tail) = tail.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        rest = tail;
        Some(head.to_vec())
    };
    let mut files = BTreeMap::new();
    while let Some(path) = piece() {
        let path = String::from_utf8(path).map_err(|_| damaged("a path is not UTF-8"))?;
        files.insert(path, piece().ok_or_else(|| damaged("the end is missing"))?);
    }
    Ok(files)
}
