//! What runs on a host.
//!
//! - [`serve`]: the protocol on stdin and stdout; one engine, and modules for others beside it;
//! - `worker`: the runner again, as another user, for `become`; it executes modules and nothing else;
//! - `background`: `async` jobs;
//! - `artifact`: the plan inside the executable, run with no controller.
//!
//! The runner holds nothing on disk but `async` results and, where a `become` user could not read it, a copy of
//! itself that it removes. When the controller goes away it kills the commands that it is running, and ends.

mod background;
mod children;
mod serve;
mod worker;
mod world;

use std::process::ExitCode;

/// Dispatches on the first argument; without one, speaks the protocol.
pub fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    match args.get(1).map(String::as_str) {
        None => serve::serve(),
        Some("--worker") => worker::serve(),
        Some("--async") => background::run_job(args.get(2).map_or("", String::as_str)),
        Some("--self-digest") => digest(),
        Some("--version") => say(&format!("rustle-runner {}", env!("CARGO_PKG_VERSION"))),
        Some(other) => {
            complain(&format!("rustle-runner: error: unexpected argument '{other}' (this program is started by rustle-deploy)"));
            ExitCode::from(rustle_stream::exit::USAGE)
        }
    }
}

/// Prints the SHA-256 of this executable's own file.
fn digest() -> ExitCode {
    use sha2::{Digest, Sha256};
    match std::env::current_exe().and_then(std::fs::read) {
        Ok(bytes) => say(&Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect::<String>()),
        Err(e) => {
            complain(&format!("rustle-runner: error: cannot read myself: {e}"));
            ExitCode::from(rustle_stream::exit::IO)
        }
    }
}

fn say(text: &str) -> ExitCode {
    use std::io::Write;
    let written = writeln!(std::io::stdout(), "{text}");
    if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(rustle_stream::exit::IO) }
}

fn complain(text: &str) {
    use std::io::Write;
    _ = writeln!(std::io::stderr(), "{text}");
}
