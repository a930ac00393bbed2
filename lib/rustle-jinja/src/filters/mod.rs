//! Filters: one file each, or one file for a family that shares one idea. Every file has a table `FILTERS`.

use crate::args::Args;
use crate::error::Result;
use crate::interp::Interp;
use rustle_value::Value;
use std::collections::HashMap;
use std::sync::OnceLock;

/// How much of its input a filter or test wants resolved beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everything, at any depth. An undefined input or argument is the result; the function is not called.
    Settled,
    /// The outermost layer; containers may hold templates. Undefined values as for `Settled`.
    Lazy,
    /// As `Lazy`, but undefined values are passed in.
    Markers,
}

/// The code of a filter: the piped value and the arguments.
pub type FilterFn = fn(&mut Interp<'_>, Value, Args) -> Result<Value>;

/// A filter.
#[derive(Debug)]
pub struct Filter {
    /// Name without `ansible.builtin.`.
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub mode: Mode,
    pub func: FilterFn,
}

impl Filter {
    /// A filter that wants its input settled.
    pub const fn new(name: &'static str, aliases: &'static [&'static str], func: FilterFn) -> Filter {
        Filter { name, aliases, mode: Mode::Settled, func }
    }
    /// With another mode.
    pub const fn mode(self, mode: Mode) -> Filter {
        Filter { mode, ..self }
    }
}

pub use paths::relpath;

include!(concat!(env!("OUT_DIR"), "/filters.rs"));

/// The native filter of a name, `ansible.builtin.` and `ansible.legacy.` allowed.
pub fn find(name: &str) -> Option<&'static Filter> {
    static MAP: OnceLock<HashMap<&'static str, &'static Filter>> = OnceLock::new();
    let map = MAP.get_or_init(|| {
        let each = ALL.iter().flat_map(|t| t.iter());
        each.flat_map(|f| f.aliases.iter().chain([&f.name]).map(move |n| (*n, f))).collect()
    });
    map.get(plain(name)).copied()
}

/// The name without Ansible's own namespace.
pub(crate) fn plain(name: &str) -> &str {
    name.strip_prefix("ansible.builtin.").or_else(|| name.strip_prefix("ansible.legacy.")).unwrap_or(name)
}
