//! How many connections are being opened to one address at the same time.
//!
//! A server turns connections away while too many of them have not logged in yet (OpenSSH's `MaxStartups`: from the
//! tenth on, some). An inventory may have many names for one machine, and all hosts are connected to at once.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};

/// Below the ten of OpenSSH, with room for others.
const WIDTH: usize = 6;

#[derive(Default)]
struct Door {
    inside: Mutex<usize>,
    left: Condvar,
}

/// One of the connections that are being opened; dropped when it is open, or failed.
pub(crate) struct Entered(Arc<Door>);

/// Waits until another connection to this address may be opened.
pub(crate) fn enter(address: &str, port: u16) -> Entered {
    static DOORS: OnceLock<Mutex<HashMap<(String, u16), Arc<Door>>>> = OnceLock::new();
    let doors = DOORS.get_or_init(Mutex::default);
    let door = doors.lock().unwrap_or_else(PoisonError::into_inner).entry((address.to_owned(), port)).or_default().clone();
    let inside = door.inside.lock().unwrap_or_else(PoisonError::into_inner);
    *door.left.wait_while(inside, |n| *n >= WIDTH).unwrap_or_else(PoisonError::into_inner) += 1;
    Entered(door)
}

impl Drop for Entered {
    fn drop(&mut self) {
        *self.0.inside.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.left.notify_one();
    }
}
