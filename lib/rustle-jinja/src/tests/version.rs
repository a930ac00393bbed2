//! `version`, alias `version_compare`: `{{ ansible_version.full is version('2.15', '>=') }}`.

use super::Test;
use crate::args::{flag, opt_text, required};
use crate::error::{Error, Result, fail};
use crate::filters::Mode;
use crate::ops::compare;
use crate::ast::CmpOp;
use rustle_value::{Value, py_str};

pub static TESTS: &[Test] = &[Test::new("version", &["version_compare"], |_, v, args| {
    let [other, op, strict, kind] = args.bind("version_compare", ["version", "operator", "strict", "version_type"])?;
    let op = opt_text(op.as_ref()).unwrap_or_else(|| "eq".into());
    let kind = opt_text(kind.as_ref());
    let strict_given = strict.as_ref().is_some_and(|s| !s.is_null());
    if strict_given && kind.is_some() {
        return fail("Cannot specify both 'strict' and 'version_type'");
    }
    let (a, b) = (py_str(v), py_str(&required(other, "version_compare", "version")?));
    if v.is_null() || a.is_empty() {
        return fail("Input version value cannot be empty");
    }
    if b.is_empty() {
        return fail("Version parameter to compare against cannot be empty");
    }
    let kind = kind.unwrap_or_else(|| if flag(strict.as_ref(), false) { "strict".into() } else { "loose".into() });
    let parse: fn(&str) -> Result<Value> = match kind.as_str() {
        "loose" => loose,
        "strict" => strict_version,
        "semver" | "semantic" => semver,
        "pep440" => pep440,
        other => return fail(format!("Invalid version type ({other}). Must be one of 'loose', 'strict', 'semver', 'semantic', 'pep440'")),
    };
    let cmp = match op.as_str() {
        "==" | "=" | "eq" => CmpOp::Eq,
        "<" | "lt" => CmpOp::Lt,
        "<=" | "le" => CmpOp::Le,
        ">" | "gt" => CmpOp::Gt,
        ">=" | "ge" => CmpOp::Ge,
        "!=" | "<>" | "ne" => CmpOp::Ne,
        other => {
            return fail(format!(
                "Invalid operator type ({other}). Must be one of '==', '=', 'eq', '<', 'lt', '<=', 'le', '>', 'gt', '>=', 'ge', '!=', '<>', 'ne'"
            ));
        }
    };
    let failed = |e: Error| Error::runtime(format!("Version comparison failed: {e}"));
    let (a, b) = (parse(&a).map_err(failed)?, parse(&b).map_err(failed)?);
    // Python's loose versions look for equality by order, too; mixed parts cannot be ordered.
    if kind == "loose" {
        let order = |op| compare(op, &a, &b).map_err(|e| Error::runtime(format!("Version comparison failed: {}", e.to_string().replace("'>'", "'<'").replace("'>='", "'<'").replace("'<='", "'<'"))));
        return match cmp {
            CmpOp::Eq | CmpOp::Ne => compare(cmp, &a, &b),
            other => order(other),
        };
    }
    compare(cmp, &a, &b).map_err(failed)
})
.mode(Mode::Lazy)];

/// Runs of digits as numbers, runs of letters as text, in their order.
fn loose(s: &str) -> Result<Value> {
    let mut parts: Vec<Value> = Vec::new();
    let mut rest = s;
    while let Some(c) = rest.chars().next() {
        let digit = c.is_ascii_digit();
        let lower = c.is_ascii_lowercase();
        let n = rest.find(|x: char| if digit { !x.is_ascii_digit() } else if lower { !x.is_ascii_lowercase() } else { x == '.' || x.is_ascii_digit() || x.is_ascii_lowercase() || c == '.' });
        let n = if c == '.' { 1 } else { n.unwrap_or(rest.len()).max(c.len_utf8()) };
        let (head, tail) = rest.split_at(n);
        rest = tail;
        match head {
            "." => {}
            h if digit => parts.push(Value::big(h.parse().unwrap_or_default())),
            h => parts.push(Value::from(h)),
        }
    }
    Ok(Value::list(parts))
}

fn num(s: &str) -> Option<Value> {
    (!s.is_empty() && s.bytes().all(|b| b.is_ascii_digit())).then(|| Value::big(s.parse().unwrap_or_default()))
}

/// `1.2`, `1.2.3`, with `a1` or `b1` at the end.
fn strict_version(s: &str) -> Result<Value> {
    let bad = || Error::runtime(format!("invalid version number '{s}'"));
    let (main, pre) = match s.find(['a', 'b']) {
        Some(i) => (&s[..i], Some((&s[i..=i], &s[i + 1..]))),
        None => (s, None),
    };
    let mut nums: Vec<Value> = main.split('.').map(num).collect::<Option<_>>().ok_or_else(bad)?;
    if !(2..=3).contains(&nums.len()) {
        return Err(bad());
    }
    nums.resize(3, Value::Int(0));
    let tail = match pre {
        None => Value::list(vec![Value::from("z")]),
        Some((k, n)) => Value::list(vec![Value::from(k), num(n).ok_or_else(bad)?]),
    };
    nums.push(tail);
    Ok(Value::list(nums))
}

fn semver(s: &str) -> Result<Value> {
    let bad = || Error::runtime(format!("invalid semantic version '{s}'"));
    let core = s.split('+').next().unwrap_or(s);
    let (core, pre) = core.split_once('-').map_or((core, None), |(a, b)| (a, Some(b)));
    let nums: Vec<Value> = core.split('.').map(num).collect::<Option<_>>().ok_or_else(bad)?;
    if nums.len() != 3 {
        return Err(bad());
    }
    // A release comes after its pre-releases; numbers come before words.
    let tail = match pre {
        None => vec![Value::Int(1)],
        Some(p) => {
            let ids = p.split('.').map(|i| Value::tuple(num(i).map_or_else(|| vec![Value::Int(1), Value::from(i)], |n| vec![Value::Int(0), n]))).collect();
            vec![Value::Int(0), Value::list(ids)]
        }
    };
    Ok(Value::list([nums, vec![Value::list(tail)]].concat()))
}

/// PEP 440, as an ordered key: epoch, release, pre, post, dev, local.
fn pep440(s: &str) -> Result<Value> {
    let bad = || Error::runtime(format!("Invalid version: '{s}'"));
    let lower = s.trim().to_lowercase();
    let t = lower.strip_prefix('v').unwrap_or(&lower);
    let (t, local) = t.split_once('+').map_or((t, None), |(a, b)| (a, Some(b)));
    let (epoch, t) = t.split_once('!').map_or(("0", t), |(a, b)| (a, b));
    let end = t.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(t.len());
    let (release, mut rest) = t.split_at(t[..end].trim_end_matches('.').len());
    let mut release: Vec<Value> = release.split('.').map(num).collect::<Option<_>>().ok_or_else(bad)?;
    while release.len() > 1 && release.last() == Some(&Value::Int(0)) {
        release.pop();
    }
    let mut take = |names: &[(&str, &str)]| -> Option<(String, i64)> {
        let body = rest.trim_start_matches(['.', '-', '_']);
        let (word, canon) = names.iter().find(|(w, _)| body.starts_with(w))?;
        let after = body[word.len()..].trim_start_matches(['.', '-', '_']);
        let n = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let number = after[..n].parse().unwrap_or(0);
        rest = if n > 0 { &after[n..] } else { &body[word.len()..] };
        Some(((*canon).to_owned(), number))
    };
    let pre = take(&[("alpha", "a"), ("a", "a"), ("beta", "b"), ("b", "b"), ("preview", "rc"), ("pre", "rc"), ("rc", "rc"), ("c", "rc")]);
    let post = take(&[("post", "post"), ("rev", "post"), ("r", "post")]);
    let dev = take(&[("dev", "dev")]);
    if !rest.is_empty() {
        return Err(bad());
    }
    let tuple = Value::tuple;
    let pre_key = match (&pre, &post, &dev) {
        (Some((k, n)), ..) => tuple(vec![Value::Int(1), Value::from(k.as_str()), Value::Int(*n)]),
        (None, None, Some(_)) => tuple(vec![Value::Int(0)]),
        _ => tuple(vec![Value::Int(2)]),
    };
    let post_key = Value::Int(post.map_or(-1, |(_, n)| n));
    let dev_key = Value::Float(dev.map_or(f64::INFINITY, |(_, n)| n as f64));
    let local_key = match local {
        None => Value::list(Vec::new()),
        Some(l) => Value::list(l.split(['.', '-', '_']).map(|p| tuple(num(p).map_or_else(|| vec![Value::Int(0), Value::from(p)], |n| vec![Value::Int(1), n]))).collect()),
    };
    Ok(Value::list(vec![num(epoch).ok_or_else(bad)?, Value::list(release), pre_key, post_key, dev_key, local_key]))
}
