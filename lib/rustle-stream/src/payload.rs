//! A plan inside an executable: what `rustle-compile --embed` appends to a runner, and the runner finds in itself.
//!
//! Layout of the file's end: `body`, then a footer of [`FOOTER`] bytes: format version (u32), length of the
//! compressed body (u64), length of the plain body (u64), SHA-256 of the compressed body, magic. All numbers are
//! little-endian. The body, compressed with zlib's deflate, is the length of the manifest (u64), the manifest as
//! JSON, the plan's records as lines, what the engine runs ([`Alone`]) as JSON, then the files' contents one after the other, in the manifest's order.
//!
//! Limits: only ELF executables; data behind a Mach-O image would break its signature. A runner without a payload
//! pays one read of its own last bytes.

use crate::protocol::{PlayProgram, RunOptions};
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Version of the payload format that this build writes and reads.
pub const VERSION: u32 = 1;
/// Length of the footer in bytes.
pub const FOOTER: usize = 4 + 8 + 8 + 32 + MAGIC.len();
const MAGIC: [u8; 16] = *b"\x00rustle-payload\n";
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
    #[error("a plan can only be embedded in an ELF executable")]
    NotElf,
    #[error("the executable already has a plan inside")]
    Already,
}

/// What is inside, and for whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// Program and version that made it.
    pub producer: String,
    /// The run's identifier, from the plan's `stream` record.
    pub run: String,
    /// The runner's triple.
    pub triple: String,
    /// The host of the plan that this executable stands for.
    pub host: String,
    /// Lower-case hex SHA-256 of the plan's lines.
    pub plan_sha256: String,
    plan_size: u64,
    #[serde(skip_serializing_if = "is_zero")]
    programs_size: u64,
    files: Vec<Entry>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    path: String,
    mode: u32,
    size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<String>,
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

fn is_zero(n: &u64) -> bool {
    *n == 0
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

    fn body(&self) -> Result<Vec<u8>, PayloadError> {
        let mut manifest = self.manifest.clone();
        manifest.plan_sha256 = hex(&Sha256::digest(self.plan.as_bytes()));
        manifest.plan_size = self.plan.len() as u64;
        manifest.programs_size = self.programs.len() as u64;
        manifest.files = self
            .files
            .iter()
            .map(|(path, f)| Entry { path: path.clone(), mode: f.mode, size: f.data.len() as u64, link: f.link.clone() })
            .collect();
        let json = serde_json::to_vec(&manifest).map_err(|e| PayloadError::Damaged(e.to_string()))?;
        let mut body = Vec::with_capacity(json.len() + self.plan.len() + 8);
        body.extend_from_slice(&(json.len() as u64).to_le_bytes());
        body.extend_from_slice(&json);
        body.extend_from_slice(self.plan.as_bytes());
        body.extend_from_slice(self.programs.as_bytes());
        for file in self.files.values() {
            body.extend_from_slice(&file.data);
        }
        Ok(body)
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

/// `binary` with the payload behind it. The manifest's digest and sizes are filled in.
///
/// # Errors
/// [`PayloadError::NotElf`], and [`PayloadError::Already`] where the binary carries a plan.
pub fn append(binary: &[u8], payload: &Payload) -> Result<Vec<u8>, PayloadError> {
    if !binary.starts_with(b"\x7fELF") {
        return Err(PayloadError::NotElf);
    }
    if binary.ends_with(&MAGIC) {
        return Err(PayloadError::Already);
    }
    let body = payload.body()?;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&body)?;
    let packed = encoder.finish()?;
    let mut out = Vec::with_capacity(binary.len() + packed.len() + FOOTER);
    out.extend_from_slice(binary);
    out.extend_from_slice(&packed);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&(packed.len() as u64).to_le_bytes());
    out.extend_from_slice(&(body.len() as u64).to_le_bytes());
    out.extend_from_slice(&Sha256::digest(&packed));
    out.extend_from_slice(&MAGIC);
    Ok(out)
}

/// The payload at the end of this file; `None` for a plain runner.
///
/// # Errors
/// The file cannot be read, or a footer is there and what it describes is damaged or of another version.
pub fn read(path: &Path) -> Result<Option<Payload>, PayloadError> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let Some(start) = size.checked_sub(FOOTER as u64) else { return Ok(None) };
    file.seek(SeekFrom::Start(start))?;
    let mut footer = [0u8; FOOTER];
    file.read_exact(&mut footer)?;
    if !footer.ends_with(&MAGIC) {
        return Ok(None);
    }
    let number = |at: usize| footer[at..at + 8].iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
    let version = (number(0) & 0xffff_ffff) as u32;
    if version != VERSION {
        return Err(PayloadError::Version(version));
    }
    let (packed_size, body_size) = (number(4), number(12));
    if packed_size > start || body_size > MAX_BODY {
        return Err(damaged("its lengths are impossible"));
    }
    file.seek(SeekFrom::Start(start - packed_size))?;
    let mut packed = Vec::new();
    file.take(packed_size).read_to_end(&mut packed)?;
    if Sha256::digest(&packed).as_slice() != &footer[20..52] {
        return Err(damaged("its checksum differs"));
    }
    let mut body = Vec::new();
    ZlibDecoder::new(packed.as_slice()).take(body_size + 1).read_to_end(&mut body)?;
    if body.len() as u64 != body_size {
        return Err(damaged("it unpacks to another length"));
    }
    Payload::from_body(&body).map(Some)
}

/// The payload of the running executable; `None` for a plain runner, or where the system hides the executable.
///
/// # Errors
/// As [`read`].
pub fn read_self() -> Result<Option<Payload>, PayloadError> {
    // On Linux the link works even when the file has been deleted after its start.
    let proc = Path::new("/proc/self/exe");
    if proc.exists() {
        return read(proc);
    }
    std::env::current_exe().map_or(Ok(None), |path| read(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Payload {
        let file = |text: &str| EmbeddedFile { mode: 0o644, data: text.into(), link: None };
        Payload {
            manifest: Manifest { producer: "test".into(), host: "h".into(), ..Manifest::default() },
            plan: "{\"type\":\"stream\"}\n{\"type\":\"task\"}\n".into(),
            programs: "{}".into(),
            files: [("/p/files/a", file("A")), ("/p/files/d/b", file("")), ("/p/filesystem", file("x"))]
                .map(|(k, v)| (k.to_owned(), v))
                .into(),
        }
    }
    fn on_disk(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        std::fs::write(&path, bytes).unwrap();
        (dir, path)
    }

    #[test]
    fn what_goes_in_comes_out() {
        let binary = append(b"\x7fELF and so on", &sample()).unwrap();
        let (_dir, path) = on_disk(&binary);
        let back = read(&path).unwrap().unwrap();
        assert_eq!((&back.plan, &back.programs, &back.files), (&sample().plan, &sample().programs, &sample().files));
        assert_eq!(back.manifest.plan_sha256.len(), 64);
        assert_eq!(back.below("/p/files").map(|(p, _)| p).collect::<Vec<_>>(), ["a", "d/b"]);
        assert!(matches!(append(&binary, &sample()), Err(PayloadError::Already)));
        assert_eq!(read_self().unwrap(), None);
    }

    #[test]
    fn every_damaged_byte_is_noticed() {
        let binary = append(b"\x7fELF", &sample()).unwrap();
        for at in 4..binary.len() {
            let mut bad = binary.clone();
            bad[at] ^= 0x41;
            let (_dir, path) = on_disk(&bad);
            match read(&path) {
                Err(_) => {}
                Ok(None) => assert!(at >= binary.len() - MAGIC.len(), "byte {at} went unnoticed"),
                Ok(Some(_)) => panic!("byte {at} went unnoticed"),
            }
        }
        for (bytes, plain) in [(b"short".to_vec(), true), (vec![0; 500], true)] {
            let (_dir, path) = on_disk(&bytes);
            assert_eq!(read(&path).unwrap().is_none(), plain);
        }
    }

    #[test]
    fn only_elf() {
        assert!(matches!(append(b"\xcf\xfa\xed\xfe", &sample()), Err(PayloadError::NotElf)));
    }
}
