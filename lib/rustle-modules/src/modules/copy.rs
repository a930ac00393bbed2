//! Puts a file with a given content in its place; or copies files and folders that are on the host already.
//!
//! Contents from the controller come as `content` or as a blob (`_source`); the action that calls this module passes
//! the file's name (`_original_basename`) and path (`_source_path`), and results look like those of Ansible's action
//! and module together.

use crate::errors::py_oserror;
use crate::hash;
use crate::paths::{basename, dirname, is_link, join, readable, realpath, writable};
use crate::text::{content_bytes, content_diff, temporary_source};
use crate::{Ctx, Diff, Failure, FileArgs, Module, Outcome, Params, PathArg, Rule, Support, Value, params};
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

params! {
    /// Options of `copy`.
    pub struct Args with { file: FileArgs } {
        /// The file to copy: on the controller, or on the host with `remote_src`.
        src: Option<PathArg>;
        /// The name of the controller's file, where the destination is a folder.
        _original_basename: Option<String> => internal();
        /// The content of the controller's file.
        _source: Option<Value> => internal();
        /// The path of the controller's file, for diffs.
        _source_path: Option<String> => internal();
        /// The mode of the controller's file, for `mode: preserve`.
        _source_mode: Option<i64> => internal();
        /// The content itself, instead of `src`.
        content: Option<Value>;
        /// Where the file goes. With a final slash: a folder, made where it is missing.
        dest: PathArg => required();
        /// Whether to keep a copy of what was there.
        backup: bool => default("no");
        /// Whether to replace a file with another content.
        force: bool => default("yes"), aliases(&["thirsty"]);
        /// A command that judges the new file before it is put in place; `%s` stands for its name.
        validate: Option<String>;
        /// The mode of folders that are made.
        directory_mode: Option<Value>;
        /// Whether `src` is on the host.
        remote_src: Option<bool>;
        /// Whether to write to what a link at the destination leads to.
        follow: bool => default("no");
        /// Whether links in the source are followed.
        local_follow: Option<bool>;
        /// Whether contents are decrypted by the controller; it does that before they come here.
        decrypt: bool => default("yes");
        /// The SHA-1 that the source must have.
        checksum: Option<String>;
    }
}

const EXAMPLES: &str = "
- name: A configuration from the controller
  ansible.builtin.copy:
    src: foo.conf
    dest: /etc/foo.conf
    mode: '0644'

- name: A file with this text
  ansible.builtin.copy:
    content: '{{ motd }}'
    dest: /etc/motd
    backup: true

- name: A copy of a file of the host
  ansible.builtin.copy:
    src: /etc/foo.conf
    dest: /etc/foo.conf.orig
    remote_src: true
";

pub static MODULE: Module = Module {
    check: Support::Full,
    diff: Support::Full,
    rules: &[Rule::MutuallyExclusive(&["src", "content"])],
    ..Module::new::<Args>("ansible.builtin.copy", "Copies files to and on hosts", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(ctx: &mut Ctx, args: Args) -> Result<Outcome, Failure> {
    let content = match (&args._source, &args.content) {
        (Some(blob), _) => match ctx.blob(blob)? {
            Some(b) => Some(b.to_vec()),
            None => Some(content_bytes(blob)),
        },
        (None, Some(c)) => Some(content_bytes(c)),
        (None, None) => None,
    };
    match (content, &args.src) {
        (Some(c), _) => from_controller(ctx, &args, &c),
        (None, Some(src)) => on_host(ctx, &args, src),
        (None, None) => Err(Failure::new("src (or content) is required")),
    }
}

/// Where a file called `name` goes for this destination.
fn destination(args: &Args, name: Option<&str>) -> Result<String, Failure> {
    let dest = &*args.dest;
    if !dest.ends_with('/') && !Path::new(dest).is_dir() {
        return Ok(dest.to_string());
    }
    match name {
        Some(n) if args._source.is_some() || args.content.is_none() => Ok(join(dest, n)),
        _ => Err(Failure::new("can not use content with a dir as dest")),
    }
}

fn from_controller(ctx: &mut Ctx, args: &Args, content: &[u8]) -> Result<Outcome, Failure> {
    let dest = destination(args, args._original_basename.as_deref())?;
    let checksum = hash::sha1(content);
    let with_checksum = |f: Failure| f.with("checksum", checksum.as_str());
    if let Some(expected) = args.checksum.as_deref().filter(|e| *e != checksum) {
        return Err(Failure::new("Copied file does not match the expected checksum. Transfer failed.")
            .with("checksum", checksum.as_str())
            .with("expected_checksum", expected));
    }
    let file = args.file.preserving(args._source_mode.map(|m| m as u32));
    let there = if args.follow { fs::metadata(&dest) } else { fs::symlink_metadata(&dest) }.ok();
    if there.is_some() && !args.force {
        let src = args._source_path.clone().unwrap_or_default();
        return Ok(Outcome::ok().with("dest", dest).with("src", src).bare());
    }
    let old = there.filter(|m| m.is_file() || m.file_type().is_symlink()).and_then(|_| fs::read(&dest).ok());
    let is_plain = fs::symlink_metadata(&dest).is_ok_and(|m| m.is_file()) || args.follow;
    if is_plain && old.as_deref() == Some(content) {
        return same_content(ctx, args, &file, &dest, &checksum);
    }
    let home = ctx.env("HOME").unwrap_or_default();
    let header = args._source_path.clone().unwrap_or_else(|| dest.clone());
    let diff = ctx.diff.then(|| Value::list(vec![content_diff(old.as_deref().map(|o| (dest.as_str(), o)), (&header, content))]));
    let mut outcome = Outcome::changed(true);
    if !ctx.check_mode {
        let name = dest.rsplit('/').next().unwrap_or_default().to_owned();
        outcome.set("dest", if args.follow { realpath(&dest) } else { dest.clone() });
        outcome.set("src", temporary_source(&name, &home));
        outcome.set("md5sum", hash::md5(content));
        outcome.set("checksum", checksum.as_str());
        let fail = |f: Failure| match &diff {
            Some(d) => with_checksum(f).with("diff", d.clone()),
            None => with_checksum(f),
        };
        if let Some(b) = install(ctx, args, &file, &dest, Source::Bytes(content)).map_err(fail)? {
            outcome.set("backup_file", b);
        }
    }
    if let Some(d) = diff {
        outcome.set("diff", d);
    }
    Ok(outcome)
}

/// The content is there already: attributes only, with the result of `file`.
fn same_content(ctx: &mut Ctx, args: &Args, file: &FileArgs, dest: &str, checksum: &str) -> Result<Outcome, Failure> {
    let path = if args.follow && is_link(dest) { realpath(dest) } else { dest.to_string() };
    let mut diff = Diff::of_path(&path);
    if fs::metadata(&path).is_ok_and(|m| m.nlink() > 1) {
        diff.note("state", "hard", "file");
    }
    let changed = ctx.set_file_attributes(&path, file, false, Some(&mut diff))?;
    let mut o = Outcome::changed(changed).with("path", path.as_str()).with("dest", path.as_str()).with("checksum", checksum);
    if ctx.diff {
        o.set("diff", diff.into_value());
    }
    Ok(o)
}

enum Source<'a> {
    Bytes(&'a [u8]),
    File(&'a str),
}

/// Puts a file in its place; the name of the backup, if one was made.
fn install(ctx: &mut Ctx, args: &Args, file: &FileArgs, dest: &str, source: Source) -> Result<Option<String>, Failure> {
    make_parents(ctx, args, dest)?;
    let folder = dirname(dest);
    let folder = if folder.is_empty() { "." } else { folder };
    if !Path::new(folder).is_dir() {
        return Err(Failure::new(format!("Destination directory {folder} does not exist")));
    }
    if !writable(folder) && !file.unsafe_writes {
        return Err(Failure::new(format!("Destination {folder} not writable")));
    }
    let target = if args.follow && is_link(dest) { realpath(dest) } else { dest.to_string() };
    let backup = if args.backup { ctx.backup(&target)? } else { None };
    if !args.follow && is_link(dest) && args.validate.is_none() {
        // The link itself is replaced by a file of its own, not one with the mode of what it leads to.
        fs::remove_file(dest).map_err(|e| Failure::os(&e, dest))?;
    }
    let source_meta = match source {
        Source::File(f) => fs::metadata(f).ok(),
        Source::Bytes(_) => None,
    };
    let bytes = match source {
        Source::Bytes(b) => std::borrow::Cow::Borrowed(b),
        Source::File(f) => fs::read(f).map_err(|e| Failure::os(&e, f))?.into(),
    };
    let name = basename(&target).to_string();
    let folder = dirname(&target);
    let made = crate::moving::TempFile::create(Path::new(if folder.is_empty() { "." } else { folder }), &name, &bytes);
    match made {
        Ok(tmp) => {
            if let Some(m) = args.validate.as_ref().and(file.wanted_mode()) {
                let _ = ctx.set_mode(&tmp.path().to_string_lossy(), Some(&m), None);
            }
            ctx.validate(args.validate.as_deref(), tmp.path())?;
            match (&source_meta, fs::metadata(&target).is_ok()) {
                // What replaces a file is a copy with the source's mode, and whoever made it owns it.
                (Some(m), true) => {
                    let _ = fs::set_permissions(tmp.path(), m.permissions());
                    ctx.move_as_is(tmp, &target, file.unsafe_writes)?;
                }
                _ => ctx.atomic_move(tmp, &target, file.unsafe_writes)?,
            }
        }
        Err(_) => ctx.write_atomic(&target, &bytes, file.unsafe_writes)?,
    }
    ctx.set_file_attributes(&target, file, true, None)?;
    Ok(backup)
}

/// Makes the folders of a destination that was given with a final slash.
fn make_parents(ctx: &mut Ctx, args: &Args, dest: &str) -> Result<(), Failure> {
    if !args.dest.ends_with('/') {
        return Ok(());
    }
    let attributes = args.file.with_mode(args.directory_mode.clone());
    let mut current = String::new();
    for part in dirname(dest).split('/') {
        current.push_str(part);
        if !current.is_empty() && !Path::new(&current).exists() {
            fs::create_dir(&current).map_err(|e| Failure::os(&e, &current))?;
            ctx.set_file_attributes(&current, &attributes, true, None)?;
        }
        current.push('/');
    }
    Ok(())
}

fn on_host(ctx: &mut Ctx, args: &Args, src: &str) -> Result<Outcome, Failure> {
    let Ok(meta) = fs::metadata(src) else { return Err(Failure::new(format!("Source {src} not found"))) };
    if !readable(src) {
        return Err(Failure::new(format!("Source {src} not readable")));
    }
    if meta.is_dir() {
        return folder(ctx, args, src);
    }
    // A device may have no end.
    if !meta.is_file() {
        return Err(Failure::new(format!("Cannot copy invalid source '{src}': not a file")));
    }
    let name = args._original_basename.clone().unwrap_or_else(|| basename(src).to_string());
    let file = args.file.preserving(Some(meta.mode()));
    let dest = destination(args, Some(&name))?;
    let sums = |p: &str| (hash::hash_file(p, "sha1").ok(), hash::hash_file(p, "md5").ok());
    let (checksum, md5) = sums(src);
    if let Some(expected) = args.checksum.as_deref().filter(|e| Some(*e) != checksum.as_deref()) {
        return Err(Failure::new("Copied file does not match the expected checksum. Transfer failed.")
            .with("checksum", checksum)
            .with("expected_checksum", expected));
    }
    let mut outcome = Outcome::default().with("dest", dest.as_str()).with("src", src);
    let there = fs::symlink_metadata(&dest).is_ok();
    if there && !args.force {
        return Ok(outcome.with("msg", "file already exists").with("changed", false));
    }
    let plain = args.follow || !is_link(&dest);
    let same = plain && Path::new(&dest).is_file() && sums(&dest).0 == checksum;
    let mut changed = !same;
    outcome.set("md5sum", md5);
    outcome.set("checksum", checksum);
    if ctx.check_mode {
        let folder = dirname(&dest);
        if args.dest.ends_with('/') && !Path::new(folder).is_dir() {
            let msg = format!("dest directory {folder} would be created");
            return Ok(Outcome::changed(true).with("msg", msg).with("src", src).bare());
        }
        if !same && !args.dest.ends_with('/') {
            if !folder.is_empty() && !Path::new(folder).is_dir() {
                return Err(Failure::new(format!("Destination directory {folder} does not exist")));
            }
        }
    } else if !same {
        if let Some(b) = install(ctx, args, &file, &dest, Source::File(src))? {
            outcome.set("backup_file", b);
        }
    }
    if same || ctx.check_mode && Path::new(&dest).exists() {
        let target = if args.follow && is_link(&dest) { realpath(&dest) } else { dest.clone() };
        changed = ctx.set_file_attributes(&target, &file, changed, None)?;
    }
    outcome.set("changed", changed);
    Ok(outcome)
}

/// Copies a folder of the host: `src/` its content, `src` itself into the destination.
fn folder(ctx: &mut Ctx, args: &Args, src: &str) -> Result<Outcome, Failure> {
    let from = src.trim_end_matches('/');
    let dest = args.dest.trim_end_matches('/');
    let exists = Path::new(dest).is_dir();
    if Path::new(dest).exists() && !exists {
        return Err(Failure::new(format!("Cannot copy a directory over a file: {dest}")));
    }
    // Behind a final slash stands the content; without one, the folder itself goes into the destination.
    let inside = !src.ends_with('/');
    let target = if inside { join(dest, basename(from)) } else { dest.to_string() };
    let shown = match (inside, exists) {
        (true, true) => target.clone(),
        (false, true) => format!("{dest}/"),
        _ => args.dest.0.clone(),
    };
    let mut changed = false;
    if Path::new(&target).is_dir() {
        tree(ctx, args, from, &target, &mut changed)?;
    } else {
        changed = true;
        if !ctx.check_mode {
            fs::create_dir_all(&target).map_err(|e| Failure::os(&e, &target))?;
            fresh(ctx, args, from, &target)?;
        }
    }
    // The mode is the destination's own, never that of what is inside; owner and group are everything's below it.
    let file = args.file.preserving(fs::metadata(from).ok().map(|m| m.mode()));
    let top = if args.directory_mode.is_some() { file.with_mode(args.directory_mode.clone()) } else { file };
    if Path::new(dest).is_dir() {
        changed |= ctx.set_file_attributes(dest, &top, false, None)?;
        owners_below(ctx, &args.file.with_mode(None), dest, &mut changed)?;
    }
    Ok(Outcome::default()
        .with("dest", shown)
        .with("src", src)
        .with("md5sum", Value::Null)
        .with("checksum", Value::Null)
        .with("changed", changed))
}

/// Gives owner and group to everything below a folder.
fn owners_below(ctx: &mut Ctx, owners: &FileArgs, folder: &str, changed: &mut bool) -> Result<(), Failure> {
    if owners.owner.is_none() && owners.group.is_none() {
        return Ok(());
    }
    for name in entries(folder)? {
        let path = join(folder, &name);
        *changed |= ctx.set_file_attributes(&path, owners, false, None)?;
        if Path::new(&path).is_dir() && !is_link(&path) {
            owners_below(ctx, owners, &path, changed)?;
        }
    }
    Ok(())
}

/// Entries of a folder, by name.
fn entries(folder: &str) -> Result<Vec<String>, Failure> {
    let read = fs::read_dir(folder).map_err(|e| Failure::os(&e, folder))?;
    let mut names: Vec<String> = read.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// Brings a folder that is there up to date. As in Ansible, `mode` is not for
/// what is inside, unless it is `preserve`.
fn tree(ctx: &mut Ctx, args: &Args, from: &str, to: &str, changed: &mut bool) -> Result<(), Failure> {
    for name in entries(from)? {
        let (a, b) = (join(from, &name), join(to, &name));
        if is_link(&a) && args.local_follow != Some(true) {
            link(ctx, &a, &b, changed)?;
        } else if !Path::new(&a).is_dir() {
            plain(ctx, args, &a, &b, changed)?;
        } else if Path::new(&b).is_dir() {
            tree(ctx, args, &a, &b, changed)?;
        } else {
            *changed = true;
            if !ctx.check_mode {
                fs::create_dir(&b).map_err(|e| Failure::os(&e, &b))?;
                fresh(ctx, args, &a, &b)?;
            }
        }
    }
    Ok(())
}

/// Fills a new folder: modes and times are the source's.
fn fresh(ctx: &mut Ctx, args: &Args, from: &str, to: &str) -> Result<(), Failure> {
    let owners = args.file.with_mode(None);
    for name in entries(from)? {
        let (a, b) = (join(from, &name), join(to, &name));
        if is_link(&a) && args.local_follow != Some(true) {
            link(ctx, &a, &b, &mut false)?;
        } else if Path::new(&a).is_dir() {
            fs::create_dir(&b).map_err(|e| Failure::os(&e, &b))?;
            fresh(ctx, args, &a, &b)?;
        } else {
            fs::copy(&a, &b).map_err(|e| Failure::new(py_oserror(&e, &a)))?;
            if let Ok(m) = fs::metadata(&a) {
                let _ = crate::times::set_times(&b, m.atime() as f64, m.mtime() as f64, true);
            }
            ctx.set_file_attributes(&b, &owners, true, None)?;
        }
    }
    if let Ok(m) = fs::metadata(from) {
        let _ = fs::set_permissions(to, m.permissions());
    }
    ctx.set_file_attributes(to, &owners, true, None)?;
    Ok(())
}

fn link(ctx: &Ctx, from: &str, to: &str, changed: &mut bool) -> Result<(), Failure> {
    let target = fs::read_link(from).map_err(|e| Failure::os(&e, from))?;
    if fs::read_link(to).ok().as_ref() != Some(&target) {
        *changed = true;
        if !ctx.check_mode {
            let _ = fs::remove_file(to);
            symlink(&target, to).map_err(|e| Failure::os(&e, to))?;
        }
    }
    Ok(())
}

fn plain(ctx: &mut Ctx, args: &Args, from: &str, to: &str, changed: &mut bool) -> Result<(), Failure> {
    let meta = fs::metadata(from).map_err(|e| Failure::new(py_oserror(&e, from)))?;
    let preserved = args.file.preserving(Some(meta.mode()));
    let keep = args.file.mode.as_ref().and_then(Value::as_str) == Some("preserve");
    let file = if keep { preserved } else { args.file.with_mode(None) };
    let there = Path::new(to).is_file();
    let same = there && (!args.force || hash::hash_file(from, "sha1").ok() == hash::hash_file(to, "sha1").ok());
    if !same {
        *changed = true;
        if !ctx.check_mode {
            fs::copy(from, to).map_err(|e| Failure::os(&e, to))?;
        }
    }
    if !same && !ctx.check_mode {
        ctx.set_file_attributes(to, &file, true, None)?;
    }
    Ok(())
}
