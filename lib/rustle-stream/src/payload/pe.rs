//! Windows executables: data behind the image, in front of a signature where one was added later.
//!
//! Limits: a file that is signed already gets no plan; sign it afterwards.

use super::bytes::{put, u16_at, u32_at};

/// Of the optional header: where the checksum and the entry of the certificate table are, in the file.
struct Header {
    checksum: usize,
    certificates: usize,
}

fn header(bytes: &[u8]) -> Option<Header> {
    let pe = u32_at(bytes, 0x3c)? as usize;
    if !bytes.starts_with(b"MZ") || bytes.get(pe..pe.checked_add(4)?)? != b"PE\0\0" {
        return None;
    }
    let optional = pe + 24;
    // The directories follow fields whose widths differ between 32 and 64 bits.
    let directories = match u16_at(bytes, optional)? {
        0x10b => optional + 96,
        0x20b => optional + 112,
        _ => return None,
    };
    // Entry 4; a header may have fewer.
    (u32_at(bytes, directories - 4)? > 4).then_some(Header { checksum: optional + 64, certificates: directories + 4 * 8 })
}

/// The processor as Rust calls it; empty where unknown.
pub(super) fn arch(bytes: &[u8]) -> &'static str {
    let machine = u32_at(bytes, 0x3c).and_then(|pe| u16_at(bytes, (pe as usize).saturating_add(4)));
    match machine {
        Some(0x8664) => "x86_64",
        Some(0x014c) => "i686",
        Some(0xaa64) => "aarch64",
        _ => "",
    }
}

/// Where the certificates of a signature begin; `None` for a file that is not signed.
pub(super) fn certificates(head: &[u8]) -> Option<u64> {
    u32_at(head, header(head)?.certificates).filter(|at| *at != 0).map(u64::from)
}

/// The image as it is before a payload comes behind it: no checksum of the whole file, which only drivers need.
///
/// # Errors
/// Why it can take none.
pub(super) fn prepare(binary: &[u8]) -> Result<Vec<u8>, &'static str> {
    let header = header(binary).ok_or("its headers are no Windows program's")?;
    if certificates(binary).is_some() {
        return Err("it is signed, which a plan would break; embed first, and sign then");
    }
    let mut out = binary.to_vec();
    put(&mut out, header.checksum, &[0; 4]).ok_or("its headers are cut off")?;
    Ok(out)
}
