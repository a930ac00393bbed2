//! `ansible_env`: the environment of this process.

use crate::{Collector, Context};
use rustle_value::Dict;

pub static COLLECTOR: Collector =
    Collector { subset: "env", aliases: &[], minimal: true, requires: &[], slow: false, gather };

fn gather(_: &Context, out: &mut Dict) {
    let mut d = Dict::new();
    for (k, v) in std::env::vars_os() {
        d.insert(k.to_string_lossy().into_owned(), v.to_string_lossy().into_owned());
    }
    out.insert("env", d);
}
