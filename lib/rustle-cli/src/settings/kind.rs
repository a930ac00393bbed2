//! The kinds of values, from what a person writes to the plain form that code reads.

/// The plain form: `true` or `false`, numbers of seconds or bytes without unit, everything else as it is.
///
/// # Errors
/// What was expected instead.
pub(super) fn plain(given: &str, kind: &str) -> Result<String, String> {
    let wrong = |expected: &str| Err(format!("'{given}' is not {expected}"));
    match kind {
        "path" | "text" => Ok(given.to_owned()),
        "bool" => match given.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok("true".into()),
            "false" | "no" | "off" | "0" => Ok("false".into()),
            _ => wrong("true or false"),
        },
        "count" => match given.parse::<u32>() {
            Ok(n) if n > 0 => Ok(n.to_string()),
            _ => wrong("a whole number from 1"),
        },
        "seconds" => match scaled(given, &[("s", 1), ("m", 60), ("h", 3600)]) {
            Some(n) if n > 0 => Ok(n.to_string()),
            _ => wrong("a number of seconds, such as 90, 90s, 5m or 1h"),
        },
        "bytes" => match scaled(given, &[("KB", 1 << 10), ("MB", 1 << 20), ("GB", 1 << 30), ("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30)]) {
            Some(n) if n > 0 => Ok(n.to_string()),
            _ => wrong("a number of bytes, such as 8388608, 8MB or 2GB"),
        },
        words => match words.split('|').find(|w| w.eq_ignore_ascii_case(given)) {
            Some(word) => Ok(word.to_owned()),
            None => wrong(&format!("one of {}", words.replace('|', ", "))),
        },
    }
}

fn scaled(given: &str, units: &[(&str, u64)]) -> Option<u64> {
    let upper = given.trim();
    let (number, factor) = units
        .iter()
        .find_map(|(unit, factor)| {
            let cut = upper.len().checked_sub(unit.len())?;
            let (number, end) = (upper.get(..cut)?, upper.get(cut..)?);
            end.eq_ignore_ascii_case(unit).then_some((number, *factor))
        })
        .unwrap_or((upper, 1));
    number.trim().parse::<u64>().ok()?.checked_mul(factor)
}
