//! macOS executables. Nothing may lie behind a Mach-O image, so the payload becomes the end of its string table, the last
//! part of its last segment but for the signature: no load command is added, nothing else moves, and Apple's own tools
//! can sign the result anew. The signature is replaced by an ad-hoc one, as linkers make it, which is all that
//! a processor of Apple's asks for.
//!
//! Limits: 64 bits, one architecture; an identity or entitlements in the old signature are lost; special slots
//! (resources, an embedded property list) are not signed.

use super::bytes::{put, round, u32_at, u64_at};
use sha2::{Digest, Sha256};

/// 64 bits, little-endian.
pub(super) const MAGIC: [u8; 4] = [0xcf, 0xfa, 0xed, 0xfe];
/// What the linker makes of several architectures; also the start of Java classes.
pub(super) const UNIVERSAL: [u8; 4] = [0xca, 0xfe, 0xba, 0xbe];

const HEADER: usize = 32;
const LC_SYMTAB: u32 = 0x2;
const LC_SEGMENT_64: u32 = 0x19;
const LC_CODE_SIGNATURE: u32 = 0x1d;
const CPU_ARM64: u32 = 0x0100_000c;
const MH_EXECUTE: u32 = 2;
/// The signature covers the file in pieces of this size.
const PAGE: usize = 4096;
/// The largest page of a processor: sizes in memory are multiples of it.
const MEMORY_PAGE: u64 = 0x4000;
/// Signed by a linker, with no identity.
const ADHOC_LINKER_SIGNED: u32 = 0x2_0002;
const IDENTIFIER: &str = "rustle-runner";

/// The processor as Rust calls it; empty where unknown.
pub(super) fn arch(bytes: &[u8]) -> &'static str {
    match u32_at(bytes, 4) {
        Some(CPU_ARM64) => "aarch64",
        Some(0x0100_0007) => "x86_64",
        _ => "",
    }
}

/// Where the load commands are that matter here: offsets in the file.
#[derive(Default)]
struct Commands {
    end: usize,
    symtab: Option<usize>,
    linkedit: Option<usize>,
    text: Option<usize>,
    signature: Option<usize>,
    /// Where the first section's content begins.
    content: Option<u64>,
}

fn commands(bytes: &[u8]) -> Option<Commands> {
    if !bytes.starts_with(&MAGIC) {
        return None;
    }
    let mut found = Commands { end: HEADER.checked_add(u32_at(bytes, 20)? as usize)?, ..Commands::default() };
    let mut at = HEADER;
    for _ in 0..u32_at(bytes, 16)? {
        let (kind, size) = (u32_at(bytes, at)?, u32_at(bytes, at + 4)? as usize);
        if size < 8 || at.checked_add(size)? > found.end {
            return None;
        }
        match kind {
            LC_SYMTAB => found.symtab = Some(at),
            LC_CODE_SIGNATURE => found.signature = Some(at),
            LC_SEGMENT_64 => {
                match bytes.get(at + 8..at + 24)?.split(|b| *b == 0).next()? {
                    b"__LINKEDIT" => found.linkedit = Some(at),
                    b"__TEXT" => found.text = Some(at),
                    _ => {}
                }
                for section in (0..u32_at(bytes, at + 64)? as usize).map_while(|i| at.checked_add(72 + i.checked_mul(80)?)) {
                    let offset = u64::from(u32_at(bytes, section.checked_add(48)?)?);
                    if offset > 0 && found.content.is_none_or(|c| c > offset) {
                        found.content = Some(offset);
                    }
                }
            }
            _ => {}
        }
        at += size;
    }
    Some(found)
}

/// Where the string table ends. `head` has at least the load commands.
pub(super) fn strings_end(head: &[u8]) -> Option<u64> {
    let at = commands(head)?.symtab?;
    Some(u64::from(u32_at(head, at + 16)?) + u64::from(u32_at(head, at + 20)?))
}

/// What is behind the string table but for the signature, in the way of whoever makes the table longer.
fn in_the_way(bytes: &[u8], c: &Commands) -> Result<(), &'static str> {
    const HEADERS: &str = "its load commands are damaged";
    let linkedit = c.linkedit.ok_or("it has no segment __LINKEDIT")?;
    let file_end = u64_at(bytes, linkedit + 40).zip(u64_at(bytes, linkedit + 48)).and_then(|(o, s)| o.checked_add(s)).ok_or(HEADERS)?;
    if file_end != bytes.len() as u64 {
        return Err("there are data behind its last segment");
    }
    let strings = strings_end(bytes).ok_or("it has no symbol table")?;
    let end = match c.signature {
        Some(at) => u64::from(u32_at(bytes, at + 8).ok_or(HEADERS)?),
        None => file_end,
    };
    // The linker fills up to the signature.
    let gap = usize::try_from(strings).ok().zip(usize::try_from(end).ok()).and_then(|(a, b)| bytes.get(a..b)).ok_or(HEADERS)?;
    if gap.len() >= 64 || gap.iter().any(|b| *b != 0) {
        return Err("its string table is not the last part of __LINKEDIT");
    }
    Ok(())
}

/// The image with this tail, which becomes the end of its string table, signed anew.
///
/// # Errors
/// Why it can take none.
pub(super) fn extend(binary: &[u8], tail: &[u8]) -> Result<Vec<u8>, &'static str> {
    let c = commands(binary).ok_or("its load commands are damaged, or it is for several architectures")?;
    if u32_at(binary, 12) != Some(MH_EXECUTE) {
        return Err("it is no program");
    }
    in_the_way(binary, &c)?;
    let end = strings_end(binary).ok_or("it has no symbol table")?;
    rebuild(binary, &c, end, tail)
}

/// The image whose string table ends at `end`, signed anew.
///
/// # Errors
/// Damaged headers.
pub(super) fn cut(binary: &[u8], end: u64) -> Result<Vec<u8>, &'static str> {
    let c = commands(binary).ok_or("its load commands are damaged")?;
    rebuild(binary, &c, end, &[])
}

fn rebuild(binary: &[u8], c: &Commands, end: u64, tail: &[u8]) -> Result<Vec<u8>, &'static str> {
    const HEADERS: &str = "its load commands are damaged";
    let (symtab, linkedit) = (c.symtab.ok_or(HEADERS)?, c.linkedit.ok_or(HEADERS)?);
    let end = usize::try_from(end).map_err(|_| HEADERS)?;
    let mut out = binary.get(..end).ok_or(HEADERS)?.to_vec();
    // The signature begins at a multiple of 16, right behind the table.
    let length = round((end + tail.len()) as u64, 16);
    out.resize(usize::try_from(length).map_err(|_| HEADERS)? - tail.len(), 0);
    out.extend_from_slice(tail);
    let strings = u32_at(&out, symtab + 16).ok_or(HEADERS)?;
    let code_end = u32::try_from(out.len()).map_err(|_| "with the plan it would exceed 4 GiB")?;
    put(&mut out, symtab + 20, &code_end.checked_sub(strings).ok_or(HEADERS)?.to_le_bytes()).ok_or(HEADERS)?;

    let signature = c.signature.or_else(|| add_signature(&mut out, c));
    let size = if signature.is_some() { signature_size(out.len()) } else { 0 };
    let segment = u64_at(&out, linkedit + 40).ok_or(HEADERS)?;
    let filesize = ((out.len() + size) as u64).checked_sub(segment).ok_or(HEADERS)?;
    put(&mut out, linkedit + 48, &filesize.to_le_bytes()).ok_or(HEADERS)?;
    put(&mut out, linkedit + 32, &round(filesize, MEMORY_PAGE).to_le_bytes()).ok_or(HEADERS)?;
    match signature {
        Some(at) => {
            put(&mut out, at + 8, &code_end.to_le_bytes()).ok_or(HEADERS)?;
            put(&mut out, at + 12, &u32::try_from(size).map_err(|_| HEADERS)?.to_le_bytes()).ok_or(HEADERS)?;
            let text = c.text.ok_or("it has no segment __TEXT")?;
            let text = (u64_at(&out, text + 40).ok_or(HEADERS)?, u64_at(&out, text + 48).ok_or(HEADERS)?);
            let signed = sign(&out, text);
            out.extend_from_slice(&signed);
            Ok(out)
        }
        // An Intel processor runs what nobody signed.
        None if u32_at(&out, 4) != Some(CPU_ARM64) => Ok(out),
        None => Err("it is not signed, and its header has no room for a signature"),
    }
}

/// A load command for a signature, where the header has room for it.
fn add_signature(out: &mut [u8], c: &Commands) -> Option<usize> {
    let room = c.end..c.end.checked_add(16)?;
    if c.content.is_none_or(|at| at < room.end as u64) || out.get(room)?.iter().any(|b| *b != 0) {
        return None;
    }
    put(out, c.end, &LC_CODE_SIGNATURE.to_le_bytes())?;
    put(out, c.end + 4, &16u32.to_le_bytes())?;
    let (count, size) = (u32_at(out, 16)?, u32_at(out, 20)?);
    put(out, 16, &(count + 1).to_le_bytes())?;
    put(out, 20, &(size + 16).to_le_bytes())?;
    Some(c.end)
}

/// Lengths of the parts of a signature in bytes: the list of its blobs (one), the fixed part of the code directory.
const SUPER: usize = 20;
const DIRECTORY: usize = 88;

fn signature_size(code: usize) -> usize {
    let whole = SUPER + DIRECTORY + IDENTIFIER.len() + 1 + code.div_ceil(PAGE) * 32;
    whole.next_multiple_of(16)
}

/// The signature of the code: a code directory with the digest of each page. Its numbers are big-endian.
/// `text`: offset and size of the segment `__TEXT` in the file.
fn sign(code: &[u8], text: (u64, u64)) -> Vec<u8> {
    let size = signature_size(code.len());
    let pages = code.len().div_ceil(PAGE);
    let hashes = DIRECTORY + IDENTIFIER.len() + 1;
    let length = hashes + pages * 32;
    let mut out = Vec::with_capacity(size);
    let mut words = |list: &[u32]| list.iter().for_each(|w| out.extend_from_slice(&w.to_be_bytes()));
    // Fits: the code has less than 4 GiB, its digests are a fraction of that.
    let word = |n: usize| n as u32;
    // The list: magic, length, one blob; the kind of that blob (code directory) and where it is.
    words(&[0xfade_0cc0, word(SUPER + length), 1, 0, word(SUPER)]);
    // Magic, length, version with the executable segment, flags; where digests and identifier are; special slots, slots;
    // the end of the code.
    words(&[0xfade_0c02, word(length), 0x2_0400, ADHOC_LINKER_SIGNED, word(hashes), word(DIRECTORY), 0, word(pages), word(code.len())]);
    // Digests of 32 bytes, SHA-256, any platform, pages of 2^12.
    out.extend_from_slice(&[32, 2, 0, 12]);
    // Spare, no scatter, no team, spare; the end of the code in 64 bits where 32 do not suffice.
    out.extend_from_slice(&[0; 4 * 4 + 8]);
    // The main program's segment of code.
    for n in [text.0, text.1, 1] {
        out.extend_from_slice(&n.to_be_bytes());
    }
    out.extend_from_slice(IDENTIFIER.as_bytes());
    out.push(0);
    for page in code.chunks(PAGE) {
        out.extend_from_slice(&Sha256::digest(page));
    }
    out.resize(size, 0);
    out
}
