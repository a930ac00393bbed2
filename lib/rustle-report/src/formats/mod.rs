//! The formats, one file each. `build.rs` makes the list from this folder.

use crate::options::Options;
use crate::{Palette, Report};
use std::io::Write;

/// A format's name, its one line of help, and its constructor.
pub struct Format {
    /// As `ANSIBLE_STDOUT_CALLBACK` names it, without its collection.
    pub name: &'static str,
    /// Where Ansible has the callback of this name.
    pub collection: &'static str,
    pub about: &'static str,
    /// Its output is data: nothing else may stand beside it.
    pub for_programs: bool,
    pub create: for<'w> fn(Options, Box<dyn Write + 'w>, Box<dyn Write + 'w>) -> Box<dyn Report + 'w>,
}

include!(concat!(env!("OUT_DIR"), "/formats.rs"));

/// The format of this name: alone, with its collection, or with `ansible.builtin.`, under which Ansible finds it, too.
pub fn find(name: &str) -> Option<&'static Format> {
    ALL.iter().copied().find(|f| names(name, f.collection, f.name))
}

/// The names of all formats, for a person.
pub fn list() -> String {
    ALL.iter().map(|f| f.name).collect::<Vec<_>>().join(", ")
}

/// Whether `name` means the plugin `short` of a collection.
pub(crate) fn names(name: &str, collection: &str, short: &str) -> bool {
    match name.rsplit_once('.') {
        None => name == short,
        Some((place, last)) => last == short && (["ansible.builtin", "ansible.legacy"].contains(&place) || place == collection),
    }
}

/// The format of this name, writing to `out` and `err`. `None` where there is no such format.
pub fn create<'w>(
    name: &str,
    options: Options,
    out: Box<dyn Write + 'w>,
    err: Box<dyn Write + 'w>,
) -> Option<Box<dyn Report + 'w>> {
    find(name).map(|f| (f.create)(options, out, err))
}

/// The colours of a run, where there are any: forced, or a terminal that is not told otherwise.
pub fn palette(terminal: bool, forced: bool, forbidden: bool, chosen: Palette) -> Option<Palette> {
    let wanted = forced || (terminal && !forbidden && std::env::var_os("TERM").is_none_or(|t| t != "dumb"));
    wanted.then_some(chosen)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn names_as_ansible_resolves_them() {
        for (name, format) in [
            ("debug", Some("debug")),
            ("ansible.posix.debug", Some("debug")),
            ("ansible.builtin.debug", Some("debug")),
            ("ansible.legacy.minimal", Some("minimal")),
            ("community.general.yaml", Some("yaml")),
            ("community.general.debug", None),
            ("my.own.default", None),
            ("", None),
        ] {
            assert_eq!(find(name).map(|f| f.name), format, "{name}");
        }
    }
}
