//! `hash`, `checksum`, `md5`, `sha1`, `to_uuid`: `{{ password | hash('sha256') }}`.

use super::Filter;
use crate::args::opt_text;
use crate::error::{Error, fail};
use crate::util::{hash, text};
use rustle_value::{Value, py_str};

pub static FILTERS: &[Filter] = &[
    Filter::new("hash", &[], |_, v, args| {
        let [kind] = args.bind("hash", ["hashtype"])?;
        let kind = opt_text(kind.as_ref()).unwrap_or_else(|| "sha1".into());
        match hash::digest(&kind, py_str(&v).as_bytes()) {
            Some(d) => Ok(Value::from(text::hex(&d))),
            None => fail(format!("unsupported hash type {kind}")),
        }
    }),
    Filter::new("checksum", &["sha1"], |_, v, _| Ok(Value::from(text::hex(&hash::sha1(py_str(&v).as_bytes()))))),
    Filter::new("md5", &[], |_, v, _| Ok(Value::from(text::hex(&hash::md5(py_str(&v).as_bytes()))))),
    Filter::new("to_uuid", &[], |_, v, args| {
        let [namespace] = args.bind("to_uuid", ["namespace"])?;
        let ns = opt_text(namespace.as_ref()).unwrap_or_else(|| "361E6D51-FAEC-444A-9079-341386DA8E2E".into());
        let digits: String = ns.replace("urn:", "").replace("uuid:", "").chars().filter(|c| !"{}-".contains(*c)).collect();
        let bytes: Option<Vec<u8>> = (0..16).map(|i| u8::from_str_radix(digits.get(2 * i..2 * i + 2)?, 16).ok()).collect();
        let Some(ns_bytes) = bytes.filter(|_| digits.len() == 32) else {
            return Err(Error::runtime(format!("Invalid value '{ns}' for 'namespace': badly formed hexadecimal UUID string")));
        };
        let mut d = hash::sha1(&[&ns_bytes, py_str(&v).as_bytes()].concat());
        d[6] = (d[6] & 0x0f) | 0x50;
        d[8] = (d[8] & 0x3f) | 0x80;
        let h = text::hex(&d[..16]);
        Ok(Value::from(format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..])))
    }),
];
