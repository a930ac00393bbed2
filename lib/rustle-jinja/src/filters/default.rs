//! `default`, alias `d`: a value for what is undefined (or, with `true`, falsy): `{{ port | default(80) }}`.

use super::{Filter, Mode};
use crate::args::flag;

pub static FILTERS: &[Filter] = &[Filter::new("default", &["d"], |cx, v, args| {
    let [default, boolean] = args.bind("default", ["default_value", "boolean"])?;
    let v = if v.is_undefined() { v } else { cx.resolve(v)? };
    let replace = v.is_undefined() || (flag(boolean.as_ref(), false) && !v.truthy());
    Ok(if replace { default.unwrap_or_else(|| "".into()) } else { v })
})
.mode(Mode::Markers)];
