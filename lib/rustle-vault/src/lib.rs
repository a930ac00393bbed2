//! Ansible Vault: text encrypted with AES-256 in counter mode, its key derived from a password with PBKDF2 and
//! checked with an HMAC; formats 1.1 and 1.2 (which adds the name of the password, the vault id).
//!
//! A [`Vault`] holds the secrets of a run. Secrets and decrypted text are wiped from memory when dropped, and never
//! printed. Asking a person for a password is the caller's: [`load_secrets`] takes a function for it.

mod cipher;
mod envelope;
mod secret;
mod sources;

pub use envelope::{Envelope, is_encrypted};
pub use secret::{Secret, Vault};
pub use sources::{Loaded, Prompt, VaultId, load_secrets, secret_from_file};
pub use zeroize::Zeroizing;

use std::path::PathBuf;

/// What can go wrong, in Ansible's words.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("Input is not vault encrypted data.")]
    NotEncrypted,
    #[error("input is already encrypted")]
    AlreadyEncrypted,
    #[error("Vault envelope format error: {0}")]
    Envelope(&'static str),
    #[error("Vault format unhexlify error: {0}")]
    Hex(&'static str),
    #[error("Vault vaulttext format error: {0}")]
    Text(String),
    #[error("Cipher '{0}' could not be found.")]
    Cipher(String),
    #[error("Attempting to decrypt but no vault secrets found.")]
    NoSecrets,
    #[error("A vault password must be specified to encrypt data")]
    NoSecretToEncrypt,
    #[error("Decryption failed (no vault secrets were found that could decrypt).")]
    NoneFits,
    #[error("the decrypted text is not UTF-8")]
    NotText,
    #[error("Did not find a match for --encrypt-vault-id={wanted} in the known vault-ids {known}")]
    NoSuchId { wanted: String, known: String },
    #[error("The vault password file {} was not found", .0.display())]
    NotFound(PathBuf),
    #[error("The vault password file provided '{}' can not be a directory", .0.display())]
    Directory(PathBuf),
    #[error("Could not read vault password file '{}': {error}", path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
    /// A password that is empty; the text says where it came from.
    #[error("Invalid vault password was provided{0}")]
    Empty(String),
    #[error("Problem running vault password {kind} {} ({error}). If this is not a script, remove the executable bit from the file.", path.display())]
    Script { kind: &'static str, path: PathBuf, error: String },
    #[error("{0}")]
    ScriptFailed(String),
    #[error("Passwords do not match")]
    Mismatch,
    /// The prompt could not be shown or was given up.
    #[error("{0}")]
    Prompt(String),
    #[error("no random numbers: {0}")]
    Random(String),
}
