//! `match`, `search`, `regex`: `{{ name is match('web[0-9]+') }}`.

use super::Test;
use crate::args::{Args, flag, required};
use crate::error::{Result, fail};
use crate::util::regex::{Flags, captures_at, compile};
use rustle_value::{Value, py_str};

fn run(v: &Value, pattern: Option<Value>, ignorecase: Option<Value>, multiline: Option<Value>, how: &str) -> Result<bool> {
    let pattern = py_str(&required(pattern, "match", "pattern")?);
    if !matches!(v, Value::Str(_)) && !v.is_number() && !v.is_null() && !matches!(v, Value::List(_) | Value::Dict(_)) {
        return fail(format!("expected string, got {}", v.type_name()));
    }
    let text = py_str(v);
    let flags = Flags { ignorecase: flag(ignorecase.as_ref(), false), multiline: flag(multiline.as_ref(), false) };
    let source = match how {
        "match" => format!("\\A(?:{pattern})"),
        "fullmatch" => format!("\\A(?:{pattern})\\Z"),
        "search" => pattern,
        other => return crate::error::fail(format!("Invalid match_type specified. Expected one of: search, match, fullmatch. Got: {other}")),
    };
    let r = compile(&source, flags, &text)?;
    Ok(captures_at(&r, &text, 0)?.is_some())
}

fn simple(v: &Value, args: Args, how: &str) -> Result<bool> {
    let [p, i, m] = args.bind(how, ["pattern", "ignorecase", "multiline"])?;
    run(v, p, i, m, how)
}

pub static TESTS: &[Test] = &[
    Test::new("match", &[], |_, v, a| simple(v, a, "match")),
    Test::new("search", &[], |_, v, a| simple(v, a, "search")),
    Test::new("regex", &[], |_, v, args| {
        let [p, i, m, how] = args.bind("regex", ["pattern", "ignorecase", "multiline", "match_type"])?;
        let how = how.map_or_else(|| "search".to_owned(), |h| h.to_string());
        run(v, p, i, m, &how)
    }),
];
