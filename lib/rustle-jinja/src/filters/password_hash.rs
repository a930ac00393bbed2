//! `password_hash`: a hash as in `/etc/shadow`: `{{ password | password_hash('sha512', salt) }}`.
//!
//! As ansible-core without passlib: a given salt is the entropy that the salt of the hash is made from.

use super::Filter;
use crate::args::{Args, opt_int, opt_text};
use crate::error::{Result, fail};
use crate::interp::Interp;
use crate::util::crypt;
use rustle_value::{Value, py_str};

pub static FILTERS: &[Filter] = &[Filter::new("password_hash", &[], password_hash)];

/// Random characters of the salt alphabet.
fn random_salt(n: usize) -> String {
    const CHARS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    use std::io::Read as _;
    let mut raw = vec![0u8; n];
    let filled = std::fs::File::open("/dev/urandom").and_then(|mut f| f.read_exact(&mut raw)).is_ok();
    if !filled {
        let mut r = crate::util::random::Random::fresh();
        raw.iter_mut().for_each(|b| *b = r.below(256) as u8);
    }
    raw.iter().map(|b| char::from(CHARS[usize::from(b & 63)])).collect()
}

fn password_hash(_: &mut Interp<'_>, v: Value, args: Args) -> Result<Value> {
    let [hashtype, salt, salt_size, rounds, ident] = args.bind("password_hash", ["hashtype", "salt", "salt_size", "rounds", "ident"])?;
    let hashtype = opt_text(hashtype.as_ref()).unwrap_or_else(|| "sha512".into());
    let kind = match hashtype.as_str() {
        "sha512" | "sha512_crypt" => "sha512_crypt",
        "sha256" | "sha256_crypt" => "sha256_crypt",
        "md5" | "md5_crypt" => "md5_crypt",
        "bcrypt" | "blowfish" => "bcrypt",
        other => return fail(format!("crypt does not support '{other}' algorithm")),
    };
    let (max, exact) = match kind {
        "md5_crypt" => (8, false),
        "bcrypt" => (22, true),
        _ => (16, false),
    };
    let check = |n: i64| -> Result<()> {
        if exact && n != max {
            return fail(format!("invalid salt size supplied ({n}), expected {max}"));
        }
        if n > max {
            return fail(format!("invalid salt size supplied ({n}), expected at most {max}"));
        }
        Ok(())
    };
    if salt_size.as_ref().is_some_and(|v| !matches!(v, Value::Null | Value::Int(_) | Value::Bool(_))) {
        return fail("salt_size must be an integer");
    }
    let size = opt_int(salt_size.as_ref())?;
    if let Some(n) = size {
        check(n)?;
    }
    let salt = match opt_text(salt.as_ref()).filter(|s| !s.is_empty()) {
        Some(s) => {
            if !s.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '/') {
                return fail("invalid characters in salt");
            }
            check(s.len() as i64)?;
            s
        }
        None => random_salt(size.unwrap_or(max) as usize),
    };
    let rounds = opt_int(rounds.as_ref())?;
    let key = py_str(&v);
    let key = key.as_bytes();
    if kind == "bcrypt" {
        let cost = rounds.unwrap_or(12);
        if !(4..=31).contains(&cost) {
            return fail("Failed to generate salt for 'bcrypt' algorithm: crypt_gensalt failed: unable to generate salt");
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&salt.as_bytes()[..16]);
        let ident = opt_text(ident.as_ref()).filter(|i| !i.is_empty()).unwrap_or_else(|| "2b".into());
        return Ok(Value::from(crypt::bcrypt(&ident, cost as u32, key, &bytes)));
    }
    let encoded = crypt::encode_salt(salt.as_bytes(), max as usize);
    if encoded.is_empty() {
        return fail(format!("Failed to generate salt for '{kind}' algorithm: crypt_gensalt failed: unable to generate salt"));
    }
    Ok(Value::from(match kind {
        "md5_crypt" => crypt::md5_crypt(key, &encoded),
        _ => {
            let long = kind == "sha512_crypt";
            let n = rounds.unwrap_or(if long { 656_000 } else { 535_000 }).clamp(1000, 999_999_999);
            crypt::sha_crypt(long, key, &encoded, n as u32)
        }
    }))
}
