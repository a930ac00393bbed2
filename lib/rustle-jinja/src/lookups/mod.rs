//! Lookups that need nothing but their arguments and variables. The rest is asked of the host.
//!
//! Every file has a table `LOOKUPS`. A lookup returns a list; `lookup()` joins it as Ansible does, `query()` keeps it.

use crate::args::Args;
use crate::error::{Error, Result, fail};
use crate::filters::plain;
use crate::interp::Interp;
use rustle_value::{Value, py_str};
use std::collections::HashMap;
use std::sync::OnceLock;

/// The code of a lookup: terms and options.
pub type LookupFn = fn(&mut Interp<'_>, Args) -> Result<Vec<Value>>;

/// A lookup.
#[derive(Debug)]
pub struct Lookup {
    /// Name without `ansible.builtin.`.
    pub name: &'static str,
    pub func: LookupFn,
}

include!(concat!(env!("OUT_DIR"), "/lookups.rs"));

/// The native lookup of a name.
pub fn find(name: &str) -> Option<&'static Lookup> {
    static MAP: OnceLock<HashMap<&'static str, &'static Lookup>> = OnceLock::new();
    let map = MAP.get_or_init(|| ALL.iter().flat_map(|t| t.iter()).map(|l| (l.name, l)).collect());
    map.get(plain(name)).copied()
}

/// `lookup(name, *terms, **options)` and, with `as_list`, `query(…)`.
pub(crate) fn run(cx: &mut Interp<'_>, mut args: Args, as_list: bool) -> Result<Value> {
    if args.pos.is_empty() {
        return fail("_lookup() missing 1 required positional argument: 'plugin_name'");
    }
    let name = args.pos.remove(0);
    let name = match cx.resolve_strict(name)? {
        Value::Str(s) => s,
        other => return fail(format!("The lookup name must be a string, not {}", other.type_name())),
    };
    let wantlist = args.take("wantlist").map_or(as_list, |v| v.truthy());
    let errors = args.take("errors").map_or_else(|| "strict".to_owned(), |v| v.to_string());
    // One undefined argument makes the result undefined; templates inside are resolved now.
    for v in args.values_mut() {
        match cx.settle(std::mem::take(v)) {
            Ok(x) => *v = x,
            Err(e) => return e.into_undefined(),
        }
    }
    match execute(cx, &name, args) {
        Ok(v) => Ok(shape(v, wantlist)),
        Err(e @ (Error::NeedsController { .. } | Error::Syntax(_))) => Err(e),
        Err(Error::Runtime(_)) if matches!(errors.as_str(), "ignore" | "warn") => Ok(if wantlist { Value::list(Vec::new()) } else { Value::Null }),
        Err(e) => e.into_undefined(),
    }
}

/// Whether a loop (`with_name`) passes over those of its terms that are undefined.
pub fn takes_what_is_known(name: &str) -> bool {
    plain(name) == "first_found"
}

/// Runs a lookup for a loop (`with_name`): the list, or undefinedness as an error.
///
/// # Errors
/// Where there is no such lookup, or whatever it raises.
pub fn execute(cx: &mut Interp<'_>, name: &str, args: Args) -> Result<Value> {
    let failed = |e: Error| match e {
        Error::Runtime(_) => e.named(|| format!("The lookup plugin '{name}' failed: ")),
        other => other,
    };
    if let Some(l) = find(name) {
        return (l.func)(cx, args).map(Value::list).map_err(failed);
    }
    let host = cx.host;
    match host.lookup(plain(name), &args, cx) {
        Some(r) => r.map_err(failed),
        None => Err(Error::runtime(format!("The lookup plugin '{name}' was not found.")).named(String::new)),
    }
}

/// What `lookup()` makes of a list: nothing, the one element, or texts joined by commas.
fn shape(v: Value, wantlist: bool) -> Value {
    if wantlist {
        return v;
    }
    match &v {
        Value::List(l) => match &l[..] {
            [] => v,
            [one] => one.clone(),
            many if many.iter().all(|x| matches!(x, Value::Str(_))) => Value::from(many.iter().map(py_str).collect::<Vec<_>>().join(",")),
            _ => v,
        },
        _ => v,
    }
}
