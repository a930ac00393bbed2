//! Addresses, paths and numbers: `uri`, `url`, `urn`, `abs`, `nan`, `vault_encrypted`; and the tests of files, which
//! look at the controller's disk and are therefore asked of the host: `exists`, `file`, `directory`, `link`, `mount`, ….

use super::Test;
use crate::args::Args;
use crate::error::{Error, Result, fail};
use crate::interp::Interp;
use rustle_value::{Value, py_str};

fn uri(v: &Value, args: Args, known: Option<&[&str]>, authority: bool) -> Result<bool> {
    let [schemes] = args.bind("uri", ["schemes"])?;
    let s = py_str(v);
    // Without a scheme it may still be a relative reference.
    let valid = |c: &str| c.starts_with(|c: char| c.is_ascii_alphabetic()) && c.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let (scheme, rest) = s.split_once(':').filter(|(c, _)| valid(c)).unwrap_or(("", &s));
    if authority && scheme != "file" && rest.strip_prefix("//").is_none_or(|r| r.is_empty() || r.starts_with('/')) {
        return Ok(false);
    }
    let listed = match schemes.as_ref().and_then(Value::as_list) {
        Some(l) => l.iter().any(|x| py_str(x) == scheme),
        None => known.is_none_or(|k| k.contains(&scheme)),
    };
    Ok(listed)
}

fn ask(cx: &mut Interp<'_>, name: &str, v: &Value, args: &Args) -> Result<bool> {
    match cx.scope().test(name, v, args) {
        Some(r) => r,
        None => Err(Error::NeedsController { what: format!("test {name}") }),
    }
}

pub static TESTS: &[Test] = &[
    Test::new("uri", &[], |_, v, a| uri(v, a, None, false)),
    Test::new("url", &[], |_, v, a| uri(v, a, None, true)),
    Test::new("urn", &[], |_, v, a| uri(v, a, Some(&["urn"]), false)),
    Test::new("abs", &["is_abs"], |_, v, _| match v {
        Value::Str(s) => Ok(s.starts_with('/')),
        v => fail(format!("expected str, bytes or os.PathLike object, not {}", v.type_name())),
    }),
    Test::new("nan", &["isnan"], |_, v, _| match v.as_f64() {
        Some(f) => Ok(f.is_nan()),
        None => fail(format!("isnan() can only be used on numbers: must be real number, not {}", v.type_name())),
    }),
    Test::new("vault_encrypted", &[], |_, _, _| Ok(false)),
    Test::new("exists", &[], |cx, v, a| ask(cx, "exists", v, &a)),
    Test::new("file", &["is_file"], |cx, v, a| ask(cx, "file", v, &a)),
    Test::new("directory", &["is_dir"], |cx, v, a| ask(cx, "directory", v, &a)),
    Test::new("link", &["is_link"], |cx, v, a| ask(cx, "link", v, &a)),
    Test::new("link_exists", &[], |cx, v, a| ask(cx, "link_exists", v, &a)),
    Test::new("mount", &["is_mount"], |cx, v, a| ask(cx, "mount", v, &a)),
    Test::new("same_file", &["is_same_file"], |cx, v, a| ask(cx, "same_file", v, &a)),
    Test::new("vaulted_file", &[], |cx, v, a| ask(cx, "vaulted_file", v, &a)),
];
