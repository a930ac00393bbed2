//! The controller's files that a plan may use: what lies in the folders where its tasks look, and what they name.
//!
//! A task's file may be named by a template, so the folders go in whole: `files`, `templates`, `vars`, `tasks` and
//! the like of each role and beside each playbook, and files and folders that a task names literally.

use crate::BuildError;
use rustle_stream::Record;
use rustle_stream::model::Task;
use rustle_stream::payload::EmbeddedFile;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// All files together may have this many bytes.
const BOUND: u64 = 1 << 30;
const FOLDERS: &[&str] = &["files", "templates", "vars", "tasks", "handlers", "defaults", "meta"];
/// Arguments that name files of the controller.
const ARGUMENTS: &[&str] = &["src", "_raw_params", "file", "cmd", "dir"];

/// The files by absolute path.
///
/// # Errors
/// [`BuildError::Io`] for a file that is there and cannot be read, or where all are too large.
pub(crate) fn collect<'a>(records: impl IntoIterator<Item = &'a Record> + Clone) -> Result<BTreeMap<String, EmbeddedFile>, BuildError> {
    let cwd = records
        .clone()
        .into_iter()
        .find_map(|r| if let Record::Options(o) = r { Some(PathBuf::from(&o.cwd)) } else { None })
        .filter(|p| p.is_absolute())
        .or_else(|| std::env::current_dir().ok())
        .unwrap_or_default();
    let mut bases: BTreeSet<PathBuf> = BTreeSet::new();
    let mut roots: BTreeSet<PathBuf> = BTreeSet::new();
    for r in records.clone() {
        match r {
            Record::Play(p) => bases.extend(cwd.join(&p.playbook).parent().map(Path::to_owned)),
            Record::Role(r) => _ = bases.insert(cwd.join(&r.path)),
            _ => {}
        }
    }
    for base in &bases {
        roots.extend(FOLDERS.iter().map(|f| base.join(f)));
    }
    for r in records {
        if let Record::Task(task) = r {
            roots.extend(named(task, &bases, &cwd));
        }
    }
    let mut found = Found::default();
    roots.iter().try_for_each(|root| found.add(root))?;
    Ok(found.files)
}

/// Files and folders that the task's arguments name literally.
fn named(task: &Task, bases: &BTreeSet<PathBuf>, cwd: &Path) -> Vec<PathBuf> {
    let mut list = Vec::new();
    for name in ARGUMENTS.iter().filter_map(|a| task.args.get(a)?.as_str()) {
        // `script: run.sh --flag`: the file is the first word.
        let first = name.split_whitespace().next().unwrap_or(name);
        for text in [name, first] {
            let near = task.search_path.iter().map(PathBuf::from).chain(bases.iter().cloned());
            for base in near.map(|b| cwd.join(b)) {
                list.push(base.join(text));
                list.extend(FOLDERS.iter().map(|f| base.join(f).join(text)));
            }
        }
    }
    list.retain(|p| p.exists() && p != Path::new("/"));
    // `src: /etc/hosts` of a task with remote_src names the host's file; it does no harm here unless it is a tree.
    list.retain(|p| p.is_file() || bases.iter().any(|b| p.starts_with(b) && p != b));
    list
}

#[derive(Default)]
struct Found {
    files: BTreeMap<String, EmbeddedFile>,
    size: u64,
}

impl Found {
    fn add(&mut self, path: &Path) -> Result<(), BuildError> {
        let Ok(about) = path.symlink_metadata() else { return Ok(()) };
        let Some(name) = path.to_str() else { return Ok(()) };
        if self.files.contains_key(name) {
            return Ok(());
        }
        if about.is_dir() {
            let entries = std::fs::read_dir(path).map_err(BuildError::io(path))?;
            return entries.flatten().filter(|e| e.file_name() != ".git").try_for_each(|e| self.add(&e.path()));
        }
        let mut file = EmbeddedFile { mode: about.permissions().mode() & 0o7777, ..EmbeddedFile::default() };
        if about.is_symlink() {
            file.link = std::fs::read_link(path).ok().map(|l| l.to_string_lossy().into_owned());
        }
        let resolved = path.metadata();
        if resolved.as_ref().is_ok_and(|m| m.is_file()) {
            self.size += resolved.map_or(0, |m| m.len());
            if self.size > BOUND {
                return Err(BuildError::io(path)(std::io::Error::other(format!("the plan's files exceed {BOUND} bytes"))));
            }
            file.data = std::fs::read(path).map_err(BuildError::io(path))?;
        } else if !about.is_symlink() {
            // Sockets and devices are no content.
            return Ok(());
        }
        self.files.insert(name.to_owned(), file);
        Ok(())
    }
}
