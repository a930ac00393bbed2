//! `rustle-target`: each host's platform, and how it is known. The work is in the library of that name.

fn main() -> std::process::ExitCode {
    rustle_cli::stage::main::<rustle_run::TargetStage>()
}
