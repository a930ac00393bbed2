//! Files of the controller for tasks: found, digested, read once.

use rustle_stream::protocol::{Blob, Bytes, SourceFile};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::session::lock;

/// Contents up to this size travel with their description.
const INLINE: u64 = 256 << 10;

/// Descriptions given out, so that contents can be asked for by digest — and nothing else can.
#[derive(Default)]
pub struct Files {
    described: Mutex<HashMap<String, Source>>,
}

#[derive(Clone)]
enum Source {
    Path(PathBuf),
    /// Decrypted: never read from disk again.
    Memory(Arc<[u8]>),
}

/// The clear text of a vaulted file, whose path is given with it.
type Decrypt<'a> = &'a dyn Fn(&str, &str) -> Result<Vec<u8>, String>;

/// What a folder is, by whatever path.
fn identity(meta: &std::fs::Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

impl Files {
    /// Describes a file or folder. `decrypt` is asked for the clear text of vaulted files.
    pub fn describe(&self, path: &str, decrypt: Decrypt<'_>) -> Result<SourceFile, String> {
        let meta = std::fs::metadata(path).map_err(|e| format!("{path}: {e}"))?;
        if !meta.is_dir() {
            return self.file(Path::new(path), path.to_owned(), &meta, decrypt);
        }
        let mut entries = Vec::new();
        self.walk(Path::new(path), "", decrypt, &mut entries, &mut vec![identity(&meta)])?;
        Ok(SourceFile {
            path: path.to_owned(),
            mode: meta.permissions().mode() & 0o7777,
            modified: meta.mtime() as f64,
            directory: true,
            entries: Some(entries),
            ..SourceFile::default()
        })
    }
    fn file(&self, path: &Path, shown: String, meta: &std::fs::Metadata, decrypt: Decrypt<'_>) -> Result<SourceFile, String> {
        let mut bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let vaulted = bytes.starts_with(b"$ANSIBLE_VAULT;");
        if vaulted {
            bytes = decrypt(&String::from_utf8_lossy(&bytes), &path.to_string_lossy())?;
        }
        let sha256 = hex(&bytes);
        let size = bytes.len() as u64;
        let data: Arc<[u8]> = bytes.into();
        let inline = size <= INLINE;
        let source = if vaulted || inline { Source::Memory(data.clone()) } else { Source::Path(path.to_owned()) };
        lock(&self.described).insert(sha256.clone(), source);
        Ok(SourceFile {
            path: shown,
            sha256,
            size,
            mode: meta.permissions().mode() & 0o7777,
            modified: meta.mtime() as f64 + meta.mtime_nsec() as f64 / 1e9,
            data: inline.then_some(Bytes(data)),
            ..SourceFile::default()
        })
    }
    fn walk(&self, dir: &Path, below: &str, decrypt: Decrypt<'_>, out: &mut Vec<SourceFile>, above: &mut Vec<(u64, u64)>) -> Result<(), String> {
        let mut entries: Vec<_> = std::fs::read_dir(dir)
            .map_err(|e| format!("{}: {e}", dir.display()))?
            .filter_map(|e| e.ok().map(|e| e.file_name().to_string_lossy().into_owned()))
            .map(|name| (std::fs::metadata(dir.join(&name)).ok(), name))
            .collect();
        // Files before folders, as Python walks.
        entries.sort_by(|(a, one), (b, other)| {
            let folder = |m: &Option<std::fs::Metadata>| m.as_ref().is_some_and(std::fs::Metadata::is_dir);
            (folder(a), one).cmp(&(folder(b), other))
        });
        for (meta, name) in entries {
            let path = dir.join(&name);
            let shown = if below.is_empty() { name } else { format!("{below}/{name}") };
            let own = std::fs::symlink_metadata(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            let link = own.file_type().is_symlink().then(|| std::fs::read_link(&path).ok().map(|t| t.to_string_lossy().into_owned())).flatten();
            let Some(meta) = meta else {
                out.push(SourceFile { path: shown, link, ..SourceFile::default() });
                continue;
            };
            // A link back to a folder that it is in has no end: it stays a link, as one that leads nowhere.
            if meta.is_dir() && link.is_some() && above.contains(&identity(&meta)) {
                out.push(SourceFile { path: shown, link, ..SourceFile::default() });
            } else if meta.is_dir() {
                out.push(SourceFile { path: shown.clone(), mode: meta.permissions().mode() & 0o7777, directory: true, link: link.clone(), ..SourceFile::default() });
                above.push(identity(&meta));
                self.walk(&path, &shown, decrypt, out, above)?;
                above.pop();
            } else if meta.is_file() {
                let mut file = self.file(&path, shown, &meta, decrypt)?;
                file.link = link;
                out.push(file);
            }
        }
        Ok(())
    }
    /// Content of a file that was described.
    pub fn content(&self, sha256: &str) -> Result<Blob, String> {
        let source = lock(&self.described).get(sha256).cloned().ok_or("no such file was offered")?;
        let data: Arc<[u8]> = match source {
            Source::Memory(data) => data,
            Source::Path(path) => std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?.into(),
        };
        if hex(&data) != sha256 {
            return Err("the file changed while the play ran".into());
        }
        Ok(Blob { sha256: sha256.to_owned(), data: Bytes(data) })
    }
}
