//! `defined`, `undefined`: `{{ x is defined }}`.

use super::Test;
use crate::filters::Mode;

pub static TESTS: &[Test] = &[
    Test::new("defined", &[], |_, v, _| Ok(!v.is_undefined())).mode(Mode::Markers),
    Test::new("undefined", &[], |_, v, _| Ok(v.is_undefined())).mode(Mode::Markers),
];
