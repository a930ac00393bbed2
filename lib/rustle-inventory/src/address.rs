//! Host names as inventories write them: `name`, `name:port`, `[v6]:port`, and ranges such as `web[01:10:2]`.

/// Splits a host expression into name and port. `None` where it is no name at all, such as `a:b`.
pub(crate) fn parse(text: &str, ranges: bool) -> Option<(String, Option<u32>)> {
    let (host, port) = split_port(text);
    let known = is_hostname(host) || is_ipv6(host);
    (known && (ranges || !host.contains('['))).then(|| (host.to_string(), port))
}

fn split_port(text: &str) -> (&str, Option<u32>) {
    let Some((head, digits)) = text.rsplit_once(':') else { return (text, None) };
    let Some(port) = digits.bytes().all(|c| c.is_ascii_digit()).then(|| digits.parse().ok()).flatten() else {
        return (text, None);
    };
    if let Some(inner) = head.strip_prefix('[').and_then(|h| h.strip_suffix(']'))
        && !inner.is_empty() {
            return (inner, Some(port));
        }
    // A colon outside brackets, before the last one, makes it an address or a list and no port.
    let mut depth = 0;
    for c in head.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            ':' if depth == 0 => return (text, None),
            _ => {}
        }
        if !(0..=1).contains(&depth) {
            return (text, None);
        }
    }
    if depth == 0 { (head, Some(port)) } else { (text, None) }
}

/// The text with every range replaced by `with`; `None` where a bracket holds no range that `ok` accepts.
fn without_ranges(text: &str, with: &str, ok: fn(&str) -> bool) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(i) = rest.find('[') {
        let end = i + rest[i..].find(']')?;
        let parts: Vec<&str> = rest[i + 1..end].split(':').collect();
        let number = |s: &str| !s.is_empty() && s.bytes().all(|c| c.is_ascii_digit());
        let fits = match parts[..] {
            [a, b] => ok(a) && ok(b),
            [a, b, step] => ok(a) && ok(b) && number(step),
            _ => false,
        };
        if !fits {
            return None;
        }
        out.push_str(&rest[..i]);
        out.push_str(with);
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    Some(out)
}

fn is_hostname(text: &str) -> bool {
    let bound = |s: &str| {
        let letter = s.len() == 1 && s.bytes().all(|c| c.is_ascii_alphabetic());
        letter || (!s.is_empty() && s.bytes().all(|c| c.is_ascii_digit()))
    };
    let Some(plain) = without_ranges(text, "0", bound) else { return false };
    let word = |c: char| c.is_alphanumeric() || c == '_';
    plain.split('.').all(|label| {
        label.starts_with(word) && label.chars().all(|c| word(c) || c == '-') && !label.ends_with(['-', '_'])
    })
}

fn is_ipv6(text: &str) -> bool {
    let hex = |s: &str| !s.is_empty() && s.bytes().all(|c| c.is_ascii_hexdigit());
    without_ranges(text, "0", hex).is_some_and(|t| t.parse::<std::net::Ipv6Addr>().is_ok())
}

/// A host expression to names and a port, ranges expanded.
pub(crate) fn expand_pattern(text: &str) -> Result<(Vec<String>, Option<u32>), String> {
    let (pattern, port) = parse(text, true).unwrap_or_else(|| (text.to_string(), None));
    Ok((expand(&pattern)?, port))
}

/// More hosts than this from one expression are refused.
const MAX_HOSTS: usize = 1_000_000;

/// Every name that the ranges of `text` stand for.
fn expand(text: &str) -> Result<Vec<String>, String> {
    if !text.contains('[') {
        return Ok(vec![text.to_string()]);
    }
    let split = text.split_once('[').and_then(|(head, rest)| rest.split_once(']').map(|(range, tail)| (head, range, tail)));
    let Some((head, range, tail)) = split else {
        return Err("not enough values to unpack (expected 3, got 2)".into());
    };
    let names = sequence(range)?;
    let tails = expand(tail)?;
    if names.len().saturating_mul(tails.len()) > MAX_HOSTS {
        return Err(format!("host range '{text}' is too large"));
    }
    Ok(names.iter().flat_map(|n| tails.iter().map(move |t| format!("{head}{n}{t}"))).collect())
}

fn sequence(range: &str) -> Result<Vec<String>, String> {
    let bounds: Vec<&str> = range.split(':').collect();
    let (begin, end, step) = match bounds[..] {
        [b, e] => (b, e, "1"),
        [b, e, s] => (b, e, s),
        _ => return Err("host range must be begin:end or begin:end:step".into()),
    };
    let begin = if begin.is_empty() { "0" } else { begin };
    if end.is_empty() {
        return Err("host range must specify end value".into());
    }
    let padded = begin.starts_with('0') && begin.len() > 1;
    if padded && begin.len() != end.len() {
        return Err("host range must specify equal-length begin and end formats".into());
    }
    let int = |s: &str| s.trim().parse::<i64>().map_err(|_| format!("invalid literal for int() with base 10: '{s}'"));
    let step = int(step)?;
    if step == 0 {
        return Err("range() arg 3 must not be zero".into());
    }
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if let (Some(b), Some(e)) = (LETTERS.find(begin), LETTERS.find(end)) {
        if b > e {
            return Err("host range must have begin <= end".into());
        }
        let step = usize::try_from(step).map_err(|_| "host range must have a positive step".to_string())?;
        return Ok(LETTERS[b..=e].chars().step_by(step).map(String::from).collect());
    }
    let (begin_n, end_n) = (int(begin)?, int(end)?);
    let mut out = Vec::new();
    let mut n = begin_n;
    while (step > 0 && n <= end_n) || (step < 0 && n > end_n + 1) {
        out.push(if padded { format!("{n:0width$}", width = begin.len()) } else { n.to_string() });
        if out.len() > MAX_HOSTS {
            return Err(format!("host range '[{range}]' is too large"));
        }
        n += step;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_split_as_ansible_splits_them() {
        let cases = [
            ("web", Some(("web", None))), ("web:22", Some(("web", Some(22)))), ("[::1]:22", Some(("::1", Some(22)))),
            ("::1", Some(("::1", None))), ("fe80::[1:4]", Some(("fe80::[1:4]", None))), ("a:b", None), ("web[1:3]:22", Some(("web[1:3]", Some(22)))),
            ("a[x:z].b", Some(("a[x:z].b", None))), ("web*", None), ("-a", None), ("a-", None), ("a_b-c.d", Some(("a_b-c.d", None))), ("10.0.0.[1:9]", Some(("10.0.0.[1:9]", None))),
            ("a:b:c", None), ("web[0]", None), ("é.x", Some(("é.x", None))),
        ];
        for (text, want) in cases {
            let got = parse(text, true);
            assert_eq!(got.as_ref().map(|(h, p)| (h.as_str(), *p)), want, "{text}");
        }
    }

    #[test]
    fn ranges_expand() {
        let names = |s: &str| expand_pattern(s).map(|x| x.0.join(" "));
        assert_eq!(names("web[01:10:3].x").unwrap(), "web01.x web04.x web07.x web10.x");
        assert_eq!(names("[a:c][1:2]").unwrap(), "a1 a2 b1 b2 c1 c2");
        assert_eq!(names("x[:2]").unwrap(), "x0 x1 x2");
        assert_eq!(names("x[01:100]").unwrap_err(), "host range must specify equal-length begin and end formats");
        assert_eq!(names("x[1:]").unwrap_err(), "host range must specify end value");
    }
}
