//! `random`, `shuffle`: `{{ 59 | random(seed=inventory_hostname) }}`. The same seed gives the same result as in Python.

use super::Filter;
use crate::args::{Args, opt_int};
use crate::error::{Result, fail};
use crate::interp::Interp;
use crate::util::hash;
use crate::util::random::Random;
use rustle_value::Value;

pub static FILTERS: &[Filter] = &[
    Filter::new("random", &[], random),
    Filter::new("shuffle", &[], |cx, v, args| {
        let [seed] = args.bind("shuffle", ["seed"])?;
        let mut items = match &v {
            Value::List(l) | Value::Tuple(l) => l.to_vec(),
            v => match cx.elements(v) {
                Ok(items) => items,
                // What cannot be shuffled comes back as it is.
                Err(_) => return Ok(v.clone()),
            },
        };
        let mut r = generator(seed.as_ref());
        for i in (1..items.len()).rev() {
            items.swap(i, r.below(i as u64 + 1) as usize);
        }
        Ok(Value::list(items))
    }),
];

/// Seeded as `random.Random(seed)`: integers by their digits, text by its SHA-512.
fn generator(seed: Option<&Value>) -> Random {
    match seed {
        None | Some(Value::Null) => Random::fresh(),
        Some(v) => {
            let bytes = match v {
                Value::Str(s) => [s.as_bytes(), &hash::sha512(s.as_bytes())].concat(),
                v => match crate::ops::arith::big(v) {
                    Some(n) => n.magnitude().to_bytes_be(),
                    None => v.to_string().into_bytes(),
                },
            };
            let key = num_bigint::BigUint::from_bytes_be(&bytes).to_u32_digits();
            Random::from_key(if key.is_empty() { &[0] } else { &key })
        }
    }
}

/// `length` characters of `from`, always the same for a seed: what `random.Random(seed).choice` gives, one by one.
pub fn seeded(seed: &Value, from: &[char], length: usize) -> String {
    let mut r = generator(Some(seed));
    (0..length).filter_map(|_| from.get(r.below(from.len() as u64) as usize)).collect()
}

fn random(cx: &mut Interp<'_>, v: Value, args: Args) -> Result<Value> {
    let [start, step, seed] = args.bind("random", ["start", "step", "seed"])?;
    let mut r = generator(seed.as_ref());
    if let Some(end) = v.as_i64() {
        let start = opt_int(start.as_ref())?.unwrap_or(0);
        let step = opt_int(step.as_ref())?.unwrap_or(1);
        let width = end.saturating_sub(start);
        let n = if step > 0 { (width + step - 1) / step } else if step < 0 { (width + step + 1) / step } else { 0 };
        if n <= 0 {
            let step = if step == 1 { String::new() } else { format!(", {step}") };
            return fail(format!("empty range in randrange({start}, {end}{step})"));
        }
        return Ok(Value::Int(start + step * r.below(n as u64) as i64));
    }
    if start.is_some_and(|s| !s.is_null()) || step.is_some_and(|s| !s.is_null()) {
        return fail("start and step can only be used with integer values");
    }
    match cx.elements(&v) {
        Ok(items) if items.is_empty() => fail("Cannot choose from an empty sequence"),
        Ok(items) => Ok(items[r.below(items.len() as u64) as usize].clone()),
        Err(_) => fail("random can only be used on sequences and integers"),
    }
}
