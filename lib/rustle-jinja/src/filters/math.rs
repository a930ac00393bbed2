//! `log`, `pow`, `root`, `human_readable`, `human_to_bytes`: `{{ mem | human_readable }}`.

use super::Filter;
use crate::args::{Args, flag, opt_text, required};
use crate::ast::BinOp;
use crate::error::{Result, fail};
use crate::interp::Interp;
use crate::ops;
use rustle_value::Value;

pub static FILTERS: &[Filter] = &[
    Filter::new("log", &[], |_, v, args| {
        let [base] = args.bind("log", ["base"])?;
        let bad = |v: &Value| format!("log() can only be used on numbers: must be real number, not {}", v.type_name());
        let Some(x) = v.as_f64() else { return fail(bad(&v)) };
        if x <= 0.0 {
            return fail("log() can only be used on numbers: expected a positive input");
        }
        Ok(Value::Float(match &base {
            None => x.ln(),
            Some(b) => match b.as_f64() {
                Some(10.0) => x.log10(),
                Some(b) => x.ln() / b.ln(),
                None => return fail(bad(b)),
            },
        }))
    }),
    Filter::new("pow", &[], |_, v, args| {
        let [y] = args.bind("pow", ["y"])?;
        let y = required(y, "power", "y")?;
        match (v.as_f64(), y.as_f64()) {
            (Some(x), Some(y)) => ops::binary(BinOp::Pow, &Value::Float(x), &Value::Float(y)),
            _ => fail("pow() can only be used on numbers: must be real number, not str"),
        }
    }),
    Filter::new("root", &[], |_, v, args| {
        let [base] = args.bind("root", ["base"])?;
        let base = base.as_ref().map_or(Some(2.0), Value::as_f64);
        match (v.as_f64(), base) {
            (Some(x), Some(2.0)) if x >= 0.0 => Ok(Value::Float(x.sqrt())),
            (Some(x), Some(b)) => Ok(Value::Float(x.powf(1.0 / b))),
            _ => fail(format!("root() can only be used on numbers: must be real number, not {}", v.type_name())),
        }
    }),
    Filter::new("human_readable", &[], human_readable),
    Filter::new("human_to_bytes", &[], human_to_bytes),
];

const UNITS: [(char, u32); 8] = [('Y', 80), ('Z', 70), ('E', 60), ('P', 50), ('T', 40), ('G', 30), ('M', 20), ('K', 10)];

fn number(v: &Value) -> Option<f64> {
    match v {
        Value::Str(s) => super::numbers::parse_float(s),
        v => v.as_f64(),
    }
}

fn human_readable(_: &mut Interp<'_>, v: Value, args: Args) -> Result<Value> {
    let [isbits, unit] = args.bind("human_readable", ["isbits", "unit"])?;
    let bits = flag(isbits.as_ref(), false);
    let unit = opt_text(unit.as_ref());
    let Some(n) = number(&v) else { return fail(format!("human_readable() failed on bad input: '>=' not supported between instances of '{}' and 'int'", v.type_name())) };
    let base = if bits { "bits" } else { "Bytes" };
    for (c, shift) in UNITS {
        let limit = 2f64.powi(shift as i32);
        let wanted = unit.as_ref().is_some_and(|u| u.to_uppercase().starts_with(c));
        if (unit.is_none() && n >= limit) || wanted {
            return Ok(Value::from(format!("{:.2} {c}{}", n / limit, if bits { "b" } else { "B" })));
        }
    }
    Ok(Value::from(format!("{n:.2} {base}")))
}

fn human_to_bytes(_: &mut Interp<'_>, v: Value, args: Args) -> Result<Value> {
    let [default_unit, isbits] = args.bind("human_to_bytes", ["default_unit", "isbits"])?;
    let bits = flag(isbits.as_ref(), false);
    let text = v.to_string();
    let bad = |m: String| fail(format!("human_to_bytes() can't interpret the input: {m}"));
    let t = text.trim();
    let digits = t.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(t.len());
    let Ok(n) = t[..digits].parse::<f64>() else { return bad(format!("human_to_bytes() can't interpret following string: {text}")) };
    let unit = t[digits..].trim();
    let unit = if unit.is_empty() { opt_text(default_unit.as_ref()).unwrap_or_default() } else { unit.to_owned() };
    if unit.is_empty() {
        return Ok(Value::Int(round(n)));
    }
    let lower = unit.to_lowercase();
    let first = unit.chars().next().unwrap_or('B').to_ascii_uppercase();
    let (class, word) = if bits { ("b", "bit") } else { ("B", "byte") };
    if first == 'B' {
        return Ok(Value::Int(round(n)));
    }
    let Some((c, shift)) = UNITS.iter().find(|(c, _)| *c == first) else {
        return bad(format!("human_to_bytes() failed to convert {text} (unit = {unit}). The suffix must be one of Y, Z, E, P, T, G, M, K, B"));
    };
    let fits = unit.len() == 1 || unit[1..] == *class || lower[1..].starts_with(word);
    if !fits {
        return bad(format!("human_to_bytes() failed to convert {text}. Value is not a valid string (expect {c}{class} or {c})"));
    }
    Ok(Value::Int(round(n * 2f64.powi(*shift as i32))))
}

fn round(f: f64) -> i64 {
    f.round_ties_even() as i64
}
