//! `attr`: an attribute only, never an entry: `{{ ns | attr('x') }}`.

use super::{Filter, Mode};
use crate::args::required;
use crate::interp::missing;
use rustle_value::Value;

pub static FILTERS: &[Filter] = &[Filter::new("attr", &[], |cx, v, args| {
    let [name] = args.bind("do_attr", ["name"])?;
    let name = required(name, "do_attr", "name")?;
    // Entries of a dict are not attributes; its methods are.
    let bare = if matches!(v, Value::Dict(_)) { Value::dict(rustle_value::Dict::new()) } else { v.clone() };
    let found = cx.attribute(&bare, &name.to_string())?;
    Ok(if found.is_undefined() { missing(&v, &name) } else { found })
})
.mode(Mode::Lazy)];
