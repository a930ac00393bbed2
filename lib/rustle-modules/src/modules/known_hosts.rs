//! Host keys that SSH clients know.

use crate::{Ctx, Failure, Module, Outcome, Params, Support, Value, params};
use base64::Engine as _;
use rustle_value::dict;
use sha1::{Digest, Sha1};
use std::fs;
use std::path::Path;

params! {
    /// Options of `known_hosts`.
    pub struct Args {
        /// The host, as it stands in the key's line.
        name: String => required(), aliases(&["host"]);
        /// The line: names, type and key.
        key: Option<String>;
        /// The file.
        path: crate::PathArg => default("~/.ssh/known_hosts");
        /// Whether the host's name is written as a hash.
        hash_host: bool => default("no");
        /// Whether the key is there.
        state: String => default("present"), choices(&["absent", "present"]);
    }
}

const EXAMPLES: &str = "
- name: The backup server's key
  ansible.builtin.known_hosts:
    name: backup.example.com
    key: backup.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDl6k0pD6T0gq8ZlYX8b6vY2mJ7Qm9mYb0m5hXo3V0aB
";

pub static MODULE: Module = Module {
    check: Support::Full,
    diff: Support::Full,
    ..Module::new::<Args>("ansible.builtin.known_hosts", "Manages known host keys", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

/// HMAC-SHA1, which hashed names are made with.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0u8; 64];
    block[..key.len().min(64)].copy_from_slice(&key[..key.len().min(64)]);
    let pass = |pad: u8, data: &[u8]| {
        let mut h = Sha1::new();
        h.update(block.map(|b| b ^ pad));
        h.update(data);
        h.finalize().to_vec()
    };
    pass(0x5c, &pass(0x36, text))
}

/// Whether the names' field of a line is about the host.
fn about(field: &str, host: &str) -> bool {
    if let Some(rest) = field.strip_prefix("|1|") {
        let decode = |t: &str| base64::engine::general_purpose::STANDARD.decode(t).ok();
        let Some((salt, hash)) = rest.split_once('|').and_then(|(s, h)| Some((decode(s)?, decode(h)?))) else { return false };
        return hmac(&salt, host.as_bytes()) == hash;
    }
    field.split(',').any(|n| n == host)
}

/// The names' field, the type and the key of a line; a marker (`@revoked`) belongs to the names.
fn fields(line: &str) -> Option<(&str, &str, &str)> {
    let mut words = line.split_whitespace();
    let mut first = words.next().filter(|w| !w.starts_with('#'))?;
    if first.starts_with('@') {
        first = words.next()?;
    }
    Some((first, words.next()?, words.next()?))
}

/// `@cert-authority` or `@revoked`, where a line begins so.
fn marker(line: &str) -> Option<&str> {
    line.split_whitespace().next().filter(|w| w.starts_with('@'))
}

fn hashed(host: &str) -> String {
    use std::hash::{BuildHasher, Hasher};
    let mut salt = Vec::with_capacity(24);
    while salt.len() < 20 {
        salt.extend(std::collections::hash_map::RandomState::new().build_hasher().finish().to_le_bytes());
    }
    salt.truncate(20);
    let b64 = base64::engine::general_purpose::STANDARD;
    format!("|1|{}|{}", b64.encode(&salt), b64.encode(hmac(&salt, host.as_bytes())))
}

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    if a.name.contains(',') {
        let msg = "Comma separated list of names is not supported. Please pass a single name to lookup in the known_hosts file.";
        return Err(Failure::new(msg));
    }
    let path = a.path.0.clone();
    if Path::new(&path).is_dir() {
        return Err(Failure::new(format!("Could not open {path}: it is a directory")));
    }
    let host = a.name.to_lowercase();
    let present = a.state == "present";
    let key = a.key.as_deref().map(str::trim_end).filter(|k| !k.is_empty());
    if present && key.is_none() {
        return Err(Failure::new("No key specified when adding a host"));
    }
    let wanted = match key {
        Some(k) => Some(fields(k).ok_or_else(|| Failure::new("Key is not a known_hosts line"))?),
        None => None,
    };
    if let Some((names, ..)) = wanted {
        if !about(names, &host) {
            return Err(Failure::new("Host parameter does not match hashed host field in supplied key").with("rc", 1));
        }
    }
    let exists = Path::new(&path).exists();
    let before = fs::read_to_string(&path).unwrap_or_default();
    let mut lines: Vec<String> = before.lines().map(str::to_owned).collect();
    let mut changed = false;
    if present {
        let (_, kind, blob) = wanted.unwrap_or_default();
        // A host has one key of a type, but any number of authorities and revoked keys.
        let special = key.and_then(marker);
        let mine = |l: &String| {
            fields(l).is_some_and(|(n, k, b)| about(n, &host) && k == kind && marker(l) == special && (special.is_none() || b == blob))
        };
        let good = lines.iter().any(|l| mine(l) && fields(l).is_some_and(|(n, _, b)| b == blob && n.starts_with('|') == a.hash_host));
        if !good {
            lines.retain(|l| !mine(l));
            let mut line = key.unwrap_or_default().to_owned();
            if a.hash_host && !line.starts_with('|') {
                line = format!("{} {kind} {blob}", hashed(&host));
            }
            lines.push(line);
            changed = true;
        }
    } else {
        let count = lines.len();
        lines.retain(|l| {
            let other = |k: &str, b: &str| wanted.is_some_and(|(_, wk, wb)| wk != k || wb != b || marker(l) != key.and_then(marker));
            fields(l).is_none_or(|(n, k, b)| !about(n, &host) || other(k, b))
        });
        changed |= lines.len() != count;
    }
    let after: String = lines.iter().map(|l| format!("{l}\n")).collect();
    // Ansible shows nothing of what a removal by name takes away.
    let shown = if !present && key.is_none() { before.as_str() } else { after.as_str() };
    let diff = dict! {
        "before_header" => if exists { path.as_str() } else { "/dev/null" }, "after_header" => path.as_str(),
        "before" => before.as_str(), "after" => if changed { shown } else { before.as_str() },
    };
    if ctx.check_mode {
        return Ok(Outcome::changed(changed).with("diff", diff));
    }
    if changed {
        if let Some(dir) = Path::new(&path).parent().filter(|d| !d.exists()) {
            fs::create_dir_all(dir).map_err(|e| Failure::os(&e, &dir.to_string_lossy()))?;
        }
        ctx.write_atomic(&path, after.as_bytes(), false)?;
    }
    Ok(Outcome::changed(changed)
        .with("diff", diff)
        .with("name", a.name)
        .with("key", a.key.map_or(Value::Null, Value::from))
        .with("path", path)
        .with("hash_host", a.hash_host))
}
