//! Who we are: the agent's keys, key files, then passwords, as far as the settings allow.

use crate::libssh::fit::expand;
use crate::libssh::handshake::trouble;
use crate::resolved::Resolved;
use crate::{ConnectError, HostSpec, PREFIX, Secret};
use ssh2::{KeyboardInteractivePrompt, Prompt, Session};
use std::path::Path;

/// Logs in, or says why not: `user@host: Permission denied (publickey,password).`
pub(super) fn login(session: &Session, spec: &HostSpec, resolved: &Resolved, trusted: bool) -> Result<(), ConnectError> {
    let user = resolved.user();
    // A key's text, then the file that the user named for this host: most probably the right one.
    if let Some(key) = &spec.private_key {
        let phrase = spec.private_key_passphrase.as_ref().map(Secret::reveal);
        if session.userauth_pubkey_memory(user, None, key.reveal(), phrase).is_ok() {
            return Ok(());
        }
    }
    let named = spec.private_key_file.as_deref();
    if named.is_some_and(|f| with_file(session, user, f, spec)) {
        return Ok(());
    }
    let keys = resolved.get("pubkeyauthentication").is_none_or(|v| v != "no" && v != "false");
    if keys && with_agent(session, user, resolved) {
        return Ok(());
    }
    for file in resolved.all("identityfile") {
        let file = expand(file);
        if keys && Some(file.as_str()) != named && with_file(session, user, &file, spec) {
            return Ok(());
        }
    }
    if let Some(password) = spec.password.as_ref().filter(|_| trusted) {
        if session.userauth_keyboard_interactive(user, &mut Answer(password)).is_ok() && session.authenticated() {
            return Ok(());
        }
        if session.userauth_password(user, password.reveal()).is_ok() {
            return Ok(());
        }
    }
    if let Some(e) = ssh2::Error::last_session_error(session).filter(|e| matches!(e.code(), ssh2::ErrorCode::Session(-9 | -13 | -43 | -7 | -30))) {
        return Err(trouble(&e, spec, resolved));
    }
    let methods = session.auth_methods(user).unwrap_or("publickey").to_owned();
    if session.authenticated() {
        return Ok(());
    }
    Err(ConnectError::Auth(format!("{PREFIX}{user}@{}: Permission denied ({methods}).", resolved.hostname())))
}

fn with_file(session: &Session, user: &str, file: &str, spec: &HostSpec) -> bool {
    let path = Path::new(file);
    // A missing default key is normal, and a failed attempt is one of few that a server allows.
    if !path.exists() {
        return false;
    }
    let phrase = spec.private_key_passphrase.as_ref().map(Secret::reveal);
    session.userauth_pubkey_file(user, None, path, phrase).is_ok()
}

fn with_agent(session: &Session, user: &str, resolved: &Resolved) -> bool {
    let place = resolved.get("identityagent").filter(|p| *p != "SSH_AUTH_SOCK").map(expand);
    if place.is_none() && std::env::var_os("SSH_AUTH_SOCK").is_none() || resolved.all("identityagent") == ["none"] {
        return false;
    }
    let Ok(mut agent) = session.agent() else { return false };
    if place.is_some_and(|p| agent.set_identity_path(Path::new(&p)).is_err()) {
        return false;
    }
    if agent.connect().is_err() || agent.list_identities().is_err() {
        return false;
    }
    let mut identities = agent.identities().unwrap_or_default();
    // Keys that belong to configured files come first; with IdentitiesOnly they are the only ones.
    let blobs: Vec<Vec<u8>> = resolved.all("identityfile").iter().filter_map(|f| public_blob(&expand(f))).collect();
    let configured = |blob: &[u8]| blobs.iter().any(|b| b == blob);
    identities.sort_by_key(|i| !configured(i.blob()));
    if resolved.yes("identitiesonly") {
        identities.retain(|i| configured(i.blob()));
    }
    // Servers allow six attempts as a rule; leave some for files and passwords.
    identities.iter().take(5).any(|i| agent.userauth(user, i).is_ok())
}

fn public_blob(file: &str) -> Option<Vec<u8>> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let text = std::fs::read_to_string(format!("{file}.pub")).ok()?;
    STANDARD.decode(text.split_ascii_whitespace().nth(1)?).ok()
}

/// Answers every hidden question with the password.
struct Answer<'a>(&'a Secret);

impl KeyboardInteractivePrompt for Answer<'_> {
    fn prompt(&mut self, _user: &str, _instructions: &str, prompts: &[Prompt<'_>]) -> Vec<String> {
        prompts.iter().map(|p| if p.echo { String::new() } else { self.0.reveal().to_owned() }).collect()
    }
}
