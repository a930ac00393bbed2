//! The history's file: small, written at once and by one process at a time, and never a reason for a run to fail.
//!
//! Reading takes no lock: the file is replaced as a whole. A file that is damaged counts as empty and is replaced by
//! the next run; one of a newer program is left alone.

use crate::history::VERSION;
use crate::{CostError, History};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::{Duration, Instant};

/// The file's name in the cache folder.
pub const FILE: &str = "costs.json";
/// Bytes. A full history has a tenth of it.
const LONGEST: u64 = 1 << 20;
/// How long to wait for other processes before a run goes unrecorded.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a file holds.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    pub history: History,
    /// What a person should be told.
    pub warning: Option<String>,
    /// The file is another program's to write.
    foreign: bool,
}

/// Reads the history; an empty one where there is no file, or none that can be used.
pub fn load(path: &Path) -> Loaded {
    let mut text = String::new();
    let name = path.display();
    let unusable = |why: &str| Loaded { warning: Some(format!("{name}: what earlier runs cost is not known any more: {why}")), ..Loaded::default() };
    match File::open(path) {
        Ok(file) => {
            if let Err(e) = file.take(LONGEST + 1).read_to_string(&mut text) {
                return unusable(&e.to_string());
            }
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Loaded::default(),
        Err(e) => return unusable(&e.to_string()),
    }
    if text.len() as u64 > LONGEST {
        return unusable("the file is too long");
    }
    #[derive(serde::Deserialize)]
    struct Version {
        version: u32,
    }
    if let Ok(v) = serde_json::from_str::<Version>(&text)
        && v.version > VERSION
    {
        return Loaded { warning: Some(format!("{name} is a newer program's: it is neither used nor changed")), foreign: true, ..Loaded::default() };
    }
    match serde_json::from_str::<History>(&text) {
        Ok(history) if history.sound() => Loaded { history, ..Loaded::default() },
        Ok(_) => unusable("it has values that nothing can have cost"),
        Err(e) => unusable(&e.to_string()),
    }
}

/// Changes the history: read, changed and replaced while no other process does. Gives back what `change` does, and
/// what a person should be told of the old file.
///
/// # Errors
/// [`CostError`]: nothing was kept.
pub fn update<T>(path: &Path, change: impl FnOnce(&mut History) -> T) -> Result<(T, Option<String>), CostError> {
    let io = |source| CostError::Io { path: path.display().to_string(), source };
    let dir = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(dir).map_err(io)?;
    let _lock = lock(&path.with_extension("lock"))?;
    let mut loaded = load(path);
    let done = change(&mut loaded.history);
    if !loaded.foreign {
        let text = serde_json::to_vec(&loaded.history).map_err(|e| io(e.into()))?;
        let mut file = tempfile::NamedTempFile::new_in(dir).map_err(io)?;
        file.write_all(&text).map_err(io)?;
        file.persist(path).map_err(|e| io(e.error))?;
    }
    Ok((done, loaded.warning))
}

/// Held until it is dropped, or the process dies.
struct Lock(#[allow(dead_code, reason = "the lock lasts as long as the file is open")] File);

fn lock(path: &Path) -> Result<Lock, CostError> {
    let io = |source| CostError::Io { path: path.display().to_string(), source };
    let file = File::options().create(true).append(true).open(path).map_err(io)?;
    let begun = Instant::now();
    loop {
        // SAFETY: the descriptor is open, and flock touches no memory.
        if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
            return Ok(Lock(file));
        }
        let e = std::io::Error::last_os_error();
        match e.kind() {
            std::io::ErrorKind::WouldBlock if begun.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(2)),
            std::io::ErrorKind::WouldBlock => return Err(CostError::Busy(path.display().to_string())),
            std::io::ErrorKind::Interrupted => {}
            _ => return Err(io(e)),
        }
    }
}
