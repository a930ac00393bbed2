//! `ternary`: one of two or three values: `{{ (n > 1) | ternary('many', 'one', none_val) }}`.

use super::{Filter, Mode};
use crate::args::required;
use crate::error::{Error, fail};
use rustle_value::Value;

pub static FILTERS: &[Filter] = &[Filter::new("ternary", &[], |cx, v, args| {
    let [yes, no, none] = args.bind("ternary", ["true_val", "false_val", "none_val"])?;
    if yes.is_none() && no.is_none() {
        return fail("ternary() missing 2 required positional arguments: 'true_val' and 'false_val'");
    }
    if let Value::Undefined(u) = &v {
        return Err(Error::undefined(&*u.hint));
    }
    if let (Value::Null, Some(n)) = (&v, none.filter(|n| !n.is_null())) {
        return Ok(n);
    }
    let pick = if cx.truth(&v)? { required(yes, "ternary", "true_val") } else { required(no, "ternary", "false_val") };
    pick
})
.mode(Mode::Markers)];
