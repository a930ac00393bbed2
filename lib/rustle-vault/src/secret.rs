//! Secrets and their names, and the two things done with them.

use crate::cipher::{self, Keys, NAME, Sealed};
use crate::{Envelope, VaultError, is_encrypted};
use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;
use zeroize::Zeroizing;

/// The name of a secret that was given none.
pub(crate) const DEFAULT_ID: &str = "default";

/// A password. Wiped when dropped; prints as `Secret(…)`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    pub fn new(password: impl Into<Vec<u8>>) -> Secret {
        Secret(Zeroizing::new(password.into()))
    }
    /// The password's bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The secrets of a run, in the order in which they are tried.
#[derive(Default)]
pub struct Vault {
    secrets: Vec<(String, Secret)>,
    match_ids: bool,
    /// Derived keys by secret and salt: the same vaulted text is often read for every host.
    keys: Mutex<HashMap<(usize, Vec<u8>), Keys>>,
}

impl Vault {
    pub fn new() -> Vault {
        Vault::default()
    }
    /// Adds a secret, tried after those that are there.
    pub fn add(&mut self, id: impl Into<String>, secret: Secret) {
        self.secrets.push((id.into(), secret));
    }
    /// `vault_id_match`: try only the secrets whose id the vaulted text names.
    pub fn set_match_ids(&mut self, on: bool) {
        self.match_ids = on;
    }
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }
    /// The vault ids, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(|(id, _)| id.as_str())
    }

    fn keys(&self, index: usize, salt: &[u8]) -> Keys {
        let slot = (index, salt.to_vec());
        if let Some(k) = self.keys.lock().ok().and_then(|m| m.get(&slot).cloned()) {
            return k;
        }
        let keys = cipher::derive(self.secrets[index].1.expose(), salt);
        if let Ok(mut m) = self.keys.lock() {
            m.insert(slot, keys.clone());
        }
        keys
    }

    /// Decrypts a vaulted text with the first secret that fits.
    ///
    /// # Errors
    /// Malformed text, an unknown cipher, no secrets, or none that fits.
    pub fn decrypt(&self, text: &str) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.decrypt_with_id(text).map(|(plain, _)| plain)
    }

    /// Like [`Vault::decrypt`], as text.
    pub fn decrypt_text(&self, text: &str) -> Result<Zeroizing<String>, VaultError> {
        let plain = self.decrypt(text)?;
        std::str::from_utf8(&plain).map(|s| Zeroizing::new(s.to_string())).map_err(|_| VaultError::NotText)
    }

    /// Decrypts, and says which vault id fitted.
    pub fn decrypt_with_id(&self, text: &str) -> Result<(Zeroizing<Vec<u8>>, &str), VaultError> {
        let envelope = Envelope::parse(text)?;
        if envelope.cipher != NAME {
            return Err(VaultError::Cipher(envelope.cipher));
        }
        if self.secrets.is_empty() {
            return Err(VaultError::NoSecrets);
        }
        let wanted = envelope.vault_id.as_deref().unwrap_or(DEFAULT_ID);
        let candidates = self.secrets.iter().enumerate().filter(|(_, (id, _))| !self.match_ids || id == wanted);
        let mut sealed = None;
        for (i, (id, _)) in candidates {
            let sealed = match &mut sealed {
                Some(s) => s,
                none => none.insert(Sealed::parse(&envelope.payload)?),
            };
            if let Some(plain) = sealed.open(&self.keys(i, &sealed.salt)) {
                return Ok((plain, id));
            }
        }
        Err(VaultError::NoneFits)
    }

    /// Encrypts with the secret named `id`, or the first where none is named. A named id makes format 1.2.
    pub fn encrypt(&self, plain: &[u8], id: Option<&str>) -> Result<String, VaultError> {
        let mut salt = [0u8; 32];
        getrandom::fill(&mut salt).map_err(|e| VaultError::Random(e.to_string()))?;
        self.encrypt_with_salt(plain, id, &salt)
    }

    /// [`Vault::encrypt`] with a salt of the caller's, for results that can be repeated (`vault_encrypt_salt`).
    pub fn encrypt_with_salt(&self, plain: &[u8], id: Option<&str>, salt: &[u8]) -> Result<String, VaultError> {
        if is_encrypted(plain) {
            return Err(VaultError::AlreadyEncrypted);
        }
        let index = match id {
            None if self.secrets.is_empty() => return Err(VaultError::NoSecretToEncrypt),
            None => 0,
            Some(id) => self.secrets.iter().position(|(i, _)| i == id).ok_or_else(|| VaultError::NoSuchId {
                wanted: id.into(),
                known: format!("[{}]", self.ids().map(|i| format!("'{i}'")).collect::<Vec<_>>().join(", ")),
            })?,
        };
        let payload = Sealed::seal(plain, salt, &self.keys(index, salt)).ok_or_else(|| VaultError::Text("the text cannot be encrypted".into()))?;
        let vault_id = id.filter(|i| *i != DEFAULT_ID).map(str::to_string);
        let version = if vault_id.is_some() { "1.2" } else { "1.1" }.to_string();
        Ok(Envelope { version, cipher: NAME.into(), vault_id, payload }.format())
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("ids", &self.ids().collect::<Vec<_>>()).finish_non_exhaustive()
    }
}
