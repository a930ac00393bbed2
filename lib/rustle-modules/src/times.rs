//! Times of files, and times in formats that a user names (`strptime`).

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
use std::io;

/// Seconds since 1970 with a fraction, as Python's `time.time()`.
pub fn now() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}

/// Reads `text` by a `strptime` format, in the host's time zone. `None` where they don't fit. Knows
/// `%Y %m %d %H %M %S %y %j %b %B %p %I %%` and blanks.
pub fn parse_local(text: &str, format: &str) -> Option<i64> {
    // SAFETY: a plain C struct of numbers (and, on some systems, a pointer that may be null).
    let mut tm: libc::tm = unsafe { std::mem::zeroed() };
    (tm.tm_year, tm.tm_mday, tm.tm_isdst) = (0, 1, -1);
    let mut year = 1900;
    let mut pm = None;
    let mut rest = text;
    let mut f = format.chars();
    while let Some(c) = f.next() {
        if c != '%' {
            if c.is_whitespace() {
                rest = rest.trim_start();
                continue;
            }
            rest = rest.strip_prefix(c)?;
            continue;
        }
        let mut number = |max: usize| -> Option<i32> {
            let n = rest.bytes().take(max).take_while(u8::is_ascii_digit).count();
            let v = rest[..n].parse().ok()?;
            rest = &rest[n..];
            Some(v)
        };
        match f.next()? {
            'Y' => year = number(4)?,
            'y' => {
                let y = number(2)?;
                year = if y < 69 { 2000 + y } else { 1900 + y };
            }
            'm' => tm.tm_mon = number(2)? - 1,
            'd' => tm.tm_mday = number(2)?,
            'H' | 'I' => tm.tm_hour = number(2)?,
            'M' => tm.tm_min = number(2)?,
            'S' => tm.tm_sec = number(2)?,
            'j' => {
                tm.tm_mon = 0;
                tm.tm_mday = number(3)?;
            }
            'p' => {
                let word = rest.get(..2)?.to_ascii_lowercase();
                pm = Some(word == "pm");
                rest = &rest[2..];
            }
            'b' | 'B' => {
                const MONTHS: [&str; 12] = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
                let lower = rest.to_lowercase();
                let (i, name) = MONTHS.iter().enumerate().find(|(_, m)| lower.starts_with(&m[..3]))?;
                tm.tm_mon = i as i32;
                rest = &rest[if lower.starts_with(name) { name.len() } else { 3 }..];
            }
            '%' => rest = rest.strip_prefix('%')?,
            _ => return None,
        }
    }
    if !rest.is_empty() {
        return None;
    }
    match pm {
        Some(true) if tm.tm_hour < 12 => tm.tm_hour += 12,
        Some(false) if tm.tm_hour == 12 => tm.tm_hour = 0,
        _ => {}
    }
    tm.tm_year = year - 1900;
    // SAFETY: mktime reads and normalises the struct that it is given.
    Some(unsafe { libc::mktime(&mut tm) } as i64)
}

/// Sets the times of access and modification; with `follow`, those of what a link leads to.
pub fn set_times(path: &str, access: f64, modification: f64, follow: bool) -> io::Result<()> {
    let spec = |t: f64| Timespec { tv_sec: t.floor() as i64, tv_nsec: ((t - t.floor()) * 1e9) as _ };
    let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
    Ok(utimensat(CWD, path, &Timestamps { last_access: spec(access), last_modification: spec(modification) }, flags)?)
}

/// Sets both times to now, which whoever may write the file may do, too; other times only its owner.
pub fn set_times_to_now(path: &str) -> io::Result<()> {
    let now = Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW as _ };
    Ok(utimensat(CWD, path, &Timestamps { last_access: now, last_modification: now }, AtFlags::empty())?)
}
