//! Files, folders and links: their presence, owner, mode and times.
//!
//! States: `file` (it must be there), `directory`, `link`, `hard`, `touch`, `absent`. Without a state, what is there
//! stays what it is.

use crate::paths::{basename, dirname, is_link, join, lexists, realpath};
use crate::times::{now, parse_local, set_times, set_times_to_now};
use crate::{Ctx, Dict, Diff, Failure, FileArgs, Module, Outcome, Params, PathArg, Support, Value, params};
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

params! {
    /// Options of `file`.
    pub struct Args with { file: FileArgs } {
        /// What the path should be. Without it, what is there stays what it is; nothing there means `file`, or
        /// `directory` with `recurse`.
        state: Option<String> => choices(&["absent", "directory", "file", "hard", "link", "touch"]);
        /// The path to manage.
        path: PathArg => required(), aliases(&["dest", "name"]);
        /// The name of the source, for actions.
        _original_basename: Option<String> => internal();
        /// Set the attributes of everything below, too (`state=directory`).
        recurse: bool => default("no");
        /// Make links although the source is missing or a file is in the way.
        force: bool => default("no");
        /// Follow links that are at the path.
        follow: bool => default("yes");
        /// For actions only.
        _diff_peek: Option<bool> => internal();
        /// What a link leads to (`state=link`, `state=hard`).
        src: Option<PathArg>;
        /// The time of modification: `preserve`, `now`, or a time in the format below.
        modification_time: Option<String>;
        /// The format of `modification_time`, as for `strptime`.
        modification_time_format: String => default("%Y%m%d%H%M.%S");
        /// The time of access: `preserve`, `now`, or a time in the format below.
        access_time: Option<String>;
        /// The format of `access_time`, as for `strptime`.
        access_time_format: String => default("%Y%m%d%H%M.%S");
    }
}

const EXAMPLES: &str = "
- name: A folder for the service's data
  ansible.builtin.file:
    path: /srv/data
    state: directory
    mode: '0750'

- name: The current release
  ansible.builtin.file:
    src: releases/42
    dest: /srv/app/current
    state: link

- name: No leftovers
  ansible.builtin.file:
    path: /tmp/leftovers
    state: absent
";

pub static MODULE: Module = Module {
    check: Support::Full,
    diff: Support::Full,
    ..Module::new::<Args>("ansible.builtin.file", "Manages files, folders, links and their properties", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn state_of(path: &str) -> &'static str {
    match fs::symlink_metadata(path) {
        Err(_) => "absent",
        Ok(m) if m.file_type().is_symlink() => "link",
        Ok(m) if m.is_dir() => "directory",
        Ok(m) if m.nlink() > 1 => "hard",
        Ok(_) => "file",
    }
}

fn run(ctx: &mut Ctx, mut args: Args) -> Result<Outcome, Failure> {
    if args._diff_peek.is_some() {
        return peek(&args.path);
    }
    ctx.warn_of_unknown_owners(args.file.owner.as_deref(), args.file.group.as_deref());
    if fs::symlink_metadata(&*args.path).is_err_and(|e| e.kind() == std::io::ErrorKind::PermissionDenied) {
        ctx.warn(format!("Insufficient permissions to access {}. Treating as absent", &*args.path));
    }
    let before = state_of(&args.path);
    let state = match args.state.take() {
        Some(s) => s,
        None if before != "absent" => before.into(),
        None if args.recurse => "directory".into(),
        None => "file".into(),
    };
    if args.recurse && state != "directory" {
        return Err(fail(&args.path, "recurse option requires state to be 'directory'"));
    }
    if args.src.is_some() && state != "link" && state != "hard" {
        return Err(fail(&args.path, "src option requires state to be 'link' or 'hard'"));
    }
    if state != "link" && state != "absent" && Path::new(&*args.path).is_dir() {
        let name = args._original_basename.as_deref().or(args.src.as_deref().map(basename));
        if let Some(n) = name.filter(|n| !n.is_empty()) {
            args.path = PathArg(join(&args.path, n));
        }
    }
    let times = Times {
        modification: wish(args.modification_time.as_deref(), &args.modification_time_format, &state, "modification_time")?,
        access: wish(args.access_time.as_deref(), &args.access_time_format, &state, "access_time")?,
    };
    let mut job = Job { path: args.path.0.clone(), times, args };
    let mut outcome = match state.as_str() {
        "file" => job.file(ctx),
        "directory" => job.directory(ctx),
        "link" => job.link(ctx),
        "hard" => job.hard(ctx),
        "touch" => job.touch(ctx),
        _ => job.absent(ctx),
    }?;
    if !ctx.diff {
        outcome.result.remove("diff");
    }
    Ok(outcome)
}

/// What a diff would compare with: whether the file is a text of reasonable size.
fn peek(path: &str) -> Result<Outcome, Failure> {
    let content = fs::read(path).unwrap_or_default();
    let binary = content.iter().take(8192).any(|b| *b == 0);
    let mut o = Outcome::changed(false).with("path", path).with("state", state_of(path)).with("size", content.len() as i64);
    if binary {
        o.set("appears_binary", true);
    }
    Ok(o)
}

fn fail(path: &str, msg: impl Into<String>) -> Failure {
    Failure::new(msg).with("path", path)
}

#[derive(Clone, Copy, PartialEq)]
enum Time {
    Keep,
    Now,
    At(f64),
}

struct Times {
    modification: Time,
    access: Time,
}

fn wish(text: Option<&str>, format: &str, state: &str, option: &str) -> Result<Time, Failure> {
    match text {
        None if state == "touch" => Ok(Time::Now),
        None | Some("preserve") => Ok(Time::Keep),
        Some("now") => Ok(Time::Now),
        Some(t) => parse_local(t, format).map(|n| Time::At(n as f64)).ok_or_else(|| {
            Failure::new(format!("Error while obtaining timestamp for time {t} using format {format}: time data '{t}' does not match format '{format}'"))
                .with("option", option)
        }),
    }
}

struct Job {
    args: Args,
    path: String,
    times: Times,
}

fn initial_diff(path: &str, state: &str, before: &str) -> Diff {
    let mut d = Diff::of_path(path);
    if before != state {
        d.note("state", before, state);
    }
    d
}

impl Job {
    fn result(&self, key: &str, changed: bool, diff: Diff) -> Outcome {
        Outcome::default().with(key, self.path.as_str()).with("changed", changed).with("diff", diff.into_value())
    }

    /// The path whose attributes are set: with `follow`, what a link leads to.
    fn target(&self, path: &str) -> String {
        if self.args.follow && is_link(path) { realpath(path) } else { path.to_string() }
    }

    fn attributes(&self, ctx: &mut Ctx, path: &str, changed: bool, diff: &mut Diff) -> Result<bool, Failure> {
        ctx.set_file_attributes(&self.target(path), &self.args.file, changed, Some(diff))
    }

    fn set_times(&self, ctx: &Ctx, path: &str, diff: &mut Diff) -> Result<bool, Failure> {
        let (m, a) = (self.times.modification, self.times.access);
        if (m, a) == (Time::Keep, Time::Keep) {
            return Ok(false);
        }
        let meta = fs::metadata(path).map_err(|e| fail(path, format!("Error while updating modification or access time: {}", crate::errors::py_oserror(&e, path))))?;
        let old_m = meta.mtime() as f64 + meta.mtime_nsec() as f64 / 1e9;
        let old_a = meta.atime() as f64 + meta.atime_nsec() as f64 / 1e9;
        let new = |t: Time, old: f64| match t {
            Time::Keep => old,
            Time::Now => now(),
            Time::At(x) => x,
        };
        let (new_m, new_a) = (new(m, old_m), new(a, old_a));
        if new_m == old_m && new_a == old_a {
            return Ok(false);
        }
        if new_m != old_m {
            diff.note("mtime", old_m, new_m);
        }
        if new_a != old_a {
            diff.note("atime", old_a, new_a);
        }
        if !ctx.check_mode {
            let done = if (m, a) == (Time::Now, Time::Now) { set_times_to_now(path) } else { set_times(path, new_a, new_m, true) };
            done.map_err(|e| {
                fail(path, format!("Error while updating modification or access time: {}", crate::errors::py_oserror(&e, path)))
            })?;
        }
        Ok(true)
    }

    fn file(&mut self, ctx: &mut Ctx) -> Result<Outcome, Failure> {
        let mut before = state_of(&self.path);
        if before == "link" && self.args.follow {
            self.path = realpath(&self.path);
            before = state_of(&self.path);
        }
        if before != "file" && before != "hard" {
            return Err(fail(&self.path, format!("file ({}) is {before}, cannot continue", self.path)).with("state", before));
        }
        let mut diff = initial_diff(&self.path, "file", before);
        let mut changed = self.attributes(ctx, &self.path, false, &mut diff)?;
        changed |= self.set_times(ctx, &self.path, &mut diff)?;
        Ok(self.result("path", changed, diff))
    }

    fn touch(&mut self, ctx: &mut Ctx) -> Result<Outcome, Failure> {
        let mut before = state_of(&self.path);
        if before == "link" && self.args.follow {
            self.path = realpath(&self.path);
            before = state_of(&self.path);
        }
        let mut diff = initial_diff(&self.path, "touch", before);
        let mut changed = false;
        if before == "absent" {
            if ctx.check_mode {
                return Ok(Outcome::default().with("dest", self.path.as_str()).with("changed", true));
            }
            fs::File::create(&self.path).map_err(|e| {
                let cause = format!("Error, could not touch target: {}", crate::errors::py_oserror(&e, &self.path));
                fail(&self.path, "Error, could not touch target.").with("_ansible_cause", cause)
            })?;
            changed = true;
        }
        let made = before == "absent";
        let given = self.attributes(ctx, &self.path, changed, &mut diff);
        let given = given.and_then(|c| Ok(c | self.set_times(ctx, &self.path, &mut diff)?));
        if given.is_err() && made {
            // A new file that can't be as it was asked for must not stay.
            let _ = fs::remove_file(&self.path);
        }
        Ok(self.result("dest", given?, diff))
    }

    fn directory(&mut self, ctx: &mut Ctx) -> Result<Outcome, Failure> {
        let mut before = state_of(&self.path);
        if before == "link" && self.args.follow {
            self.path = realpath(&self.path);
            before = state_of(&self.path);
        }
        let mut diff = initial_diff(&self.path, "directory", before);
        let mut changed = false;
        match before {
            "absent" => {
                changed = true;
                if ctx.check_mode {
                    return Ok(self.result("path", true, diff));
                }
                self.make_folders(ctx, &mut diff)?;
            }
            "directory" => {}
            _ => return Err(fail(&self.path, format!("{} already exists as a {before}", self.path))),
        }
        changed = self.attributes(ctx, &self.path, changed, &mut diff)?;
        changed |= self.set_times(ctx, &self.path, &mut diff)?;
        if self.args.recurse {
            changed |= self.recurse(ctx, &self.path)?;
        }
        Ok(self.result("path", changed, diff))
    }

    /// Makes the folder and those above it; each new one gets the attributes.
    fn make_folders(&self, ctx: &mut Ctx, diff: &mut Diff) -> Result<(), Failure> {
        let mut current = if self.path.starts_with('/') { "/".to_string() } else { String::new() };
        for part in self.path.split('/').filter(|p| !p.is_empty()) {
            current = join(&current, part);
            if Path::new(&current).exists() {
                continue;
            }
            match fs::create_dir(&current) {
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && Path::new(&current).is_dir() => {}
                Err(e) => {
                    let why = crate::errors::py_oserror(&e, &current);
                    return Err(fail(&self.path, format!("There was an issue creating {current} as requested: {why}")));
                }
                Ok(()) => {
                    ctx.set_file_attributes(&current, &self.args.file, true, Some(diff))?;
                }
            }
        }
        Ok(())
    }

    fn recurse(&self, ctx: &mut Ctx, folder: &str) -> Result<bool, Failure> {
        let mut changed = false;
        let mut entries: Vec<_> = match fs::read_dir(folder) {
            Ok(it) => it.flatten().map(|e| e.path().to_string_lossy().into_owned()).collect(),
            // Check mode may look at a folder that was not made.
            Err(_) if ctx.check_mode => return Ok(false),
            Err(e) => return Err(Failure::new(format!("Could not recursively set attributes on {folder}. Original error was: '{}'", crate::errors::py_oserror(&e, folder)))),
        };
        entries.sort();
        for path in entries {
            let link = is_link(&path);
            let mut scratch = Diff::default();
            if !link {
                changed |= ctx.set_file_attributes(&path, &self.args.file, false, Some(&mut scratch))?;
                changed |= self.set_times(ctx, &path, &mut scratch)?;
            } else {
                changed |= ctx.set_file_attributes(&path, &self.args.file, false, Some(&mut scratch))?;
                if self.args.follow && Path::new(&path).exists() {
                    let target = realpath(&path);
                    changed |= ctx.set_file_attributes(&target, &self.args.file, false, Some(&mut scratch))?;
                    if Path::new(&target).is_dir() {
                        changed |= self.recurse(ctx, &target)?;
                    }
                }
            }
            if !link && Path::new(&path).is_dir() {
                changed |= self.recurse(ctx, &path)?;
            }
        }
        Ok(changed)
    }

    fn link(&mut self, ctx: &mut Ctx) -> Result<Outcome, Failure> {
        let path = self.path.clone();
        let before = state_of(&path);
        let src = match self.args.src.clone() {
            Some(s) => s.0,
            None if before == "link" => fs::read_link(&path).map(|p| p.to_string_lossy().into_owned()).unwrap_or_default(),
            None => return Err(Failure::new("src is required for creating new symlinks")),
        };
        let base = if before != "link" && Path::new(&path).is_dir() { path.as_str() } else { dirname(&path) };
        let absolute = join(base, &src);
        let force = self.args.force;
        if !force && !Path::new(&absolute).exists() {
            return Err(fail(&path, format!("src file does not exist, use 'force=yes' if you really want to create the link: {absolute}")).with("src", src));
        }
        match before {
            "directory" if !force => {
                return Err(fail(&path, format!("refusing to convert from {before} to symlink for {path}")));
            }
            "directory" if fs::read_dir(&path).is_ok_and(|mut d| d.next().is_some()) => {
                return Err(fail(&path, format!("the directory {path} is not empty, refusing to convert it")));
            }
            "file" | "hard" if !force => {
                return Err(fail(&path, format!("refusing to convert from {before} to symlink for {path}")));
            }
            _ => {}
        }
        let mut diff = initial_diff(&path, "link", before);
        let mut changed = before != "link";
        if before == "link" {
            let old = fs::read_link(&path).map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
            if old != src {
                diff.note("src", old, src.as_str());
                changed = true;
            }
        }
        if changed && !ctx.check_mode {
            if before == "absent" {
                symlink(&src, &path)
            } else {
                replace_by(&path, before, |tmp| symlink(&src, tmp))
            }
            .map_err(|e| fail(&path, format!("Error while linking: {}", link_error(&e, &src, &path))))?;
        }
        let result = |changed: bool, diff: Diff| {
            Outcome::default().with("dest", path.as_str()).with("src", src.as_str()).with("changed", changed).with("diff", diff.into_value())
        };
        if ctx.check_mode && !Path::new(&path).exists() {
            return Ok(result(changed, diff));
        }
        if self.args.follow && is_link(&path) && !Path::new(&path).exists() {
            ctx.warn("Cannot set fs attributes on a non-existent symlink target. follow should be set to False to avoid this.");
        } else if !(ctx.check_mode && before != "link") {
            changed = self.attributes(ctx, &path, changed, &mut diff)?;
            changed |= self.set_times(ctx, &self.target(&path), &mut diff)?;
        }
        Ok(result(changed, diff))
    }

    fn hard(&mut self, ctx: &mut Ctx) -> Result<Outcome, Failure> {
        let path = self.path.clone();
        let before = state_of(&path);
        let src = self.args.src.clone().map(|s| s.0);
        let force = self.args.force;
        let Some(src) = src else {
            if before != "hard" {
                return Err(Failure::new("src is required for creating new hardlinks"));
            }
            let mut diff = initial_diff(&path, "hard", before);
            let changed = self.attributes(ctx, &path, false, &mut diff)?;
            return Ok(Outcome::default().with("dest", path).with("src", Value::Null).with("changed", changed).with("diff", diff.into_value()));
        };
        let Ok(meta) = fs::metadata(&src) else {
            return Err(Failure::new("src does not exist").with("dest", path).with("src", src));
        };
        let mut diff = initial_diff(&path, "hard", before);
        let mut changed = false;
        match before {
            "absent" => changed = true,
            "link" => {
                let old = fs::read_link(&path).map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
                if old != src {
                    diff.note("src", old, src.as_str());
                }
                changed = true;
            }
            "hard" | "file" => {
                let same = fs::metadata(&path).is_ok_and(|m| m.ino() == meta.ino() && m.dev() == meta.dev());
                if !same {
                    if !force {
                        let other = if before == "hard" { "different hard link" } else { before };
                        let msg = format!("Cannot link, {other} exists at destination");
                        return Err(Failure::new(msg).with("dest", path).with("src", src));
                    }
                    changed = true;
                }
            }
            _ => {
                if Path::new(&path).exists() {
                    let same = fs::metadata(&path).is_ok_and(|m| m.ino() == meta.ino());
                    if same {
                        return Ok(Outcome::default().with("path", path).with("changed", false));
                    }
                    if !force {
                        return Err(Failure::new(format!("Cannot link: different {before} exists at destination")).with("dest", path).with("src", src));
                    }
                }
                changed = true;
            }
        }
        if changed && !ctx.check_mode {
            if before == "absent" {
                fs::hard_link(&src, &path)
            } else {
                replace_by(&path, before, |tmp| fs::hard_link(&src, tmp))
            }
            .map_err(|e| fail(&path, format!("Error while linking: {}", link_error(&e, &src, &path))))?;
        }
        if !(ctx.check_mode && before == "absent") {
            changed = self.attributes(ctx, &path, changed, &mut diff)?;
            changed |= self.set_times(ctx, &path, &mut diff)?;
        }
        Ok(Outcome::default().with("dest", path).with("src", src).with("changed", changed).with("diff", diff.into_value()))
    }

    fn absent(&mut self, ctx: &mut Ctx) -> Result<Outcome, Failure> {
        let before = state_of(&self.path);
        if before == "absent" {
            return Ok(Outcome::default().with("path", self.path.as_str()).with("changed", false).with("state", "absent"));
        }
        let mut diff = initial_diff(&self.path, "absent", before);
        if before == "directory" && ctx.diff {
            let mut content = Dict::new();
            let (mut folders, mut files) = (Vec::new(), Vec::new());
            list(&self.path, &mut folders, &mut files);
            content.insert("directories", Value::list(folders));
            content.insert("files", Value::list(files));
            diff.before.insert("path_content", Value::dict(content));
        }
        if !ctx.check_mode {
            let done = if before == "directory" { fs::remove_dir_all(&self.path) } else { fs::remove_file(&self.path) };
            if let Err(e) = done {
                if e.kind() != std::io::ErrorKind::NotFound {
                    let what = if before == "directory" { "rmtree" } else { "unlinking" };
                    return Err(fail(&self.path, format!("{what} failed: {}", crate::errors::py_oserror(&e, &self.path))));
                }
            }
        }
        Ok(self.result("path", true, diff).with("state", "absent"))
    }
}

fn link_error(e: &std::io::Error, src: &str, path: &str) -> String {
    format!("{} -> b{}", crate::errors::py_oserror(e, src), rustle_value::str_repr(path))
}

/// Makes something beside `path` and renames it over what is there.
fn replace_by(path: &str, before: &str, make: impl Fn(&str) -> std::io::Result<()>) -> std::io::Result<()> {
    let tmp = join(dirname(path), &format!(".{}.{}.tmp", std::process::id(), basename(path)));
    let _ = fs::remove_file(&tmp);
    make(&tmp)?;
    if before == "directory" {
        fs::remove_dir(path)?;
    }
    fs::rename(&tmp, path).inspect_err(|_| {
        let _ = fs::remove_file(&tmp);
    })?;
    // Renaming a hard link onto another name of the same file does nothing: the temporary name stays.
    if lexists(&tmp) {
        let _ = fs::remove_file(&tmp);
    }
    Ok(())
}

fn list(folder: &str, folders: &mut Vec<Value>, files: &mut Vec<Value>) {
    let mut below = Vec::new();
    for e in fs::read_dir(folder).into_iter().flatten().flatten() {
        let p = e.path().to_string_lossy().into_owned();
        if e.path().is_dir() {
            folders.push(p.as_str().into());
            if !is_link(&p) {
                below.push(p);
            }
        } else {
            files.push(p.into());
        }
    }
    below.iter().for_each(|p| list(p, folders, files));
}
