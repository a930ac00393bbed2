//! `password`: a random password that is kept in a file of the controller.

use super::{Lookup, terms};
use rustle_jinja::{Args, Error, Interp};
use rustle_value::{Value, py_str};
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};

const DEFAULT: &[&str] = &["ascii_letters", "digits", ".,:-_"];

fn characters(names: &[String]) -> Vec<char> {
    let mut out: Vec<char> = Vec::new();
    for name in names {
        let set: String = match name.as_str() {
            "ascii_letters" => ('a'..='z').chain('A'..='Z').collect(),
            "ascii_lowercase" => ('a'..='z').collect(),
            "ascii_uppercase" => ('A'..='Z').collect(),
            "digits" => ('0'..='9').collect(),
            "hexdigits" => "0123456789abcdefABCDEF".into(),
            "octdigits" => "01234567".into(),
            "punctuation" => "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".into(),
            other => other.to_owned(),
        };
        out.extend(set.chars());
    }
    // Quotes would be trouble in most files that passwords go to.
    out.retain(|c| !matches!(c, '"' | '\''));
    out
}

fn random(length: usize, from: &[char]) -> std::io::Result<String> {
    let mut source = std::fs::File::open("/dev/urandom")?;
    let mut out = String::new();
    let limit = 256 - 256 % from.len();
    while out.chars().count() < length {
        let mut byte = [0u8];
        source.read_exact(&mut byte)?;
        // Bytes beyond a multiple of the set's size would favour its first characters.
        if usize::from(byte[0]) < limit {
            out.push(from[usize::from(byte[0]) % from.len()]);
        }
    }
    Ok(out)
}

/// What a file of passwords holds: `PASSWORD salt=SALT ident=IDENT`.
#[derive(Default)]
struct Kept {
    plain: String,
    salt: Option<String>,
    ident: Option<String>,
}

impl Kept {
    fn read(text: &str) -> Kept {
        let text = text.trim_end_matches('\n');
        let (rest, ident) = cut(text, " ident=");
        let (plain, salt) = cut(rest, " salt=");
        Kept { plain: plain.to_owned(), salt, ident }
    }
    fn line(&self) -> String {
        let part = |name: &str, v: &Option<String>| v.as_ref().map(|v| format!(" {name}={v}")).unwrap_or_default();
        format!("{}{}{}\n", self.plain, part("salt", &self.salt), part("ident", &self.ident))
    }
}

fn cut<'a>(text: &'a str, mark: &str) -> (&'a str, Option<String>) {
    match text.rsplit_once(mark) {
        Some((before, after)) => (before, Some(after.to_owned())),
        None => (text, None),
    }
}

/// How long a salt is made for a kind of hash.
fn salt_length(kind: &str) -> usize {
    match kind {
        "md5_crypt" | "md5" => 8,
        "bcrypt" | "blowfish" => 22,
        _ => 16,
    }
}

/// Letters and digits that salts consist of.
const SALT: &[&str] = &["ascii_letters", "digits", "./"];

fn one(term: &str, args: &Args, cx: &mut Interp<'_>) -> Result<Value, Error> {
    let option = |name: &str| args.kw.iter().find(|(k, _)| **k == *name).map(|(_, v)| v.clone()).filter(|v| !v.is_null());
    let mut path = term.to_owned();
    let mut length = option("length").and_then(|v| v.as_i64().or_else(|| v.as_str()?.parse().ok())).unwrap_or(20);
    let mut chars: Vec<String> = match option("chars") {
        Some(Value::List(l)) => l.iter().map(py_str).collect(),
        Some(v) => py_str(&v).split(',').map(str::to_owned).collect(),
        None => DEFAULT.iter().map(|s| (*s).to_owned()).collect(),
    };
    let mut encrypt = option("encrypt").map(|v| py_str(&v));
    let mut ident = option("ident").map(|v| py_str(&v));
    let mut seed = option("seed");
    // `/path length=8 chars=digits`: options in the term itself.
    let marks = [" length=", " chars=", " encrypt=", " ident=", " seed="];
    if let Some(i) = marks.iter().filter_map(|m| term.find(m)).min() {
        path = term[..i].to_owned();
        for word in term[i..].split_whitespace() {
            match word.split_once('=') {
                Some(("length", n)) => length = n.parse().unwrap_or(length),
                Some(("chars", c)) => chars = c.split(',').map(str::to_owned).collect(),
                Some(("encrypt", e)) => encrypt = Some(e.to_owned()),
                Some(("ident", i)) => ident = Some(i.to_owned()),
                Some(("seed", s)) => seed = Some(Value::from(s)),
                _ => {}
            }
        }
    }
    let from = characters(&chars);
    if from.is_empty() || from.len() > 256 {
        return Err(Error::runtime("no characters to make a password of"));
    }
    let io = |e: std::io::Error| Error::runtime(format!("{path}: {e}"));
    let path = rustle_playbook::paths::expand(&path);
    let file = (path != "/dev/null").then_some(path.as_str());
    let text = file.and_then(|p| std::fs::read_to_string(p).ok());
    let mut kept = text.as_deref().map(Kept::read).unwrap_or_default();
    if text.is_none() {
        let length = usize::try_from(length).unwrap_or(20);
        kept.plain = match &seed {
            Some(seed) => rustle_jinja::seeded(seed, &from, length),
            None => random(length, &from).map_err(io)?,
        };
    }
    if let Some(kind) = &encrypt {
        // The hash is the same each time only if the salt is.
        if kept.salt.is_none() {
            let set = characters(&SALT.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
            kept.salt = Some(random(salt_length(kind), &set).map_err(io)?);
        }
        kept.ident = kept.ident.take().or(ident).or_else(|| (kind == "bcrypt").then(|| "2b".to_owned()));
    }
    let line = kept.line();
    if let Some(path) = file.filter(|_| text.as_deref() != Some(&line) && (text.is_none() || encrypt.is_some())) {
        write(path, &line).map_err(io)?;
    }
    match encrypt {
        None => Ok(Value::from(kept.plain)),
        Some(kind) => {
            let quoted = |s: &str| rustle_value::str_repr(s);
            let salt = kept.salt.as_deref().map(|s| format!(", salt={}", quoted(s))).unwrap_or_default();
            let ident = kept.ident.as_deref().filter(|_| kind == "bcrypt").map(|i| format!(", ident={}", quoted(i))).unwrap_or_default();
            let source = format!("{} | password_hash({}{salt}{ident})", quoted(&kept.plain), quoted(&kind));
            cx.environment().eval_local(&source.into(), None, cx.scope())
        }
    }
}

/// Only its owner may read the file, from the first byte on.
fn write(path: &str, line: &str) -> std::io::Result<()> {
    if let Some(dir) = std::path::Path::new(path).parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    }
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    std::io::Write::write_all(&mut file, line.as_bytes())
}

pub(crate) static LOOKUP: Lookup = Lookup {
    name: "password",
    run: |_, args, cx| terms(&args).iter().map(|t| one(t, &args, cx)).collect(),
};
