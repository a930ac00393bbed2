//! A plan inside an executable: what `rustle-compile --embed` puts into a runner, and the runner finds in itself.
//!
//! The payload is one block: a magic, the body, then a footer of [`FOOTER`] bytes: format version (u32), length of magic and
//! compressed body (u64), length of the plain body (u64), SHA-256 of all that, another magic. All numbers are
//! little-endian. The body, compressed with zlib's deflate, is the length of the manifest (u64), the manifest as JSON, the plan's records as lines,
//! what the engine runs ([`Alone`]) as JSON, then the files' contents one after the other, in the manifest's order.
//!
//! Where the block ends depends on the executable: an ELF file's end; a Windows program's end, or where a signature
//! begins that was added later (`pe`); the end of a macOS program's string table (`macho`).
//!
//! Limits: a runner without a payload pays three reads of its own file. A Windows program that lost its end looks like a
//! plain runner; an ELF file does not, and a macOS program lost its signature.

mod bytes;
mod elf;
mod macho;
mod manifest;
mod pe;
#[cfg(test)]
mod tests;

pub use manifest::{Manifest, ManifestFile};

use crate::protocol::{PlayProgram, RunOptions};
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Version of the payload format that this build writes and reads.
pub const VERSION: u32 = 2;
/// Length of the footer in bytes.
pub const FOOTER: usize = 4 + 8 + 8 + 32 + MAGIC.len();
/// The block's start, which tells of a file that lost its end.
const START: [u8; 16] = *b"\nrustle-plan-v2\0";
/// Its end: as a string table ends.
const MAGIC: [u8; 16] = *b"\nrustle-payload\0";
/// So many bytes at the start of an executable have its headers.
const HEAD: u64 = 64 << 10;
/// No plan is as large; a footer that claims it is damaged.
const MAX_BODY: u64 = 4 << 30;

/// Why a payload cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    #[error("cannot read the embedded plan: {0}")]
    Io(#[from] std::io::Error),
    #[error("the embedded plan is damaged: {0}")]
    Damaged(String),
    #[error("the embedded plan has format {0}, this runner reads {VERSION}")]
    Version(u32),
    #[error("a plan cannot be embedded in this executable: {0}")]
    Unfit(&'static str),
    #[error("the executable already has a plan inside")]
    Already,
}

/// A file of the controller, by value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmbeddedFile {
    /// Permission bits.
    pub mode: u32,
    pub data: Vec<u8>,
    /// `Some(target)` for a symbolic link.
    pub link: Option<String>,
}

/// What an engine without a controller runs, for one host.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Alone {
    pub options: RunOptions,
    pub plays: Vec<AlonePlay>,
}

/// One play of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AlonePlay {
    /// As reports show it.
    pub name: String,
    /// Hosts that the play was planned for.
    pub hosts: Vec<String>,
    pub program: PlayProgram,
}

/// A plan and the controller's files that it uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload {
    pub manifest: Manifest,
    /// Records, one a line, as `rustle-plan` wrote them.
    pub plan: String,
    /// [`Alone`] as JSON: the same plan, ready for the engine.
    pub programs: String,
    /// By their absolute paths on the machine where the plan was made.
    pub files: BTreeMap<String, EmbeddedFile>,
}

impl Payload {
    /// The plan's records, line by line.
    pub fn plan_lines(&self) -> impl Iterator<Item = &str> {
        self.plan.lines()
    }
    /// What a folder holds, at any depth: `(path relative to it, file)`, sorted.
    pub fn below<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a EmbeddedFile)> {
        let prefix = format!("{}/", folder.trim_end_matches('/'));
        let from = prefix.clone();
        self.files
            .range(from..)
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .map(move |(path, file)| (&path[folder.trim_end_matches('/').len() + 1..], file))
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// The block of a plan inside `runner`.
    fn block(&self, runner: &[u8]) -> Result<Vec<u8>, PayloadError> {
        let mut manifest = self.manifest.clone();
        manifest.runner_sha256 = sha256(runner);
        manifest.runner_size = runner.len() as u64;
        manifest.plan_sha256 = sha256(self.plan.as_bytes());
        manifest.plan_size = self.plan.len() as u64;
        manifest.programs_size = self.programs.len() as u64;
        let entry = |(path, f): (&String, &EmbeddedFile)| ManifestFile {
            path: path.clone(),
            mode: f.mode,
            size: f.data.len() as u64,
            sha256: sha256(&f.data),
            link: f.link.clone(),
        };
        manifest.files = self.files.iter().map(entry).collect();
        let json = serde_json::to_vec(&manifest).map_err(|e| PayloadError::Damaged(e.to_string()))?;
        let parts = [&(json.len() as u64).to_le_bytes()[..], &json, self.plan.as_bytes(), self.programs.as_bytes()];
        let mut size = 0;
        let mut encoder = ZlibEncoder::new(START.to_vec(), Compression::default());
        for part in parts.into_iter().chain(self.files.values().map(|f| f.data.as_slice())) {
            encoder.write_all(part)?;
            size += part.len() as u64;
        }
        let mut out = encoder.finish()?;
        let packed = out.len() as u64;
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&packed.to_le_bytes());
        out.extend_from_slice(&size.to_le_bytes());
        let sum = Sha256::digest(&out);
        out.extend_from_slice(&sum);
        out.extend_from_slice(&MAGIC);
        Ok(out)
    }

    fn from_body(body: &[u8]) -> Result<Payload, PayloadError> {
        let mut rest = body;
        let length = take(&mut rest, 8, "the manifest's length")?;
        let length = u64::from_le_bytes(length.try_into().map_err(|_| damaged("the manifest's length"))?);
        let manifest: Manifest = serde_json::from_slice(take(&mut rest, length, "the manifest")?)
            .map_err(|e| PayloadError::Damaged(format!("the manifest: {e}")))?;
        let plan = String::from_utf8(take(&mut rest, manifest.plan_size, "the plan")?.to_vec())
            .map_err(|_| damaged("the plan is not UTF-8"))?;
        let programs = String::from_utf8(take(&mut rest, manifest.programs_size, "the programs")?.to_vec())
            .map_err(|_| damaged("the programs are not UTF-8"))?;
        let mut files = BTreeMap::new();
        for entry in &manifest.files {
            let data = take(&mut rest, entry.size, &entry.path)?.to_vec();
            files.insert(entry.path.clone(), EmbeddedFile { mode: entry.mode, data, link: entry.link.clone() });
        }
        Ok(Payload { manifest, plan, programs, files })
    }
}

fn damaged(what: &str) -> PayloadError {
    PayloadError::Damaged(what.to_owned())
}

fn take<'a>(rest: &mut &'a [u8], n: u64, what: &str) -> Result<&'a [u8], PayloadError> {
    let n = usize::try_from(n).ok().filter(|n| *n <= rest.len()).ok_or_else(|| damaged(&format!("{what} is cut off")))?;
    let (head, tail) = rest.split_at(n);
    *rest = tail;
    Ok(head)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Kinds of executables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Elf,
    MachO,
    Pe,
}

impl Format {
    /// By the first bytes; `None` for what is no executable.
    pub fn of(bytes: &[u8]) -> Option<Format> {
        match bytes.get(..4)? {
            b"\x7fELF" => Some(Format::Elf),
            [0xce, 0xfa, 0xed, 0xfe] => Some(Format::MachO),
            b if b == macho::MAGIC || b == macho::UNIVERSAL => Some(Format::MachO),
            [b'M', b'Z', ..] => Some(Format::Pe),
            _ => None,
        }
    }
    /// The processor as Rust calls it; empty where unknown, and for ELF, which is not looked into here.
    pub fn arch(self, bytes: &[u8]) -> &'static str {
        match self {
            Format::Elf => "",
            Format::MachO => macho::arch(bytes),
            Format::Pe => pe::arch(bytes),
        }
    }
    /// Where a payload would end in a file that begins with `head` and has `size` bytes, where that is not its end.
    fn inner_end(self, head: &[u8], size: u64) -> Option<u64> {
        let end = match self {
            Format::Elf => None,
            Format::MachO => macho::strings_end(head),
            Format::Pe => pe::certificates(head),
        };
        end.filter(|e| (FOOTER as u64..=size).contains(e))
    }
    /// The same, the file's end included.
    fn end(self, head: &[u8], size: u64) -> u64 {
        self.inner_end(head, size).unwrap_or(size)
    }
    /// Whether nobody but us vouches for the runner itself. Else a signature does, which changed the headers.
    fn ours(self, head: &[u8], size: u64) -> bool {
        match self {
            Format::Elf => true,
            Format::MachO => false,
            Format::Pe => self.inner_end(head, size).is_none(),
        }
    }
}

/// The end of a block.
struct Footer {
    packed: u64,
    body: u64,
    sum: [u8; 32],
}

/// `None` where no block ends with these bytes.
fn footer(bytes: &[u8]) -> Result<Option<Footer>, PayloadError> {
    let Some(at) = bytes.len().checked_sub(FOOTER) else { return Ok(None) };
    let bytes = &bytes[at..];
    let alike = bytes[FOOTER - MAGIC.len()..].iter().zip(&MAGIC).filter(|(a, b)| a == b).count();
    // A damaged end must not make an executable with a plan look like a plain runner.
    match alike {
        n if n < MAGIC.len() / 2 => return Ok(None),
        n if n < MAGIC.len() => return Err(damaged("its end differs")),
        _ => {}
    }
    let impossible = || damaged("its footer is cut off");
    let version = bytes::u32_at(bytes, 0).ok_or_else(impossible)?;
    if version != VERSION {
        return Err(PayloadError::Version(version));
    }
    let number = |at| bytes::u64_at(bytes, at).ok_or_else(impossible);
    let sum = bytes[20..52].try_into().map_err(|_| impossible())?;
    Ok(Some(Footer { packed: number(4)?, body: number(12)?, sum }))
}

/// Whether an executable has a plan inside, be it damaged.
pub fn is_inside(binary: &[u8]) -> bool {
    let end = Format::of(binary).map(|f| f.end(binary, binary.len() as u64));
    end.and_then(|e| binary.get(..usize::try_from(e).ok()?)).is_some_and(|b| !matches!(footer(b), Ok(None)))
}

/// `binary` with the payload inside. The manifest's digests and sizes are filled in.
///
/// # Errors
/// [`PayloadError::Unfit`], and [`PayloadError::Already`] where the binary carries a plan.
pub fn append(binary: &[u8], payload: &Payload) -> Result<Vec<u8>, PayloadError> {
    let format = Format::of(binary).ok_or(PayloadError::Unfit("it is neither ELF, nor Mach-O, nor a Windows program"))?;
    if is_inside(binary) {
        return Err(PayloadError::Already);
    }
    let image: Cow<'_, [u8]> = match format {
        Format::Pe => pe::prepare(binary).map_err(PayloadError::Unfit)?.into(),
        Format::Elf | Format::MachO => binary.into(),
    };
    let block = payload.block(&image)?;
    if format == Format::MachO {
        return macho::extend(&image, &block).map_err(PayloadError::Unfit);
    }
    let mut out = image.into_owned();
    if format == Format::Pe {
        // Certificates would begin at a multiple of 8, right behind the block.
        let end = (out.len() + block.len()).next_multiple_of(8);
        out.resize(end - block.len(), 0);
    }
    out.extend_from_slice(&block);
    Ok(out)
}

/// An executable without its payload, fit to run; `None` for a plain runner.
///
/// # Errors
/// The block or the headers are damaged.
pub fn without(binary: &[u8]) -> Result<Option<Vec<u8>>, PayloadError> {
    let Some(format) = Format::of(binary) else { return Ok(None) };
    let end = format.end(binary, binary.len() as u64);
    let Some(found) = usize::try_from(end).ok().and_then(|e| binary.get(..e)).map_or(Ok(None), footer)? else { return Ok(None) };
    let start = (end - FOOTER as u64).checked_sub(found.packed).ok_or_else(|| damaged("its lengths are impossible"))?;
    match format {
        Format::MachO => macho::cut(binary, start).map(Some).map_err(damaged),
        Format::Elf | Format::Pe => Ok(usize::try_from(start).ok().and_then(|s| binary.get(..s)).map(<[u8]>::to_vec)),
    }
}

fn part(file: &mut File, from: u64, size: u64) -> Result<Vec<u8>, PayloadError> {
    file.seek(SeekFrom::Start(from))?;
    let mut out = Vec::new();
    let read = file.take(size).read_to_end(&mut out)?;
    if read as u64 == size { Ok(out) } else { Err(damaged("the file is cut off")) }
}

/// The payload of this file, checked as a whole, and the runner around it where no signature vouches for that; `None`
/// for a plain runner.
///
/// # Errors
/// The file cannot be read, or a footer is there and what it describes is damaged or of another version.
pub fn read(path: &Path) -> Result<Option<Payload>, PayloadError> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let head = part(&mut file, 0, size.min(HEAD))?;
    let format = Format::of(&head);
    let end = format.map_or(size, |f| f.end(&head, size));
    let Some(start) = end.checked_sub(FOOTER as u64) else { return Ok(None) };
    let bytes = part(&mut file, start, FOOTER as u64)?;
    let (Some(found), Some(format)) = (footer(&bytes)?, format) else {
        // Headers that lead elsewhere than to the end, where there is a block, were tampered with.
        let last = part(&mut file, size.saturating_sub(FOOTER as u64), FOOTER as u64)?;
        if !matches!(footer(&last), Ok(None)) {
            return Err(damaged("the executable's headers differ"));
        }
        let behind = elf::image_end(&head).filter(|_| format == Some(Format::Elf)).filter(|e| *e < size);
        return match behind.map(|e| part(&mut file, e, (size - e).min(START.len() as u64))).transpose()? {
            Some(begun) if START.starts_with(&begun) => Err(damaged("its end is cut off")),
            _ => Ok(None),
        };
    };
    if found.packed > start || found.body > MAX_BODY {
        return Err(damaged("its lengths are impossible"));
    }
    let start = start - found.packed;
    let packed = part(&mut file, start, found.packed)?;
    if Sha256::new().chain_update(&packed).chain_update(&bytes[..20]).finalize().as_slice() != found.sum {
        return Err(damaged("its checksum differs"));
    }
    let mut body = Vec::new();
    let packed = packed.strip_prefix(&START).ok_or_else(|| damaged("its start differs"))?;
    ZlibDecoder::new(packed).take(found.body + 1).read_to_end(&mut body)?;
    if body.len() as u64 != found.body {
        return Err(damaged("it unpacks to another length"));
    }
    let payload = Payload::from_body(&body)?;
    if format.ours(&head, size) {
        runner(&mut file, start, &payload.manifest)?;
    }
    Ok(Some(payload))
}

/// Checks what is before the block.
fn runner(file: &mut File, start: u64, manifest: &Manifest) -> Result<(), PayloadError> {
    const PIECE: u64 = 256 << 10;
    let differs = || damaged("the runner around it differs from the one that it was made for");
    let padding = start.checked_sub(manifest.runner_size).filter(|p| *p < 16).ok_or_else(differs)?;
    let mut sum = Sha256::new();
    let mut at = 0;
    while at < manifest.runner_size {
        let piece = part(file, at, PIECE.min(manifest.runner_size - at))?;
        sum.update(&piece);
        at += piece.len() as u64;
    }
    let same = hex(&sum.finalize()) == manifest.runner_sha256;
    if same && part(file, at, padding)?.iter().all(|b| *b == 0) { Ok(()) } else { Err(differs()) }
}

/// The payload of the running executable; `None` for a plain runner, or where the system hides the executable.
///
/// # Errors
/// As [`read`].
pub fn read_self() -> Result<Option<Payload>, PayloadError> {
    // On Linux the link works even when the file has been deleted after its start. Elsewhere the name may lead to
    // somebody else's file: to wine's own program, for one.
    let proc = Path::new("/proc/self/exe");
    if cfg!(target_os = "linux") && proc.exists() {
        return read(proc);
    }
    std::env::current_exe().map_or(Ok(None), |path| read(&path))
}
