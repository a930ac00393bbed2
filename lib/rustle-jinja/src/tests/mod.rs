//! Tests (`x is name`): one file each, or one file for a family. Every file has a table `TESTS`.

use crate::args::Args;
use crate::error::Result;
use crate::filters::{Mode, plain};
use crate::interp::Interp;
use rustle_value::Value;
use std::collections::HashMap;
use std::sync::OnceLock;

/// The code of a test: the value asked about and the arguments.
pub type TestFn = fn(&mut Interp<'_>, &Value, Args) -> Result<bool>;

/// A test.
#[derive(Debug)]
pub struct Test {
    /// Name without `ansible.builtin.`.
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub mode: Mode,
    pub func: TestFn,
}

impl Test {
    /// A test that looks at the outermost layer only.
    pub const fn new(name: &'static str, aliases: &'static [&'static str], func: TestFn) -> Test {
        Test { name, aliases, mode: Mode::Lazy, func }
    }
    /// With another mode.
    pub const fn mode(self, mode: Mode) -> Test {
        Test { mode, ..self }
    }
}

include!(concat!(env!("OUT_DIR"), "/tests.rs"));

/// The native test of a name, `ansible.builtin.` and `ansible.legacy.` allowed.
pub fn find(name: &str) -> Option<&'static Test> {
    static MAP: OnceLock<HashMap<&'static str, &'static Test>> = OnceLock::new();
    let map = MAP.get_or_init(|| {
        let each = ALL.iter().flat_map(|t| t.iter());
        each.flat_map(|f| f.aliases.iter().chain([&f.name]).map(move |n| (*n, f))).collect()
    });
    map.get(plain(name)).copied()
}
