//! Many names for one machine: the first one brings the runner there alone, the others then find it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Which machines are known to have been served.
#[derive(Debug, Default)]
pub struct FirstAlone(Mutex<HashMap<String, Arc<Mutex<bool>>>>);

impl FirstAlone {
    /// Does `work` for the machine: alone until one of its names succeeded, side by side afterwards.
    pub fn run<T, E>(&self, machine: String, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let served = self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(machine).or_default().clone();
        let mut served = served.lock().unwrap_or_else(PoisonError::into_inner);
        if *served {
            drop(served);
            return work();
        }
        let result = work();
        *served = result.is_ok();
        result
    }
}
