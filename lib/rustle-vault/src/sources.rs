//! Where secrets come from: `--vault-id`, `--vault-password-file`, `--ask-vault-pass`. A file holds the password; an
//! executable prints it; an executable named `…-client` is told the vault id.

use crate::secret::DEFAULT_ID;
use crate::{Secret, Vault, VaultError, is_encrypted};
use std::path::Path;
use std::process::{Command, Stdio};
use zeroize::Zeroizing;

/// One `--vault-id` argument: `label@source`, or a source alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultId {
    pub label: Option<String>,
    /// A path, or `prompt`, or `prompt_ask_vault_pass`.
    pub source: String,
}

impl VaultId {
    pub fn parse(text: &str) -> VaultId {
        match text.split_once('@') {
            Some((label, source)) => VaultId { label: Some(label.into()), source: source.into() },
            None => VaultId { label: None, source: text.into() },
        }
    }
    /// `--vault-password-file path`.
    pub fn file(path: &str) -> VaultId {
        VaultId { label: Some(DEFAULT_ID.into()), source: path.into() }
    }
    /// `--ask-vault-pass`.
    pub fn ask() -> VaultId {
        VaultId { label: Some(DEFAULT_ID.into()), source: "prompt_ask_vault_pass".into() }
    }
}

/// Asks a person for a password: the prompt in, the password out.
pub type Prompt<'a> = &'a mut dyn FnMut(&str) -> Result<String, String>;

/// The secrets that could be had, and a warning for each source that failed.
#[derive(Debug)]
pub struct Loaded {
    pub vault: Vault,
    pub warnings: Vec<String>,
}

/// Reads every source in order; a later password file may be encrypted with an earlier secret. `new` asks each prompt
/// twice, for encrypting.
///
/// # Errors
/// The last source's error, where none gave a secret; a prompt's error at once.
pub fn load_secrets(ids: &[VaultId], new: bool, prompt: Prompt<'_>) -> Result<Loaded, VaultError> {
    let mut loaded = Loaded { vault: Vault::new(), warnings: Vec::new() };
    let mut last = None;
    for id in ids {
        let name = id.label.clone().filter(|l| !l.is_empty()).unwrap_or_else(|| DEFAULT_ID.into());
        if matches!(id.source.as_str(), "prompt" | "prompt_ask_vault_pass") {
            let secret = ask(&name, id.source == "prompt", new, prompt)?;
            loaded.vault.add(name, secret);
            continue;
        }
        match secret_from_file(Path::new(&id.source), id.label.as_deref(), &loaded.vault) {
            Ok(secret) => loaded.vault.add(name, secret),
            Err(e) => {
                let what = match e {
                    VaultError::NotFound(_) | VaultError::Directory(_) => "Error getting vault password file",
                    _ => "Error in vault password file loading",
                };
                loaded.warnings.push(format!("{what} ({}): {e}", id.label.as_deref().unwrap_or("None")));
                last = Some(e);
            }
        }
    }
    match last {
        Some(e) if loaded.vault.is_empty() => Err(e),
        _ => Ok(loaded),
    }
}

fn ask(name: &str, named: bool, new: bool, prompt: Prompt<'_>) -> Result<Secret, VaultError> {
    let texts = match (named, new) {
        (true, false) => vec![format!("Vault password ({name}): ")],
        (true, true) => vec![format!("New vault password ({name}): "), format!("Confirm new vault password ({name}): ")],
        (false, false) => vec!["Vault password: ".to_string()],
        (false, true) => vec!["New Vault password: ".to_string(), "Confirm New Vault password: ".to_string()],
    };
    let mut first: Option<Secret> = None;
    for text in texts {
        let answer = Zeroizing::new(prompt(&text).map_err(VaultError::Prompt)?);
        if answer.is_empty() {
            return Err(VaultError::Empty(String::new()));
        }
        let secret = Secret::new(answer.trim());
        if first.get_or_insert_with(|| secret.clone()) != &secret {
            return Err(VaultError::Mismatch);
        }
    }
    first.ok_or_else(|| VaultError::Empty(String::new()))
}

/// The secret of a password file or script. `known` decrypts a file that is itself vaulted.
pub fn secret_from_file(path: &Path, label: Option<&str>, known: &Vault) -> Result<Secret, VaultError> {
    let path = &expand(path);
    let Ok(meta) = std::fs::metadata(path) else { return Err(VaultError::NotFound(path.into())) };
    if meta.is_dir() {
        return Err(VaultError::Directory(path.into()));
    }
    let (password, source) = if executable(&meta) {
        (run(path, label)?, format!(" from script ({})", path.display()))
    } else {
        let bytes = std::fs::read(path).map_err(|error| VaultError::Unreadable { path: path.into(), error })?;
        let bytes = Zeroizing::new(bytes);
        let text = bytes.trim_ascii();
        let plain = match std::str::from_utf8(text) {
            Ok(t) if is_encrypted(text) => known.decrypt(t)?,
            _ => Zeroizing::new(text.to_vec()),
        };
        (plain, format!(" from file ({})", path.display()))
    };
    let start = password.iter().position(|c| !matches!(c, b'\r' | b'\n'));
    let end = password.iter().rposition(|c| !matches!(c, b'\r' | b'\n'));
    match (start, end) {
        (Some(a), Some(b)) => Ok(Secret::new(&password[a..=b])),
        _ => Err(VaultError::Empty(source)),
    }
}

/// `~` and a relative path made whole, as messages show it.
fn expand(path: &Path) -> std::path::PathBuf {
    let home = std::env::var_os("HOME");
    let path = match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => Path::new(&home).join(rest),
        _ => path.to_path_buf(),
    };
    std::path::absolute(&path).unwrap_or(path)
}

#[cfg(unix)]
fn executable(meta: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    meta.permissions().mode() & 0o111 != 0
}
#[cfg(not(unix))]
fn executable(_: &std::fs::Metadata) -> bool {
    false
}

fn run(path: &Path, label: Option<&str>) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let client = path.file_stem().and_then(|s| s.to_str()).is_some_and(|s| s.ends_with("-client"));
    let mut command = Command::new(path);
    if let Some(label) = label.filter(|l| client && !l.is_empty()) {
        command.args(["--vault-id", label]);
    }
    // A plain script may talk to the user on stderr; a client script's complaints go into the message.
    command.stdin(Stdio::inherit()).stdout(Stdio::piped()).stderr(if client { Stdio::piped() } else { Stdio::inherit() });
    let kind = if client { "client script" } else { "script" };
    let failed = |error: std::io::Error| VaultError::Script { kind, path: path.into(), error: os_error(&error, path) };
    let output = command.spawn().and_then(std::process::Child::wait_with_output).map_err(failed)?;
    let stdout = Zeroizing::new(output.stdout);
    if output.status.success() {
        return Ok(stdout);
    }
    let (code, shown, name) = (status(&output.status), path.display(), label.unwrap_or("None"));
    let said = bytes_repr(&output.stderr);
    Err(VaultError::ScriptFailed(match (client, code) {
        (false, _) => format!("Vault password script {shown} returned non-zero ({code}): None"),
        (true, 2) => format!("Vault password client script {shown} did not find a secret for vault-id={name}: {said}"),
        (true, _) => {
            format!("Vault password client script {shown} returned non-zero ({code}) when getting secret for vault-id={name}: {said}")
        }
    }))
}

/// An operating system's error as Python prints it.
fn os_error(error: &std::io::Error, path: &Path) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    match error.raw_os_error() {
        Some(n) => format!("[Errno {n}] {text}: '{}'", path.display()),
        None => text.to_string(),
    }
}

#[cfg(unix)]
fn status(s: &std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    s.code().unwrap_or_else(|| -s.signal().unwrap_or(0))
}
#[cfg(not(unix))]
fn status(s: &std::process::ExitStatus) -> i32 {
    s.code().unwrap_or(-1)
}

/// Python's `repr(bytes)`, near enough for a message.
fn bytes_repr(b: &[u8]) -> String {
    let text: String = b.iter().flat_map(|&c| std::ascii::escape_default(c)).map(char::from).collect();
    let double = b.contains(&b'\'') && !b.contains(&b'"');
    if double { format!("b\"{}\"", text.replace("\\'", "'")) } else { format!("b'{}'", text.replace("\\\"", "\"")) }
}
