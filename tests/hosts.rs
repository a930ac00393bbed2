//! Real hosts for tests, made by `scripts/hosts`; root on Debian only.

use crate::support;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// Why there can be no hosts here; `None` where there can.
pub fn missing() -> Option<&'static str> {
    static WHY: OnceLock<Option<&'static str>> = OnceLock::new();
    *WHY.get_or_init(|| {
        // Safety: a plain system call.
        if unsafe { libc::geteuid() } != 0 {
            return Some("not root");
        }
        if std::env::var_os("RUSTLE_TEST_NO_HOSTS").is_some() {
            return Some("RUSTLE_TEST_NO_HOSTS is set");
        }
        if !std::path::Path::new("/etc/debian_version").exists() {
            return Some("not Debian");
        }
        let may = Command::new("unshare").args(["--mount", "--net", "--pid", "--fork", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]).output();
        if !may.is_ok_and(|o| o.status.success()) {
            return Some("no permission to make namespaces");
        }
        None
    })
}

/// A set of hosts. Its own name keeps runs of the tests apart.
pub struct Set {
    name: String,
    pub inventory: PathBuf,
    /// Tests that damage a host take turns.
    turn: Mutex<()>,
}

static SETS: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Set {
    fn new(kind: &str, count: usize) -> Set {
        let name = format!("{kind}{}", std::process::id());
        SETS.lock().unwrap_or_else(PoisonError::into_inner).push(name.clone());
        let out = script(&["up", &count.to_string(), "--name", &name]);
        Set { inventory: out.trim().into(), name, turn: Mutex::new(()) }
    }
    pub fn host(&self, n: usize) -> String {
        format!("{}-{n}", self.name)
    }
    pub fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Three hosts for what goes wrong.
pub fn failing() -> &'static Set {
    static SET: OnceLock<Set> = OnceLock::new();
    SET.get_or_init(|| Set::new("rf", 3))
}

/// One host for comparisons.
pub fn compared() -> &'static Set {
    static SET: OnceLock<Set> = OnceLock::new();
    SET.get_or_init(|| Set::new("rc", 1))
}

/// Runs `scripts/hosts`; what it printed. A failure of it is a failure of the test.
pub fn script(args: &[&str]) -> String {
    let mut command = Command::new(support::root().join("scripts/hosts"));
    command.args(args);
    let done = support::run(command, b"", Duration::from_secs(900));
    assert!(done.exit == 0, "scripts/hosts {}: {}{}", args.join(" "), done.stdout, done.stderr);
    done.stdout
}

/// Runs a command on a host, whatever it returns.
pub fn on(host: &str, command: &str) -> String {
    let mut c = Command::new(support::root().join("scripts/hosts"));
    c.args(["exec", host, "sh", "-c", command]);
    support::run(c, b"", Duration::from_secs(60)).stdout
}

/// Takes all hosts of this run away.
pub fn down() {
    for name in SETS.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let mut c = Command::new(support::root().join("scripts/hosts"));
        c.args(["down", "--name", &name]);
        support::run(c, b"", Duration::from_secs(60));
    }
}
