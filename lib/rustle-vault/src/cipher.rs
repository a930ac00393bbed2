//! The cryptography of `AES256`: PBKDF2-HMAC-SHA256 with 10,000 rounds gives two keys and a counter; the text is
//! padded (PKCS#7) and encrypted; the HMAC is of the ciphertext and is checked before anything is decrypted.

use crate::VaultError;
use crate::envelope::{hex, unhex};
use aes::Aes256;
use ctr::cipher::{KeyIvInit, StreamCipher};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

pub(crate) const ROUNDS: u32 = 10_000;
pub(crate) const NAME: &str = "AES256";
const BLOCK: usize = 16;

/// Cipher key, HMAC key and initial counter.
pub(crate) type Keys = Zeroizing<[u8; 80]>;

pub(crate) fn derive(password: &[u8], salt: &[u8]) -> Keys {
    let mut keys = Zeroizing::new([0u8; 80]);
    pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, ROUNDS, keys.as_mut());
    keys
}

/// The three parts of a payload.
pub(crate) struct Sealed {
    pub salt: Vec<u8>,
    hmac: Vec<u8>,
    text: Vec<u8>,
}

impl Sealed {
    pub(crate) fn parse(payload: &str) -> Result<Sealed, VaultError> {
        let inner = unhex(payload.as_bytes())?;
        let mut parts = inner.splitn(3, |&c| c == b'\n');
        let (Some(salt), Some(hmac), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
            let found = inner.iter().filter(|&&c| c == b'\n').count() + 1;
            return Err(VaultError::Text(format!("not enough values to unpack (expected 3, got {found})")));
        };
        Ok(Sealed { salt: unhex(salt)?, hmac: unhex(hmac)?, text: unhex(text)? })
    }

    /// The plain text, or `None` where the keys do not fit.
    pub(crate) fn open(&self, keys: &Keys) -> Option<Zeroizing<Vec<u8>>> {
        mac(&keys[32..64], &self.text)?.verify_slice(&self.hmac).ok()?;
        let mut text = Zeroizing::new(self.text.clone());
        apply(keys, &mut text)?;
        let pad = usize::from(*text.last()?);
        let ok = (1..=BLOCK).contains(&pad) && pad <= text.len() && text.iter().rev().take(pad).all(|&b| usize::from(b) == pad);
        if !ok {
            return None;
        }
        let end = text.len() - pad;
        text.truncate(end);
        Some(text)
    }

    /// Encrypts, and returns the payload.
    pub(crate) fn seal(plain: &[u8], salt: &[u8], keys: &Keys) -> Option<String> {
        let pad = BLOCK - plain.len() % BLOCK;
        let mut text = Zeroizing::new(plain.to_vec());
        text.resize(plain.len() + pad, pad as u8);
        apply(keys, &mut text)?;
        let tag = mac(&keys[32..64], &text)?.finalize().into_bytes();
        Some(hex([hex(salt), hex(&tag), hex(&text)].join("\n").as_bytes()))
    }
}

fn mac(key: &[u8], text: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).ok()?;
    mac.update(text);
    Some(mac)
}

fn apply(keys: &Keys, text: &mut [u8]) -> Option<()> {
    let mut stream = ctr::Ctr128BE::<Aes256>::new_from_slices(&keys[..32], &keys[64..]).ok()?;
    stream.try_apply_keystream(text).ok()
}
