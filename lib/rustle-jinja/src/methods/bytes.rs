//! Methods of `bytes`, and encodings.

use crate::args::Args;
use crate::error::{Result, fail};
use rustle_value::Value;
use std::sync::Arc;

pub(super) const NAMES: &[&str] = &["decode", "hex", "startswith", "endswith"];

/// `text.encode(encoding)`.
pub(crate) fn encode(s: &str, encoding: &str) -> Result<Value> {
    encoded(s, encoding).map(|b| Value::Bytes(b.into()))
}

/// The bytes of a text in an encoding of Python's.
///
/// # Errors
/// An encoding that is not known, and characters that it has not.
pub fn encoded(s: &str, encoding: &str) -> Result<Vec<u8>> {
    crate::util::encoding::encode(s, encoding).or_else(fail)
}

/// `bytes.decode(encoding)`.
pub(crate) fn decode(b: &[u8], encoding: &str) -> Result<Value> {
    let name = encoding.to_lowercase().replace('_', "-");
    let wide = |b: &[u8], f: fn([u8; 2]) -> u16| String::from_utf16_lossy(&b.chunks_exact(2).map(|c| f([c[0], c[1]])).collect::<Vec<_>>());
    Ok(Value::from(match name.as_str() {
        "utf-8" | "utf8" | "ascii" | "us-ascii" => match std::str::from_utf8(b) {
            Ok(s) => s.to_owned(),
            Err(e) => {
                let at = e.valid_up_to();
                return fail(format!("'utf-8' codec can't decode byte 0x{:02x} in position {at}: invalid start byte", b.get(at).copied().unwrap_or(0)));
            }
        },
        "latin-1" | "latin1" | "iso-8859-1" => b.iter().map(|c| char::from(*c)).collect(),
        "utf-16-le" | "utf-16le" => wide(b, u16::from_le_bytes),
        "utf-16-be" | "utf-16be" => wide(b, u16::from_be_bytes),
        "utf-16" | "utf16" => match b {
            [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
            [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
            all => wide(all, u16::from_le_bytes),
        },
        _ => return fail(format!("unknown encoding: {encoding}")),
    }))
}

pub(super) fn call(b: &Arc<[u8]>, name: &str, args: Args) -> Result<Value> {
    match name {
        "decode" => {
            let [encoding, _errors] = args.bind(name, ["encoding", "errors"])?;
            decode(b, encoding.as_ref().and_then(Value::as_str).unwrap_or("utf-8"))
        }
        "hex" => Ok(Value::from(crate::util::text::hex(b))),
        _ => match args.pos.first() {
            Some(Value::Bytes(p)) => Ok(Value::Bool(if name == "startswith" { b.starts_with(p) } else { b.ends_with(p) })),
            _ => fail(format!("{name} first arg must be bytes or a tuple of bytes")),
        },
    }
}
