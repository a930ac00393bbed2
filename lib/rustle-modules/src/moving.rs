//! Putting files in their place: whole or not at all, with the attributes of what was there; backups; validation.

use crate::api::Failure;
use crate::command::split;
use crate::ctx::Ctx;
use crate::errors::{py_errno, py_oserror};
use crate::mode::umask;
use crate::selinux;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A temporary file that is removed when dropped, unless it was moved away.
#[derive(Debug)]
pub struct TempFile {
    path: Option<PathBuf>,
}

impl TempFile {
    /// A new file with mode 0600 in `dir`, named `.ansible_tmp…` plus `suffix`, with this content.
    pub fn create(dir: &Path, suffix: &str, content: &[u8]) -> io::Result<TempFile> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.subsec_nanos());
        // Long names must not become too long.
        let mut keep = suffix.len().min(200);
        while !suffix.is_char_boundary(keep) {
            keep -= 1;
        }
        let suffix = &suffix[..keep];
        loop {
            let n = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = dir.join(format!(".ansible_tmp{:x}{nanos:x}{n:x}{suffix}", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(mut f) => {
                    let t = TempFile { path: Some(path) };
                    f.write_all(content)?;
                    return Ok(t);
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(e) => return Err(e),
            }
        }
    }
    pub fn path(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new(""))
    }
    /// The file stays; its path.
    pub fn keep(mut self) -> PathBuf {
        self.path.take().unwrap_or_default()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if let Some(p) = &self.path {
            let _ = fs::remove_file(p);
        }
    }
}

/// A temporary folder, removed with all that is in it when dropped.
#[derive(Debug)]
pub struct TempFolder {
    path: PathBuf,
}

impl TempFolder {
    /// A new folder with mode 0700 where modules have their temporary files.
    pub fn create(ctx: &Ctx) -> Result<TempFolder, Failure> {
        let parent = ctx.tmpdir();
        let fail = |e: io::Error| Failure::os(&e, &parent.to_string_lossy());
        // The file's name is taken, so the folder's is, too.
        let file = TempFile::create(&parent, "", b"").map_err(fail)?;
        let path = file.path().with_extension("d");
        fs::DirBuilder::new().mode(0o700).create(&path).map_err(fail)?;
        Ok(TempFolder { path })
    }
    pub fn path(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// The folder of a path: `.` for a bare name.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    }
}

/// `YYYY-MM-DD@HH:MM:SS` in the host's time zone.
fn local_stamp(seconds: i64) -> String {
    // SAFETY: localtime_r writes only to `tm`, which is a plain C struct that may be zero.
    let tm = unsafe {
        let mut tm: libc::tm = std::mem::zeroed();
        let t = seconds as libc::time_t;
        libc::localtime_r(&t, &mut tm);
        tm
    };
    format!("{:04}-{:02}-{:02}@{:02}:{:02}:{:02}", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec)
}

impl Ctx<'_> {
    /// A copy of `path` beside it, `path.PID.YYYY-MM-DD@HH:MM:SS~`, with its mode, owner and times; its name. `None`
    /// where there is no such file. In check mode nothing is copied, and there is no name.
    pub fn backup(&self, path: &str) -> Result<Option<String>, Failure> {
        if self.check_mode || !Path::new(path).exists() {
            return Ok(None);
        }
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64);
        // One process does all of a host's tasks: another change of the file within the same second must not replace
        // the backup of the first one. The number stands for the process that Ansible has for each task.
        let stamp = local_stamp(now);
        let mut number = std::process::id();
        let mut name = format!("{path}.{number}.{stamp}~");
        while Path::new(&name).symlink_metadata().is_ok() {
            number = number.wrapping_add(1);
            name = format!("{path}.{number}.{stamp}~");
        }
        copy_preserving(Path::new(path), Path::new(&name))
            .map_err(|e| Failure::new(format!("Could not make backup of {path} to {name}: {}", py_oserror(&e, path))))?;
        Ok(Some(name))
    }

    /// Runs a `validate` command on a file: `%s` stands for it.
    pub fn validate(&self, command: Option<&str>, file: &Path) -> Result<(), Failure> {
        let Some(command) = command else { return Ok(()) };
        if !command.contains("%s") {
            return Err(Failure::new(format!("validate must contain %s: {command}")));
        }
        let line = command.replace("%s", &file.to_string_lossy());
        let words = split(&line).map_err(|_| Failure::new("Invalid command syntax in run_command"))?;
        let o = self.command(words).c_locale().run()?;
        if o.rc != 0 {
            return Err(Failure::new("failed to validate").with("exit_status", o.rc as i64).with("stdout", o.out()).with("stderr", o.err()));
        }
        Ok(())
    }

    /// Makes `dest` have this content, whole or not at all. A file that was there keeps its mode, owner and context.
    pub fn write_atomic(&self, dest: &str, content: &[u8], unsafe_writes: bool) -> Result<(), Failure> {
        let path = Path::new(dest);
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        match TempFile::create(parent(path), &name, content) {
            Ok(t) => self.atomic_move(t, dest, unsafe_writes),
            Err(e) if unsafe_writes => {
                fs::write(path, content).map_err(|_| Failure::new(format!("Could not write data to file ({dest}): {}", py_oserror(&e, dest))))
            }
            Err(e) => Err(cannot_replace(dest, &e)),
        }
    }

    /// Moves a temporary file to `dest`. A file that was there passes its mode, owner and context on; a new one gets
    /// mode 0666 less the umask. Where renaming is impossible (another file system), a copy beside `dest` is renamed;
    /// with `unsafe_writes`, as a last resort, `dest` is overwritten in place.
    pub fn atomic_move(&self, src: TempFile, dest: &str, unsafe_writes: bool) -> Result<(), Failure> {
        // What is replaced is what a link points to's owner, but the link's place.
        let old = fs::metadata(dest).ok();
        prepare(src.path(), old.as_ref());
        self.replace(src, dest, old.as_ref(), unsafe_writes)
    }

    /// The same, but mode and owner are those of the temporary file, whatever was there.
    pub fn move_as_is(&self, src: TempFile, dest: &str, unsafe_writes: bool) -> Result<(), Failure> {
        let own = fs::metadata(src.path()).ok();
        self.replace(src, dest, own.as_ref(), unsafe_writes)
    }

    /// `old` has the mode and owner that a copy gets, where one must be made.
    fn replace(&self, src: TempFile, dest: &str, old: Option<&fs::Metadata>, unsafe_writes: bool) -> Result<(), Failure> {
        let path = Path::new(dest);
        let context = selinux::context(path);
        let source = src.path().to_path_buf();
        let result = match fs::rename(&source, path) {
            Ok(()) => {
                let _ = src.keep();
                Ok(())
            }
            Err(e) if matches!(e.raw_os_error(), Some(libc::EPERM | libc::EXDEV | libc::EACCES | libc::ETXTBSY | libc::EBUSY)) => {
                self.move_by_copy(&source, path, old, unsafe_writes)
            }
            Err(e) => Err(e),
        };
        result.map_err(|e| {
            Failure::new(format!("Could not replace file: {} to {dest}: {}", source.display(), py_errno(&e)))
        })?;
        if let Some(c) = context {
            let _ = selinux::set_context(path, &c);
        }
        Ok(())
    }

    fn move_by_copy(&self, source: &Path, dest: &Path, old: Option<&fs::Metadata>, unsafe_writes: bool) -> io::Result<()> {
        let content = fs::read(source)?;
        let name = dest.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let attempt = TempFile::create(parent(dest), &name, &content).and_then(|t| {
            prepare(t.path(), old);
            fs::rename(t.path(), dest)?;
            let _ = t.keep();
            Ok(())
        });
        match attempt {
            Err(_) if unsafe_writes => {
                let mut f = OpenOptions::new().write(true).create(true).truncate(true).open(dest)?;
                f.write_all(&content)
            }
            r => r,
        }
    }
}

fn cannot_replace(dest: &str, e: &io::Error) -> Failure {
    let dir = parent(Path::new(dest)).display().to_string();
    match e.raw_os_error() {
        Some(libc::ENOENT) => Failure::new(format!("Destination directory {dir} does not exist")),
        Some(libc::EACCES | libc::EPERM | libc::EROFS) => Failure::new(format!(
            "The destination directory ({dir}) is not writable by the current user. Error was: {}",
            py_oserror(e, &dir)
        )),
        _ => Failure::new(format!("Failed to replace file: {dest}: {}", py_errno(e))),
    }
}

/// Mode and owner of what will be replaced, or of a new file. Failing is fine: the module's own wishes come later.
fn prepare(file: &Path, old: Option<&fs::Metadata>) {
    match old {
        Some(m) => {
            if let Ok(own) = fs::metadata(file) {
                if own.uid() != m.uid() || own.gid() != m.gid() {
                    let _ = std::os::unix::fs::chown(file, Some(m.uid()), Some(m.gid()));
                }
            }
            let _ = fs::set_permissions(file, fs::Permissions::from_mode(m.mode() & 0o7777));
        }
        None => {
            let _ = fs::set_permissions(file, fs::Permissions::from_mode(0o666 & !umask()));
        }
    }
}

/// Copies a file with its mode, owner (where allowed), times and context.
pub fn copy_preserving(from: &Path, to: &Path) -> io::Result<()> {
    let m = fs::metadata(from)?;
    fs::copy(from, to)?;
    let f = File::options().write(true).open(to).or_else(|_| File::open(to));
    let _ = std::os::unix::fs::chown(to, Some(m.uid()), Some(m.gid()));
    fs::set_permissions(to, fs::Permissions::from_mode(m.mode() & 0o7777))?;
    if let (Ok(f), Ok(modified)) = (f, m.modified()) {
        let _ = f.set_times(fs::FileTimes::new().set_modified(modified).set_accessed(m.accessed().unwrap_or(modified)));
    }
    if let Some(c) = selinux::context(from) {
        let _ = selinux::set_context(to, &c);
    }
    Ok(())
}
