//! In place of `background` on systems that are no Unix: jobs are detached as Unix does it.

use rustle_stream::protocol::ModuleRequest;
use rustle_value::{Dict, dict};
use std::process::ExitCode;

/// The failed result of every task with `async`.
pub(crate) fn start(_: &ModuleRequest) -> Dict {
    dict! { "failed" => true, "changed" => false, "msg" => "async is not supported on this system" }
}

/// No job was ever started here.
pub(crate) fn run_job(_: &str) -> ExitCode {
    ExitCode::from(rustle_stream::exit::UNAVAILABLE)
}
