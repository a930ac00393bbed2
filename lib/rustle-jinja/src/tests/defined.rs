//! `defined`, `undefined`: `{{ x is defined }}`.

use super::Test;
use crate::filters::Mode;
use crate::objects::is_blank;

pub static TESTS: &[Test] = &[
    Test::new("defined", &[], |_, v, _| Ok(!v.is_undefined() && !is_blank(v))).mode(Mode::Markers),
    Test::new("undefined", &[], |_, v, _| Ok(v.is_undefined() || is_blank(v))).mode(Mode::Markers),
];
