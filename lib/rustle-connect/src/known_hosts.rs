//! OpenSSH's records of host keys, read as OpenSSH reads them: patterns, negation, hashed names, revoked keys.
//!
//! Limits: never writes. A host whose key must be learnt, or is certified, is left to the OpenSSH client.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use std::path::PathBuf;

/// A line that is about a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `ssh-ed25519`, ….
    pub kind: String,
    pub key: Vec<u8>,
    pub file: PathBuf,
    pub line: usize,
}

/// What the files say about one host.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub keys: Vec<Entry>,
    pub revoked: Vec<Vec<u8>>,
    /// A certificate authority is on record for it.
    pub authority: bool,
}

/// How a key compares with the records.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    Known,
    Unknown,
    Revoked,
    /// Another key of the same type is on record.
    Changed(&'a Entry),
    /// Keys of other types only.
    OtherType,
}

impl Known {
    /// Reads the records about `name` (see [`record_name`]) from these files; files that can't be read are empty.
    pub fn read(files: &[PathBuf], name: &str) -> Known {
        let mut known = Known::default();
        for file in files {
            let Ok(bytes) = std::fs::read(file) else { continue };
            for (number, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
                known.take(line.trim(), name, file, number + 1);
            }
        }
        known
    }

    fn take(&mut self, line: &str, name: &str, file: &std::path::Path, number: usize) {
        let mut words = line.split_ascii_whitespace();
        let Some(mut first) = words.next().filter(|w| !w.starts_with('#')) else { return };
        let marker = first.starts_with('@').then_some(first);
        if marker.is_some() {
            first = words.next().unwrap_or_default();
        }
        let (Some(kind), Some(key)) = (words.next(), words.next()) else { return };
        if !matches(first, name) {
            return;
        }
        let Ok(key) = STANDARD.decode(key) else { return };
        match marker {
            Some("@revoked") => self.revoked.push(key),
            Some("@cert-authority") => self.authority = true,
            Some(_) => {}
            None => self.keys.push(Entry { kind: kind.to_owned(), key, file: file.to_owned(), line: number }),
        }
    }

    /// Compares the key that the host shows; its type stands at the front of the blob.
    pub fn judge(&self, key: &[u8]) -> Verdict<'_> {
        if self.revoked.iter().any(|r| r == key) {
            return Verdict::Revoked;
        }
        if self.keys.iter().any(|e| e.key == key) {
            return Verdict::Known;
        }
        let kind = key_kind(key);
        match self.keys.iter().find(|e| e.kind == kind) {
            Some(entry) => Verdict::Changed(entry),
            None if self.keys.is_empty() => Verdict::Unknown,
            None => Verdict::OtherType,
        }
    }
}

/// The key type that a public key's blob begins with.
pub fn key_kind(key: &[u8]) -> String {
    let length = key.get(..4).map_or(0, |b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize);
    key.get(4..4 + length.min(64)).map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default()
}

/// The name under which a host is on record.
pub fn record_name(host: &str, port: u16) -> String {
    let host = host.to_ascii_lowercase();
    if port == 22 { host } else { format!("[{host}]:{port}") }
}

fn matches(patterns: &str, name: &str) -> bool {
    if let Some(hashed) = patterns.strip_prefix("|1|") {
        let Some((salt, digest)) = hashed.split_once('|') else { return false };
        let (Ok(salt), Ok(digest)) = (STANDARD.decode(salt), STANDARD.decode(digest)) else { return false };
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(&salt) else { return false };
        mac.update(name.as_bytes());
        return mac.verify_slice(&digest).is_ok();
    }
    let mut found = false;
    for pattern in patterns.split(',') {
        match pattern.strip_prefix('!') {
            Some(p) if glob(&p.to_ascii_lowercase(), name) => return false,
            Some(_) => {}
            None => found |= glob(&pattern.to_ascii_lowercase(), name),
        }
    }
    found
}

/// `*` and `?`, nothing else.
fn glob(pattern: &str, text: &str) -> bool {
    let (p, t) = (pattern.as_bytes(), text.as_bytes());
    let (mut i, mut j, mut star) = (0, 0, None);
    while j < t.len() {
        if i < p.len() && (p[i] == b'?' || p[i] == t[j]) && p[i] != b'*' {
            (i, j) = (i + 1, j + 1);
        } else if i < p.len() && p[i] == b'*' {
            star = Some((i, j));
            i += 1;
        } else if let Some((si, sj)) = star {
            (i, j) = (si + 1, sj + 1);
            star = Some((si, sj + 1));
        } else {
            return false;
        }
    }
    p[i..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(text: &str, name: &str) -> Known {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("k");
        std::fs::write(&file, text).unwrap();
        Known::read(&[file], name)
    }
    /// A blob of type `ssh-test`, or whatever.
    fn blob(kind: &str, tail: &[u8]) -> Vec<u8> {
        [&(kind.len() as u32).to_be_bytes()[..], kind.as_bytes(), tail].concat()
    }
    fn line(host: &str, kind: &str, tail: &[u8]) -> String {
        format!("{host} {kind} {} comment\n", STANDARD.encode(blob(kind, tail)))
    }

    #[test]
    fn verdicts() {
        let text = line("a.example,*.net,!no.net", "ssh-ed25519", b"1") + &line("@revoked *", "ssh-rsa", b"bad");
        let k = known(&text, "x.net");
        assert_eq!(k.judge(&blob("ssh-ed25519", b"1")), Verdict::Known);
        assert!(matches!(k.judge(&blob("ssh-ed25519", b"2")), Verdict::Changed(e) if e.line == 1));
        assert_eq!(k.judge(&blob("ssh-rsa", b"bad")), Verdict::Revoked);
        assert_eq!(k.judge(&blob("ssh-rsa", b"2")), Verdict::OtherType);
        assert_eq!(known(&text, "no.net").judge(&blob("ssh-ed25519", b"1")), Verdict::Unknown);
        assert!(known(&line("@cert-authority *.net", "ssh-rsa", b"1"), "x.net").authority);
    }

    #[test]
    fn hashed_names() {
        let mut mac = Hmac::<Sha1>::new_from_slice(b"salt").unwrap();
        mac.update(record_name("Host", 2222).as_bytes());
        let name = format!("|1|{}|{}", STANDARD.encode(b"salt"), STANDARD.encode(mac.finalize().into_bytes()));
        let text = line(&name, "ssh-rsa", b"1");
        assert_eq!(known(&text, "[host]:2222").keys.len(), 1);
        assert_eq!(known(&text, "host").keys.len(), 0);
    }
}
