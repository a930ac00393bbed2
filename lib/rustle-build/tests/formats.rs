//! Plans inside real executables of every format. `binaries/` has a C program of one line for each, made by zig's
//! linker: `zig cc -target aarch64-macos -Os -s`, the same for `x86_64-macos`, and for `x86_64-windows-gnu` with
//! `-nostdlib -Wl,--entry,start -lkernel32`.
//!
//! Limits: nothing here can run them; signatures are checked against Apple's format by this file's own reader, which
//! must agree with the signature that zig made, too.

use object::read::macho::{LoadCommandVariant, MachOFile64};
use object::read::pe::PeFile64;
use object::{LittleEndian, Object, ObjectSection, ObjectSymbol};
use rustle_build::{elf, embed::embed};
use rustle_stream::payload::{self, EmbeddedFile, Manifest, PayloadError};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::PathBuf;

const ARM: &str = "aarch64-apple-darwin";
const INTEL: &str = "x86_64-apple-darwin";
const WINDOWS: &str = "x86_64-pc-windows-gnu";

fn binary(triple: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/binaries").join(format!("{triple}.gz"));
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut out).unwrap();
    out
}

/// With a plan of some size, whose files do not shrink.
fn embedded(triple: &str) -> Vec<u8> {
    let noise: Vec<u8> = (0..200u32).flat_map(|n| Sha256::digest(n.to_le_bytes())).collect();
    let files = [("/p/files/noise".to_owned(), EmbeddedFile { mode: 0o600, data: noise, link: None })].into();
    let manifest = Manifest { host: "web".into(), triple: triple.into(), ..Manifest::default() };
    embed(&binary(triple), manifest, "{}\n", "", &files).unwrap()
}

fn read(bytes: &[u8]) -> Result<Option<payload::Payload>, PayloadError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    payload::read(file.path())
}

/// Checks an ad-hoc signature as a kernel does: it ends the file and __LINKEDIT, and each page has its digest.
fn signed(bytes: &[u8]) -> Result<(), String> {
    let file = MachOFile64::<LittleEndian>::parse(bytes).map_err(|e| e.to_string())?;
    let mut commands = file.macho_load_commands().map_err(|e| e.to_string())?;
    let (mut signature, mut linkedit, mut text, mut strings) = (None, None, None, None);
    while let Some(c) = commands.next().map_err(|e| e.to_string())? {
        match c.variant().map_err(|e| e.to_string())? {
            LoadCommandVariant::LinkeditData(d) if c.cmd() == object::macho::LC_CODE_SIGNATURE => {
                signature = Some((d.dataoff.get(LittleEndian) as usize, d.datasize.get(LittleEndian) as usize));
            }
            LoadCommandVariant::Symtab(s) => strings = Some((s.stroff.get(LittleEndian) + s.strsize.get(LittleEndian)) as usize),
            LoadCommandVariant::Segment64(s, _) => {
                let range = (s.fileoff.get(LittleEndian), s.filesize.get(LittleEndian), s.vmsize.get(LittleEndian));
                match &s.segname[..11] {
                    b"__LINKEDIT\0" => linkedit = Some(range),
                    name if name.starts_with(b"__TEXT\0") => text = Some(range),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    let (start, size) = signature.ok_or("not signed")?;
    let (offset, length, memory) = linkedit.ok_or("no __LINKEDIT")?;
    if start + size != bytes.len() || offset + length != bytes.len() as u64 || memory < length || start % 16 != 0 {
        return Err(format!("the signature {start}+{size} or __LINKEDIT {offset}+{length} do not end the file of {}", bytes.len()));
    }
    if strings.is_none_or(|s| s > start) {
        return Err("the string table runs into the signature".into());
    }
    let blob = &bytes[start..];
    let word = |at: usize| u32::from_be_bytes(blob[at..at + 4].try_into().unwrap()) as usize;
    let long = |at: usize| u64::from_be_bytes(blob[at..at + 8].try_into().unwrap());
    if (word(0), word(12)) != (0xfade_0cc0, 0) || word(4) > size {
        return Err("no list of blobs that begins with a code directory".into());
    }
    let d = word(16);
    let (hashes, identifier, pages, limit) = (d + word(d + 16), d + word(d + 20), word(d + 28), word(d + 32));
    let page = 1 << blob[d + 39];
    if word(d) != 0xfade_0c02 || blob[d + 36..d + 39] != [32, 2, 0] || limit != start || pages != start.div_ceil(page) {
        return Err("no code directory over all that comes before it".into());
    }
    // Ad hoc, signed by a linker; the main executable.
    if word(d + 8) < 0x2_0400 || word(d + 12) != 0x2_0002 || (long(d + 64), long(d + 72), long(d + 80)) != (0, text.ok_or("no __TEXT")?.1, 1) {
        return Err("flags or the executable segment differ".into());
    }
    if !blob[identifier..hashes].ends_with(b"\0") || hashes + pages * 32 > d + word(d + 4) {
        return Err("identifier and digests overlap".into());
    }
    for (i, content) in bytes[..start].chunks(page).enumerate() {
        if blob[hashes + i * 32..][..32] != *Sha256::digest(content) {
            return Err(format!("page {i} differs"));
        }
    }
    Ok(())
}

#[test]
fn a_plan_inside_a_mac_program_is_signed() {
    assert_eq!(signed(&binary(ARM)), Ok(()), "the reader does not understand what zig signs");
    for triple in [ARM, INTEL] {
        let (plain, made) = (binary(triple), embedded(triple));
        assert_eq!(signed(&made), Ok(()), "{triple}");
        // What was there is there still, at the same place.
        let (before, after) = (MachOFile64::<LittleEndian>::parse(&*plain).unwrap(), MachOFile64::<LittleEndian>::parse(&*made).unwrap());
        let sections = |f: &MachOFile64<LittleEndian>| f.sections().map(|s| (s.name().unwrap().to_owned(), s.address(), s.data().unwrap().to_vec())).collect::<Vec<_>>();
        let symbols = |f: &MachOFile64<LittleEndian>| f.symbols().map(|s| (s.name().unwrap().to_owned(), s.address())).collect::<Vec<_>>();
        assert_eq!((sections(&before), symbols(&before), before.entry()), (sections(&after), symbols(&after), after.entry()));
        let inside = read(&made).unwrap().unwrap();
        assert_eq!((inside.manifest.host.as_str(), inside.files["/p/files/noise"].data.len()), ("web", 6400));
        // Whoever takes the plan out gets a program that runs.
        let bare = payload::without(&made).unwrap().unwrap();
        assert_eq!((signed(&bare), read(&bare).unwrap()), (Ok(()), None));
        assert!(bare.len() < plain.len() + 2048, "{} of {}", bare.len(), plain.len());
        let again = embed(&bare, Manifest::default(), "{}\n", "", &Default::default()).unwrap();
        assert_eq!(signed(&again), Ok(()));
    }
}

#[test]
fn damage_in_a_mac_program_is_noticed() {
    let made = embedded(ARM);
    let size = payload::FOOTER + 6400;
    let start = made.windows(16).rposition(|w| w == b"\nrustle-payload\0").unwrap() + 16 - size;
    for at in (start..start + size).step_by(17).chain(start + size - payload::FOOTER..start + size) {
        let mut bad = made.clone();
        bad[at] ^= 1 << (at % 8);
        assert!(read(&bad).is_err(), "byte {at} went unnoticed");
        let broken = signed(&bad).unwrap_err();
        assert!(broken.starts_with("page ") && broken.ends_with(" differs"), "{broken}");
    }
}

#[test]
fn a_plan_inside_a_windows_program() {
    let (plain, made) = (binary(WINDOWS), embedded(WINDOWS));
    let (before, after) = (PeFile64::parse(&*plain).unwrap(), PeFile64::parse(&*made).unwrap());
    let sections = |f: &PeFile64| f.sections().map(|s| (s.name().unwrap().to_owned(), s.address(), s.data().unwrap().to_vec())).collect::<Vec<_>>();
    assert_eq!((sections(&before), before.entry()), (sections(&after), after.entry()));
    assert_eq!(after.nt_headers().optional_header.check_sum.get(LittleEndian), 0);
    assert_eq!(read(&made).unwrap().unwrap().manifest.host, "web");
    assert!((plain.len()..plain.len() + 8).contains(&payload::without(&made).unwrap().unwrap().len()));
    for at in (0..plain.len()).step_by(3).chain(plain.len()..made.len()) {
        let mut bad = made.clone();
        bad[at] ^= 1 << (at % 8);
        assert!(read(&bad).is_err(), "byte {at} went unnoticed");
    }
    // Signed afterwards, as Windows' tools do it: a checksum, and certificates behind all.
    let mut with = made.clone();
    let directories = u32::from_le_bytes(with[0x3c..0x40].try_into().unwrap()) as usize + 24 + 112;
    let at = u32::try_from(with.len()).unwrap();
    assert_eq!(at % 8, 0);
    with[directories + 32..directories + 36].copy_from_slice(&at.to_le_bytes());
    with[directories + 36..directories + 40].copy_from_slice(&16u32.to_le_bytes());
    with[directories - 112 + 64] = 1;
    with.extend_from_slice(&[16, 0, 0, 0, 0, 2, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(read(&with).unwrap().unwrap().manifest.host, "web");
    let place = made.len() - payload::FOOTER - 10;
    with[place] ^= 1;
    assert!(read(&with).is_err());
    // Before it, a plan would break the signature.
    let mut with = plain;
    with[directories + 32..directories + 36].copy_from_slice(&at.to_le_bytes());
    let error = embed(&with, Manifest::default(), "", "", &Default::default()).unwrap_err().to_string();
    assert!(error.contains("it is signed"), "{error}");
}

#[test]
fn headers_tell_what_each_is() {
    for (triple, format, arch) in [(ARM, "mach-o", "aarch64"), (INTEL, "mach-o", "x86_64"), (WINDOWS, "pe", "x86_64")] {
        let (plain, made) = (elf::inspect(&binary(triple)).unwrap(), elf::inspect(&embedded(triple)).unwrap());
        assert_eq!((plain.format, plain.arch, plain.embedded), (format, arch, false));
        assert_eq!((made.format, made.arch, made.embedded), (format, arch, true));
        let error = embed(&embedded(triple), Manifest::default(), "", "", &Default::default()).unwrap_err();
        assert_eq!(error.to_string(), "the executable already has a plan inside");
        let target = |t: &str| rustle_stream::record::Target { triple: t.into(), ..Default::default() };
        assert_eq!(plain.fits(&target(triple)), Ok(()));
        let other = if arch == "aarch64" { triple.replace("aarch64", "x86_64") } else { triple.replace("x86_64", "aarch64") };
        assert!(plain.fits(&target(&other)).unwrap_err().starts_with(&format!("it is for {arch}, ")));
    }
}

#[test]
fn nonsense_is_survived() {
    for triple in [ARM, INTEL, WINDOWS] {
        let whole = binary(triple);
        for at in (0..2048.min(whole.len())).step_by(3) {
            for value in [0, 0x7f, 0xff] {
                let mut bad = whole.clone();
                bad[at] = value;
                elf::inspect(&bad);
                _ = payload::without(&bad);
                _ = embed(&bad, Manifest::default(), "", "", &Default::default());
                _ = elf::inspect(&bad[..at]);
            }
        }
    }
}
