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
            other => other.replace("\"", "").replace("'", ""),
        };
        out.extend(set.chars().filter(|c| !out.contains(c)).collect::<Vec<_>>());
    }
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

fn one(term: &str, args: &Args, cx: &mut Interp<'_>) -> Result<Value, Error> {
    let option = |name: &str| args.kw.iter().find(|(k, _)| **k == *name).map(|(_, v)| v.clone());
    let mut path = term.to_owned();
    let mut length = option("length").and_then(|v| v.as_i64().or_else(|| v.as_str()?.parse().ok())).unwrap_or(20);
    let mut chars: Vec<String> = match option("chars") {
        Some(Value::List(l)) => l.iter().map(py_str).collect(),
        Some(v) => py_str(&v).split(',').map(str::to_owned).collect(),
        None => DEFAULT.iter().map(|s| (*s).to_owned()).collect(),
    };
    let mut encrypt = option("encrypt").map(|v| py_str(&v));
    // `/path length=8 chars=digits`: options in the term itself.
    if let Some(i) = term.find(" length=").or_else(|| term.find(" chars=")).or_else(|| term.find(" encrypt=")) {
        path = term[..i].to_owned();
        for word in term[i..].split_whitespace() {
            match word.split_once('=') {
                Some(("length", n)) => length = n.parse().unwrap_or(length),
                Some(("chars", c)) => chars = c.split(',').map(str::to_owned).collect(),
                Some(("encrypt", e)) => encrypt = Some(e.to_owned()),
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
    let kept = if path == "/dev/null" { None } else { std::fs::read_to_string(&path).ok() };
    let plain = match &kept {
        Some(text) => text.trim_end_matches('\n').split(" salt=").next().unwrap_or_default().to_owned(),
        None => {
            let new = random(usize::try_from(length).unwrap_or(20), &from).map_err(io)?;
            if path != "/dev/null" {
                if let Some(dir) = std::path::Path::new(&path).parent() {
                    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io)?;
                }
                let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(io)?;
                std::io::Write::write_all(&mut file, format!("{new}\n").as_bytes()).map_err(io)?;
            }
            new
        }
    };
    match encrypt {
        None => Ok(Value::from(plain)),
        Some(kind) => {
            let source = format!("{} | password_hash({})", rustle_value::str_repr(&plain), rustle_value::str_repr(&kind));
            cx.environment().eval_local(&source.into(), None, cx.scope())
        }
    }
}

pub(crate) static LOOKUP: Lookup = Lookup {
    name: "password",
    run: |_, args, cx| terms(&args).iter().map(|t| one(t, &args, cx)).collect(),
};
