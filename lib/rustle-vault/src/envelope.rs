//! The text form: a header line, then hexadecimal digits in lines of 80.

use crate::VaultError;

const HEADER: &str = "$ANSIBLE_VAULT";
const LINE: usize = 80;

/// Whether a file or string is vaulted: ASCII that begins with the header.
pub fn is_encrypted(data: &[u8]) -> bool {
    data.starts_with(HEADER.as_bytes()) && data.is_ascii()
}

/// A vaulted text, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    pub version: String,
    pub cipher: String,
    /// The vault id of format 1.2; a hint, not protected by anything.
    pub vault_id: Option<String>,
    /// The hexadecimal payload without its line breaks.
    pub payload: String,
}

impl Envelope {
    /// Reads header and payload. White space around lines is of no account.
    ///
    /// # Errors
    /// [`VaultError::NotEncrypted`] without the header, [`VaultError::Envelope`] where a field is missing.
    pub fn parse(text: &str) -> Result<Envelope, VaultError> {
        if !is_encrypted(text.as_bytes()) {
            return Err(VaultError::NotEncrypted);
        }
        let mut lines = text.lines();
        let mut fields = lines.next().unwrap_or_default().trim().split(';').skip(1).map(str::trim);
        let mut field = || fields.next().ok_or(VaultError::Envelope("list index out of range"));
        let (version, cipher) = (field()?.to_string(), field()?.to_string());
        let vault_id = fields.next().map(str::to_string);
        Ok(Envelope { version, cipher, vault_id, payload: lines.map(str::trim_end).collect() })
    }

    /// The text as it stands in a file, with a line break at its end.
    pub fn format(&self) -> String {
        let mut out = format!("{HEADER};{};{}", self.version, self.cipher);
        if let Some(id) = &self.vault_id {
            out.push(';');
            out.push_str(id);
        }
        out.push('\n');
        let mut rest = self.payload.as_str();
        while !rest.is_empty() {
            let (line, tail) = rest.split_at(rest.len().min(LINE));
            out.push_str(line);
            out.push('\n');
            rest = tail;
        }
        out
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)] as char, DIGITS[usize::from(b & 15)] as char]).collect()
}

pub(crate) fn unhex(text: &[u8]) -> Result<Vec<u8>, VaultError> {
    if !text.len().is_multiple_of(2) {
        return Err(VaultError::Hex("Odd-length string"));
    }
    let digit = |c: u8| (c as char).to_digit(16).map(|d| d as u8).ok_or(VaultError::Hex("Non-hexadecimal digit found"));
    text.chunks_exact(2).map(|p| Ok(digit(p[0])? << 4 | digit(p[1])?)).collect()
}
