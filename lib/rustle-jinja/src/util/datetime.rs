//! Calendar arithmetic, `strftime` and `strptime`, time differences.

use crate::ast::BinOp;
use crate::error::{Error, Result, fail};
use crate::objects::Func;
use rustle_value::{Object, TimeOfDay, Timestamp, Value};
use std::any::Any;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Broken-down time, as `struct tm` has it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tm {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub micro: i64,
    /// Seconds east of UTC, and the zone's name.
    pub offset: Option<i64>,
    pub zone: String,
}

/// Days since 1970-01-01 of a civil date.
pub(crate) fn days_from_civil(y: i64, m: i64, d: i64) -> i64 {
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let yoe = y - era * 400;
    let doy = (153 * (m + if m > 2 { -3 } else { 9 }) + 2) / 5 + d - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

fn civil_from_days(z: i64) -> (i64, i64, i64) {
    let z = z + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z - era * 146_097;
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let m = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(m <= 2), m, doy - (153 * mp + 2) / 5 + 1)
}

/// UTC time of a moment.
pub(crate) fn utc(secs: i64, micro: i64) -> Tm {
    let (days, rest) = (secs.div_euclid(86_400), secs.rem_euclid(86_400));
    let (year, month, day) = civil_from_days(days);
    Tm { year, month, day, hour: rest / 3600, minute: rest / 60 % 60, second: rest % 60, micro, offset: Some(0), zone: "UTC".into() }
}

/// Local time of a moment.
#[cfg(unix)]
pub(crate) fn local(secs: i64, micro: i64) -> Tm {
    // SAFETY: `localtime_r` fills the struct that it is given; all-zero is a valid `struct tm`.
    let tm = unsafe {
        let mut tm: libc::tm = std::mem::zeroed();
        let t = secs as libc::time_t;
        if libc::localtime_r(&raw const t, &raw mut tm).is_null() {
            return utc(secs, micro);
        }
        tm
    };
    let zone = if tm.tm_zone.is_null() {
        String::new()
    } else {
        // SAFETY: `tm_zone` is a nul-terminated string owned by the C library.
        unsafe { std::ffi::CStr::from_ptr(tm.tm_zone) }.to_string_lossy().into_owned()
    };
    #[allow(clippy::unnecessary_cast)]
    let offset = tm.tm_gmtoff as i64;
    Tm { offset: Some(offset), zone, ..utc(secs + offset, micro) }
}
#[cfg(not(unix))]
pub(crate) fn local(secs: i64, micro: i64) -> Tm {
    utc(secs, micro)
}

/// Seconds and microseconds since 1970.
pub(crate) fn clock() -> (i64, i64) {
    let d = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (d.as_secs() as i64, i64::from(d.subsec_micros()))
}

impl Tm {
    pub(crate) fn epoch(&self) -> i64 {
        days_from_civil(self.year, self.month, self.day) * 86_400 + self.hour * 3600 + self.minute * 60 + self.second
    }
    /// As a `datetime`, without its zone.
    pub(crate) fn naive(&self) -> Value {
        Value::Time(self.timestamp(None))
    }
    pub(crate) fn timestamp(&self, offset: Option<i16>) -> Timestamp {
        Timestamp {
            year: self.year as u16,
            month: self.month as u8,
            day: self.day as u8,
            time: Some(TimeOfDay { hour: self.hour as u8, minute: self.minute as u8, second: self.second as u8, microsecond: self.micro as u32, offset }),
        }
    }
    fn of(t: &Timestamp) -> Tm {
        let c = t.time.as_ref();
        let get = |f: fn(&TimeOfDay) -> u8| c.map_or(0, |c| i64::from(f(c)));
        Tm {
            year: t.year.into(),
            month: t.month.into(),
            day: t.day.into(),
            hour: get(|c| c.hour),
            minute: get(|c| c.minute),
            second: get(|c| c.second),
            micro: c.map_or(0, |c| c.microsecond.into()),
            offset: c.and_then(|c| c.offset).map(|m| i64::from(m) * 60),
            zone: String::new(),
        }
    }
    fn weekday(&self) -> i64 {
        (days_from_civil(self.year, self.month, self.day) + 4).rem_euclid(7)
    }
    fn yearday(&self) -> i64 {
        days_from_civil(self.year, self.month, self.day) - days_from_civil(self.year, 1, 1)
    }
    fn iso_week(&self) -> (i64, i64) {
        let wd = (self.weekday() + 6) % 7;
        let thursday = days_from_civil(self.year, self.month, self.day) - wd + 3;
        let (y, ..) = civil_from_days(thursday);
        (y, (thursday - days_from_civil(y, 1, 1)) / 7 + 1)
    }
}

/// Microseconds since 1970; a naive time counts as local where asked.
pub(crate) fn epoch_micros(t: &Timestamp, as_local: bool) -> i64 {
    let tm = Tm::of(t);
    let mut secs = tm.epoch();
    match tm.offset {
        Some(o) => secs -= o,
        None if as_local => secs -= local(secs - local(secs, 0).offset.unwrap_or(0), 0).offset.unwrap_or(0),
        None => {}
    }
    secs * 1_000_000 + tm.micro
}

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

pub(crate) fn strftime_timestamp(t: &Timestamp, format: &str) -> String {
    strftime(&Tm::of(t), format)
}

/// `strftime` in the C locale.
pub(crate) fn strftime(t: &Tm, format: &str) -> String {
    let mut out = String::new();
    let mut it = format.chars().peekable();
    while let Some(c) = it.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let plain = it.next_if(|c| matches!(c, '-' | '_' | '0' | '^' | '#'));
        let Some(c) = it.next() else {
            out.push('%');
            break;
        };
        let num = |n: i64, w: usize| match plain {
            Some('-') => n.to_string(),
            Some('_') => format!("{n:>w$}"),
            _ => format!("{n:0>w$}"),
        };
        let wd = t.weekday();
        let hour12 = if t.hour % 12 == 0 { 12 } else { t.hour % 12 };
        let name = |list: &[&str], i: i64, short: bool| list.get(i as usize).map_or(String::new(), |s| if short { s[..3].to_owned() } else { (*s).to_owned() });
        let offset = |colon: &str| t.offset.map_or(String::new(), |o| format!("{}{:02}{colon}{:02}", if o < 0 { '-' } else { '+' }, o.abs() / 3600, o.abs() / 60 % 60));
        let text = match c {
            'Y' => num(t.year, 4).trim_start_matches('0').to_owned(),
            'C' => num(t.year / 100, 2),
            'y' => num(t.year.rem_euclid(100), 2),
            'm' => num(t.month, 2),
            'd' => num(t.day, 2),
            'e' => format!("{:>2}", t.day),
            'H' => num(t.hour, 2),
            'k' => format!("{:>2}", t.hour),
            'I' => num(hour12, 2),
            'l' => format!("{hour12:>2}"),
            'M' => num(t.minute, 2),
            'S' => num(t.second, 2),
            'f' => format!("{:06}", t.micro),
            'p' => if t.hour < 12 { "AM".into() } else { "PM".into() },
            'P' => if t.hour < 12 { "am".into() } else { "pm".into() },
            'A' => name(&DAYS, wd, false),
            'a' => name(&DAYS, wd, true),
            'B' => name(&MONTHS, t.month - 1, false),
            'b' | 'h' => name(&MONTHS, t.month - 1, true),
            'j' => num(t.yearday() + 1, 3),
            'w' => wd.to_string(),
            'u' => if wd == 0 { "7".into() } else { wd.to_string() },
            'U' => num((t.yearday() + 7 - wd) / 7, 2),
            'W' => num((t.yearday() + 7 - (wd + 6) % 7) / 7, 2),
            'V' => num(t.iso_week().1, 2),
            'G' => t.iso_week().0.to_string(),
            'g' => num(t.iso_week().0.rem_euclid(100), 2),
            'z' => offset(""),
            ':' if it.next_if_eq(&'z').is_some() => offset(":"),
            'Z' => t.zone.clone(),
            's' => (t.epoch() - t.offset.unwrap_or(0)).to_string(),
            'D' | 'x' => strftime(t, "%m/%d/%y"),
            'F' => strftime(t, "%Y-%m-%d"),
            'T' | 'X' => strftime(t, "%H:%M:%S"),
            'R' => strftime(t, "%H:%M"),
            'r' => strftime(t, "%I:%M:%S %p"),
            'c' => strftime(t, "%a %b %e %H:%M:%S %Y"),
            'n' => "\n".into(),
            't' => "\t".into(),
            '%' => "%".into(),
            other => format!("%{other}"),
        };
        out += &if plain == Some('^') { text.to_uppercase() } else { text };
    }
    out
}

/// `datetime.strptime`.
pub(crate) fn strptime(text: &str, format: &str) -> Result<Tm> {
    let mismatch = || Error::runtime(format!("time data {} does not match format {}", rustle_value::str_repr(text), rustle_value::str_repr(format)));
    let mut t = Tm { year: 1900, month: 1, day: 1, ..Tm::default() };
    let (mut pm, mut s) = (None, text);
    let mut it = format.chars();
    while let Some(c) = it.next() {
        if c.is_whitespace() {
            s = s.trim_start();
            continue;
        }
        if c != '%' {
            s = s.strip_prefix(c).ok_or_else(mismatch)?;
            continue;
        }
        let before = s.len();
        let mut digits = |max: usize| -> Option<i64> {
            let n = s.bytes().take(max).take_while(u8::is_ascii_digit).count();
            let v = s.get(..n)?.parse().ok()?;
            s = &s[n..];
            Some(v)
        };
        match it.next() {
            Some('Y') => t.year = digits(4).ok_or_else(mismatch)?,
            Some('m') => t.month = digits(2).filter(|m| (1..=12).contains(m)).ok_or_else(mismatch)?,
            Some('d') => t.day = digits(2).filter(|m| (1..=31).contains(m)).ok_or_else(mismatch)?,
            Some('H') => t.hour = digits(2).filter(|m| *m < 24).ok_or_else(mismatch)?,
            Some('I') => t.hour = digits(2).filter(|m| (1..=12).contains(m)).ok_or_else(mismatch)? % 12,
            Some('M') => t.minute = digits(2).filter(|m| *m < 60).ok_or_else(mismatch)?,
            Some('S') => t.second = digits(2).filter(|m| *m < 62).ok_or_else(mismatch)?,
            Some('y') => {
                let y = digits(2).ok_or_else(mismatch)?;
                t.year = if y < 69 { 2000 + y } else { 1900 + y };
            }
            Some('j') => {
                let day = digits(3).ok_or_else(mismatch)?;
                (_, t.month, t.day) = civil_from_days(days_from_civil(t.year, 1, 1) + day - 1);
            }
            Some('f') => {
                let n = digits(6).ok_or_else(mismatch)?;
                t.micro = n * 10_i64.pow(6 - (before - s.len()) as u32);
            }
            Some('p') => {
                let head = s.get(..2).ok_or_else(mismatch)?.to_lowercase();
                pm = Some(match head.as_str() {
                    "am" => false,
                    "pm" => true,
                    _ => return Err(mismatch()),
                });
                s = &s[2..];
            }
            Some(n @ ('a' | 'A')) => s = word(s, &DAYS, n == 'a').ok_or_else(mismatch)?.1,
            Some(n @ ('b' | 'B' | 'h')) => {
                let (i, rest) = word(s, &MONTHS, n != 'B').ok_or_else(mismatch)?;
                (t.month, s) = (i + 1, rest);
            }
            Some('z') => {
                if let Some(rest) = s.strip_prefix('Z') {
                    (t.offset, s) = (Some(0), rest);
                } else {
                    let sign = if s.starts_with('-') { -1 } else { 1 };
                    s = s.strip_prefix(['+', '-']).ok_or_else(mismatch)?;
                    let two = |s: &mut &str| -> Option<i64> {
                        let v = s.get(..2)?.parse().ok()?;
                        *s = &s[2..];
                        Some(v)
                    };
                    let h = two(&mut s).ok_or_else(mismatch)?;
                    s = s.strip_prefix(':').unwrap_or(s);
                    let m = two(&mut s).ok_or_else(mismatch)?;
                    t.offset = Some(sign * (h * 3600 + m * 60));
                }
            }
            Some('Z') => s = s.trim_start_matches(|c: char| c.is_ascii_alphabetic()),
            Some('T') => {
                let inner = strptime(s.get(..8).ok_or_else(mismatch)?, "%H:%M:%S").map_err(|_| mismatch())?;
                (t.hour, t.minute, t.second) = (inner.hour, inner.minute, inner.second);
                s = &s[8..];
            }
            Some('%') => s = s.strip_prefix('%').ok_or_else(mismatch)?,
            Some(other) => return fail(format!("'{other}' is a bad directive in format {}", rustle_value::str_repr(format))),
            None => return fail(format!("stray % in format {}", rustle_value::str_repr(format))),
        }
    }
    if !s.is_empty() {
        return fail(format!("unconverted data remains: {s}"));
    }
    if pm == Some(true) {
        t.hour += 12;
    }
    if civil_from_days(days_from_civil(t.year, t.month, t.day)) != (t.year, t.month, t.day) {
        return fail("day is out of range for month");
    }
    Ok(t)
}

fn word<'s>(s: &'s str, list: &[&str], short: bool) -> Option<(i64, &'s str)> {
    list.iter().enumerate().find_map(|(i, w)| {
        let w = if short { &w[..3] } else { w };
        let head = s.get(..w.len())?;
        head.eq_ignore_ascii_case(w).then(|| (i as i64, &s[w.len()..]))
    })
}

/// A `timedelta`, in microseconds.
#[derive(Debug)]
pub(crate) struct Delta(pub i64);

impl Object for Delta {
    fn type_name(&self) -> &'static str {
        "timedelta"
    }
    fn attr(&self, name: &str) -> Option<Value> {
        const DAY: i64 = 86_400_000_000;
        let (days, rest) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        match name {
            "days" => Some(Value::Int(days)),
            "seconds" => Some(Value::Int(rest / 1_000_000)),
            "microseconds" => Some(Value::Int(rest % 1_000_000)),
            "total_seconds" => {
                let total = self.0 as f64 / 1e6;
                Some(Func::value("builtin_function_or_method", move |_, _| Ok(Value::Float(total))))
            }
            _ => None,
        }
    }
    fn render(&self) -> String {
        const DAY: i64 = 86_400_000_000;
        let (days, rest) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        let (secs, micro) = (rest / 1_000_000, rest % 1_000_000);
        let mut s = String::new();
        if days != 0 {
            s = format!("{days} day{}, ", if days.abs() == 1 { "" } else { "s" });
        }
        s += &format!("{}:{:02}:{:02}", secs / 3600, secs / 60 % 60, secs % 60);
        if micro != 0 {
            s += &format!(".{micro:06}");
        }
        s
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

pub(crate) fn is_delta(v: &Value) -> bool {
    delta(v).is_some()
}
fn delta(v: &Value) -> Option<i64> {
    match v {
        Value::Object(o) => o.as_any().downcast_ref::<Delta>().map(|d| d.0),
        _ => None,
    }
}

/// Differences and sums of times; `None` where the operands do not fit.
pub(crate) fn arith(op: BinOp, a: &Value, b: &Value) -> Option<Result<Value>> {
    let shift = |t: &Timestamp, by: i64| {
        let at = epoch_micros(&Timestamp { time: t.time.clone().map(|c| TimeOfDay { offset: None, ..c }), ..t.clone() }, false) + by;
        let tm = utc(at.div_euclid(1_000_000), at.rem_euclid(1_000_000));
        Value::Time(tm.timestamp(t.time.as_ref().and_then(|c| c.offset)))
    };
    let v = match (op, a, b) {
        (BinOp::Sub, Value::Time(x), Value::Time(y)) => Value::Object(Arc::new(Delta(epoch_micros(x, false) - epoch_micros(y, false)))),
        (BinOp::Add, Value::Time(x), d) => shift(x, delta(d)?),
        (BinOp::Add, d, Value::Time(x)) => shift(x, delta(d)?),
        (BinOp::Sub, Value::Time(x), d) => shift(x, -delta(d)?),
        (BinOp::Add, x, y) => Value::Object(Arc::new(Delta(delta(x)? + delta(y)?))),
        (BinOp::Sub, x, y) => Value::Object(Arc::new(Delta(delta(x)? - delta(y)?))),
        _ => return None,
    };
    Some(Ok(v))
}
