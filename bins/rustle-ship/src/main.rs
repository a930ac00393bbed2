//! `rustle-ship`: brings the runner onto each host. The work is in the library of that name.

fn main() -> std::process::ExitCode {
    rustle_cli::stage::main::<rustle_run::ShipStage>()
}
