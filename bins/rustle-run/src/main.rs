//! `rustle-run`: runs a plan on its hosts. The work is in the library of that name.

fn main() -> std::process::ExitCode {
    rustle_cli::stage::main::<rustle_run::RunStage>()
}
