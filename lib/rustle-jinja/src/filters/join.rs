//! `join`: texts of the elements with a separator between: `{{ names | join(', ') }}`.

use super::Filter;
use crate::args::opt_text;
use rustle_value::Value;

pub static FILTERS: &[Filter] = &[Filter::new("join", &[], |cx, v, args| {
    let [sep, attribute] = args.bind("join", ["d", "attribute"])?;
    let sep = opt_text(sep.as_ref()).unwrap_or_default();
    let items = cx.elements(&v)?;
    let mut out = String::new();
    for (i, mut x) in items.into_iter().enumerate() {
        if let Some(a) = &attribute {
            x = crate::filters::select::get_path(cx, &x, a)?;
            x = cx.settle(x)?;
        }
        if i > 0 {
            out += &sep;
        }
        out += &x.to_string();
    }
    Ok(Value::from(out))
})];
