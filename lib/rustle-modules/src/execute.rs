//! What `command`, `shell` and `script` share: skipping by `creates`/`removes`, running, timing, the result's shape.

use crate::convert::expand_path;
use crate::{Cmd, Ctx, Failure, Outcome, Value, command, params};
use rustle_value::Dict;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

params! {
    /// Options of `command` and `shell`.
    pub struct ExecArgs {
        /// The command line, as free text.
        _raw_params: Option<String> => internal();
        _uses_shell: bool => default("no"), internal();
        /// The command line.
        cmd: Option<String>;
        /// The command as a list of words.
        argv: Option<Vec<String>>;
        /// The folder in which to run it.
        chdir: Option<crate::PathArg>;
        /// The shell to use.
        executable: Option<String>;
        /// Whether `$VAR` and `~` in the words are expanded (without a shell).
        expand_argument_vars: bool => default("yes");
        /// A file or pattern: where it is there, the command does not run.
        creates: Option<crate::PathArg>;
        /// A file or pattern: where it is not there, the command does not run.
        removes: Option<crate::PathArg>;
        /// Text for the command's standard input.
        stdin: Option<String>;
        /// Whether a line end is added to that text.
        stdin_add_newline: bool => default("yes");
        /// Whether line ends at the end of the output are removed.
        strip_empty_ends: bool => default("yes");
    }
}

/// What is run, for the result's `cmd`.
enum What {
    Line(String),
    Words(Vec<String>),
}

impl What {
    fn value(&self) -> Value {
        match self {
            What::Line(l) => Value::from(l.as_str()),
            What::Words(w) => Value::from(w.clone()),
        }
    }
}

/// Runs the command that the options name; `shell`: through a shell.
pub fn execute(ctx: &mut Ctx, a: &ExecArgs, shell: bool) -> Result<Outcome, Failure> {
    let mut r = Dict::new();
    for (key, value) in [
        ("changed", Value::Bool(false)), ("stdout", "".into()), ("stderr", "".into()), ("rc", Value::Null),
        ("cmd", Value::Null), ("start", Value::Null), ("end", Value::Null), ("delta", Value::Null), ("msg", "".into()),
    ] {
        r.insert(key, value);
    }
    if !shell && a.executable.is_some() {
        ctx.warn(format!(
            "As of Ansible 2.4, the parameter 'executable' is no longer supported with the 'command' module. Not using '{}'.",
            a.executable.as_deref().unwrap_or_default()
        ));
    }
    let given: Vec<&str> = [("_raw_params", a._raw_params.is_some()), ("cmd", a.cmd.is_some()), ("argv", a.argv.is_some())]
        .into_iter()
        .filter_map(|(n, there)| there.then_some(n))
        .collect();
    match given.len() {
        0 => return Err(Failure::new("one of the following is required: _raw_params, cmd, argv")),
        1 => {}
        _ => return Err(Failure::new("parameters are mutually exclusive: _raw_params|cmd|argv")),
    }
    let line = a._raw_params.clone().or_else(|| a.cmd.clone()).unwrap_or_default();
    let argv = a.argv.clone().unwrap_or_default();
    let fail = |r: Dict, msg: &str| Err(Failure { msg: msg.into(), result: r });
    if shell && line.is_empty() && argv.is_empty() {
        return Err(Failure::new("Argument 'args' to run_command must be list or string").with("rc", 257).with("cmd", ""));
    }
    if line.trim().is_empty() && argv.is_empty() {
        r.insert("rc", 256);
        return fail(r, "no command given");
    }
    let what = if shell {
        What::Line(if argv.is_empty() { line } else { argv.join(" ") })
    } else if argv.is_empty() {
        match command::split(&line) {
            Ok(words) => What::Words(words),
            Err(e) => return Err(Failure::broke_off(e)),
        }
    } else {
        What::Words(argv)
    };
    r.insert("cmd", what.value());
    let folder = match &a.chdir {
        None => None,
        Some(d) => {
            let d = crate::convert::expand_path(d, ctx);
            if let Err(e) = std::fs::read_dir(&d) {
                r.remove("rc");
                let _ = e;
                return fail(r, "Unable to change directory before execution.");
            }
            Some(d)
        }
    };
    let there = |pattern: &str| exists(pattern, folder.as_deref());
    let mut mine_to_say = false;
    if let Some(p) = &a.creates {
        if there(p) {
            return skip(ctx, r, p, true);
        }
        mine_to_say = true;
    }
    if let Some(p) = &a.removes {
        if !there(p) {
            return skip(ctx, r, p, false);
        }
        mine_to_say = true;
    }
    r.insert("changed", true);
    if ctx.check_mode {
        r.insert("rc", 0);
        r.insert("msg", "Command would have run if not in check mode");
        if !mine_to_say {
            r.insert("skipped", true);
            // Without `creates` or `removes` nobody can tell what the command would do.
            r.insert("changed", false);
        }
        return Ok(r.into());
    }
    let mut cmd = match &what {
        What::Line(l) => ctx.command([a.executable.as_deref().unwrap_or("/bin/sh"), "-c", l]),
        What::Words(w) if a.expand_argument_vars => {
            let words: Vec<String> = w.iter().map(|x| expand_path(x, ctx)).collect();
            ctx.command(words)
        }
        What::Words(w) => ctx.command(w),
    };
    if let Some(d) = folder {
        // As after a change of folder by the process itself: links are resolved.
        cmd = cmd.env("PWD", crate::paths::realpath(&d)).cwd(d);
    }
    if let Some(text) = &a.stdin {
        let mut text = text.clone();
        if a.stdin_add_newline {
            text.push('\n');
        }
        cmd = cmd.stdin(text);
    }
    let (out, times) = timed(cmd);
    let out = match out {
        Ok(o) => o,
        Err(f) => {
            for key in ["start", "end", "delta"] {
                r.remove(key);
            }
            for key in ["rc", "stdout", "stderr", "_causes"] {
                if let Some(v) = f.result.get(key) {
                    r.insert(key, v.clone());
                }
            }
            r.insert("changed", false);
            if let What::Words(w) = &what {
                r.insert("cmd", command::join(w));
            }
            return fail(r, &f.msg);
        }
    };
    let text = |bytes: &[u8]| {
        let t = String::from_utf8_lossy(bytes).into_owned();
        if a.strip_empty_ends { t.trim_end_matches(['\r', '\n']).to_owned() } else { t }
    };
    r.insert("stdout", text(&out.stdout));
    r.insert("stderr", text(&out.stderr));
    r.insert("rc", i64::from(out.rc));
    r.update(&times);
    if out.rc != 0 {
        return fail(r, "The command exited with a non-zero return code.");
    }
    Ok(r.into())
}

/// Runs a command, and says when it started, when it ended and how long it took, in Python's words.
pub fn timed(cmd: Cmd) -> (Result<crate::Output, Failure>, Dict) {
    let start = SystemTime::now();
    let clock = std::time::Instant::now();
    let out = cmd.run();
    let elapsed = clock.elapsed();
    let mut d = Dict::new();
    d.insert("start", local_time(start));
    d.insert("end", local_time(start + elapsed));
    d.insert("delta", delta(elapsed));
    (out, d)
}

/// `1:02:03.000004`, as Python prints a time difference.
pub fn delta(d: Duration) -> String {
    let s = d.as_secs();
    let days = match s / 86_400 {
        0 => String::new(),
        1 => "1 day, ".into(),
        n => format!("{n} days, "),
    };
    let micro = match d.subsec_micros() {
        0 => String::new(),
        m => format!(".{m:06}"),
    };
    format!("{days}{}:{:02}:{:02}{micro}", s % 86_400 / 3600, s % 3600 / 60, s % 60)
}

/// `2026-01-02 03:04:05.000006` in local time.
pub fn local_time(t: SystemTime) -> String {
    let d = t.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = d.as_secs() as libc::time_t;
    let mut tm = std::mem::MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: localtime_r fills the structure that it is given; zeroed bytes are a valid `tm`.
    let tm = unsafe {
        libc::localtime_r(&seconds, tm.as_mut_ptr());
        tm.assume_init()
    };
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}",
        tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, d.subsec_micros()
    )
}

fn skip(ctx: &Ctx, mut r: Dict, path: &str, exists: bool) -> Result<Outcome, Failure> {
    let would = if ctx.check_mode { "Would not run" } else { "Did not run" };
    let why = if exists { "exists" } else { "does not exist" };
    r.insert("msg", format!("{would} command since '{path}' {why}"));
    r.insert("stdout", format!("skipped, since {path} {why}"));
    r.insert("rc", 0);
    Ok(r.into())
}

/// Whether a shell pattern (relative to `folder`) matches anything.
pub fn exists(pattern: &str, folder: Option<&str>) -> bool {
    let full = match folder {
        Some(d) if !pattern.starts_with('/') => format!("{}/{pattern}", d.trim_end_matches('/')),
        _ => pattern.to_owned(),
    };
    !glob(&full).is_empty()
}

/// Paths that match a shell pattern, sorted. `*` and `?` do not match a leading dot, nor a `/`.
pub fn glob(pattern: &str) -> Vec<String> {
    let magic = |s: &str| s.contains(['*', '?', '[']);
    if !magic(pattern) {
        let there = Path::new(pattern).symlink_metadata().is_ok();
        return if there { vec![pattern.to_owned()] } else { Vec::new() };
    }
    let mut found = vec![if pattern.starts_with('/') { "/".to_owned() } else { String::new() }];
    for part in pattern.split('/').filter(|p| !p.is_empty()) {
        let mut next = Vec::new();
        for base in &found {
            if magic(part) {
                let dir = if base.is_empty() { "." } else { base };
                let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
                let mut names: Vec<String> = entries.filter_map(|e| e.file_name().into_string().ok()).collect();
                names.retain(|n| (part.starts_with('.') || !n.starts_with('.')) && rustle_facts::fnmatch(n, part));
                names.sort();
                next.extend(names.into_iter().map(|n| format!("{base}{n}/")));
            } else {
                let path = format!("{base}{part}");
                if Path::new(&path).symlink_metadata().is_ok() {
                    next.push(path + "/");
                }
            }
        }
        found = next;
    }
    found.into_iter().map(|p| p.trim_end_matches('/').to_owned()).collect()
}
