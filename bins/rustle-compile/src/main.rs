//! `rustle-compile`: finds or builds runners, and embeds plans. The work is in `rustle-build`.

fn main() -> std::process::ExitCode {
    rustle_cli::stage::main::<rustle_run::CompileStage>()
}
