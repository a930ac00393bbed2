//! A folder for one module's files: its user's alone, removed with everything in it when the module is over.

use rustle_stream::protocol::ModuleRequest;
use rustle_value::Value;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// See the module's page.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// A new folder below the user's `remote_tmp`, or the system's folder for such where that cannot be.
    pub(super) fn new(request: &ModuleRequest) -> std::io::Result<Folder> {
        let named = request.hints.get("ansible_remote_tmp").and_then(Value::as_str).unwrap_or("~/.ansible/tmp");
        let home = std::env::var("HOME").unwrap_or_else(|_| "/".into());
        let base = named.strip_prefix('~').map_or_else(|| PathBuf::from(named), |rest| PathBuf::from(format!("{home}{rest}")));
        let stamp = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_micros());
        let name = format!("ansible-tmp-{stamp}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let make = |base: &Path| {
            let dir = base.join(&name);
            fs::DirBuilder::new().recursive(true).mode(0o700).create(base)?;
            fs::DirBuilder::new().mode(0o700).create(&dir)?;
            Ok(Folder(dir))
        };
        make(&base).or_else(|e: std::io::Error| make(&std::env::temp_dir()).map_err(|_| e))
    }
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.0);
    }
}

/// Writes a new file with the given mode.
pub(super) fn write(path: &str, mode: u32, data: &[u8]) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(data)
}
