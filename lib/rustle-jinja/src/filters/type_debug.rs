//! `type_debug`: the name of a value's type: `{{ x | type_debug }}`.

use super::{Filter, Mode};
use rustle_value::Value;

pub static FILTERS: &[Filter] = &[Filter::new("type_debug", &[], |_, v, _| {
    Ok(Value::from(if v.is_undefined() { "UndefinedMarker" } else { v.type_name() }))
})
.mode(Mode::Markers)];
