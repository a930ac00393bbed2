//! Filters that only the controller has: `vault` and `unvault`, `fileglob`.

use rustle_jinja::{Args, Error};
use rustle_value::{Value, py_str};
use rustle_vault::{Secret, Vault};

/// Runs a filter; `None` where there is none of that name.
pub(crate) fn run(name: &str, input: &Value, args: &Args) -> Option<Result<Value, Error>> {
    let args = args.clone();
    Some(match name {
        "vault" => vault(input, args),
        "unvault" => unvault(input, args),
        "fileglob" => Ok(Value::from(crate::lookups::files_like(&py_str(input)))),
        _ => return None,
    })
}

/// What the secret is called where no `vault_id` is given.
const DEFAULT: &str = "filter_default";

fn option(args: &mut Args, position: usize, name: &str) -> Option<Value> {
    args.pos.get(position).cloned().or_else(|| args.take(name)).filter(|v| !v.is_null())
}

/// The vault with the filter's one secret, and the secret's name.
fn keys(args: &mut Args, id_at: usize) -> Result<(Vault, String), Error> {
    let secret = match option(args, 0, "secret") {
        Some(Value::Str(s)) if !s.is_empty() => s,
        other => {
            let kind = other.map_or("NoneType", |v| v.type_name());
            return Err(Error::runtime(format!("Secret passed is required to be a string, instead we got: {kind}")));
        }
    };
    let id = option(args, id_at, "vault_id").map_or_else(|| DEFAULT.to_owned(), |v| py_str(&v));
    let mut vault = Vault::new();
    vault.add(id.as_str(), Secret::new(secret.as_bytes().to_vec()));
    Ok((vault, id))
}

/// `text | vault(secret, salt=None, vault_id=…)`
fn vault(input: &Value, mut args: Args) -> Result<Value, Error> {
    let Value::Str(plain) = input else {
        return Err(Error::runtime(format!("Can only vault strings, instead we got: {}", input.type_name())));
    };
    let (vault, id) = keys(&mut args, 2)?;
    let text = match option(&mut args, 1, "salt") {
        Some(salt) => vault.encrypt_with_salt(plain.as_bytes(), Some(&id), py_str(&salt).as_bytes()),
        None => vault.encrypt(plain.as_bytes(), Some(&id)),
    };
    text.map(Value::from).map_err(|e| Error::runtime(format!("Unable to encrypt: {e}")))
}

/// `text | unvault(secret, vault_id=…)`; what is no vault stays as it is.
fn unvault(input: &Value, mut args: Args) -> Result<Value, Error> {
    let text = match input {
        Value::Str(s) => s.clone(),
        Value::Vaulted(v) => v.ciphertext.clone(),
        other => return Err(Error::runtime(format!("Vault should be in the form of a string, instead we got: {}", other.type_name()))),
    };
    let (vault, _) = keys(&mut args, 1)?;
    if !text.starts_with("$ANSIBLE_VAULT;") {
        return Ok(Value::from(&*text));
    }
    vault.decrypt_text(&text).map(|t| Value::from(t.as_str())).map_err(|e| Error::runtime(format!("Unable to decrypt: {e}")))
}
