//! What is known about a file: type, owner, times, permissions, checksum, MIME type, attributes.

use crate::errors::strerror;
use crate::hash::{ALGORITHMS, hash_file};
use crate::paths::{readable, writable};
use crate::{Ctx, Dict, Failure, Module, Outcome, Params, PathArg, Scope, Support, Value, params, selinux, users};
use std::fs::{self, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

params! {
    /// Options of `stat`.
    pub struct Args {
        /// The path to look at.
        path: PathArg => required(), aliases(&["dest", "name"]);
        /// Whether to look at what a link leads to.
        follow: bool => default("no");
        /// Whether to compute a checksum (of readable regular files).
        get_checksum: bool => default("yes");
        /// Whether to ask `file` for the MIME type.
        get_mime: bool => default("yes"), aliases(&["mime", "mime_type", "mime-type"]);
        /// Whether to ask `lsattr` for the attributes.
        get_attributes: bool => default("yes"), aliases(&["attr", "attributes"]);
        /// Whether to read the SELinux context.
        get_selinux_context: bool => default("no");
        /// The checksum's algorithm.
        checksum_algorithm: String => default("sha1"), choices(&["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]),
            aliases(&["checksum", "checksum_algo"]);
    }
}

const EXAMPLES: &str = "
- name: Is it there
  ansible.builtin.stat:
    path: /etc/foo.conf
    get_checksum: false
  register: foo
";

pub static MODULE: Module = Module {
    check: Support::Full,
    scope: Scope::Looks,
    ..Module::new::<Args>("ansible.builtin.stat", "Looks at a file", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(ctx: &mut Ctx, args: Args) -> Result<Outcome, Failure> {
    let path = &*args.path;
    let meta = if args.follow { fs::metadata(path) } else { fs::symlink_metadata(path) };
    let mut s = Dict::new();
    let meta = match meta {
        Ok(m) => m,
        Err(e) if matches!(e.raw_os_error(), Some(libc::ENOENT)) => {
            s.insert("exists", false);
            return Ok(Outcome::ok().with("stat", Value::dict(s)));
        }
        Err(e) => return Err(Failure::new(strerror(&e))),
    };
    s.insert("exists", true);
    s.insert("path", path);
    basics(&mut s, path, &meta);
    if let Ok(target) = fs::read_link(path) {
        if meta.file_type().is_symlink() {
            s.insert("lnk_source", crate::paths::realpath(path));
            s.insert("lnk_target", target.to_string_lossy().into_owned());
        }
    }
    s.insert("pw_name", users::user_by_id(meta.uid()).map(|u| u.name));
    s.insert("gr_name", users::group_by_id(meta.gid()).map(|g| g.name));
    for k in ["pw_name", "gr_name"] {
        if s.get(k).is_some_and(Value::is_null) {
            s.remove(k);
        }
    }
    if meta.is_file() && args.get_checksum && readable(path) && ALGORITHMS.contains(&args.checksum_algorithm.as_str()) {
        if let Ok(c) = hash_file(path, &args.checksum_algorithm) {
            s.insert("checksum", c);
        }
    }
    if args.get_mime {
        let (kind, charset) = mime(ctx, path);
        s.insert("mimetype", kind);
        s.insert("charset", charset);
    }
    if args.get_attributes {
        let a = ctx.file_attributes(path);
        if let Some(v) = &a.version {
            s.insert("version", v.as_str());
        }
        s.insert("attributes", Value::list(a.flags.chars().filter_map(attribute).map(Value::from).collect()));
        s.insert("attr_flags", a.flags);
    }
    if args.get_selinux_context {
        let context = match selinux::context(Path::new(path)) {
            Some(c) => c.into_iter().map(Value::from).collect(),
            None => vec![Value::Null; 3],
        };
        s.insert("selinux_context", Value::list(context));
    }
    Ok(Outcome::ok().with("stat", Value::dict(s)))
}

fn basics(s: &mut Dict, path: &str, m: &Metadata) {
    let mode = m.mode();
    let t = m.file_type();
    s.insert("mode", format!("{:04o}", mode & 0o7777));
    s.insert("isdir", t.is_dir());
    s.insert("ischr", t.is_char_device());
    s.insert("isblk", t.is_block_device());
    s.insert("isreg", t.is_file());
    s.insert("isfifo", t.is_fifo());
    s.insert("islnk", t.is_symlink());
    s.insert("issock", t.is_socket());
    s.insert("uid", m.uid() as i64);
    s.insert("gid", m.gid() as i64);
    s.insert("size", m.size() as i64);
    s.insert("inode", m.ino() as i64);
    s.insert("dev", m.dev() as i64);
    s.insert("nlink", m.nlink() as i64);
    let time = |secs: i64, nanos: i64| secs as f64 + nanos as f64 * 1e-9;
    s.insert("atime", time(m.atime(), m.atime_nsec()));
    s.insert("mtime", time(m.mtime(), m.mtime_nsec()));
    s.insert("ctime", time(m.ctime(), m.ctime_nsec()));
    for (i, who) in ["usr", "grp", "oth"].iter().enumerate() {
        let bits = mode >> (6 - 3 * i);
        for (letter, bit) in [("w", 2), ("r", 4), ("x", 1)] {
            s.insert(format!("{letter}{who}"), bits & bit != 0);
        }
    }
    s.insert("isuid", mode & 0o4000 != 0);
    s.insert("isgid", mode & 0o2000 != 0);
    s.insert("blocks", m.blocks() as i64);
    s.insert("disk_usage_bytes", m.blocks() as i64 * 512);
    s.insert("block_size", m.blksize() as i64);
    s.insert("device_type", m.rdev() as i64);
    s.insert("readable", readable(path));
    s.insert("writeable", writable(path));
    s.insert("executable", rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok());
}

/// MIME type and character set, as `file` says; `unknown` where there is no `file`.
fn mime(ctx: &Ctx, path: &str) -> (String, String) {
    let unknown = || ("unknown".to_string(), "unknown".to_string());
    let Some(file) = ctx.find_program("file") else { return unknown() };
    let Ok(o) = ctx.command([file.as_os_str()]).args(["--mime-type", "--mime-encoding", path]).c_locale().run() else { return unknown() };
    let text = o.out();
    let Some((_, rest)) = text.trim_end().rsplit_once(':').filter(|_| o.rc == 0) else { return unknown() };
    match rest.split_once(';') {
        Some((kind, charset)) => {
            (kind.trim().to_string(), charset.split_once('=').map_or("unknown", |(_, c)| c.trim()).to_string())
        }
        None => unknown(),
    }
}

/// The word for a letter of `lsattr`.
fn attribute(letter: char) -> Option<&'static str> {
    Some(match letter {
        'A' => "noatime",
        'a' => "append",
        'c' => "compressed",
        'C' => "nocow",
        'd' => "nodump",
        'D' => "dirsync",
        'e' => "extents",
        'E' => "encrypted",
        'h' => "blocksize",
        'i' => "immutable",
        'I' => "indexed",
        'j' => "journalled",
        'N' => "inline",
        's' => "zero",
        'S' => "synchronous",
        't' => "notail",
        'T' => "blockroot",
        'u' => "undelete",
        'X' => "compressedraw",
        'Z' => "compresseddirty",
        _ => return None,
    })
}
