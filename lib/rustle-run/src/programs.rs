//! What a host without a runner gets: modules as programs for its Python.

use rustle_fallback::{Program, Programs, Wanted};
use std::sync::Arc;

/// Whoever makes programs of modules here.
pub fn programs() -> Arc<dyn Programs> {
    Arc::new(Nobody)
}

/// Nobody does.
struct Nobody;

impl Programs for Nobody {
    fn program(&self, _: &Wanted<'_>) -> Result<Program, String> {
        Err("this program has no bridge to it".into())
    }
}
