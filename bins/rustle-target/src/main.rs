//! `rustle-target`: each host's platform, and how it is known. The work is in `rustle-target`.

fn main() -> std::process::ExitCode {
    rustle_cli::stage::main::<rustle_target::TargetStage>()
}
