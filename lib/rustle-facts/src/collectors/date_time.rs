//! `ansible_date_time`.

use crate::{Collector, Context};
use rustle_value::Dict;

pub static COLLECTOR: Collector =
    Collector { subset: "date_time", aliases: &[], minimal: true, requires: &[], slow: false, gather };

#[cfg(unix)]
fn gather(_: &Context, out: &mut Dict) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let seconds = now.as_secs() as i64;
    let (local, utc) = (broken_down(seconds, true), broken_down(seconds, false));
    let mut d = Dict::new();
    for (key, format) in [
        ("year", c"%Y"), ("month", c"%m"), ("weekday", c"%A"), ("weekday_number", c"%w"), ("weeknumber", c"%W"),
        ("day", c"%d"), ("hour", c"%H"), ("minute", c"%M"), ("second", c"%S"), ("date", c"%Y-%m-%d"),
        ("time", c"%H:%M:%S"), ("iso8601_basic_short", c"%Y%m%dT%H%M%S"), ("tz", c"%Z"), ("tz_offset", c"%z"),
    ] {
        d.insert(key, format_time(&local, format));
    }
    let micro = now.subsec_micros();
    d.insert("epoch", seconds.to_string());
    d.insert("epoch_int", seconds.to_string());
    d.insert("iso8601_basic", format!("{}{micro:06}", format_time(&local, c"%Y%m%dT%H%M%S")));
    d.insert("iso8601", format_time(&utc, c"%Y-%m-%dT%H:%M:%SZ"));
    d.insert("iso8601_micro", format!("{}.{micro:06}Z", format_time(&utc, c"%Y-%m-%dT%H:%M:%S")));
    d.insert("tz_dst", summer_name(seconds, &local));
    out.insert("date_time", d);
}

#[cfg(unix)]
fn broken_down(seconds: i64, local: bool) -> libc::tm {
    let t = seconds as libc::time_t;
    let mut tm = std::mem::MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both functions fill the structure that they are given; zeroed bytes are a valid `tm`.
    unsafe {
        if local {
            libc::localtime_r(&t, tm.as_mut_ptr());
        } else {
            libc::gmtime_r(&t, tm.as_mut_ptr());
        }
        tm.assume_init()
    }
}

#[cfg(unix)]
fn format_time(tm: &libc::tm, format: &std::ffi::CStr) -> String {
    let mut buffer = [0u8; 128];
    // SAFETY: buffer and length belong together; the format is NUL-terminated.
    let n = unsafe { libc::strftime(buffer.as_mut_ptr().cast(), buffer.len(), format.as_ptr(), tm) };
    String::from_utf8_lossy(&buffer[..n]).into_owned()
}

/// The zone's name in summer, as Python finds it: by looking at January and July.
#[cfg(unix)]
fn summer_name(now: i64, local: &libc::tm) -> String {
    let january = now - i64::from(local.tm_yday) * 86_400;
    let (winter, summer) = (broken_down(january, true), broken_down(january + 182 * 86_400, true));
    // South of the equator the clock is ahead in January.
    let tm = if winter.tm_gmtoff > summer.tm_gmtoff { winter } else { summer };
    format_time(&tm, c"%Z")
}

#[cfg(not(unix))]
fn gather(_: &Context, _: &mut Dict) {}
