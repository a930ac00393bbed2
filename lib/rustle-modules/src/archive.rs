//! Archives as `unarchive` deals with them: one kind by `tar` (with whatever compresses it), one by `unzip`. Each can
//! say what is inside, whether all of that is in place, and put it there.
//!
//! Needs GNU tar, or unzip, on the host.

use crate::errors::py_oserror;
use crate::zip::{self, Member};
use crate::{Cmd, Ctx, Failure, FileArgs, Output, PathArg, Value};
use rustle_facts::fnmatch;
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;

/// What a user wants from an archive.
pub struct Wish<'a> {
    pub src: &'a str,
    pub dest: &'a str,
    pub include: &'a [String],
    pub exclude: &'a [String],
    pub extra_opts: &'a [String],
    pub keep_newer: bool,
    pub file: &'a FileArgs,
}

/// An archive that can be dealt with.
pub enum Archive {
    Tar { program: String, kind: Kind, files: Vec<String> },
    Zip { program: String, members: Vec<Member>, keep: Vec<String> },
}

/// How a tar archive is compressed.
#[derive(Clone, Copy)]
pub enum Kind {
    Gzip,
    Bzip2,
    Xz,
    Zstd,
    Plain,
}

impl Kind {
    fn option(self) -> Option<&'static str> {
        match self {
            Kind::Gzip => Some("-z"),
            Kind::Bzip2 => Some("-j"),
            Kind::Xz => Some("-J"),
            Kind::Zstd => Some("--use-compress-program=zstd"),
            Kind::Plain => None,
        }
    }
    fn of(start: &[u8]) -> Kind {
        match start {
            [0x1f, 0x8b, ..] => Kind::Gzip,
            [b'B', b'Z', b'h', ..] => Kind::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', ..] => Kind::Xz,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Kind::Zstd,
            _ => Kind::Plain,
        }
    }
}

/// A command whose messages are English and whose names may be anything.
fn plain_language(c: Cmd) -> Cmd {
    c.env("LANG", "C.UTF-8").env("LC_ALL", "C.UTF-8").env("LC_MESSAGES", "C.UTF-8").env_remove("LANGUAGE")
}

/// A command's words and output, as results show them.
pub fn shown(words: &[String], o: &Output) -> Value {
    Value::dict(
        [("cmd", Value::from(words.to_vec())), ("rc", Value::from(i64::from(o.rc))), ("out", o.out().into()), ("err", o.err().into())].into_iter().collect(),
    )
}

impl Archive {
    /// Looks at the archive. The error tells of every kind that was tried.
    pub fn open(ctx: &Ctx, wish: &Wish<'_>) -> Result<Archive, Failure> {
        let mut start = Vec::new();
        let _ = fs::File::open(wish.src).map_err(|e| Failure::os(&e, wish.src))?.take(8).read_to_end(&mut start);
        let zipped = start.starts_with(b"PK");
        let (first, second) = if zipped { (open_zip(ctx, wish), None) } else { (open_tar(ctx, wish, Kind::of(&start)), Some(())) };
        let mut reasons = Vec::new();
        match first {
            Ok(a) => return Ok(a),
            Err(why) => reasons.push(why),
        }
        match second.map_or_else(|| open_tar(ctx, wish, Kind::Plain), |()| open_zip(ctx, wish)) {
            Ok(a) => return Ok(a),
            Err(why) => reasons.push(why),
        }
        Err(Failure::new(format!(
            "Failed to find handler for \"{}\". Make sure the required command to extract the file is installed.\n{}",
            wish.src,
            reasons.join("\n")
        )))
    }

    /// The name that Ansible has for this kind.
    pub fn handler(&self) -> &'static str {
        match self {
            Archive::Zip { .. } => "ZipArchive",
            Archive::Tar { kind: Kind::Gzip, .. } => "TgzArchive",
            Archive::Tar { kind: Kind::Bzip2, .. } => "TarBzipArchive",
            Archive::Tar { kind: Kind::Xz, .. } => "TarXzArchive",
            Archive::Tar { kind: Kind::Zstd, .. } => "TarZstdArchive",
            Archive::Tar { kind: Kind::Plain, .. } => "TarArchive",
        }
    }

    /// What is wanted of what is inside.
    pub fn files(&self, wish: &Wish<'_>) -> Vec<String> {
        match self {
            Archive::Tar { files, .. } => files.clone(),
            Archive::Zip { members, .. } => members.iter().map(|m| m.name.clone()).filter(|n| wanted(wish, n)).collect(),
        }
    }

    /// What is not in place as the archive has it, line by line; empty where all is. Files that are to be kept
    /// because they are newer are noted for [`Archive::extract`].
    pub fn differences(&mut self, ctx: &Ctx, wish: &Wish<'_>) -> Result<String, Failure> {
        match self {
            Archive::Tar { program, kind, .. } => tar_differences(ctx, wish, program, *kind),
            Archive::Zip { members, keep, .. } => {
                let times = local_times(ctx, members);
                let mut text = String::new();
                for (m, time) in members.iter().zip(times) {
                    if !wanted(wish, &m.name) {
                        continue;
                    }
                    match compare(wish, m, time)? {
                        State::Same => {}
                        State::Newer => keep.push(m.name.clone()),
                        State::Differs(how) => text.push_str(&format!("{how} {}\n", m.name)),
                    }
                }
                Ok(text)
            }
        }
    }

    /// Puts it in place; the command and what it said.
    pub fn extract(&self, ctx: &Ctx, wish: &Wish<'_>) -> Result<(Vec<String>, Output), Failure> {
        let words = match self {
            Archive::Tar { program, kind, .. } => {
                let mut w = tar_words(wish, program, *kind, "--extract");
                let at = w.iter().position(|x| x == "-f").unwrap_or(w.len());
                let mut more = Vec::new();
                more.extend(wish.file.owner.iter().map(|o| format!("--owner={o}")));
                more.extend(wish.file.group.iter().map(|g| format!("--group={g}")));
                if wish.keep_newer {
                    more.push("--keep-newer-files".into());
                }
                w.splice(at..at, more);
                w
            }
            Archive::Zip { program, keep, .. } => {
                let mut w = vec![program.clone(), "-o".into()];
                w.extend(wish.extra_opts.iter().cloned());
                w.push(wish.src.into());
                w.extend(wish.include.iter().cloned());
                let skip: Vec<String> = wish.exclude.iter().cloned().chain(keep.iter().map(|k| literal(k))).collect();
                if !skip.is_empty() {
                    w.push("-x".into());
                    w.extend(skip);
                }
                w.extend(["-d".into(), wish.dest.into()]);
                w
            }
        };
        let o = plain_language(ctx.command(&words)).run()?;
        Ok((words, o))
    }
}

fn wanted(wish: &Wish<'_>, name: &str) -> bool {
    let any = |patterns: &[String]| patterns.iter().any(|p| fnmatch(name, p));
    !any(wish.exclude) && (wish.include.is_empty() || any(wish.include))
}

/// A name as a pattern that only matches itself.
fn literal(name: &str) -> String {
    name.chars().map(|c| if "*?[".contains(c) { format!("[{c}]") } else { c.to_string() }).collect()
}

fn tar_words(wish: &Wish<'_>, program: &str, kind: Kind, what: &str) -> Vec<String> {
    let mut w: Vec<String> = vec![program.into(), what.into(), "-C".into(), wish.dest.into()];
    w.extend(kind.option().map(String::from));
    if what == "--list" && !wish.extra_opts.is_empty() {
        w.push("--show-transformed-names".into());
    }
    w.extend(wish.extra_opts.iter().cloned());
    w.extend(wish.exclude.iter().map(|e| format!("--exclude={e}")));
    w.extend(["-f".into(), wish.src.into()]);
    w.extend(wish.include.iter().cloned());
    w
}

fn open_tar(ctx: &Ctx, wish: &Wish<'_>, kind: Kind) -> Result<Archive, String> {
    let Some(program) = ctx.find_program("gtar").or_else(|| ctx.find_program("tar")) else {
        return Err("Unable to find required 'gtar' or 'tar' binary in the path".into());
    };
    let program = program.to_string_lossy().into_owned();
    let version = plain_language(ctx.command([&program, "--version"])).run().map_err(|f| f.msg)?.out();
    if !version.contains("GNU tar") {
        let word = version.split_whitespace().next().unwrap_or("unknown").to_owned();
        return Err(format!("Command \"{program}\" detected as tar type {word}. GNU tar required."));
    }
    let o = plain_language(ctx.command(tar_words(wish, &program, kind, "--list"))).run().map_err(|f| f.msg)?;
    if o.rc != 0 {
        return Err(format!("Command \"{program}\" could not handle archive: Unable to list files in the archive: {}", o.err()));
    }
    let files: Vec<String> = o.out().lines().map(|l| unescape(l).trim_start_matches('/').to_owned()).collect();
    if files.is_empty() && !o.out().is_empty() {
        return Err(format!("Command \"{program}\" found no files in archive. Empty archive files are not supported."));
    }
    Ok(Archive::Tar { program, kind, files })
}

/// Undoes the escapes of tar's listing (`\n`, `\303`).
fn unescape(line: &str) -> String {
    let b = line.as_bytes();
    let (mut out, mut i) = (Vec::with_capacity(b.len()), 0);
    while i < b.len() {
        let octal = b.get(i + 1..i + 4).filter(|d| b[i] == b'\\' && d.iter().all(|c| (b'0'..b'8').contains(c)));
        match (b[i], octal, b.get(i + 1)) {
            (_, Some(d), _) => {
                out.push((u32::from(d[0] - b'0') << 6 | u32::from(d[1] - b'0') << 3 | u32::from(d[2] - b'0')) as u8);
                i += 4;
            }
            (b'\\', None, Some(c)) => {
                out.push(match c {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    c => *c,
                });
                i += 2;
            }
            (c, ..) => {
                out.push(c);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What `tar --diff` finds, without what does not count: owners where an owner is wished for or we could not give one
/// anyway, modes where a mode is wished for.
fn tar_differences(ctx: &Ctx, wish: &Wish<'_>, program: &str, kind: Kind) -> Result<String, Failure> {
    let o = plain_language(ctx.command(tar_words(wish, program, kind, "--diff"))).run()?;
    let root = rustix::process::geteuid().is_root();
    let counts = |line: &&str| {
        let says = |what: &str| line.ends_with(what);
        if says(": Uid differs") {
            root && wish.file.owner.is_none()
        } else if says(": Gid differs") {
            root && wish.file.group.is_none()
        } else if says(": Mode differs") {
            wish.file.mode.is_none()
        } else if says(": : Warning: Cannot stat: No such file or directory") {
            // A folder of which `--strip-components` leaves no name.
            false
        } else {
            // The rest are differences, things that are missing, and remarks.
            line.contains(" differ") || line.contains("Not linked to") || line.contains("Warning: Cannot ") || line.contains(": Cannot ")
        }
    };
    let text = format!("{}{}", o.out(), o.err());
    Ok(text.lines().filter(counts).map(|l| format!("{l}\n")).collect())
}

fn open_zip(ctx: &Ctx, wish: &Wish<'_>) -> Result<Archive, String> {
    let Some(program) = ctx.find_program("unzip") else {
        return Err("Unable to find required 'unzip' or 'zipinfo' binary in the path.".into());
    };
    let program = program.to_string_lossy().into_owned();
    match zip::members(wish.src) {
        Ok(members) => Ok(Archive::Zip { program, members, keep: Vec::new() }),
        Err(e) if e.kind() == std::io::ErrorKind::InvalidData => {
            let o = plain_language(ctx.command([&program, "-l", wish.src])).run().map_err(|f| f.msg)?;
            Err(format!("Command \"{program}\" could not handle archive: {}", o.err()))
        }
        Err(e) => Err(format!("Command \"{program}\" could not handle archive: {}", py_oserror(&e, wish.src))),
    }
}

/// When each member was modified, in seconds since 1970; by the task's time zone where the archive has local time.
fn local_times(ctx: &Ctx, members: &[Member]) -> Vec<Option<i64>> {
    let text = |m: &Member| {
        let [y, mo, d, h, mi, s] = m.local;
        format!("{y:04}-{mo:02}-{d:02} {h:02}:{mi:02}:{s:02}")
    };
    // Another time zone than this process's needs another process.
    let zone = ctx.environment.iter().any(|(k, _)| k == "TZ") && members.iter().any(|m| m.modified.is_none());
    let asked: Option<Vec<i64>> = zone.then(|| {
        let input: String = members.iter().map(|m| text(m) + "\n").collect();
        let o = ctx.command(["date", "-f", "-", "+%s"]).stdin(input).run().ok()?;
        let times: Vec<i64> = o.out().lines().filter_map(|l| l.parse().ok()).collect();
        (times.len() == members.len()).then_some(times)
    }).flatten();
    let one = |(i, m): (usize, &Member)| {
        m.modified.or_else(|| asked.as_ref().map(|a| a[i])).or_else(|| crate::times::parse_local(&text(m), "%Y-%m-%d %H:%M:%S"))
    };
    members.iter().enumerate().map(one).collect()
}

enum State {
    Same,
    /// The file on the host is newer and shall stay.
    Newer,
    /// Letters as `rsync --itemize-changes` has them.
    Differs(String),
}

fn compare(wish: &Wish<'_>, m: &Member, time: Option<i64>) -> Result<State, Failure> {
    let path = crate::paths::join(wish.dest, &m.name);
    let path = path.trim_end_matches('/');
    let kind = if m.is_dir() { 'd' } else if m.is_link() { 'L' } else { 'f' };
    let Ok(there) = fs::symlink_metadata(path) else { return Ok(State::Differs(format!(">{kind}++++++.??"))) };
    let same_kind = match kind {
        'd' => there.is_dir(),
        'L' => there.is_symlink(),
        _ => there.is_file(),
    };
    if !same_kind {
        return Ok(State::Differs(format!("c{kind}++++++.??")));
    }
    let mut how: Vec<u8> = format!(".{kind}.......??").into_bytes();
    let mut differs = false;
    let mut mark = |at: usize, letter: u8| {
        how[at] = letter;
        differs = true;
    };
    if kind == 'f' {
        // Archives have local time to two seconds.
        let close = if m.modified.is_some() { 1 } else { 2 };
        let age = time.map(|t| there.mtime() - t);
        if age.is_some_and(|a| a > close) && wish.keep_newer {
            return Ok(State::Newer);
        }
        if there.len() != m.size {
            mark(3, b's');
        }
        if age.is_some_and(|a| a.abs() > close) {
            mark(4, b't');
        }
        if there.len() == m.size && crc(path)? != m.crc {
            mark(2, b'c');
        }
    }
    if kind != 'L' && wish.file.mode.is_none() {
        let mask = crate::mode::umask();
        let want = match (m.mode, kind, m.read_only) {
            (Some(mode), ..) => mode & 0o777,
            (None, 'd', _) => 0o777 & !mask,
            (None, _, true) => 0o444 & !mask,
            (None, _, false) => 0o666 & !mask,
        };
        if there.mode() & 0o777 != want {
            mark(5, b'p');
        }
    }
    if !differs {
        return Ok(State::Same);
    }
    if how[2] != b'.' || how[3] != b'.' {
        how[0] = b'>';
    }
    Ok(State::Differs(String::from_utf8_lossy(&how).into_owned()))
}

fn crc(path: &str) -> Result<u32, Failure> {
    let mut file = fs::File::open(path).map_err(|e| Failure::os(&e, path))?;
    let mut crc = flate2::Crc::new();
    let mut buffer = vec![0; 65_536];
    loop {
        match file.read(&mut buffer).map_err(|e| Failure::os(&e, path))? {
            0 => return Ok(crc.sum()),
            n => crc.update(&buffer[..n]),
        }
    }
}

/// `path` from the root, as commands that change their folder need it.
pub fn absolute(path: &PathArg) -> String {
    std::path::absolute(&**path).map_or_else(|_| path.0.clone(), |p| p.to_string_lossy().into_owned())
}
