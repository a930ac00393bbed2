//! `sequence`: `{{ query('sequence', 'start=1 end=5 format=web%02d') }}`, or `1-5/2:web%02d`.

use super::Lookup;
use crate::args::Args;
use crate::error::{Result, fail};
use crate::filters::numbers::parse_int;
use crate::interp::Interp;
use crate::ops::percent;
use num_traits::ToPrimitive;
use rustle_value::{Value, py_str};

/// Longest result.
const MAX: i64 = 10_000_000;

pub static LOOKUPS: &[Lookup] = &[Lookup { name: "sequence", func: sequence }];

#[derive(Default)]
struct Spec {
    start: Option<i64>,
    end: Option<i64>,
    count: Option<i64>,
    stride: Option<i64>,
    format: Option<String>,
}

fn number(key: &str, v: &str) -> Result<i64> {
    match parse_int(v, 0).and_then(|n| n.to_i64()) {
        Some(n) => Ok(n),
        None => fail(format!("Config '{key}' for 'sequence' lookup plugin from 'Direct' has an invalid value: Invalid value provided for 'integer': {}", rustle_value::str_repr(v))),
    }
}

impl Spec {
    fn set(&mut self, key: &str, v: &str) -> Result<()> {
        match key {
            "start" => self.start = Some(number(key, v)?),
            "end" => self.end = Some(number(key, v)?),
            "count" => self.count = Some(number(key, v)?),
            "stride" => self.stride = Some(number(key, v)?),
            "format" => self.format = Some(v.to_owned()),
            other => return fail(format!("unrecognized arguments to with_sequence: ['{other}']")),
        }
        Ok(())
    }

    /// `[start-]end[/stride][:format]`; false where the term is not written so.
    ///
    /// # Errors
    /// A part that is no number.
    fn short(&mut self, term: &str) -> Result<bool> {
        if term.contains('=') || term.contains(char::is_whitespace) {
            return Ok(false);
        }
        let (body, format) = term.split_once(':').map_or((term, None), |(a, b)| (a, Some(b)));
        let (body, stride) = body.split_once('/').map_or((body, None), |(a, b)| (a, Some(b)));
        let (start, end) = body.split_once('-').map_or((None, body), |(a, b)| (Some(a), b));
        // Other letters than those of numbers: no short form at all.
        let looks = |t: &str| !t.is_empty() && t.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, 'x' | 'X'));
        if !looks(end) || !start.is_none_or(looks) || !stride.is_none_or(looks) {
            return Ok(false);
        }
        if let Some(t) = start {
            self.start = Some(number("start", t)?);
        }
        let end = number("end", end)?;
        if let Some(t) = stride {
            self.stride = Some(number("stride", t)?);
        }
        self.end = Some(end);
        self.format = format.map(str::to_owned);
        Ok(true)
    }

    fn run(self, out: &mut Vec<Value>) -> Result<()> {
        let start = self.start.unwrap_or(1);
        let mut stride = self.stride.unwrap_or(1);
        let end = match (self.count, self.end) {
            (None, None) => return fail("must specify count or end in with_sequence"),
            (Some(_), Some(_)) => return fail("can't specify both count and end in with_sequence"),
            (Some(0), None) => return Ok(()),
            (Some(n), None) => start + n * stride - 1,
            (None, Some(e)) => e,
        };
        if stride > 0 && end < start && self.count.is_none() {
            return fail("to count backwards make stride negative");
        }
        if stride < 0 && end > start {
            return fail("to count forward don't make stride negative");
        }
        if stride == 0 {
            return Ok(());
        }
        if self.count.is_some() && end < start {
            stride = -stride.abs();
        }
        if (end.saturating_sub(start) / stride) > MAX {
            return fail("result is too large");
        }
        let format = self.format.unwrap_or_else(|| "%d".into());
        // Exactly one place for the number.
        if format.replace("%%", "").matches('%').count() != 1 {
            return fail(format!("bad formatting string: {format}"));
        }
        let mut i = start;
        while (stride > 0 && i <= end) || (stride < 0 && i >= end) {
            let text = percent::format(&Value::from(format.as_str()), &Value::Int(i))
                .or_else(|_| fail(format!("problem formatting {i} with {}", rustle_value::str_repr(&format))))?;
            out.push(text);
            i += stride;
        }
        Ok(())
    }
}

fn sequence(_: &mut Interp<'_>, args: Args) -> Result<Vec<Value>> {
    let mut out = Vec::new();
    if args.pos.is_empty() && args.kw.is_empty() {
        return Ok(out);
    }
    let terms = if args.pos.is_empty() { vec![Value::from("")] } else { args.pos };
    for term in &terms {
        let mut spec = Spec::default();
        for (k, v) in &args.kw {
            spec.set(k, &py_str(v))?;
        }
        let term = py_str(term);
        if !term.is_empty() && !spec.short(&term)? {
            for pair in term.split_whitespace() {
                match pair.split_once('=') {
                    Some((k, v)) => spec.set(k, v.trim_matches(['\'', '"']))?,
                    None => return fail("unrecognized arguments to with_sequence: ['_raw_params']"),
                }
            }
        }
        spec.run(&mut out)?;
    }
    Ok(out)
}
