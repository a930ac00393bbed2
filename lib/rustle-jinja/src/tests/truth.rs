//! `truthy`, `falsy`: `{{ 'yes' is truthy(convert_bool=true) }}`.

use super::Test;
use crate::args::{Args, flag};
use crate::error::Result;
use rustle_value::Value;

fn truthy(v: &Value, args: Args) -> Result<bool> {
    let [convert] = args.bind("truthy", ["convert_bool"])?;
    if flag(convert.as_ref(), false)
        && let Value::Str(s) = v
    {
        match s.to_lowercase().as_str() {
            "y" | "yes" | "on" | "1" | "true" | "t" | "1.0" => return Ok(true),
            "n" | "no" | "off" | "0" | "false" | "f" | "0.0" => return Ok(false),
            _ => {}
        }
    }
    Ok(v.truthy())
}

pub static TESTS: &[Test] = &[
    Test::new("truthy", &[], |_, v, a| truthy(v, a)),
    Test::new("falsy", &[], |_, v, a| truthy(v, a).map(|b| !b)),
];
