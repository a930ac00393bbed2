//! Owner, group, mode, SELinux context and attributes of files: the options that many modules share, what they
//! change, and the facts that results carry.

use crate::api::Failure;
use crate::ctx::Ctx;
use crate::errors::py_errno;
use crate::mode::{Mode, ModeError, octal};
use crate::inode::{self, Lsattr};
use crate::{params, selinux, users};
use rustle_value::{Dict, Value, py_str};
use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

params! {
    /// The options of every module that makes files.
    pub struct FileArgs {
        /// The permissions: octal (quoted, or with a leading zero) or symbolic, such as `u+rwx`.
        mode: Option<Value>;
        /// The user that owns the file.
        owner: Option<String>;
        /// The group that owns the file.
        group: Option<String>;
        /// The user part of the SELinux context; `_default` for the policy's.
        seuser: Option<String>;
        /// The role part of the SELinux context; `_default` for the policy's.
        serole: Option<String>;
        /// The type part of the SELinux context; `_default` for the policy's.
        setype: Option<String>;
        /// The level part of the SELinux context; `_default` for the policy's.
        selevel: Option<String>;
        /// The file's attributes as `chattr` takes them; `=` is the default operator.
        attributes: Option<String> => aliases(&["attr"]);
        /// Whether the file may be written in place where replacing it whole is impossible.
        unsafe_writes: bool => default("no");
    }
}

impl FileArgs {
    /// No wishes at all.
    pub fn none() -> FileArgs {
        FileArgs { mode: None, owner: None, group: None, seuser: None, serole: None, setype: None, selevel: None, attributes: None, unsafe_writes: false }
    }
    /// The same with another mode.
    pub fn with_mode(&self, mode: Option<Value>) -> FileArgs {
        FileArgs { mode, ..self.clone() }
    }
    /// The mode that is wished for.
    pub fn wanted_mode(&self) -> Option<Mode> {
        self.mode.as_ref().and_then(Mode::from_value)
    }
}

/// `{"before": {…}, "after": {…}}`, filled while things change.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    pub before: Dict,
    pub after: Dict,
}

impl Diff {
    /// A diff that names the path on both sides.
    pub fn of_path(path: &str) -> Diff {
        let mut d = Diff::default();
        d.note("path", path, path);
        d
    }
    /// Records one attribute's change.
    pub fn note(&mut self, key: &str, before: impl Into<Value>, after: impl Into<Value>) {
        self.before.insert(key, before);
        self.after.insert(key, after);
    }
    pub fn into_value(self) -> Value {
        let mut d = Dict::new();
        d.insert("before", Value::dict(self.before));
        d.insert("after", Value::dict(self.after));
        Value::dict(d)
    }
}

fn fail(path: &str, msg: impl Into<String>) -> Failure {
    Failure::new(msg).with("path", path)
}

fn lstat(path: &str) -> Result<Metadata, Failure> {
    fs::symlink_metadata(path).map_err(|e| Failure::os(&e, path))
}

impl Ctx<'_> {
    /// Gives `path` what `args` wish, where it differs; true where something changed (or would, in check mode), or
    /// where `changed` was true already. Links are not followed. A path that is not there (check mode) would change
    /// only by what is wished for.
    pub fn set_file_attributes(&mut self, path: &str, args: &FileArgs, changed: bool, mut diff: Option<&mut Diff>) -> Result<bool, Failure> {
        let mut changed = changed;
        changed |= self.set_context(path, args, diff.as_deref_mut())?;
        changed |= self.set_owner(path, args.owner.as_deref(), diff.as_deref_mut())?;
        changed |= self.set_group(path, args.group.as_deref(), diff.as_deref_mut())?;
        changed |= self.set_mode(path, args.wanted_mode().as_ref(), diff.as_deref_mut())?;
        changed |= self.set_attributes(path, args.attributes.as_deref(), diff)?;
        Ok(changed)
    }

    /// Warns in check mode of an owner or group that is not there (yet).
    pub fn warn_of_unknown_owners(&mut self, owner: Option<&str>, group: Option<&str>) {
        if !self.check_mode {
            return;
        }
        if let Some(owner) = owner {
            let number = owner.parse::<u32>();
            if number.as_ref().map_or_else(|_| users::user(owner).is_none(), |n| users::user_by_id(*n).is_none()) {
                let what = if number.is_ok() { "user with uid" } else { "user" };
                self.warn(format!("failed to look up {what} {owner}. Create user up to this point in real play"));
            }
        }
        if let Some(group) = group {
            let number = group.parse::<u32>();
            if number.as_ref().map_or_else(|_| users::group(group).is_none(), |n| users::group_by_id(*n).is_none()) {
                let what = if number.is_ok() { "group with gid" } else { "group" };
                self.warn(format!("failed to look up {what} {group}. Create group up to this point in real play"));
            }
        }
    }

    /// Sets the owner where it differs. A name or a number.
    pub fn set_owner(&mut self, path: &str, owner: Option<&str>, diff: Option<&mut Diff>) -> Result<bool, Failure> {
        let Some(owner) = owner else { return Ok(false) };
        let uid = match owner.parse::<u32>() {
            Ok(n) => n,
            Err(_) => {
                users::user(owner).ok_or_else(|| fail(path, format!("chown failed: failed to look up user {owner}")))?.uid
            }
        };
        if self.check_mode && fs::symlink_metadata(path).is_err() {
            return Ok(true);
        }
        let now = lstat(path)?.uid();
        if now == uid {
            return Ok(false);
        }
        if let Some(d) = diff {
            d.note("owner", now as i64, uid as i64);
        }
        if !self.check_mode {
            std::os::unix::fs::lchown(path, Some(uid), None).map_err(|e| fail(path, format!("chown failed: {}", crate::errors::py_oserror(&e, path))))?;
        }
        Ok(true)
    }

    /// Sets the group where it differs. A name or a number.
    pub fn set_group(&mut self, path: &str, group: Option<&str>, diff: Option<&mut Diff>) -> Result<bool, Failure> {
        let Some(group) = group else { return Ok(false) };
        let gid = match group.parse::<u32>() {
            Ok(n) => n,
            Err(_) => {
                users::group(group).ok_or_else(|| fail(path, format!("chgrp failed: failed to look up group {group}")))?.gid
            }
        };
        if self.check_mode && fs::symlink_metadata(path).is_err() {
            return Ok(true);
        }
        let now = lstat(path)?.gid();
        if now == gid {
            return Ok(false);
        }
        if let Some(d) = diff {
            d.note("group", now as i64, gid as i64);
        }
        if !self.check_mode {
            std::os::unix::fs::lchown(path, None, Some(gid)).map_err(|_| fail(path, "chgrp failed"))?;
        }
        Ok(true)
    }

    /// Sets the mode where it differs. A link's mode is left alone, as Linux has none.
    pub fn set_mode(&mut self, path: &str, mode: Option<&Mode>, diff: Option<&mut Diff>) -> Result<bool, Failure> {
        let Some(mode) = mode else { return Ok(false) };
        if self.check_mode && fs::symlink_metadata(path).is_err() {
            return Ok(true);
        }
        let meta = lstat(path)?;
        let now = meta.mode() & 0o7777;
        let want = mode.resolve(now, meta.is_dir()).map_err(|e| match e {
            ModeError::Form(details) => fail(path, "mode must be in octal or symbolic form").with("details", details),
            ModeError::Range => fail(path, "Invalid mode supplied, only permission info is allowed").with("details", match mode {
                Mode::Bits(n) | Mode::Octal(n) => *n as i64,
                Mode::Symbolic(_) => 0,
            }),
        })?;
        if now == want {
            return Ok(false);
        }
        if let Some(d) = diff {
            d.note("mode", octal(now), octal(want));
        }
        if meta.file_type().is_symlink() {
            return Ok(false);
        }
        if !self.check_mode {
            fs::set_permissions(path, fs::Permissions::from_mode(want & 0o7777))
                .map_err(|e| fail(path, "chmod failed").with("details", crate::errors::py_oserror(&e, path)))?;
            // The system may refuse single bits silently (setgid for a foreign group).
            return Ok(lstat(path)?.mode() & 0o7777 != now);
        }
        Ok(true)
    }

    fn set_context(&mut self, path: &str, args: &FileArgs, diff: Option<&mut Diff>) -> Result<bool, Failure> {
        let wishes = [&args.seuser, &args.serole, &args.setype, &args.selevel];
        if wishes.iter().all(|w| w.is_none()) || !selinux::enabled() {
            return Ok(false);
        }
        let now = selinux::context(Path::new(path)).unwrap_or_default();
        let mut want = now.clone();
        let default = wishes.iter().any(|w| w.as_deref() == Some("_default")).then(|| selinux::default_context(Path::new(path))).flatten();
        for (i, w) in wishes.iter().enumerate() {
            match w.as_deref() {
                Some("_default") => {
                    if let Some(d) = &default {
                        want[i] = d[i].clone();
                    }
                }
                Some(x) => want[i] = x.to_string(),
                None => {}
            }
        }
        if want == now {
            return Ok(false);
        }
        if let Some(d) = diff {
            d.note("secontext", strings(&now), strings(&want));
        }
        if !self.check_mode {
            selinux::set_context(Path::new(path), &want).map_err(|e| {
                if e.raw_os_error() == Some(libc::EINVAL) {
                    fail(path, format!("invalid selinux context: {}", py_errno(&e)))
                } else {
                    fail(path, "set selinux context failed")
                }
            })?;
        }
        Ok(true)
    }

    fn set_attributes(&mut self, path: &str, attributes: Option<&str>, diff: Option<&mut Diff>) -> Result<bool, Failure> {
        let Some(attributes) = attributes else { return Ok(false) };
        let (op, flags) = match attributes.chars().next() {
            Some(c @ ('-' | '+' | '=')) => (c, &attributes[1..]),
            _ => ('=', attributes),
        };
        let now = self.file_attributes(path).flags;
        let has_all = flags.chars().all(|c| now.contains(c));
        let same = now.chars().filter(|c| *c != 'e').all(|c| flags.contains(c)) && has_all;
        let change = match op {
            '=' => !same,
            '+' => !has_all,
            _ => flags.chars().any(|c| now.contains(c)),
        };
        if !change {
            return Ok(false);
        }
        if let Some(d) = diff {
            d.note("attributes", now.as_str(), format!("{op}{flags}"));
        }
        if !self.check_mode {
            let Some(chattr) = self.find_program("chattr") else { return Ok(true) };
            let o = self.command([chattr.as_os_str()]).arg(format!("{op}{flags}")).arg(path).c_locale().run()?;
            if o.rc != 0 || !o.stderr.is_empty() {
                let text = format!("{}{}", o.out(), o.err());
                return Err(fail(path, "chattr failed").with("details", format!("Error while setting attributes: {text}")));
            }
        }
        Ok(true)
    }

    /// What `lsattr` says of a file; empty where it can't, and where the host has no such program, as in Ansible.
    pub fn file_attributes(&self, path: &str) -> Lsattr {
        let Some(lsattr) = self.find_program("lsattr") else { return Lsattr::default() };
        inode::read(path).unwrap_or_else(|| self.ask_lsattr(&lsattr, path))
    }

    fn ask_lsattr(&self, lsattr: &Path, path: &str) -> Lsattr {
        let mut found = Lsattr::default();
        // Not every file system has versions; then the answer begins with the flags.
        for option in ["-vd", "-d"] {
            let Ok(o) = self.command([lsattr.as_os_str()]).arg(option).arg(path).c_locale().run() else { return found };
            let text = o.out();
            let words: Vec<&str> = text.split_whitespace().collect();
            let is_flags = |w: &&str| w.len() > 8 && w.chars().all(|c| c == '-' || c.is_ascii_alphabetic());
            let (version, flags) = match words[..] {
                [version, flags, ..] if is_flags(&flags) => (Some(version.to_string()), flags),
                [flags, ..] if is_flags(&flags) => (None, flags),
                _ => continue,
            };
            found.version = version;
            found.flags = flags.replace('-', "");
            break;
        }
        found
    }
}

fn strings(c: &[String; 4]) -> Value {
    Value::list(c.iter().map(|s| Value::from(s.as_str())).collect())
}

/// Adds what Ansible tells of every file that a result names by `path` (or else `dest`): numbers and names of owner
/// and group, mode, state, size, context. Nothing where there is no such file.
pub fn add_path_info(result: &mut Dict) {
    let Some(path) = result.get("path").or_else(|| result.get("dest")).filter(|v| v.is_string()).map(py_str) else { return };
    // A dangling link has no facts here, as in Ansible.
    if fs::metadata(&path).is_err() {
        return;
    }
    let Ok(m) = fs::symlink_metadata(&path) else { return };
    result.insert("uid", m.uid() as i64);
    result.insert("gid", m.gid() as i64);
    result.insert("owner", users::user_name(m.uid()));
    result.insert("group", users::group_name(m.gid()));
    result.insert("mode", octal(m.mode() & 0o7777));
    let state = if m.file_type().is_symlink() {
        "link"
    } else if m.is_dir() {
        "directory"
    } else if m.nlink() > 1 {
        "hard"
    } else {
        "file"
    };
    result.insert("state", state);
    if let Some(c) = selinux::context(Path::new(&path)) {
        result.insert("secontext", c.join(":"));
    }
    result.insert("size", m.len() as i64);
}
