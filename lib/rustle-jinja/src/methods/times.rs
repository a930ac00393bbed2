//! Fields and methods of `date` and `datetime`.

use crate::args::Args;
use crate::error::{Result, fail};
use crate::util::datetime;
use rustle_value::{Timestamp, Value};

pub(super) const NAMES: &[&str] = &["strftime", "isoformat", "timestamp", "date", "weekday", "isoweekday"];

pub(super) fn field(v: &Value, name: &str) -> Option<Value> {
    let Value::Time(t) = v else { return None };
    let clock = t.time.as_ref();
    Some(match name {
        "year" => Value::Int(i64::from(t.year)),
        "month" => Value::Int(i64::from(t.month)),
        "day" => Value::Int(i64::from(t.day)),
        "hour" => Value::Int(i64::from(clock?.hour)),
        "minute" => Value::Int(i64::from(clock?.minute)),
        "second" => Value::Int(i64::from(clock?.second)),
        "microsecond" => Value::Int(i64::from(clock?.microsecond)),
        _ => return None,
    })
}

pub(super) fn call(t: &Timestamp, name: &str, args: Args) -> Result<Value> {
    match name {
        "strftime" => Ok(Value::from(datetime::strftime_timestamp(t, &args.pos.first().map(ToString::to_string).unwrap_or_default()))),
        "isoformat" => Ok(Value::from(t.isoformat())),
        "timestamp" => Ok(Value::Float(datetime::epoch_micros(t, true) as f64 / 1e6)),
        "date" => Ok(Value::Time(Timestamp { time: None, ..t.clone() })),
        "weekday" | "isoweekday" => {
            let days = datetime::epoch_micros(&Timestamp { time: None, ..t.clone() }, false).div_euclid(86_400_000_000);
            Ok(Value::Int((days + 3).rem_euclid(7) + i64::from(name == "isoweekday")))
        }
        other => fail(format!("datetime has no method '{other}'")),
    }
}
