//! The list of runners that a folder or a server has for other machines, and why to believe it.
//!
//! `index.ndjson`: a line per runner, then, where it is signed, a line with an Ed25519 signature of all bytes before.
//! A list is believed when the settings pin its SHA-256 (`cache.remote_index`) or name the key that signed it
//! (`cache.remote_key`); with both, both must hold. Whoever can write to the place cannot give anybody a runner.
//!
//! Limits: an older signed list passes for the newest. It has what was good then, found by the digest of its sources.

use crate::BuildError;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use rustle_toolchain::Env;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// A runner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// The cache's key.
    pub key: String,
    /// The template's digest.
    pub template: String,
    pub triple: String,
    pub sha256: String,
    pub size: u64,
    pub built_by: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    signature: String,
}

/// What the settings believe.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trust {
    pub digest: Option<String>,
    pub key: Option<String>,
}

impl Trust {
    pub(crate) fn of(env: &Env) -> Trust {
        let lower = |name: &str| env.var(name).map(str::to_lowercase);
        Trust { digest: lower("RUSTLE_CACHE_REMOTE_INDEX"), key: lower("RUSTLE_CACHE_REMOTE_KEY") }
    }

    /// The runners of a list that is believed.
    ///
    /// # Errors
    /// Why it is not.
    pub(crate) fn read(&self, bytes: &[u8]) -> Result<Vec<Line>, BuildError> {
        let no = |why: String| Err(BuildError::Remote(why));
        if self.digest.is_none() && self.key.is_none() {
            return no("nothing says whom to believe: set cache.remote_index (the list's SHA-256) or cache.remote_key (who signed it)".into());
        }
        if let Some(wanted) = &self.digest {
            let found = crate::sha256(bytes);
            if found != *wanted {
                return no(format!("the list's digest is {found}, and cache.remote_index wants {wanted}; nothing is taken"));
            }
        }
        let (lines, signature) = split(bytes);
        if let Some(key) = &self.key {
            let Some(signature) = signature else { return no("the list has no signature, and cache.remote_key wants one; nothing is taken".into()) };
            let (Some(key), Some(signature)) = (unhex(key), unhex(&signature)) else {
                return no("cache.remote_key, or the list's signature, is no hexadecimal number".into());
            };
            if UnparsedPublicKey::new(&ED25519, key).verify(lines, &signature).is_err() {
                return no("the list was not signed with cache.remote_key; nothing is taken".into());
            }
        }
        // Lines of a later version may have what this one does not know.
        let lines = lines.split(|b| *b == b'\n').filter_map(|l| serde_json::from_slice::<Line>(l).ok());
        Ok(lines.filter(|l| is_digest(&l.sha256)).collect())
    }
}

/// A list as bytes, signed where there is a key.
pub(crate) fn write(lines: &[Line], key: Option<&SigningKey>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        bytes.extend(serde_json::to_vec(line).unwrap_or_default());
        bytes.push(b'\n');
    }
    if let Some(key) = key {
        let signature = Signature { signature: hex(key.0.sign(&bytes).as_ref()) };
        bytes.extend(serde_json::to_vec(&signature).unwrap_or_default());
        bytes.push(b'\n');
    }
    bytes
}

/// The lines that are signed, and the signature.
fn split(bytes: &[u8]) -> (&[u8], Option<String>) {
    let end = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let begin = end.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    match serde_json::from_slice::<Signature>(&end[begin..]) {
        Ok(s) => (&bytes[..begin], Some(s.signature)),
        Err(_) => (bytes, None),
    }
}

/// A private key.
pub(crate) struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// The key in this file, which is made where it is not there. Whether it was made is the second part.
    ///
    /// # Errors
    /// The file can't be read or written, is no key, or others may read it.
    pub(crate) fn load(path: &Path) -> Result<(SigningKey, bool), BuildError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => {
                let mode = path.metadata().map_err(BuildError::io(path))?.permissions().mode();
                if mode & 0o077 != 0 {
                    return Err(BuildError::Remote(format!("others may read the key {}: chmod 600 it, or make another", path.display())));
                }
                text
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return SigningKey::make(path).map(|k| (k, true)),
            Err(e) => return Err(BuildError::io(path)(e)),
        };
        let key = unhex(text.trim()).and_then(|k| Ed25519KeyPair::from_pkcs8(&k).ok());
        key.map(|k| (SigningKey(k), false)).ok_or_else(|| BuildError::Remote(format!("{} is no key that rustle made", path.display())))
    }

    fn make(path: &Path) -> Result<SigningKey, BuildError> {
        let failed = |_| BuildError::Remote("no key can be made: the system gives no random numbers".into());
        let text = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).map_err(failed)?;
        let key = Ed25519KeyPair::from_pkcs8(text.as_ref()).map_err(|e| BuildError::Remote(e.to_string()))?;
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir).map_err(BuildError::io(dir))?;
        }
        let mut file = std::fs::File::options().write(true).create_new(true).mode(0o600).open(path).map_err(BuildError::io(path))?;
        file.write_all(format!("{}\n", hex(text.as_ref())).as_bytes()).map_err(BuildError::io(path))?;
        Ok(SigningKey(key))
    }

    /// What others set as `cache.remote_key`.
    pub(crate) fn public(&self) -> String {
        hex(self.0.public_key().as_ref())
    }
}

/// A name of a file that can do no harm.
pub(crate) fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (text.len() % 2 == 0).then(|| (0..text.len()).step_by(2).map(pair).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_pinned_or_signed_is_believed() {
        let dir = tempfile::tempdir().unwrap();
        let (key, made) = SigningKey::load(&dir.path().join("k/key")).unwrap();
        assert!(made && !SigningKey::load(&dir.path().join("k/key")).unwrap().1);
        let (other, _) = SigningKey::load(&dir.path().join("other")).unwrap();
        let digest = crate::sha256(b"runner");
        let line = |sha256: &str| Line { key: "k".into(), template: "t".into(), triple: "x".into(), sha256: sha256.into(), size: 6, built_by: "cargo".into() };
        let lines = [line(&digest), line("../../escape")];
        let (plain, signed) = (write(&lines, None), write(&lines, Some(&key)));
        let trust = |digest: Option<&[u8]>, key: Option<&SigningKey>| Trust { digest: digest.map(crate::sha256), key: key.map(SigningKey::public) };
        for (trust, bytes, problem) in [
            (trust(None, None), &plain, Some("nothing says whom to believe")),
            (trust(Some(&plain), None), &plain, None),
            (trust(Some(&plain), None), &signed, Some("the list's digest is ")),
            (trust(None, Some(&key)), &signed, None),
            (trust(None, Some(&other)), &signed, Some("was not signed with")),
            (trust(None, Some(&key)), &plain, Some("has no signature")),
            (trust(Some(&signed), Some(&key)), &signed, None),
            (trust(Some(&signed), Some(&other)), &signed, Some("was not signed with")),
        ] {
            match (trust.read(bytes), problem) {
                (Ok(found), None) => assert_eq!(found, lines[..1]),
                (Err(e), Some(p)) => assert!(e.to_string().contains(p), "{e}"),
                (got, want) => panic!("{got:?} {want:?}"),
            }
        }
        let mut changed = signed.clone();
        changed[10] ^= 1;
        assert!(trust(None, Some(&key)).read(&changed).is_err());
        // A line put before or after what was signed.
        assert!(trust(None, Some(&key)).read(&[&plain[..], &signed[..]].concat()).is_err());
        assert!(trust(None, Some(&key)).read(&[&signed[..], &plain[..]].concat()).is_err());
        std::fs::set_permissions(dir.path().join("other"), std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(SigningKey::load(&dir.path().join("other")).is_err());
    }
}
