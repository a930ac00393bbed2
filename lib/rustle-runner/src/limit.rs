//! `--limit` where there is one host: whether Ansible's pattern names it.
//!
//! Limits: no subscripts (`web[0]`), which count hosts in an order that only the controller knows.

use rustle_facts::fnmatch;
use rustle_value::Value;

/// Whether `limit` names `host`. `groups` is the magic variable: names of groups, each with its hosts.
///
/// # Errors
/// A file of patterns that cannot be read, or a pattern that makes no sense here.
pub(crate) fn names(limit: &str, host: &str, groups: &Value) -> Result<bool, String> {
    let mut patterns = Vec::new();
    split(limit, host, &mut patterns)?;
    let (mut some, mut plain) = (false, false);
    for p in &patterns {
        match p.as_bytes()[0] {
            b'!' if matches(&p[1..], host, groups)? => return Ok(false),
            b'&' if !matches(&p[1..], host, groups)? => return Ok(false),
            b'!' | b'&' => {}
            _ => {
                plain = true;
                some |= matches(p, host, groups)?;
            }
        }
    }
    Ok(some || !plain)
}

fn split(text: &str, host: &str, out: &mut Vec<String>) -> Result<(), String> {
    // A name may have colons of its own: an IPv6 address.
    let separator = if text.contains(',') { ',' } else { ':' };
    let parts: Vec<&str> = if text == host { vec![text] } else { text.split(separator).collect() };
    for part in parts.into_iter().map(str::trim).filter(|p| !p.is_empty()) {
        match part.strip_prefix('@') {
            Some(file) => {
                let lines = std::fs::read_to_string(file).map_err(|e| format!("Unable to find limit file {file}: {e}"))?;
                out.extend(lines.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned));
            }
            None => out.push(part.to_owned()),
        }
    }
    Ok(())
}

fn matches(pattern: &str, host: &str, groups: &Value) -> Result<bool, String> {
    if pattern.is_empty() {
        return Err("a pattern of --limit is empty".into());
    }
    let fits: Box<dyn Fn(&str) -> bool> = match pattern.strip_prefix('~') {
        Some(regex) => {
            let regex = fancy_regex::Regex::new(&format!("^(?:{regex})")).map_err(|_| format!("the pattern '{pattern}' of --limit is no regular expression"))?;
            Box::new(move |name| regex.is_match(name).unwrap_or(false))
        }
        None => {
            let digits = |s: &str| s.starts_with('-') || s.bytes().all(|b| b.is_ascii_digit() || b == b':' || b == b'-');
            if pattern.strip_suffix(']').and_then(|p| p.split_once('[')).is_some_and(|(_, inner)| digits(inner)) {
                return Err(format!("the pattern '{pattern}' of --limit counts hosts, which only a controller can"));
            }
            Box::new(|name| fnmatch(name, pattern))
        }
    };
    if pattern == "all" || pattern == "localhost" || fits(host) {
        return Ok(true);
    }
    let Value::Dict(groups) = groups else { return Ok(false) };
    let member = |hosts: &Value| hosts.as_list().is_some_and(|l| l.iter().any(|h| h.as_str() == Some(host)));
    Ok(groups.iter().any(|(name, hosts)| name.as_str().is_some_and(&fits) && member(hosts)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustle_value::dict;

    #[test]
    fn patterns_of_ansible() {
        let groups = Value::dict(dict! { "all" => vec!["web1", "db1"], "web" => vec!["web1"], "db" => vec!["db1"] });
        for (limit, wanted) in [
            ("web1", true),
            ("db1", false),
            ("db1,web1", true),
            ("db1:web1", true),
            ("web", true),
            ("db", false),
            ("all:!web", false),
            ("!db", true),
            ("web:&db", false),
            ("we?*", true),
            ("~w.b\\d", true),
            ("~b1", false),
            ("localhost", true),
            ("", true),
        ] {
            assert_eq!(names(limit, "web1", &groups), Ok(wanted), "{limit}");
        }
        assert_eq!(names("::1", "::1", &groups), Ok(true));
        assert!(names("web[0]", "web1", &groups).unwrap_err().contains("counts hosts"));
        assert!(names("@/nowhere/at/all", "web1", &groups).unwrap_err().contains("Unable to find limit file"));
    }
}
