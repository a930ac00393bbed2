//! Finds files by name, age, size, type, mode and content.

use crate::hash::hash_file;
use crate::mode::Mode;
use crate::paths::{basename, join, normpath};
use crate::pyre;
use crate::{Ctx, Dict, Failure, Module, Outcome, Params, PathArg, Scope, Support, Value, params, users};
use fancy_regex::Regex;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

params! {
    /// Options of `find`.
    pub struct Args {
        /// The folders to look in.
        paths: Vec<PathArg> => required(), aliases(&["name", "path"]);
        /// What names must match: shell patterns, or regular expressions with `use_regex`.
        patterns: Vec<String> => default(""), aliases(&["pattern"]);
        /// What names must not match.
        excludes: Option<Vec<String>> => aliases(&["exclude"]);
        /// A regular expression that a line must match (from its beginning); for files.
        contains: Option<String>;
        /// Whether `contains` looks at the whole file.
        read_whole_file: bool => default("no");
        /// What to look for.
        file_type: String => default("file"), choices(&["any", "directory", "file", "link"]);
        /// Only what is at least this old (`2d`, `1w`, `3600`); with a minus sign: at most.
        age: Option<String>;
        /// Which time counts as the age.
        age_stamp: String => default("mtime"), choices(&["atime", "ctime", "mtime"]);
        /// Only what is at least this big (`10m`, `1g`); with a minus sign: at most.
        size: Option<String>;
        /// Whether to look into folders below.
        recurse: bool => default("no");
        /// Whether names that begin with a dot count.
        hidden: bool => default("no");
        /// Whether to follow links to folders.
        follow: bool => default("no");
        /// Whether to compute checksums.
        get_checksum: bool => default("no");
        /// The checksums' algorithm.
        checksum_algorithm: String => default("sha1"), choices(&["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]),
            aliases(&["checksum", "checksum_algo"]);
        /// Whether patterns are regular expressions.
        use_regex: bool => default("no");
        /// How deep to look.
        depth: Option<i64>;
        /// Only what has this mode.
        mode: Option<Value>;
        /// Whether the mode must be equal; else one common bit is enough.
        exact_mode: bool => default("yes");
        /// The encoding of what `contains` reads.
        encoding: Option<String>;
        /// How many to find at most.
        limit: Option<i64>;
    }
}

const EXAMPLES: &str = "
- name: Old logs
  ansible.builtin.find:
    paths: /var/log
    patterns: '*.log,*.gz'
    age: 4w
    size: 1m
    recurse: true
  register: logs
";

pub static MODULE: Module = Module {
    check: Support::Full,
    scope: Scope::Looks,
    ..Module::new::<Args>("ansible.builtin.find", "Finds files", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

struct Filter {
    patterns: Vec<Regex>,
    excludes: Vec<Regex>,
    age: Option<i64>,
    size: Option<i64>,
    contains: Option<Regex>,
    mode: Option<Mode>,
    now: f64,
}

fn run(ctx: &mut Ctx, args: Args) -> Result<Outcome, Failure> {
    let defaults = [if args.use_regex { ".*" } else { "*" }.to_string()];
    let patterns: &[String] = if args.patterns.is_empty() { &defaults } else { &args.patterns };
    let names = |list: &[String], option| -> Result<Vec<Regex>, Failure> {
        list.iter().map(|p| if args.use_regex { pyre::compile(&format!("\\A(?:{p})"), "", option) } else { glob(p) }).collect()
    };
    let filter = Filter {
        patterns: names(patterns, "patterns")?,
        excludes: names(args.excludes.as_deref().unwrap_or_default(), "excludes")?,
        age: amount(args.age.as_deref(), "age", &[("s", 1), ("m", 60), ("h", 3600), ("d", 86400), ("w", 604_800)])?,
        size: amount(args.size.as_deref(), "size", &[("b", 1), ("k", 1 << 10), ("m", 1 << 20), ("g", 1 << 30), ("t", 1 << 40)])?,
        contains: match &args.contains {
            Some(c) if args.read_whole_file => Some(pyre::compile(c, "", "contains")?),
            Some(c) => Some(pyre::compile(&format!("\\A(?:{c})"), "", "contains")?),
            None => None,
        },
        mode: args.mode.as_ref().and_then(Mode::from_value),
        now: crate::times::now(),
    };
    let mut found = Found { files: Vec::new(), examined: 0, limit: args.limit.filter(|l| *l > 0).map(|l| l as usize) };
    let mut skipped = Dict::new();
    let mut full = false;
    for p in &args.paths {
        if full {
            break;
        }
        let folder = normpath(p);
        if !Path::new(&folder).is_dir() {
            skipped.insert(folder.as_str(), format!("'{folder}' is not a directory"));
            ctx.warn(format!("Skipped '{p}' path due to this access issue: '{folder}' is not a directory\n"));
            continue;
        }
        full = walk(&args, &filter, &folder, 1, &mut found, &mut skipped)?;
    }
    let msg = if full {
        "Limit of matches reached".into()
    } else if skipped.is_empty() {
        "All paths examined".into()
    } else {
        "Not all paths examined, check warnings for details".to_string()
    };
    let matched = found.files.len() as i64;
    Ok(Outcome::ok()
        .with("files", Value::list(found.files))
        .with("matched", matched)
        .with("examined", found.examined)
        .with("msg", msg)
        .with("skipped_paths", Value::dict(skipped)))
}

struct Found {
    files: Vec<Value>,
    examined: i64,
    limit: Option<usize>,
}

/// Looks at one folder's entries, files first, then into those below. True where the limit is reached.
fn walk(args: &Args, filter: &Filter, folder: &str, depth: i64, found: &mut Found, skipped: &mut Dict) -> Result<bool, Failure> {
    let entries: Vec<_> = match fs::read_dir(folder) {
        Ok(r) => r.flatten().collect(),
        Err(e) => {
            skipped.insert(folder, crate::errors::py_errno(&e));
            return Ok(false);
        }
    };
    let path = |e: &fs::DirEntry| join(folder, &e.file_name().to_string_lossy());
    let (folders, files): (Vec<_>, Vec<_>) = entries.iter().map(path).partition(|p| Path::new(p).is_dir());
    found.examined += entries.len() as i64;
    let too_deep = args.depth.is_some_and(|d| d > 0 && depth > d);
    if !too_deep {
        for p in files.iter().chain(&folders) {
            if !args.hidden && basename(p).starts_with('.') {
                continue;
            }
            let Ok(m) = fs::symlink_metadata(p) else { continue };
            if wanted(args, filter, p, &m)? {
                found.files.push(describe(args, p, &m));
                if found.limit == Some(found.files.len()) {
                    return Ok(true);
                }
            }
        }
    }
    if args.recurse && !too_deep {
        for p in &folders {
            if (args.follow || !crate::paths::is_link(p)) && walk(args, filter, p, depth + 1, found, skipped)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn wanted(args: &Args, f: &Filter, path: &str, m: &Metadata) -> Result<bool, Failure> {
    let t = m.file_type();
    let kind = match args.file_type.as_str() {
        "any" => true,
        "directory" => t.is_dir(),
        "link" => t.is_symlink(),
        _ => t.is_file(),
    };
    let name = basename(path);
    let is = |re: &Regex| re.is_match(name).unwrap_or(false);
    if !kind || !f.patterns.iter().any(is) || f.excludes.iter().any(is) {
        return Ok(false);
    }
    if let Some(age) = f.age {
        let stamp = match args.age_stamp.as_str() {
            "atime" => m.atime() as f64,
            "ctime" => m.ctime() as f64,
            _ => m.mtime() as f64 + m.mtime_nsec() as f64 / 1e9,
        };
        let old = f.now - stamp;
        if if age >= 0 { old < age as f64 } else { old > -age as f64 } {
            return Ok(false);
        }
    }
    if let Some(mode) = &f.mode {
        let bits = m.mode() & 0o7777;
        let want = mode.resolve(0, m.is_dir()).map_err(|_| Failure::new("mode must be in octal or symbolic form"))?;
        if if args.exact_mode { bits != want } else { bits & want == 0 } {
            return Ok(false);
        }
    }
    if t.is_file() && matches!(args.file_type.as_str(), "file" | "any") {
        if let Some(size) = f.size {
            let len = m.len() as i64;
            if if size >= 0 { len < size } else { len > -size } {
                return Ok(false);
            }
        }
    }
    if let (Some(re), "file") = (&f.contains, args.file_type.as_str()) {
        return Ok(contains(args, re, path));
    }
    Ok(true)
}

fn contains(args: &Args, re: &Regex, path: &str) -> bool {
    let Ok(data) = fs::read(path) else { return false };
    let Ok(text) = pyre::decode_as(&data, args.encoding.as_deref().unwrap_or("utf-8")) else { return false };
    if args.read_whole_file {
        return re.is_match(&text).unwrap_or(false);
    }
    text.split_inclusive('\n').any(|l| re.is_match(l).unwrap_or(false))
}

fn describe(args: &Args, path: &str, m: &Metadata) -> Value {
    let mut d = Dict::new();
    let mode = m.mode();
    let t = m.file_type();
    use std::os::unix::fs::FileTypeExt;
    d.insert("path", path);
    d.insert("mode", format!("{:04o}", mode & 0o7777));
    d.insert("isdir", t.is_dir());
    d.insert("ischr", t.is_char_device());
    d.insert("isblk", t.is_block_device());
    d.insert("isreg", t.is_file());
    d.insert("isfifo", t.is_fifo());
    d.insert("islnk", t.is_symlink());
    d.insert("issock", t.is_socket());
    d.insert("uid", m.uid() as i64);
    d.insert("gid", m.gid() as i64);
    d.insert("size", m.len() as i64);
    d.insert("inode", m.ino() as i64);
    d.insert("dev", m.dev() as i64);
    d.insert("nlink", m.nlink() as i64);
    d.insert("atime", m.atime() as f64 + m.atime_nsec() as f64 * 1e-9);
    d.insert("mtime", m.mtime() as f64 + m.mtime_nsec() as f64 * 1e-9);
    d.insert("ctime", m.ctime() as f64 + m.ctime_nsec() as f64 * 1e-9);
    d.insert("blocks", m.blocks() as i64);
    d.insert("disk_usage_bytes", m.blocks() as i64 * 512);
    d.insert("gr_name", users::group_by_id(m.gid()).map_or(String::new(), |g| g.name));
    d.insert("pw_name", users::user_by_id(m.uid()).map_or(String::new(), |u| u.name));
    for (i, who) in ["usr", "grp", "oth"].iter().enumerate() {
        for (letter, bit) in [("w", 2), ("r", 4), ("x", 1)] {
            d.insert(format!("{letter}{who}"), (mode >> (6 - 3 * i)) & bit != 0);
        }
    }
    d.insert("isuid", mode & 0o4000 != 0);
    d.insert("isgid", mode & 0o2000 != 0);
    if args.get_checksum && t.is_file() {
        d.insert("checksum", hash_file(path, &args.checksum_algorithm).ok());
    }
    Value::dict(d)
}

/// `3d`, `-10m`: a number with a unit.
fn amount(text: Option<&str>, what: &str, units: &[(&str, i64)]) -> Result<Option<i64>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let bad = || Failure::new(format!("failed to process {what}")).with(what, text);
    let lower = text.to_lowercase();
    let digits = lower.strip_prefix('-').unwrap_or(&lower);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let n: i64 = digits[..end].parse().map_err(|_| bad())?;
    let unit = match &digits[end..] {
        "" => 1,
        u => units.iter().find(|(name, _)| *name == u).ok_or_else(bad)?.1,
    };
    let sign = if lower.starts_with('-') { -1 } else { 1 };
    Ok(Some(sign * n * unit))
}

/// A shell pattern as a regular expression: `*`, `?`, `[…]`, `[!…]`.
fn glob(pattern: &str) -> Result<Regex, Failure> {
    let mut re = String::from("(?s)\\A");
    let chars: Vec<char> = pattern.chars().collect();
    let mut i = 0;
    while i < chars.len() {
        match chars[i] {
            '*' => re.push_str(".*"),
            '?' => re.push('.'),
            '[' => {
                let mut j = i + 1;
                if chars.get(j) == Some(&'!') {
                    j += 1;
                }
                if chars.get(j) == Some(&']') {
                    j += 1;
                }
                while j < chars.len() && chars[j] != ']' {
                    j += 1;
                }
                if j >= chars.len() {
                    re.push_str("\\[");
                } else {
                    let mut set: String = chars[i + 1..j].iter().collect::<String>().replace('\\', "\\\\").replace('[', "\\[").replace("&&", "&\\&");
                    if let Some(rest) = set.strip_prefix('!') {
                        set = format!("^{rest}");
                    }
                    re.push_str(&format!("[{set}]"));
                    i = j;
                }
            }
            c => re.push_str(&fancy_regex::escape(&c.to_string())),
        }
        i += 1;
    }
    re.push_str("\\z");
    Regex::new(&re).map_err(|e| Failure::new(format!("Invalid pattern {pattern}: {e}")))
}
