//! The formats, one file each. `build.rs` makes the list from this folder; `_template.rs` is the start of a new one.

use crate::options::Options;
use crate::{Palette, Report};
use std::io::Write;

/// A format's name, its one line of help, and its constructor.
pub struct Format {
    /// As `ANSIBLE_STDOUT_CALLBACK` names it.
    pub name: &'static str,
    pub about: &'static str,
    pub create: for<'w> fn(Options, Box<dyn Write + 'w>, Box<dyn Write + 'w>) -> Box<dyn Report + 'w>,
}

include!(concat!(env!("OUT_DIR"), "/formats.rs"));

/// The format of this name (with or without `ansible.builtin.`), writing to `out` and `err`. `None` where there is
/// no such format.
pub fn create<'w>(
    name: &str,
    options: Options,
    out: Box<dyn Write + 'w>,
    err: Box<dyn Write + 'w>,
) -> Option<Box<dyn Report + 'w>> {
    let short = name.strip_prefix("ansible.builtin.").or(name.strip_prefix("ansible.legacy.")).unwrap_or(name);
    ALL.iter().find(|f| f.name == short).map(|f| (f.create)(options, out, err))
}

/// The colours of a run, where there are any: forced, or a terminal that is not told otherwise.
pub fn palette(terminal: bool, forced: bool, forbidden: bool, chosen: Palette) -> Option<Palette> {
    let wanted = forced || (terminal && !forbidden && std::env::var_os("TERM").is_none_or(|t| t != "dumb"));
    wanted.then_some(chosen)
}
