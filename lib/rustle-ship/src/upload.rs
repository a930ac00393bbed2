//! What goes over the wire for a file of which the host may have the beginning already.
//!
//! The host tells how many bytes it has and their digest. Where that is the digest of the same many bytes here, the rest
//! is sent; else all of it. Whatever a host says, the worst that comes of it is a whole upload: the digest of the
//! complete file is checked at the end.

use crate::{Runner, ShipError};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::io::Write;

/// Less than this is not worth packing.
const SMALL: usize = 16 * 1024;

/// One transfer.
pub(crate) struct Rest<'a> {
    /// Bytes that the host keeps.
    pub offset: u64,
    pub bytes: Cow<'a, [u8]>,
    /// `raw`, `gzip`, or `none` where nothing is missing.
    pub kind: &'static str,
}

impl Rest<'_> {
    /// The answer to the host's `part`.
    pub(crate) fn line(&self) -> String {
        format!("{} {} {}", self.offset, self.bytes.len(), self.kind)
    }
}

/// The whole file, packed where the host can unpack it.
pub(crate) fn whole(runner: &Runner, gzip: bool) -> Result<Rest<'_>, ShipError> {
    let plain = runner.bytes()?;
    Ok(match runner.packed().filter(|_| gzip) {
        Some(packed) => Rest { offset: 0, bytes: Cow::Borrowed(packed), kind: "gzip" },
        None => Rest { offset: 0, bytes: Cow::Borrowed(plain), kind: "raw" },
    })
}

/// What is missing where the host said `part <length> <digest>`; `told` is what follows the word.
pub(crate) fn rest<'a>(runner: &'a Runner, gzip: bool, told: &str) -> Result<Rest<'a>, ShipError> {
    let plain = runner.bytes()?;
    let (length, digest) = told.split_once(' ').unwrap_or((told, ""));
    let there = length.parse::<usize>().ok().and_then(|n| plain.get(..n)).filter(|there| hex(&Sha256::digest(there)) == digest.trim());
    let Some(there) = there else { return whole(runner, gzip) };
    let offset = there.len() as u64;
    let missing = &plain[there.len()..];
    if missing.is_empty() {
        return Ok(Rest { offset, bytes: Cow::Borrowed(missing), kind: "none" });
    }
    if gzip && missing.len() > SMALL {
        let mut encoder = GzEncoder::new(Vec::with_capacity(missing.len() / 2), Compression::new(5));
        let packed = encoder.write_all(missing).and_then(|()| encoder.finish());
        if let Ok(packed) = packed
            && packed.len() < missing.len() * 9 / 10
        {
            return Ok(Rest { offset, bytes: Cow::Owned(packed), kind: "gzip" });
        }
    }
    Ok(Rest { offset, bytes: Cow::Borrowed(missing), kind: "raw" })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_and_only_after_the_same_beginning() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "0123456789".repeat(10_000)).unwrap();
        let runner = Runner::load("t", file.path()).unwrap();
        let told = |n: usize| format!("{n} {}", hex(&Sha256::digest(&runner.bytes().unwrap()[..n])));
        let part = rest(&runner, true, &told(99_995)).unwrap();
        assert_eq!((part.line().as_str(), &*part.bytes), ("99995 5 raw", &b"56789"[..]));
        assert_eq!(rest(&runner, true, &told(100_000)).unwrap().line(), "100000 0 none");
        assert_eq!(rest(&runner, true, &told(1)).unwrap().kind, "gzip");
        for lie in ["500 0000", "500", "", "-1 x", "99999999999 x", "500 "] {
            assert_eq!(rest(&runner, false, lie).unwrap().line(), "0 100000 raw", "{lie}");
        }
    }
}
