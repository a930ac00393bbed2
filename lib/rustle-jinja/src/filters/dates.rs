//! `strftime`, `to_datetime`: `{{ '%Y-%m-%d' | strftime(ansible_date_time.epoch) }}`.

use super::Filter;
use crate::args::{flag, opt_text};
use crate::error::fail;
use crate::util::datetime;
use rustle_value::{Value, py_str};

pub static FILTERS: &[Filter] = &[
    Filter::new("strftime", &[], |_, v, args| {
        let [second, utc] = args.bind("strftime", ["second", "utc"])?;
        let (secs, micro) = match &second {
            None | Some(Value::Null) => datetime::clock(),
            Some(s) => {
                let parsed = match s {
                    Value::Str(t) => super::numbers::parse_float(t),
                    v => v.as_f64(),
                };
                let Some(f) = parsed else { return fail(format!("Invalid value for epoch value ({s})")) };
                (f.floor() as i64, 0)
            }
        };
        let tm = if flag(utc.as_ref(), false) { datetime::utc(secs, micro) } else { datetime::local(secs, micro) };
        Ok(Value::from(datetime::strftime(&tm, &py_str(&v))))
    }),
    Filter::new("to_datetime", &[], |_, v, args| {
        let [format] = args.bind("to_datetime", ["format"])?;
        let format = opt_text(format.as_ref()).unwrap_or_else(|| "%Y-%m-%d %H:%M:%S".into());
        let tm = datetime::strptime(&py_str(&v), &format)?;
        let offset = tm.offset.map(|o| (o / 60) as i16);
        Ok(Value::Time(tm.timestamp(offset)))
    }),
];
