//! `vars`, `varnames`: variables by computed name: `{{ lookup('vars', 'port_' ~ env, default=80) }}`.

use super::Lookup;
use crate::error::{Error, fail};
use crate::util::regex::{Flags, captures_at, compile};
use rustle_value::Value;
use std::sync::Arc;

pub static LOOKUPS: &[Lookup] = &[
    Lookup {
        name: "vars",
        func: |cx, mut args| {
            let default = args.take("default");
            let mut out = Vec::new();
            for term in &args.pos {
                let Value::Str(name) = term else {
                    return fail(format!("Variable name must be 'str' not '{}'.", term.type_name()));
                };
                let name: Arc<str> = name.clone();
                let v = match (cx.host_variable(&name)?, &default) {
                    (Some(v), _) => v,
                    (None, Some(d)) => d.clone(),
                    (None, None) => return Err(Error::undefined(format!("No variable named '{name}' was found."))),
                };
                out.push(v);
            }
            Ok(out)
        },
    },
    Lookup {
        name: "varnames",
        func: |cx, args| {
            let names = cx.scope().names();
            let mut out = Vec::new();
            for term in &args.pos {
                let Value::Str(p) = term else { return fail(format!("Invalid setting identifier, {term:?} is not a string, it is a {}", term.type_name())) };
                for n in &names {
                    let r = compile(p, Flags::default(), n)?;
                    if captures_at(&r, n, 0)?.is_some() {
                        out.push(Value::from(n.as_str()));
                    }
                }
            }
            Ok(out)
        },
    },
];
