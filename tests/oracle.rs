//! Real ansible-playbook, where it is: found by `scripts/oracle --find`, made by `scripts/oracle`.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The folder of the oracle's virtual environment.
pub fn dir() -> Option<&'static PathBuf> {
    static DIR: OnceLock<Option<PathBuf>> = OnceLock::new();
    DIR.get_or_init(|| {
        let found = Command::new(crate::support::root().join("scripts/oracle")).arg("--find").output().ok()?;
        let path = String::from_utf8(found.stdout).ok()?;
        found.status.success().then(|| path.trim().into())
    })
    .as_ref()
}
