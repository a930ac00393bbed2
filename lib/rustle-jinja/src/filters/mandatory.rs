//! `mandatory`: an error of one's own for what is undefined: `{{ x | mandatory('say x') }}`.

use super::{Filter, Mode};
use crate::args::opt_text;
use crate::error::fail;
use rustle_value::Value;

pub static FILTERS: &[Filter] = &[Filter::new("mandatory", &[], |_, v, args| {
    let [msg] = args.bind("mandatory", ["msg"])?;
    let Value::Undefined(u) = &v else { return Ok(v) };
    match opt_text(msg.as_ref()) {
        Some(m) => fail(m),
        None => {
            // The hint names the variable: `'x' is undefined`.
            let name = u.hint.strip_suffix(" is undefined").or_else(|| u.hint.split_once(" has no attribute ").map(|(_, n)| n)).map(|n| format!("{n} "));
            fail(format!("Mandatory variable {}not defined.", name.unwrap_or_default()))
        }
    }
})
.mode(Mode::Markers)];
