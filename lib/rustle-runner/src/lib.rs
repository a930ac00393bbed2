//! What runs on a host.
//!
//! - [`serve`]: the protocol on stdin and stdout; one engine, and modules for others beside it;
//! - `worker`: the runner again, as another user, for `become`; it executes modules and nothing else;
//! - `background`: `async` jobs;
//! - `--unreachable WHY`: stands in, on the controller, for a host that cannot be reached: tasks that need no module
//!   run as ever, the first one that needs one makes the host unreachable;
//! - `--through-controller`: stands in, on the controller, for a host that can run no runner: the controller is asked to
//!   run each module there;
//! - `artifact`, `alone`: the plan inside the executable, run with no controller; `arguments`, `limit`: its command line.
//!
//! The runner holds nothing on disk but `async` results and, where a `become` user could not read it, a copy of
//! itself that it removes. When the controller goes away it kills the commands that it is running, and ends.

mod alone;
mod arguments;
mod artifact;
#[cfg_attr(not(unix), path = "no_background.rs")]
mod background;
mod children;
mod limit;
mod serve;
mod worker;
mod world;

use std::process::ExitCode;
use world::Modules;

/// Dispatches on the first argument; without one, speaks the protocol.
pub fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    match args.get(1).map(String::as_str) {
        None => with_plan_or_not(&[]),
        Some("--expect") => match own_digest() {
            Ok(found) if Some(&found) == args.get(2) => serve::serve(Modules::Here),
            Ok(found) => {
                complain(&format!("rustle-runner: error: my file is damaged: its digest is {found}"));
                ExitCode::from(DAMAGED)
            }
            Err(e) => {
                complain(&format!("rustle-runner: error: cannot read myself: {e}"));
                ExitCode::from(DAMAGED)
            }
        },
        Some("--unreachable") => serve::serve(Modules::Nobody(args.get(2).map_or_else(|| "the host cannot be reached".into(), Clone::clone))),
        Some("--through-controller") => serve::serve(Modules::Controller),
        Some("--worker") => worker::serve(),
        Some("--async") => background::run_job(args.get(2).map_or("", String::as_str)),
        Some("--self-digest") => digest(),
        Some("--modules") => say(rustle_modules::carried().trim_end()),
        Some("--version") => say(VERSION),
        Some(_) => with_plan_or_not(&args[1..]),
    }
}

const VERSION: &str = concat!("rustle-runner ", env!("CARGO_PKG_VERSION"));

/// The status that tells `rustle-ship` to send the runner again.
const DAMAGED: u8 = 86;

/// The SHA-256 of this executable's own file. In pieces: the file need not be in memory as a whole.
fn own_digest() -> std::io::Result<String> {
    use sha2::{Digest, Sha256};
    use std::io::Read;
    let mut file = std::fs::File::open(std::env::current_exe()?)?;
    let mut sum = Sha256::new();
    let mut piece = vec![0u8; 256 * 1024];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(sum.finalize().iter().map(|b| format!("{b:02x}")).collect()),
            n => sum.update(&piece[..n]),
        }
    }
}

/// A plain runner serves its controller; one with a plan inside runs that.
fn with_plan_or_not(args: &[String]) -> ExitCode {
    match (rustle_stream::payload::read_self(), args.first()) {
        (Ok(Some(payload)), _) => artifact::run(payload, args),
        (Ok(None), None) => serve::serve(Modules::Here),
        (Ok(None), Some(other)) => {
            complain(&format!("rustle-runner: error: unexpected argument '{other}' (this program is started by rustle-deploy)"));
            ExitCode::from(rustle_stream::exit::USAGE)
        }
        (Err(e), _) => {
            complain(&format!("rustle-runner: error: {e}"));
            ExitCode::from(rustle_stream::exit::DATA)
        }
    }
}

/// Prints the SHA-256 of this executable's own file.
fn digest() -> ExitCode {
    match own_digest() {
        Ok(sum) => say(&sum),
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
