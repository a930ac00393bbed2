//! How hosts are reached, by whoever can render templates: this crate cannot.

use rustle_cli::stage::{Input, StageError};
use rustle_value::Dict;
use std::collections::HashMap;

/// Finds out how a run would reach the hosts of its stream.
pub trait Reach {
    /// Connection variables by host; hosts that are left out are reached as their records say. `warn` hears of variables
    /// that cannot be rendered.
    ///
    /// # Errors
    /// A stream that makes no sense.
    fn of(input: &Input, warn: &mut dyn FnMut(String)) -> Result<HashMap<String, Dict>, StageError>;
}

/// As the records say. Hosts that need more are not reached at all.
pub struct AsWritten;

impl Reach for AsWritten {
    fn of(_: &Input, _: &mut dyn FnMut(String)) -> Result<HashMap<String, Dict>, StageError> {
        Ok(HashMap::new())
    }
}
