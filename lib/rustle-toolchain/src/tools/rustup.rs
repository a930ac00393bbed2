//! rustup, which can fetch standard libraries and sources.

use crate::{Detector, Found};

pub static TOOL: Detector =
    Detector { name: "rustup", look: |env| Found::on_path(env, env.var("RUSTLE_RUSTUP_PATH").unwrap_or("rustup"), &["-V"]), advise: |_| None };
