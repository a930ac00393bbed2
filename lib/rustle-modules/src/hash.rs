//! Checksums of contents and files, in hexadecimal.

use md5::Md5;
use sha1::Sha1;
use sha2::digest::DynDigest;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Names of the algorithms that [`hash_file`] knows.
pub const ALGORITHMS: &[&str] = &["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];

/// A hasher by its name in Python's hashlib; `None` for an unknown one.
pub fn hasher(algorithm: &str) -> Option<Box<dyn DynDigest>> {
    Some(match algorithm {
        "md5" => Box::new(Md5::default()),
        "sha1" => Box::new(Sha1::default()),
        "sha224" => Box::new(Sha224::default()),
        "sha256" => Box::new(Sha256::default()),
        "sha384" => Box::new(Sha384::default()),
        "sha512" => Box::new(Sha512::default()),
        _ => return None,
    })
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut s, b| {
        let _ = write!(s, "{b:02x}");
        s
    })
}

/// SHA-1 of `data`: what Ansible calls `checksum`.
pub fn sha1(data: &[u8]) -> String {
    hex(&Sha1::digest(data))
}
/// MD5 of `data`.
pub fn md5(data: &[u8]) -> String {
    hex(&Md5::digest(data))
}
/// SHA-256 of `data`.
pub fn sha256(data: &[u8]) -> String {
    hex(&Sha256::digest(data))
}

/// A file's checksum. Errors: those of reading; an unknown algorithm is `InvalidInput`.
pub fn hash_file(path: impl AsRef<Path>, algorithm: &str) -> io::Result<String> {
    let mut h = hasher(algorithm).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "unknown checksum algorithm"))?;
    let mut f = File::open(path)?;
    let mut buf = vec![0u8; 1 << 16];
    loop {
        match f.read(&mut buf)? {
            0 => return Ok(hex(&h.finalize())),
            n => h.update(&buf[..n]),
        }
    }
}
