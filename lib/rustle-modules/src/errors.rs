//! Operating system errors in Python's words, which users of Ansible know.

use std::io::Error;

/// `No such file or directory`: the system's text alone.
pub fn strerror(e: &Error) -> String {
    let s = e.to_string();
    match s.find(" (os error") {
        Some(i) => s[..i].to_string(),
        None => s,
    }
}

/// `[Errno 2] No such file or directory`; text of an error that is not the system's.
pub fn py_errno(e: &Error) -> String {
    match e.raw_os_error() {
        Some(n) => format!("[Errno {n}] {}", strerror(e)),
        None => e.to_string(),
    }
}

/// `[Errno 2] No such file or directory: b'/x'`.
pub fn py_oserror(e: &Error, path: &str) -> String {
    match e.raw_os_error() {
        Some(_) => format!("{}: b{}", py_errno(e), rustle_value::str_repr(path)),
        None => e.to_string(),
    }
}
