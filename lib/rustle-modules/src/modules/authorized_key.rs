//! Keys that may log in as a user.

use crate::{Ctx, Failure, Module, Outcome, Params, Support, params, users};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::path::Path;

params! {
    /// Options of `authorized_key`.
    pub struct Args {
        /// The user.
        user: String => required();
        /// The keys, a line each, or an address to fetch them from.
        key: String => required();
        /// The file; the user's `~/.ssh/authorized_keys` otherwise.
        path: Option<crate::PathArg>;
        /// Whether the folder is made, and gets its owner and mode.
        manage_dir: bool => default("yes");
        /// Whether the keys are there.
        state: String => default("present"), choices(&["absent", "present"]);
        /// Options in front of the keys.
        key_options: Option<String>;
        /// Whether all other keys are removed.
        exclusive: bool => default("no");
        /// The comment instead of the keys' own.
        comment: Option<String>;
        /// Whether certificates are checked when keys are fetched.
        validate_certs: bool => default("yes");
        /// Whether a link is followed.
        follow: bool => default("no");
    }
}

const EXAMPLES: &str = "
- name: The deployer may log in
  ansible.posix.authorized_key:
    user: deploy
    key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDl6k0pD6T0gq8ZlYX8b6vY2mJ7Qm9mYb0m5hXo3V0aB deploy@example
";

pub static MODULE: Module = Module {
    aliases: &["ansible.builtin.authorized_key"],
    check: Support::Full,
    diff: Support::Full,
    ..Module::new::<Args>("ansible.posix.authorized_key", "Manages keys that may log in", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?, v.dict()))
};

/// One line of the file.
#[derive(Clone, Debug, PartialEq)]
enum Line {
    Key { options: String, kind: String, blob: String, comment: String },
    /// A comment, an empty line, or what cannot be read.
    Other(String),
}

const KINDS: &[&str] = &[
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-dss", "ssh-rsa",
    "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", "ssh-xmss@openssh.com",
    "ssh-ed25519-cert-v01@openssh.com", "ssh-rsa-cert-v01@openssh.com", "ssh-dss-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com", "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
];

/// Splits off the first word; blanks in double quotes do not end it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let mut quoted = false;
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => return (&text[..i], text[i..].trim_start()),
            _ => {}
        }
    }
    (text, "")
}

fn parse(line: &str) -> Line {
    let text = line.trim();
    if text.is_empty() || text.starts_with('#') {
        return Line::Other(line.to_owned());
    }
    let (first, rest) = word(text);
    let (options, kind, rest) = if KINDS.contains(&first) {
        ("", first, rest)
    } else {
        let (kind, rest) = word(rest);
        if !KINDS.contains(&kind) {
            return Line::Other(line.to_owned());
        }
        (first, kind, rest)
    };
    let (blob, comment) = rest.split_once(char::is_whitespace).map_or((rest, ""), |(b, c)| (b, c.trim()));
    Line::Key { options: options.into(), kind: kind.into(), blob: blob.into(), comment: comment.into() }
}

fn render(l: &Line) -> String {
    match l {
        Line::Other(t) => t.clone(),
        Line::Key { options, kind, blob, comment } => {
            let parts = [options.as_str(), kind, blob, comment];
            parts.iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join(" ")
        }
    }
}

fn blob_of(l: &Line) -> Option<&str> {
    if let Line::Key { blob, .. } = l { Some(blob) } else { None }
}

fn run(ctx: &mut Ctx, a: Args, all: &crate::Dict) -> Result<Outcome, Failure> {
    let text = if a.key.starts_with("http://") || a.key.starts_with("https://") || a.key.starts_with("file://") {
        fetch(ctx, &a)?
    } else {
        a.key.clone()
    };
    let account = users::user(&a.user);
    let (file, owner) = match (&a.path, &account) {
        (Some(p), u) => (p.0.clone(), u.clone()),
        (None, Some(u)) => (format!("{}/.ssh/authorized_keys", u.home.trim_end_matches('/')), Some(u.clone())),
        (None, None) if ctx.check_mode => return Ok(Outcome::changed(true).with("msg", "Either user must exist or you must provide full path to key file in check mode")),
        (None, None) => return Err(Failure::new(format!("Failed to lookup user {}: \"getpwnam(): name not found: '{}'\"", a.user, a.user))),
    };
    let file = if a.follow { fs::canonicalize(&file).map_or(file, |p| p.to_string_lossy().into_owned()) } else { file };
    let before = fs::read_to_string(&file).unwrap_or_default();
    let mut lines: Vec<Line> = before.lines().map(parse).collect();
    let mut wanted: Vec<Line> = Vec::new();
    for l in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let Line::Key { options, kind, blob, comment } = parse(l) else {
            return Err(Failure::new(format!("invalid key specified: {l}")));
        };
        wanted.push(Line::Key {
            options: a.key_options.clone().unwrap_or(options),
            kind,
            blob,
            comment: a.comment.clone().unwrap_or(comment),
        });
    }
    if wanted.is_empty() && !a.exclusive {
        return Err(Failure::new(format!("invalid key specified: {}", a.key)));
    }
    let mut changed = false;
    if a.state == "present" {
        for w in &wanted {
            match lines.iter().position(|l| blob_of(l) == blob_of(w)) {
                None => {
                    lines.push(w.clone());
                    changed = true;
                }
                Some(i) if lines[i] != *w => {
                    lines[i] = w.clone();
                    changed = true;
                }
                Some(_) => {}
            }
        }
        if a.exclusive {
            let count = lines.len();
            lines.retain(|l| blob_of(l).is_none_or(|b| wanted.iter().any(|w| blob_of(w) == Some(b))));
            changed |= lines.len() != count;
        }
    } else {
        let count = lines.len();
        lines.retain(|l| blob_of(l).is_none_or(|b| !wanted.iter().any(|w| blob_of(w) == Some(b))));
        changed = lines.len() != count;
    }
    let after: String = lines.iter().map(|l| render(l) + "\n").collect();
    if changed && !ctx.check_mode {
        write(ctx, &a, &file, &after, owner.as_ref())?;
    } else if !ctx.check_mode && a.manage_dir && a.state == "present" {
        folder(&a, &file, owner.as_ref())?;
    }
    let mut o = Outcome::default();
    for (k, v) in all.str_iter() {
        o.set(k, v.clone());
    }
    o.set("changed", changed);
    o.set("keyfile", file.as_str());
    o.set("unique", false);
    if ctx.diff {
        o.set("diff", rustle_value::dict! {
            "before_header" => file.as_str(), "after_header" => file.as_str(), "before" => before, "after" => after,
        });
    }
    Ok(o)
}

fn fetch(ctx: &Ctx, a: &Args) -> Result<String, Failure> {
    if let Some(path) = a.key.strip_prefix("file://") {
        return fs::read_to_string(path).map_err(|e| Failure::os(&e, path));
    }
    let out = if ctx.find_program("curl").is_some() {
        ctx.command(["curl", "-fsSL"]).args((!a.validate_certs).then_some("-k")).arg(&a.key).run()?
    } else {
        ctx.command(["wget", "-q", "-O", "-"]).args((!a.validate_certs).then_some("--no-check-certificate")).arg(&a.key).run()?
    };
    if out.rc != 0 {
        return Err(Failure::new(format!("Error getting key from: {}", a.key)));
    }
    Ok(out.out())
}

fn folder(a: &Args, file: &str, owner: Option<&users::User>) -> Result<(), Failure> {
    let dir = Path::new(file).parent().unwrap_or(Path::new("/"));
    let fail = |e: std::io::Error| Failure::os(&e, &dir.to_string_lossy());
    if !a.manage_dir || a.path.is_some() && dir.exists() {
        return Ok(());
    }
    if !dir.exists() {
        fs::DirBuilder::new().mode(0o700).create(dir).map_err(fail)?;
    }
    if let Some(u) = owner {
        chown(dir, Some(u.uid), Some(u.gid)).map_err(fail)?;
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(fail)
}

fn write(ctx: &Ctx, a: &Args, file: &str, text: &str, owner: Option<&users::User>) -> Result<(), Failure> {
    folder(a, file, owner)?;
    let fail = |e: std::io::Error| Failure::os(&e, file);
    let new = !Path::new(file).exists();
    ctx.write_atomic(file, text.as_bytes(), false)?;
    if new {
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).map_err(fail)?;
    }
    if let Some(u) = owner.filter(|_| rustix::process::geteuid().is_root()) {
        chown(file, Some(u.uid), Some(u.gid)).map_err(fail)?;
    }
    Ok(())
}
