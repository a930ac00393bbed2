//! `crypt(3)`: SHA-512, SHA-256, MD5 and bcrypt password hashes, and the encoding of salts.
//!
//! Written after Ulrich Drepper's specification of SHA-crypt and the descriptions of the other two.

use super::hash::{md5, sha256, sha512};
use blowfish::Blowfish;

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BCRYPT: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// `n` characters of a 24-bit group, lowest bits first.
fn group(out: &mut String, b2: u8, b1: u8, b0: u8, n: usize) {
    let mut w = u32::from(b2) << 16 | u32::from(b1) << 8 | u32::from(b0);
    for _ in 0..n {
        out.push(char::from(ALPHABET[(w & 0x3f) as usize]));
        w >>= 6;
    }
}

/// Random bytes as the salt of SHA-crypt and MD5-crypt; at most `max` characters.
pub(crate) fn encode_salt(bytes: &[u8], max: usize) -> String {
    let mut out = String::new();
    for c in bytes.chunks_exact(3) {
        if out.len() + 4 > max {
            break;
        }
        group(&mut out, c[2], c[1], c[0], 4);
    }
    out
}

/// SHA-crypt: `$5$` where `long` is not set, `$6$` where it is.
pub(crate) fn sha_crypt(long: bool, key: &[u8], salt: &str, rounds: u32) -> String {
    let digest = |d: &[u8]| if long { sha512(d).to_vec() } else { sha256(d).to_vec() };
    let n = if long { 64 } else { 32 };
    let salt_bytes = salt.as_bytes();
    let repeat = |block: &[u8], len: usize| -> Vec<u8> { block.iter().copied().cycle().take(len).collect() };
    let b = digest(&[key, salt_bytes, key].concat());
    let mut input = [key, salt_bytes].concat();
    input.extend(repeat(&b, key.len()));
    let mut len = key.len();
    while len > 0 {
        input.extend_from_slice(if len & 1 == 1 { &b } else { key });
        len >>= 1;
    }
    let mut a = digest(&input);
    let p = repeat(&digest(&key.repeat(key.len())), key.len());
    let s = repeat(&digest(&salt_bytes.repeat(16 + usize::from(a[0]))), salt_bytes.len());
    let mut buf = Vec::with_capacity(n + 2 * key.len() + salt.len());
    for i in 0..rounds {
        buf.clear();
        buf.extend_from_slice(if i & 1 == 1 { &p } else { &a });
        if i % 3 != 0 {
            buf.extend_from_slice(&s);
        }
        if i % 7 != 0 {
            buf.extend_from_slice(&p);
        }
        buf.extend_from_slice(if i & 1 == 1 { &a } else { &p });
        a = digest(&buf);
    }
    let mut out = format!("${}$", if long { 6 } else { 5 });
    if rounds != 5000 {
        out += &format!("rounds={rounds}$");
    }
    out += salt;
    out.push('$');
    // The bytes are taken in triples a third of the digest apart, the order turning each time.
    let third = n / 3;
    let (mut x, mut y, mut z) = (0, third, 2 * third);
    for _ in 0..third {
        group(&mut out, a[x], a[y], a[z], 4);
        (x, y, z) = if long { (y + 1, z + 1, x + 1) } else { (z + 1, x + 1, y + 1) };
    }
    if long { group(&mut out, 0, 0, a[63], 2) } else { group(&mut out, 0, a[31], a[30], 3) }
    out
}

/// MD5-crypt: `$1$`.
pub(crate) fn md5_crypt(key: &[u8], salt: &str) -> String {
    let s = salt.as_bytes();
    let b = md5(&[key, s, key].concat());
    let mut input = [key, b"$1$", s].concat();
    input.extend(b.iter().copied().cycle().take(key.len()));
    let mut len = key.len();
    while len > 0 {
        input.push(if len & 1 == 1 { 0 } else { key.first().copied().unwrap_or(0) });
        len >>= 1;
    }
    let mut a = md5(&input);
    for i in 0..1000 {
        let mut buf = Vec::new();
        buf.extend_from_slice(if i & 1 == 1 { key } else { &a });
        if i % 3 != 0 {
            buf.extend_from_slice(s);
        }
        if i % 7 != 0 {
            buf.extend_from_slice(key);
        }
        buf.extend_from_slice(if i & 1 == 1 { &a } else { key });
        a = md5(&buf);
    }
    let mut out = format!("$1${salt}$");
    for (x, y, z) in [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)] {
        group(&mut out, a[x], a[y], a[z], 4);
    }
    group(&mut out, 0, 0, a[11], 2);
    out
}

/// bcrypt's base 64: highest bits first.
fn bcrypt_b64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for c in bytes.chunks(3) {
        let w = u32::from(c[0]) << 16 | u32::from(c.get(1).copied().unwrap_or(0)) << 8 | u32::from(c.get(2).copied().unwrap_or(0));
        for i in 0..=c.len() {
            out.push(char::from(BCRYPT[(w >> (18 - 6 * i) & 0x3f) as usize]));
        }
    }
    out
}

/// bcrypt, with an identifier such as `2b`.
pub(crate) fn bcrypt(ident: &str, cost: u32, key: &[u8], salt: &[u8; 16]) -> String {
    // A key is used up to its terminating nul, and 72 bytes of it at most.
    let mut k: Vec<u8> = key.iter().copied().take_while(|b| *b != 0).collect();
    k.push(0);
    k.truncate(72);
    let mut state = Blowfish::bc_init_state();
    state.salted_expand_key(salt, &k);
    for _ in 0..1u64 << cost {
        state.bc_expand_key(&k);
        state.bc_expand_key(salt);
    }
    let mut words: Vec<u32> = b"OrpheanBeholderScryDoubt".chunks_exact(4).map(|c| u32::from_be_bytes([c[0], c[1], c[2], c[3]])).collect();
    for pair in words.chunks_exact_mut(2) {
        for _ in 0..64 {
            let [l, r] = state.bc_encrypt([pair[0], pair[1]]);
            (pair[0], pair[1]) = (l, r);
        }
    }
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).take(23).collect();
    format!("${ident}${cost:02}${}{}", bcrypt_b64(salt), bcrypt_b64(&bytes))
}
